import type { Exchange } from '../core/exchange.ts'
import { withState } from '../core/filter-state.ts'
import { type Filter, named } from '../core/handler.ts'
import { type Duration, durationMs, invalidOption, knownOptions } from '../core/options.ts'
import { turnedAway } from './limiting/load-rejection.ts'
import { LoopDelay } from './limiting/loop-delay.ts'
import { PriorityRanks } from './limiting/priority-ranks.ts'
import { ShedShare } from './limiting/shed-share.ts'

export interface LoadSheddingOptions {
  /** The proxy is overloaded when everything in it waits for longer than this, for a whole interval. Default 20 ms. */
  targetMs?: Duration
  /** How long that must last, and how often the share that is shed is set anew. Default 200 ms. */
  intervalMs?: Duration
  /**
   * From 0 (dispensable) to 1: the least important is shed first. Only the order counts. What is no number counts as 0.
   * Default 1 for all; then chance decides.
   */
  priority?: (exchange: Exchange) => number
  /**
   * The delay in milliseconds, where it is measured elsewhere: by `monitorEventLoopDelay`, say. Asked when an exchange comes, at
   * most twice in `targetMs`. What is no number counts as 0. Default: how late timers fire while exchanges come.
   */
  delayMs?: () => number
  /** What lists of filters show. Default `loadShedding`. */
  name?: string
}

/** A filter that can be asked for its numbers. The end of the proxy releases its timer; so does `Symbol.dispose`. */
export interface LoadShedding extends Filter, Disposable {
  /** The part of what comes that is shed now, from 0 to 0.95. */
  readonly share: number
  /** The delay that was measured last, in milliseconds. */
  readonly delayMs: number
}

const OWNER = 'loadShedding'

/**
 * Turns away a part of what comes, the least important first, while the proxy itself has too much to do.
 *
 * What is shed is answered with 503 `overloaded`, at once, with `Retry-After`. Whatever a Node process does waits in one queue, that of its event loop, and how late timers fire shows how long that is.
 * When the least delay of an interval is above the target, more is shed; below it, less again, little by little. At least a
 * twentieth always goes through.
 *
 * It belongs before everything else, `proxy().use(loadShedding())`, so that what is shed costs next to nothing. It protects the
 * proxy; services are protected by `concurrencyLimit` and `adaptiveConcurrency`.
 *
 * The delay as the sign of overload is that of node-toobusy (2012) and of WeChat's DAGOR (Zhou et al., "Overload Control for
 * Scaling WeChat Microservices", 2018), whose 20 ms are the default; to shed by priority, too, is DAGOR's, and that of Netflix
 * ("Keeping Netflix Reliable Using Prioritized Load Shedding", 2020). The least delay of an interval is CoDel's.
 *
 * @example
 * proxy().use(loadShedding({ priority: ({ request }) => (request.path.startsWith('/checkout') ? 1 : 0.5) }))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function loadShedding(options: LoadSheddingOptions = {}): LoadShedding {
  knownOptions(OWNER, options, OPTIONS)
  const { priority, delayMs, name = OWNER } = options
  const targetMs = durationMs(OWNER, 'targetMs', options.targetMs ?? 20, { min: 1 })
  const intervalMs = durationMs(OWNER, 'intervalMs', options.intervalMs ?? 200, { min: targetMs })
  if (priority !== undefined && typeof priority !== 'function')
    throw invalidOption(
      OWNER,
      'priority',
      'a function of the exchange that gives a number from 0 to 1',
      priority,
    )
  if (delayMs !== undefined && typeof delayMs !== 'function')
    throw invalidOption(OWNER, 'delayMs', 'a function that gives milliseconds', delayMs)
  if (typeof name !== 'string' || name === '')
    throw invalidOption(OWNER, 'name', 'a text that is not empty', name)

  const shed = new ShedShare(targetMs, intervalMs)
  const ranks = new PriorityRanks()
  const sampled = (ms: number, now: number): void => {
    if (shed.sample(ms, now)) ranks.fade()
  }
  const rested = (now: number): void => {
    if (shed.rested(now)) ranks.fade()
  }
  const loop = new LoopDelay(targetMs / 2, intervalMs, sampled, rested)
  const measure =
    delayMs === undefined
      ? (exchange: Exchange) => loop.entered(exchange.clock)
      : asking(delayMs, targetMs / 2, sampled)

  const filter: Filter = (exchange, next) => {
    measure(exchange)
    const bucket = ranks.add(priority === undefined ? 1 : priority(exchange))
    if (shed.share > 0 && ranks.rank(bucket, exchange.random) < shed.share) {
      const why = 'the proxy has too much to do'
      exchange.recording?.refused(name, 'overloaded', why)
      throw turnedAway('overloaded', why)
    }
    return next(exchange)
  }
  Object.defineProperties(named(filter, name), {
    share: { get: () => shed.share },
    delayMs: { get: () => shed.delayMs },
    [Symbol.dispose]: { value: () => loop.close() },
  })
  return withState(filter as LoadShedding, () => {
    const { share, delayMs } = shed
    return { kind: 'load-shedding', share, delayMs }
  })
}

/** Asks for the delay when an exchange comes, and no more often than that. */
function asking(
  delayMs: () => number,
  everyMs: number,
  sampled: (delayMs: number, now: number) => void,
): (exchange: Exchange) => void {
  let askedAt = Number.NEGATIVE_INFINITY
  return ({ clock }) => {
    const now = clock.now()
    if (now - askedAt < everyMs) return
    askedAt = now
    const ms = delayMs()
    sampled(ms > 0 ? ms : 0, now)
  }
}

const OPTIONS: readonly string[] = [
  'targetMs',
  'intervalMs',
  'priority',
  'delayMs',
  'name',
] satisfies (keyof LoadSheddingOptions)[]
