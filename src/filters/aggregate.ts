import type { Exchange } from '../core/exchange.ts'
import { type Handler, named } from '../core/handler.ts'
import { type RequestMessage, respond, respondJson } from '../core/message.ts'
import {
  type Duration,
  durationMs,
  invalidOption,
  knownOptions,
  type Size,
  sizeBytes,
} from '../core/options.ts'
import type { Problem } from '../core/problem.ts'
import { type CallTargetInit, targetOf, type UsesTargets, withTargets } from '../core/target.ts'
import { type AskedPart, askPart, type PartSettings, RequiredPartError } from './aggregation/part.ts'
import { requestMaker } from './aggregation/part-request.ts'

export interface AggregatePart {
  /** Where it comes from: a pool, a handler, or the address of a service such as `'http://users:8080'`. */
  from: CallTargetInit
  /**
   * Path and query of the request, with the route's parameters in it: `'/users/:id'`, and `?` with what follows as it stands. Or
   * a function of the exchange that gives that or a whole request; `undefined` leaves the part out. Default: the target of the
   * exchange.
   */
  request?: string | ((exchange: Exchange) => string | RequestMessage | undefined)
  /** Whether there is no answer without it: where it fails, the answer is its problem alone. Default false. */
  required?: boolean
  /** How long it may take. Default: as `timeoutMs` of the whole. */
  timeoutMs?: Duration
  /** Its content, at most. Default 1 MiB. */
  maxBytes?: Size
}

/** What became of a part: its content, or why there is none. */
export type AggregatedPart =
  | { readonly ok: true; readonly status: number; readonly value: unknown }
  | { readonly ok: false; readonly problem: Problem }

/** The default document. A part that has failed is in `errors`, and not in `data`. */
export interface AggregateDocument<Name extends string = string> {
  readonly data: Readonly<Partial<Record<Name, unknown>>>
  readonly errors?: Readonly<Partial<Record<Name, Problem>>>
}

export interface AggregateOptions<Name extends string = string> {
  /** The parts, by the names that they have in the document. */
  parts: Readonly<Record<Name, AggregatePart>>
  /** How long each part may take. Default 5 s. */
  timeoutMs?: Duration
  /** Fields of the client's request that go to every part, `['authorization', 'accept-language']` for example. Default none. */
  passHeaders?: readonly string[]
  /** Makes another document of the parts. What it gives is sent as JSON. Numbers are as JavaScript has them. */
  combine?: (parts: Readonly<Partial<Record<Name, AggregatedPart>>>, exchange: Exchange) => unknown
}

const OWNER = 'aggregate'

const OPTIONS: readonly string[] = [
  'parts',
  'timeoutMs',
  'passHeaders',
  'combine',
] satisfies (keyof AggregateOptions)[]

const PART_OPTIONS: readonly string[] = [
  'from',
  'request',
  'required',
  'timeoutMs',
  'maxBytes',
] satisfies (keyof AggregatePart)[]

/**
 * Answers with one JSON document that is made of the answers of several services, which are asked at the same time.
 *
 * The document is `{ "data": { "user": ..., "orders": ... } }`, with the content of each part as its service has sent it. A part
 * that fails (no answer in time, a status that is no success, too long, no JSON, or more than 200 levels of it) is not in `data`: `errors` has a problem object
 * (RFC 9457) in its place, the service's own where it has sent one, with nothing of the inside in it. The status is 200 as
 * long as a part is there, and 502 where all have failed.
 *
 * Where a `required` part fails, nothing is waited for any more: what the service has said is the answer, with its status, or
 * the proxy's own error. When the client leaves, all parts end. Each has its limits of time and size, so the answer comes within
 * the longest `timeoutMs`.
 *
 * Traps: parts are asked with GET, and with the fields that `passHeaders` names and no others, credentials included. Fields of the
 * parts' answers (`Set-Cookie`, `Cache-Control`) are not in the answer; a filter can set those that are right for the whole. A
 * request of the client with content needs a function that makes requests; its content is not read for parts otherwise.
 *
 * @example
 * proxy().route('GET /home/:id', aggregate({
 *   parts: { user: { from: users, request: '/users/:id', required: true }, news: { from: 'http://news', request: '/top' } },
 * }))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function aggregate<Name extends string>(options: AggregateOptions<Name>): Handler & UsesTargets {
  knownOptions(OWNER, options, OPTIONS)
  const { timeoutMs = 5_000, passHeaders = [], combine } = options
  const limitMs = durationMs(OWNER, 'timeoutMs', timeoutMs, { min: 1 })
  if (!Array.isArray(passHeaders) || !passHeaders.every((it) => typeof it === 'string' && it !== ''))
    throw invalidOption(OWNER, 'passHeaders', 'a list of names of fields', passHeaders)
  if (combine !== undefined && typeof combine !== 'function')
    throw invalidOption(OWNER, 'combine', 'a function of the parts', combine)
  const parts = partsOf(options.parts, limitMs, passHeaders)

  const handler: Handler = async (exchange) => {
    let asked: AskedParts
    try {
      const answers = parts.map(async (part) => [part.name, await askPart(part, exchange)] as const)
      asked = (await Promise.all(answers)).filter((it) => it[1] !== undefined) as AskedParts
    } catch (thrown) {
      if (!(thrown instanceof RequiredPartError)) throw thrown
      const { problem } = thrown
      return respondJson(problem.status, problem, { 'Content-Type': 'application/problem+json' })
    }
    const status = asked.length > 0 && asked.every(([, part]) => !part.ok) ? 502 : 200
    const text = combine === undefined ? documentOf(asked) : JSON.stringify(combine(byName(asked), exchange))
    return respond(status, text, { 'Content-Type': 'application/json' })
  }
  return withTargets(
    named(handler, OWNER),
    parts.map(({ target }) => target),
  )
}

type AskedParts = (readonly [name: string, part: AskedPart])[]

/** Contents go in as they came: what a service calls 1.0, or a number of twenty digits, is that in the document, too. */
function documentOf(asked: AskedParts): string {
  const data: string[] = []
  const errors: string[] = []
  for (const [name, part] of asked) {
    const key = JSON.stringify(name)
    if (part.ok) data.push(`${key}:${part.text}`)
    else errors.push(`${key}:${JSON.stringify(part.problem)}`)
  }
  return errors.length === 0
    ? `{"data":{${data.join()}}}`
    : `{"data":{${data.join()}},"errors":{${errors.join()}}}`
}

function byName<Name extends string>(asked: AskedParts): Readonly<Partial<Record<Name, AggregatedPart>>> {
  return Object.fromEntries(
    asked.map(([name, part]) => [
      name,
      part.ok ? { ok: true, status: part.status, value: JSON.parse(part.text) as unknown } : part,
    ]),
  ) as Readonly<Partial<Record<Name, AggregatedPart>>>
}

function partsOf(
  parts: Readonly<Record<string, AggregatePart>>,
  limitMs: number,
  passHeaders: readonly string[],
): PartSettings[] {
  if (typeof parts !== 'object' || parts === null || Object.keys(parts).length === 0)
    throw invalidOption(OWNER, 'parts', 'an object with a part at least', parts)
  return Object.entries(parts).map(([name, part]) => {
    const owner = `${OWNER}: parts.${name}`
    knownOptions(owner, part, PART_OPTIONS)
    const { from, request, required = false, timeoutMs, maxBytes = 1_048_576 } = part
    if (typeof required !== 'boolean') throw invalidOption(owner, 'required', 'true or false', required)
    return {
      name,
      target: targetOf(owner, 'from', from),
      makeRequest: requestMaker(owner, request, passHeaders),
      required,
      limitMs: timeoutMs === undefined ? limitMs : durationMs(owner, 'timeoutMs', timeoutMs, { min: 1 }),
      maxBytes: sizeBytes(owner, 'maxBytes', maxBytes),
    }
  })
}
