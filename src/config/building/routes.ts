import { type Handler, named } from '../../core/handler.ts'
import type { MatchObject } from '../../core/match.ts'
import { type ResponseMessage, respond, respondJson } from '../../core/message.ts'
import { type GroupBuilder, proxy, type RoutedGroup, type RoutedProxy } from '../../proxy/proxy.ts'
import { isCompilable, type Target } from '../../transport/runtime.ts'
import { filterParts } from '../filter-parts.ts'
import { type ConfigNode, canonicalText, child, type MapNode, only } from '../reading/config-node.ts'
import { partOf } from '../schema/filters-schema.ts'
import { matchSchema, respondSchema } from '../schema/routes-schema.ts'
import { moduleValue } from '../schema/values.ts'
import type { Building } from './building.ts'
import { type MadeFilters, makeFilters } from './filters.ts'
import type { Upstreams } from './upstreams.ts'

/** A route, or a group of routes, whose parts were made. */
export interface MadeRoute extends MadeFilters {
  readonly node: ConfigNode
  readonly match: MatchObject
  /** What answers; of a group, its routes. */
  readonly to: Target | readonly MadeRoute[]
}

/** Adds a route to a proxy. @throws `ERR_OPTION_INVALID` as that does. */
export function addRoute(app: RoutedProxy, { match, filters, to }: MadeRoute): RoutedProxy {
  if (!isGroup(to)) return app.route(match, ...filters, to)
  return app.group(match, (group) => addToGroup(group, filters, to))
}

function addToGroup(
  group: GroupBuilder,
  filters: MadeFilters['filters'],
  routes: readonly MadeRoute[],
): RoutedGroup {
  return routes.reduce<RoutedGroup>(
    (so, { match, filters: inner, to }) =>
      isGroup(to)
        ? so.group(match, (within) => addToGroup(within, inner, to))
        : so.route(match, ...inner, to),
    group.use(...filters),
  )
}

function isGroup(to: MadeRoute['to']): to is readonly MadeRoute[] {
  return Array.isArray(to)
}

/** Makes what the routes of a list name. `scope`: of which group they are. */
export async function makeRoutes(
  node: ConfigNode | undefined,
  scope: string,
  upstreams: Upstreams,
  building: Building,
): Promise<readonly MadeRoute[]> {
  const made: MadeRoute[] = []
  if (node?.kind !== 'list') return made
  for (const item of node.items) {
    const route = item.kind === 'map' ? await makeRoute(item, scope, upstreams, building) : undefined
    if (route !== undefined) made.push(route)
  }
  return made
}

const ANSWERS: readonly string[] = ['upstream', 'respond', 'module', 'routes']

async function makeRoute(
  node: MapNode,
  scope: string,
  upstreams: Upstreams,
  building: Building,
): Promise<MadeRoute | undefined> {
  const matchNode = only(node, Object.keys(matchSchema.properties ?? {}))
  const own = `${scope} ${canonicalText(matchNode)}`
  const match = await building.read<MatchObject>(matchSchema, matchNode)
  const filters = await makeFilters(child(node, 'filters'), `${own} filters`, building)
  const answers = ANSWERS.filter((key) => node.entries.has(key))
  const isAnswered = answers.length === 0 && endsWithAnswer(child(node, 'filters'))
  if (answers.length !== 1 && !isAnswered) {
    const got = answers.map((key) => JSON.stringify(key)).join(' and ') || 'none'
    building.problem(node, `must have one of "upstream", "respond", "module" and "routes", got ${got}`)
    return undefined
  }
  const routes = child(node, 'routes')
  const to = isAnswered
    ? unasked
    : routes === undefined
      ? await targetOf(node, own, upstreams, building)
      : await makeRoutes(routes, own, upstreams, building)
  if (match === undefined || to === undefined || (isGroup(to) && to.length === 0)) return undefined
  const route = { ...filters, node, match: match.value, to }
  // By itself first: what is wrong with one of a group would be told of the group.
  const added = await building.attempt(node, () => addRoute(proxy(), route))
  return added === undefined ? undefined : route
}

/** Whether the last filter of a list answers by itself: `redirect`, say. */
function endsWithAnswer(filters: ConfigNode | undefined): boolean {
  const last = filters?.kind === 'list' ? filters.items.at(-1) : undefined
  const [name] = last?.kind === 'map' ? last.entries.keys() : []
  return name !== undefined && partOf(filterParts, name)?.answers === true
}

/** Behind a filter that answers by itself; lists show the name. */
const unasked: Handler = named(() => respond(404), 'nothing')

const EXPORTED = 'a handler, a function (exchange) => response, or a pool'

async function targetOf(
  node: MapNode,
  scope: string,
  upstreams: Upstreams,
  building: Building,
): Promise<Target | undefined> {
  const upstream = child(node, 'upstream')
  if (upstream !== undefined) return (await upstreams.named(upstream))?.value
  const answer = child(node, 'respond')
  if (answer !== undefined) return answerOf(answer, scope, building)
  const read = await building.read<Target>(moduleValue(EXPORTED), only(node, ['module']))
  if (read === undefined || typeof read.value === 'function' || isCompilable(read.value)) return read?.value
  building.problem(child(node, 'module') ?? node, `the export must be ${EXPORTED}`)
  return undefined
}

interface Answer {
  readonly status: number
  readonly body?: string
  readonly json?: unknown
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
}

async function answerOf(node: ConfigNode, scope: string, building: Building): Promise<Handler | undefined> {
  const read = await building.read<Answer>(respondSchema, node)
  if (read === undefined) return undefined
  const { value: answer, fingerprint } = read
  if (answer.body !== undefined && answer.json !== undefined) {
    building.problem(node, 'must have either "body" or "json"')
    return undefined
  }
  return building.attempt(node, () =>
    building.memo.make(`${scope} respond`, fingerprint, () => {
      // A field that no head can hold is found now, and not by a client.
      responseOf(answer)
      return () => responseOf(answer)
    }),
  )
}

function responseOf({ status, body, json, headers = {} }: Answer): ResponseMessage {
  const fields = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  )
  return json === undefined ? respond(status, body, fields) : respondJson(status, json, fields)
}
