import { systemClock } from '../core/clock.ts'
import { Exchange, type ExchangeHost } from '../core/exchange.ts'
import type { Filter } from '../core/handler.ts'
import { HeaderList } from '../core/headers.ts'
import { RequestMessage } from '../core/message.ts'
import { invalidOption } from '../core/options.ts'
import { normalizePath } from '../core/path.ts'
import { systemRandom } from '../core/random.ts'
import type { ConsideredRoute } from '../core/router.ts'
import { handlersBeside } from '../core/side-call.ts'
import {
  describeTarget,
  describeUses,
  type EndpointDescription,
  type TargetDescription,
} from '../transport/runtime.ts'
import { routerOf } from './compiled-proxy.ts'
import type { ProxyDescription, RouteEntry } from './description.ts'
import { limitsLine, resilienceLines } from './resilience-lines.ts'

/** What a proxy would do with a request, and why. */
export interface Explanation {
  /** The method that was asked about. Default `GET`. */
  readonly method: string
  /** The host that was asked about, in lower case, with its port if one was given. Default `localhost`. */
  readonly host: string
  /** The path as it is matched and sent on; `undefined` when it is refused with 400. */
  readonly path: string | undefined
  /** The status that the proxy itself answers with, where no route serves the request. */
  readonly status: 400 | 404 | 405 | undefined
  /** The match of the route that serves it. */
  readonly route: string | undefined
  /** Values of its `:params`, decoded. */
  readonly params: Readonly<Record<string, string>>
  /** Names of the filters of proxy, groups and route; outermost first. One without a name is `filter`. */
  readonly filters: readonly string[]
  /** What answers; `undefined` where no route serves the request. */
  readonly target: TargetDescription | undefined
  /** What the filters send requests of their own to. */
  readonly uses: readonly TargetDescription[]
  /** Each route with the reason why it was chosen or not, most specific first. */
  readonly considered: readonly ConsideredRoute[]
  /** The same as lines of text. */
  toString(): string
}

/** Explains `'GET http://host/path'`; the method may be left out, and so may scheme and host. */
export function explain(description: ProxyDescription, question: string): Explanation {
  const { method, host, target } = parseQuestion(question)
  const queryAt = target.indexOf('?')
  const rawPath = queryAt < 0 ? target : target.slice(0, queryAt)
  const path = normalizePath(rawPath)
  if (path === undefined) {
    return new TextExplanation({
      method,
      host,
      path,
      status: 400,
      route: undefined,
      params: {},
      filters: description.filters.map(filterName),
      target: undefined,
      uses: [],
      considered: [],
    })
  }
  const headers = new HeaderList().append('Host', host)
  const request = new RequestMessage({
    method,
    host,
    target: path + (queryAt < 0 ? '' : target.slice(queryAt)),
    headers,
  })
  const exchange = new Exchange(request, NOBODY, EXPLAINING, 0)
  const { lookup, routes } = routerOf<RouteEntry>(description, (route) => route).explain(exchange)
  const found = lookup.kind === 'found' ? lookup : undefined
  const filters = [...description.filters, ...(found?.value.filters ?? [])]
  return new TextExplanation({
    method,
    host,
    path,
    status: STATUS[lookup.kind],
    route: found?.route.name,
    params: found?.params ?? {},
    filters: filters.map(filterName),
    target: found === undefined ? undefined : describeTarget(found.value.target),
    uses: describeUses(filters).uses ?? [],
    considered: routes,
  })
}

/** A filter's name as lists of filters show it. */
export function filterName(filter: Filter): string {
  return filter.name === '' ? 'filter' : filter.name
}

/** Predicates of routes may look at the exchange's time and chance; nothing else of it is asked. */
const EXPLAINING: ExchangeHost = {
  clock: systemClock,
  random: systemRandom,
  beside: handlersBeside,
  inform: () => {},
  makeId: () => 'explained',
  aborted: () => {},
  report: () => {},
}

const STATUS = { found: undefined, 'not-found': 404, 'method-not-allowed': 405, ambiguous: 400 } as const

const NOBODY = {
  address: '127.0.0.1',
  port: 0,
  peer: { address: '127.0.0.1', port: 0 },
  peerTrusted: false,
  scheme: 'http' as const,
  localPort: 0,
  tls: undefined,
  forwarding: { forwardedFor: undefined, forwarded: undefined, host: undefined, port: undefined },
}

function parseQuestion(question: string): { method: string; host: string; target: string } {
  const found =
    typeof question === 'string'
      ? /^(?:([A-Z]+)\s+)?(?:https?:\/\/([^/?#\s]+))?(\/\S*)?$/.exec(question.trim())
      : null
  if (found === null || (found[2] === undefined && found[3] === undefined)) {
    throw invalidOption('explain', 'request', 'a method and a url, such as "GET http://host/path"', question)
  }
  if (found[1] === 'CONNECT')
    throw invalidOption(
      'explain',
      'request',
      'of a method other than CONNECT, which no route answers',
      question,
    )
  return { method: found[1] ?? 'GET', host: (found[2] ?? 'localhost').toLowerCase(), target: found[3] ?? '/' }
}

class TextExplanation implements Explanation {
  readonly method: string
  readonly host: string
  readonly path: string | undefined
  readonly status: 400 | 404 | 405 | undefined
  readonly route: string | undefined
  readonly params: Readonly<Record<string, string>>
  readonly filters: readonly string[]
  readonly target: TargetDescription | undefined
  readonly uses: readonly TargetDescription[]
  readonly considered: readonly ConsideredRoute[]

  constructor(facts: Omit<Explanation, 'toString'>) {
    this.method = facts.method
    this.host = facts.host
    this.path = facts.path
    this.status = facts.status
    this.route = facts.route
    this.params = facts.params
    this.filters = facts.filters
    this.target = facts.target
    this.uses = facts.uses
    this.considered = facts.considered
  }

  toString(): string {
    const lines = [`${this.method} http://${this.host}${this.path ?? ' (a path that is refused)'}`]
    if (this.status !== undefined) lines.push(`  answered by the proxy with ${this.status}`)
    if (this.route !== undefined) lines.push(`  route      ${this.route}`)
    for (const [name, value] of Object.entries(this.params)) lines.push(`  param      ${name} = ${value}`)
    if (this.filters.length > 0) lines.push(`  filters    ${this.filters.join(' > ')}`)
    lines.push(...this.uses.flatMap((used) => targetLines(used, 'calls')))
    if (this.target !== undefined) lines.push(...targetLines(this.target))
    if (this.considered.length > 0) lines.push('  considered')
    for (const { match, verdict, reason } of this.considered)
      lines.push(`    ${verdict.padEnd(10)} ${match}: ${reason}`)
    return lines.join('\n')
  }
}

function targetLines(target: TargetDescription, role: string = target.kind): string[] {
  const { name, balancer, guards = [], filters = [], endpoints = [], source, uses = [], fallback } = target
  const { resilience, limits } = target
  const lines = [`  ${role.padEnd(10)} ${name}${balancer === undefined ? '' : `, balanced by ${balancer}`}`]
  if (guards.length > 0) lines.push(`  guard      ${guards.join(' > ')}`)
  if (filters.length > 0) lines.push(`  attempt    ${filters.join(' > ')}`)
  if (resilience !== undefined) lines.push(...resilienceLines(resilience))
  if (limits !== undefined) lines.push(limitsLine(limits))
  if (source !== undefined) lines.push(`  endpoints  from ${source}`)
  lines.push(...endpoints.map(endpointLine))
  lines.push(...uses.flatMap((used) => targetLines(used, 'calls')))
  if (fallback !== undefined) lines.push(...targetLines(fallback, 'fallback'))
  return lines
}

function endpointLine({ id, url, weight, priority, zone, labels, used }: EndpointDescription): string {
  const facts = [`weight ${weight}`]
  if (priority !== 0) facts.push(`priority ${priority}`)
  if (zone !== undefined) facts.push(`zone ${zone}`)
  for (const [label, value] of Object.entries(labels)) facts.push(`${label}=${value}`)
  if (!used) facts.push('outside the aperture')
  return `  endpoint   ${url}${id === url ? '' : ` (${id})`}, ${facts.join(', ')}`
}
