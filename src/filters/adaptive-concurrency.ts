import type { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { withState } from '../core/filter-state.ts'
import { type Filter, named } from '../core/handler.ts'
import type { ResponseMessage } from '../core/message.ts'
import { type Duration, durationMs, integer, invalidOption, knownOptions } from '../core/options.ts'
import { gradientLimit } from './limiting/gradient-limit.ts'
import { turnedAway } from './limiting/load-rejection.ts'
import { MeasuredLimit, type MeasuredLimitSettings } from './limiting/measured-limit.ts'
import { Passage } from './limiting/passage.ts'
import { vegasLimit } from './limiting/vegas-limit.ts'

export interface AdaptiveConcurrencyOptions {
  /**
   * How the limit follows the latency. `gradient` (default): by how much slower the service is than at rest. `vegas`: by how
   * many of those under way wait in the service, which keeps its queue shorter.
   */
  algorithm?: 'gradient' | 'vegas'
  /** The limit never falls below. Default 2. */
  min?: number
  /** Nor does it rise above. Default 1000. */
  max?: number
  /** What it begins with. Default 20, or the nearest that `min` and `max` allow. */
  initial?: number
  /** The limit is set anew after so long, if 20 responses have come. Default 250 ms. */
  windowMs?: Duration
  /**
   * How often, under lasting load, a third of the limit is let through for a moment to see how fast the service is at rest; it
   * takes 30 responses. At first more often. Default 30 s.
   */
  probeMs?: Duration
  /**
   * From 0 (dispensable) to 1 (as before). An exchange of priority 1 may use all of the limit, one of priority 0 half of it: what
   * matters less is shed first. What is no number counts as 0. Default 1 for all.
   */
  priority?: (exchange: Exchange) => number
  /** What lists of filters show. Default `adaptiveConcurrency`. */
  name?: string
}

/** A filter that can be asked for its numbers. */
export interface AdaptiveConcurrency extends Filter {
  /** Exchanges that may be under way now. */
  readonly limit: number
  /** Exchanges that are under way now. */
  readonly inFlight: number
}

const OWNER = 'adaptiveConcurrency'

/**
 * Finds out how much a service can do at once, by its latency, and lets no more through.
 *
 * What is past the limit is answered with 503 `overloaded`, at once. Latency is measured to the head of the response: what a slow client takes to read is not the service's doing. A place is
 * held to the response's end. A 429, a 503 and an error of side `upstream` say that there was too much already.
 *
 * After Netflix' concurrency-limits (2018), with the service at rest measured as Envoy's adaptive concurrency does.
 *
 * Traps: a stream of events has no end, and holds its place for as long as it lasts: give such routes a limit of their own. So
 * do requests that differ much in cost, for which one latency at rest does not fit.
 *
 * @example
 * adaptiveConcurrency({ priority: ({ request }) => (request.path.startsWith('/checkout') ? 1 : 0) })
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function adaptiveConcurrency(options: AdaptiveConcurrencyOptions = {}): AdaptiveConcurrency {
  const settings = measuredSettings(options)
  const { priority, name = OWNER } = options
  if (priority !== undefined && typeof priority !== 'function')
    throw invalidOption(
      OWNER,
      'priority',
      'a function of the exchange that gives a number from 0 to 1',
      priority,
    )
  if (typeof name !== 'string' || name === '')
    throw invalidOption(OWNER, 'name', 'a text that is not empty', name)
  const measured = new MeasuredLimit(settings)
  const load = { inFlight: 0 }

  const filter: Filter = (exchange, next) => {
    const { limit } = measured
    const allowed = priority === undefined ? limit : Math.max(1, limit * shareOf(priority(exchange)))
    if (load.inFlight >= allowed) {
      const why = load.inFlight >= limit ? 'the limit is reached' : 'the limit is near'
      exchange.recording?.refused(name, 'overloaded', why)
      throw turnedAway('overloaded', why)
    }
    return new MeasuredPassage(measured, load, exchange).through(exchange, next)
  }
  Object.defineProperties(named(filter, name), {
    limit: { get: () => measured.limit },
    inFlight: { get: () => load.inFlight },
  })
  return withState(filter as AdaptiveConcurrency, () => ({
    kind: 'concurrency-limit',
    limit: measured.limit,
    inFlight: load.inFlight,
    waiting: 0,
  }))
}

/** The part of the limit that a priority may use. */
function shareOf(priority: number): number {
  return priority > 0 ? Math.min(1, (1 + priority) / 2) : 0.5
}

class MeasuredPassage extends Passage {
  readonly #measured: MeasuredLimit
  readonly #load: { inFlight: number }
  readonly #exchange: Exchange
  readonly #startedAt: number
  #responded = false

  constructor(measured: MeasuredLimit, load: { inFlight: number }, exchange: Exchange) {
    super()
    this.#measured = measured
    this.#load = load
    this.#exchange = exchange
    this.#startedAt = exchange.clock.now()
    measured.began(++load.inFlight, this.#startedAt)
  }

  protected responded({ status }: ResponseMessage): void {
    this.#responded = true
    const { clock, random } = this.#exchange
    if (status === 503 || status === 429) this.#measured.refused(this.#load.inFlight, clock.now(), random)
    // A service that fails at once is not fast.
    else if (status < 500) this.#measured.answered(this.#startedAt, this.#load.inFlight, clock.now(), random)
  }

  protected ended(error: ProxyError | undefined): void {
    this.#load.inFlight--
    if (this.#responded || error?.side !== 'upstream') return
    const { clock, random } = this.#exchange
    this.#measured.refused(this.#load.inFlight, clock.now(), random)
  }
}

const OPTIONS: readonly string[] = [
  'algorithm',
  'min',
  'max',
  'initial',
  'windowMs',
  'probeMs',
  'priority',
  'name',
] satisfies (keyof AdaptiveConcurrencyOptions)[]

function measuredSettings(options: AdaptiveConcurrencyOptions): MeasuredLimitSettings {
  knownOptions(OWNER, options, OPTIONS)
  const { algorithm = 'gradient', windowMs = 250, probeMs = 30_000 } = options
  if (algorithm !== 'gradient' && algorithm !== 'vegas')
    throw invalidOption(OWNER, 'algorithm', '"gradient" or "vegas"', algorithm)
  const min = integer(OWNER, 'min', options.min ?? 2, { min: 1 })
  const max = integer(OWNER, 'max', options.max ?? Math.max(1_000, min), { min })
  const initial = options.initial ?? Math.max(min, Math.min(max, 20))
  return {
    next: algorithm === 'gradient' ? gradientLimit : vegasLimit,
    min,
    max,
    initial: integer(OWNER, 'initial', initial, { min, max }),
    windowMs: durationMs(OWNER, 'windowMs', windowMs, { min: 1 }),
    probeMs: durationMs(OWNER, 'probeMs', probeMs, { min: 1 }),
  }
}
