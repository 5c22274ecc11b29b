import { Body } from '../core/body.ts'
import type { Clock } from '../core/clock.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import { ResponseMessage } from '../core/message.ts'
import { integer, invalidOption, knownOptions, type Size, sizeBytes } from '../core/options.ts'
import { Pace } from './body-flow/pace.ts'
import { PacedSource } from './body-flow/paced-source.ts'
import { SharedPaces } from './body-flow/shared-paces.ts'
import { keyMaker, type RateLimitKey } from './rate-limiting/key.ts'

export interface BandwidthOptions {
  /** Bytes of request bodies a second: `'1mb'`. Default: as fast as they are taken. */
  request?: Size
  /** Bytes of response bodies a second. Default: as fast as they are taken. */
  response?: Size
  /** Bytes that may go at once after a rest. Default: those of a tenth of a second. */
  burst?: Size
  /**
   * Who shares the bytes: exchanges of the client's `'address'`, the `'route'`, `'all'`, and so on, as of `rateLimit`. Request bodies
   * share theirs, response bodies theirs. Default: each exchange has its own.
   */
  key?: RateLimitKey | readonly RateLimitKey[]
  /** Keys that are told apart at the same time; all others share the bytes of one. Default 10 000. */
  maxKeys?: number
}

const OWNER = 'bandwidth'

/**
 * Lets bodies through at so many bytes a second, each exchange by itself, or all of a key together.
 *
 * Bytes that may not go yet are not read: the side that sends is told to wait, as by a slow receiver, and nothing is collected but
 * the piece at hand. Bodies that share a key take turns. The average is exact, whatever the pieces are; no more than
 * `burst` goes at once, and a body is passed on in pieces of at least half of that, so a small burst is smooth and costs more.
 *
 * Heads, trailers and tunnels (WebSocket, CONNECT) are not slowed down. Time limits are what they are: at 1 kB a second, a
 * response of 10 MB takes three hours, unless a deadline ends it.
 *
 * Traps: a slow exchange holds a connection to the service for as long; where that is dear, bound their number with
 * `concurrencyLimit`. In front of `compress`, compressed bytes are counted, behind it others.
 *
 * @example
 * proxy().route('/downloads', bandwidth({ response: '1mb', key: 'address' }), pool(['http://files:8080']))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function bandwidth(options: BandwidthOptions): Filter {
  knownOptions(OWNER, options, OPTIONS)
  const ofRequest = paces(options, 'request')
  const ofResponse = paces(options, 'response')
  if (ofRequest === undefined && ofResponse === undefined)
    throw invalidOption(OWNER, 'response', 'given, or "request"', undefined)

  const filter: Filter = (exchange, next) => {
    const { request } = exchange
    if (ofRequest !== undefined && request.body.length !== 0)
      request.body = new Body(new PacedSource(request.body.take(), ofRequest(exchange)))
    const response = next(exchange)
    if (ofResponse === undefined) return response
    if (response instanceof ResponseMessage) return paced(response, ofResponse, exchange)
    return response.then((it) => paced(it, ofResponse, exchange))
  }
  return named(filter, OWNER)
}

const OPTIONS: readonly string[] = [
  'request',
  'response',
  'burst',
  'key',
  'maxKeys',
] satisfies (keyof BandwidthOptions)[]

type PaceOf = (exchange: Exchange) => Pace

function paces(options: BandwidthOptions, side: 'request' | 'response'): PaceOf | undefined {
  const maxKeys = integer(OWNER, 'maxKeys', options.maxKeys ?? 10_000, { min: 1 })
  const keyOf = options.key === undefined ? undefined : keyMaker(OWNER, options.key, 64).keyOf
  if (keyOf === undefined && options.maxKeys !== undefined)
    throw invalidOption(OWNER, 'maxKeys', 'left out, or given together with "key"', maxKeys)
  const burst = options.burst === undefined ? undefined : sizeBytes(OWNER, 'burst', options.burst, { min: 1 })
  const given = options[side]
  if (given === undefined) return undefined
  const rate = sizeBytes(OWNER, side, given, { min: 1 })
  const make = (clock: Clock): Pace => new Pace(clock, rate, burst ?? Math.ceil(rate / 10))
  if (keyOf === undefined) return ({ clock }) => make(clock)
  const shared = new WeakMap<Clock, SharedPaces>()
  return (exchange) => {
    const { clock } = exchange
    let all = shared.get(clock)
    if (all === undefined) {
      all = new SharedPaces(clock, maxKeys, make)
      shared.set(clock, all)
    }
    return all.of(keyOf(exchange), exchange)
  }
}

function paced(response: ResponseMessage, paceOf: PaceOf, exchange: Exchange): ResponseMessage {
  const { body } = response
  if (body.length !== 0)
    response.body = new Body(new PacedSource(body.take(), paceOf(exchange))).fromUpstream()
  return response
}
