import type { Filter } from '../core/handler.ts'
import { type ProxyDescription, withListener } from '../proxy/description.ts'
import {
  describeTarget,
  type EndpointDescription,
  type Target,
  type TargetDescription,
} from '../transport/runtime.ts'
import type { LoadedFile } from './load-file.ts'
import { listenerUrl, type Plan, planOf } from './plan.ts'

/** One thing that another file would change. */
export interface Difference {
  readonly part: 'listener' | 'filter' | 'route' | 'upstream' | 'endpoint' | 'companion' | 'workers'
  readonly change: 'added' | 'removed' | 'changed'
  /** What it is called: a url, a match, the name of a pool. */
  readonly name: string
  /** What about it is another: one line each. Of `changed` alone. */
  readonly details: readonly string[]
}

/** What another file would change, and how much would stay as it is. */
export interface Differences {
  readonly changes: readonly Difference[]
  readonly kept: Readonly<Record<'listeners' | 'routes' | 'upstreams', number>>
}

/**
 * What `next` would change of what `before` serves. Where `next` is a configuration that was read with `before` as the one of
 * before, what is not the same object in both is another, though its description may be the same: a filter has other options.
 */
export function differences(before: LoadedFile, next: LoadedFile): Differences {
  const [was, is] = [planOf(before), planOf(next)]
  const [old, fresh] = [before, next].map(({ app }) => withListener(app.description))
  const areCompared = before.kind === 'configuration' && next.kind === 'configuration'
  const same = (one: object, other: object): boolean => !areCompared || one === other
  const listeners = compared(
    'listener',
    byName(old!.listeners, listenerUrl),
    byName(fresh!.listeners, listenerUrl),
    changedListener,
  )
  const routes = compared(
    'route',
    byName(routesOf(old!, was), ({ match }) => match),
    byName(routesOf(fresh!, is), ({ match }) => match),
    (one, other) => [
      ...changedFilters(one.filters, other.filters, same),
      ...changedTarget(one.target, other.target, same),
    ],
  )
  const upstreams = compared(
    'upstream',
    byName(was.upstreams, ({ name }) => name),
    byName(is.upstreams, ({ name }) => name),
    changedUpstream,
  )
  const filters = changedFilters(old!.filters, fresh!.filters, same)
  return {
    changes: [
      ...listeners.changes,
      ...(filters.length === 0
        ? []
        : [{ part: 'filter', change: 'changed', name: 'around everything', details: filters } as const]),
      ...routes.changes,
      ...upstreams.changes,
      ...changedEndpoints(was.upstreams, is.upstreams),
      ...changedCompanions(old!, fresh!, same),
      ...(was.workers === is.workers
        ? []
        : [
            {
              part: 'workers',
              change: 'changed',
              name: 'workers',
              details: [arrow(was.workers, is.workers)],
            } as const,
          ]),
    ],
    kept: { listeners: listeners.kept, routes: routes.kept, upstreams: upstreams.kept },
  }
}

interface Compared {
  readonly changes: readonly Difference[]
  readonly kept: number
}

function compared<T>(
  part: Difference['part'],
  before: ReadonlyMap<string, T>,
  next: ReadonlyMap<string, T>,
  detailsOf: (one: T, other: T) => readonly string[],
): Compared {
  const changes: Difference[] = []
  let kept = 0
  for (const [name, one] of before) {
    const other = next.get(name)
    if (other === undefined) {
      changes.push({ part, change: 'removed', name, details: [] })
      continue
    }
    const details = detailsOf(one, other)
    if (details.length === 0) kept++
    else changes.push({ part, change: 'changed', name, details })
  }
  for (const name of next.keys())
    if (!before.has(name)) changes.push({ part, change: 'added', name, details: [] })
  return { changes, kept }
}

/** The second one of a name is another. */
function byName<T>(all: readonly T[], nameOf: (one: T) => string): Map<string, T> {
  const found = new Map<string, T>()
  for (const one of all) {
    const name = nameOf(one)
    let unique = name
    for (let count = 2; found.has(unique); count++) unique = `${name} #${count}`
    found.set(unique, one)
  }
  return found
}

interface ComparedRoute {
  readonly match: string
  /** Its own, and those of its groups. */
  readonly filters: readonly Filter[]
  readonly target: Target
}

function routesOf({ routes }: ProxyDescription, plan: Plan): ComparedRoute[] {
  return routes.map(({ filters, target }, i) => ({
    match: plan.routes[i]!.match,
    filters,
    target,
  }))
}

type ListenerSettings = ProxyDescription['listeners'][number]

function changedListener(one: ListenerSettings, other: ListenerSettings): string[] {
  const { tls: was, ...before } = one
  const { tls: is, ...next } = other
  return [...changedOptions(before, next), ...changedTls(was, is)]
}

/** What makes certificates of files is made anew for each description: whether it says the same, its `identity` knows. */
function changedTls(was: ListenerSettings['tls'], is: ListenerSettings['tls']): string[] {
  if (was === undefined || is === undefined || was.identity === is.identity) return []
  const details = [
    ...changedOptions(was.policy, is.policy, 'tls.'),
    ...changedOptions({ watchMs: was.watchMs }, { watchMs: is.watchMs }, 'tls.'),
    ...changedOptions({ files: filesOf(was) }, { files: filesOf(is) }, 'tls.'),
  ]
  // Such as the names of a certificate, or one that stands in the configuration itself, of which nothing is to be shown.
  return details.length === 0 ? ['tls has other options'] : details
}

function filesOf({
  certificates,
  clientCa,
  ticketKeys,
}: NonNullable<ListenerSettings['tls']>): readonly string[] {
  return [...certificates, clientCa, ...(ticketKeys === undefined ? [] : [ticketKeys])].flatMap(
    ({ files }) => files,
  )
}

/** What is another about a pool is told of with that. */
function changedTarget(
  before: Target,
  next: Target,
  same: (one: object, other: object) => boolean,
): string[] {
  const [was, is] = [describeTarget(before), describeTarget(next)]
  if (was.kind !== is.kind || was.name !== is.name) return [`answered by ${arrow(was.name, is.name)}`]
  if (same(before, next)) return []
  if (was.kind === 'handler') return ['it is answered in another way']
  return JSON.stringify(was) === JSON.stringify(is) ? [`${is.name} has other options`] : []
}

function changedFilters(
  before: readonly Filter[],
  next: readonly Filter[],
  same: (one: object, other: object) => boolean,
): string[] {
  const [was, is] = [before, next].map((filters) => filters.map(({ name }) => name || 'filter'))
  if (was!.join(' > ') !== is!.join(' > ')) return [`filters ${arrow(was!.join(' > '), is!.join(' > '))}`]
  return is!.flatMap((name, i) => (same(before[i]!, next[i]!) ? [] : [`${name} has other options`]))
}

function changedUpstream(one: TargetDescription, other: TargetDescription): string[] {
  const { endpoints: _, uses: __, fallback, ...was } = one
  const { endpoints: ___, uses: ____, fallback: otherFallback, ...is } = other
  return [
    ...changedOptions(was, is),
    ...(fallback?.name === otherFallback?.name
      ? []
      : [`fallback ${arrow(fallback?.name, otherFallback?.name)}`]),
  ]
}

function changedEndpoints(
  before: readonly TargetDescription[],
  next: readonly TargetDescription[],
): Difference[] {
  const others = byName(next, ({ name }) => name)
  return [...byName(before, ({ name }) => name)].flatMap(([pool, { endpoints = [] }]) => {
    const other = others.get(pool)
    if (other === undefined) return []
    const nameOf = ({ url, id }: EndpointDescription): string =>
      `${id === url ? url : `${id} (${url})`} of ${pool}`
    const { changes } = compared(
      'endpoint',
      byName(endpoints, nameOf),
      byName(other.endpoints ?? [], nameOf),
      changedOptions,
    )
    return changes
  })
}

function changedCompanions(
  { companions: before }: ProxyDescription,
  { companions: next }: ProxyDescription,
  same: (one: object, other: object) => boolean,
): readonly Difference[] {
  return compared(
    'companion',
    byName(before, ({ kind }) => kind),
    byName(next, ({ kind }) => kind),
    (one, other) => (same(one, other) ? [] : ['it has other options']),
  ).changes
}

/** `limits.connections 1000  ->  2000`: what differs of two records, however deep. What is no plain value is told of without it. */
function changedOptions(one: object, other: object, path = ''): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].flatMap((name) => {
    const [was, is] = [one, other].map((it) => (it as Record<string, unknown>)[name])
    const at = path + name
    if (Object.is(was, is)) return []
    // Of what is made of options, what it was made of tells: they are secrets, too.
    if (isIdentified(was) && isIdentified(is))
      return was.identity === is.identity ? [] : [`${at} has other options`]
    if (isRecord(was) && isRecord(is)) return changedOptions(was, is, `${at}.`)
    if (isPlain(was) && isPlain(is))
      return shown(was) === shown(is) ? [] : [`${at} ${arrow(shown(was), shown(is))}`]
    return [`${at} is another`]
  })
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isIdentified(value: unknown): value is { readonly identity: string } {
  return isRecord(value) && 'identity' in value && typeof value.identity === 'string'
}

function isPlain(value: unknown): boolean {
  return Array.isArray(value)
    ? value.every(isPlain)
    : typeof value !== 'object' && typeof value !== 'function'
}

function shown(value: unknown): string {
  return Array.isArray(value) ? value.map(shown).join(' ') : String(value)
}

function arrow(was: string | number | undefined, is: string | number | undefined): string {
  const [before = 'none', next = 'none'] = [was, is].map((it) => (it === '' ? undefined : it))
  return `${before}  ->  ${next}`
}
