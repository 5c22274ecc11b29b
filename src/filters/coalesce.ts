import type { Exchange } from '../core/exchange.ts'
import { withState } from '../core/filter-state.ts'
import { type Filter, named } from '../core/handler.ts'
import {
  type Duration,
  durationMs,
  invalidOption,
  knownOptions,
  type Size,
  sizeBytes,
} from '../core/options.ts'
import { Flight, type FlightSettings } from './coalescing/flight.ts'

export interface CoalesceOptions {
  /**
   * Fields of a request that are a part of what is asked for, beside `Accept`, `Accept-Encoding`, `Accept-Language`, `Range`
   * and the conditional ones: requests that differ in one are no equals. Default none. With `authorization` or `cookie` among
   * them, requests that carry that are coalesced too.
   */
  headers?: readonly string[]
  /**
   * What is kept of a response for the slowest of those who read it. A longer one whose length is known is not shared. Default
   * 1 MiB.
   */
  bufferBytes?: Size
  /** How long a slow client may hold the others back, where the buffer is full; then its response breaks off. Default 5 s. */
  stallMs?: Duration
}

/** A filter that can be asked for its numbers. */
export interface Coalesce extends Filter {
  /** Calls that others could join now. */
  readonly inFlight: number
  /** Exchanges that have joined a call of another one's, so far. */
  readonly joined: number
}

const OWNER = 'coalesce'

const OPTIONS: readonly string[] = ['headers', 'bufferBytes', 'stallMs'] satisfies (keyof CoalesceOptions)[]

/** What a response usually depends on. */
const KEY_FIELDS = [
  'accept',
  'accept-encoding',
  'accept-language',
  'range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
]

/**
 * Makes one call for all clients that ask for the same thing at the same time.
 *
 * Requests are the same where method, scheme, host, path, query and the fields of the key are. Only `GET` and `HEAD` without
 * content are coalesced, and none with `Authorization` or `Cookie`, unless `headers` has that, nor any behind `sticky`. Whoever comes before the head
 * of the response joins; nothing is kept for later, this is no cache. Failures are shared as responses are: asking again for each
 * would hit a service that has just failed.
 *
 * A response is for the one whose request was sent, and each of the others asks for itself, where it has `Set-Cookie`,
 * `Cache-Control: private` or `no-store`, where it is a stream of events, longer than `bufferBytes`, or where its `Vary` names
 * a field in which they differ.
 *
 * Each reads the body at its own pace. Where the slowest is `bufferBytes` behind, the others wait for it, for `stallMs`; then
 * its response breaks off, with `client_stalled`. A client that leaves ends nothing, as long as one is left: not even the one
 * whose request was sent.
 *
 * Traps: place it behind filters that decide who may ask, since only what comes through is compared. A service that answers
 * differently by a field, and does not say so in `Vary`, needs that field in `headers`. The call is an exchange of its own:
 * its attempts are not in the records of those who wait. Do not use it where most answers cannot be shared: those who wait for
 * such a one have waited in vain.
 *
 * @example
 * proxy().route('GET /catalog', coalesce({ headers: ['x-tenant'] }), catalog)
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function coalesce(options: CoalesceOptions = {}): Coalesce {
  knownOptions(OWNER, options, OPTIONS)
  const { headers = [], bufferBytes = 1_048_576, stallMs = 5_000 } = options
  const fields = new Set([...KEY_FIELDS, ...fieldNames(headers)])
  const settings: FlightSettings = {
    bufferBytes: sizeBytes(OWNER, 'bufferBytes', bufferBytes),
    stallMs: durationMs(OWNER, 'stallMs', stallMs),
    keyFields: fields,
  }
  const flights = new Map<string, Flight>()
  let joined = 0
  const filter: Filter = (exchange, next) => {
    const key = keyOf(exchange, fields)
    if (key === undefined) return next(exchange)
    let flight = flights.get(key)
    if (flight === undefined) {
      const made = new Flight(exchange, settings, () => {
        if (flights.get(key) === made) flights.delete(key)
      })
      flight = made
      flights.set(key, made)
    } else joined++
    return flight.join(exchange, next)
  }
  Object.defineProperties(named(filter, OWNER), {
    inFlight: { get: () => flights.size },
    joined: { get: () => joined },
  })
  return withState(filter as Coalesce, () => ({ kind: 'coalesce', inFlight: flights.size, joined }))
}

/** A structured key: no two requests can be glued together to the same text. `undefined` for what is never shared. */
function keyOf({ request, preference }: Exchange, fields: ReadonlySet<string>): string | undefined {
  const { method, headers, upgrade } = request
  // Of a session that has an endpoint of its own, another one's answer is none.
  if (preference !== undefined) return undefined
  if ((method !== 'GET' && method !== 'HEAD') || request.body.length !== 0 || upgrade !== undefined)
    return undefined
  for (const name of ['authorization', 'cookie']) if (!fields.has(name) && headers.has(name)) return undefined
  const values: string[][] = []
  for (const name of fields) values.push(headers.getAll(name))
  return JSON.stringify([method, request.scheme, request.host, request.target, values])
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

function fieldNames(names: readonly string[]): string[] {
  if (!Array.isArray(names) || !names.every((it) => typeof it === 'string' && TOKEN.test(it)))
    throw invalidOption(OWNER, 'headers', 'a list of names of fields', names)
  return names.map((it) => it.toLowerCase())
}
