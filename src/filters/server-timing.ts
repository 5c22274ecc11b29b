import { isIPv4 } from 'node:net'
import { attemptTimes } from '../core/attempt-times.ts'
import type { CacheResult, DecisionRecord, WaitRecord } from '../core/decision-record.ts'
import type { Client } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import { ResponseMessage } from '../core/message.ts'
import { invalidOption, knownOptions } from '../core/options.ts'

export interface ServerTimingOptions {
  /**
   * Who is told: `trusted`, peers that are among the listener's `trustedProxies`, and clients on this machine; or `everyone`.
   * Default `trusted`.
   */
  to?: 'trusted' | 'everyone'
}

const OWNER = 'serverTiming'

/**
 * Says in `Server-Timing` where the time went until the head of the response was there, for the tools of browsers.
 *
 * `cache;desc=hit` is what a cache has made of the request; `queue` the time in queues, those of filters that limit load and
 * the one for a connection; `upstream` that of all attempts, without that; `filters` all the rest. Milliseconds, as W3C Server
 * Timing has it. What the service says in the field stays, in front. Whoever is not to be told gets the response as it is.
 *
 * It belongs first in `proxy().use(...)`: what is in front of it is not in its times, and behind a cache, a cache would store
 * what it says.
 *
 * Traps: times tell strangers whether something is stored, or whether an account exists. A trusted proxy in front is told for all
 * its clients, and must remove the field where they are not to see it; one that is not listed as trusted, on this machine, makes
 * every client look like one on this machine. Error answers of the proxy pass no filter, and lack the field.
 *
 * @example
 * proxy().use(serverTiming({ to: process.env.NODE_ENV === 'development' ? 'everyone' : 'trusted' }))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function serverTiming(options: ServerTimingOptions = {}): Filter {
  knownOptions(OWNER, options, ['to'] satisfies (keyof ServerTimingOptions)[])
  const { to = 'trusted' } = options
  if (to !== 'trusted' && to !== 'everyone') throw invalidOption(OWNER, 'to', '"trusted" or "everyone"', to)

  const filter: Filter = (exchange, next) => {
    if (to === 'trusted' && !isTrusted(exchange.client)) return next(exchange)
    const record = exchange.record()
    const told = (response: ResponseMessage): ResponseMessage => {
      const { headers } = response
      const earlier = headers.get('server-timing')
      const own = timingText(record, exchange.clock.now())
      headers.set('Server-Timing', earlier === undefined || earlier === '' ? own : `${earlier}, ${own}`)
      return response
    }
    const response = next(exchange)
    return response instanceof ResponseMessage ? told(response) : response.then(told)
  }
  return named(filter, OWNER)
}

function isTrusted({ peerTrusted, address }: Client): boolean {
  return peerTrusted || address === '::1' || (address.startsWith('127.') && isIPv4(address))
}

function timingText({ startedAtMs, attempts, waits, caches }: DecisionRecord, now: number): string {
  const cache = caches.at(-1)?.result
  // What a cache asks for itself is no attempt of this exchange: all is taken for its time.
  const asked = attempts.length > 0 || (cache !== undefined && FILLED.includes(cache))
  // With hedges, attempts lie beside each other: from the first one on, all is theirs.
  const from = attempts[0]?.startedAtMs ?? (asked ? startedAtMs : now)
  const until = attempts.findLast(({ status }) => status !== undefined)?.respondedAtMs ?? now
  const last = attempts.at(-1)
  const forConnection = last === undefined ? 0 : (attemptTimes(last, now).queueMs ?? 0)
  const inLimits = limitedOutside(waits, from, until, now)
  const metrics: string[] = []
  if (cache !== undefined) metrics.push(`cache;desc=${cache}`)
  if (waits.length > 0 || forConnection > 0) metrics.push(`queue;dur=${durText(inLimits + forConnection)}`)
  if (asked) metrics.push(`upstream;dur=${durText(until - from - forConnection)}`)
  metrics.push(`filters;dur=${durText(now - startedAtMs - (until - from) - inLimits)}`)
  return metrics.join(', ')
}

/** What a cache has asked the service for. */
const FILLED: readonly CacheResult[] = ['miss', 'expired', 'revalidated']

/** Waits in the queues of filters before the first attempt and behind the last one. */
function limitedOutside(waits: readonly WaitRecord[], from: number, until: number, now: number): number {
  let sum = 0
  for (const { fromMs, untilMs = now } of waits) if (fromMs < from || fromMs >= until) sum += untilMs - fromMs
  return sum
}

function durText(ms: number): string {
  return String(Math.round(Math.max(0, ms) * 1_000) / 1_000)
}
