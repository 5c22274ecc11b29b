import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { withState } from '../core/filter-state.ts'
import { type Filter, named } from '../core/handler.ts'
import { type Duration, durationMs, integer, invalidOption, knownOptions } from '../core/options.ts'
import { turnedAway } from './limiting/load-rejection.ts'
import { Passage } from './limiting/passage.ts'
import { type TurnAway, WaitingLine, type WaitingLineSettings } from './limiting/waiting-line.ts'

export interface ConcurrencyLimitOptions {
  /** Exchanges that may be under way at once, from the request's head to the response's end; of each key, where there is one. */
  limit: number
  /**
   * What the limit is counted for: the client's address, say. Exchanges without a key (`undefined`) count together. Default:
   * all exchanges that come through the filter.
   */
  per?: (exchange: Exchange) => string | undefined
  /** Keys that are counted apart; only those with an exchange under way are kept. All others share one limit. Default 10 000. */
  maxKeys?: number
  /** Exchanges that wait for a place. Default: none does. */
  queue?: ConcurrencyQueueOptions
  /** What lists of filters show. Default `concurrencyLimit`. */
  name?: string
}

export interface ConcurrencyQueueOptions {
  /** Exchanges that may wait; of each key, where there is one. */
  max: number
  /** How long one may wait. Default 1 s. */
  timeoutMs?: Duration
  /**
   * `fifo`: who came first. `lifo`: who came last. `adaptive` (default): who came first, and who came last while the queue
   * does not empty, since the clients of those who came first have given up.
   */
  order?: 'fifo' | 'lifo' | 'adaptive'
  /** How long those may wait that come while the queue does not empty. Default 5 ms; set to `timeoutMs` for no difference. */
  targetMs?: Duration
  /** A queue that has not been empty for so long does not empty. Default 100 ms. */
  intervalMs?: Duration
}

/** A filter that can be asked for its numbers. */
export interface ConcurrencyLimit extends Filter {
  /** Exchanges that are under way now, of all keys. */
  readonly inFlight: number
  /** Exchanges that wait for a place now, of all keys. */
  readonly waiting: number
  /** Keys with an exchange under way. 0 without `per`. */
  readonly keys: number
}

const OWNER = 'concurrencyLimit'

/**
 * Lets so many exchanges through at once, of all clients or of each, and no more.
 *
 * What is past the limit is answered with 503 `overloaded`, or with `per` 429 `concurrency_exceeded`, at once or when the queue
 * was no help. A service that is asked for more than it can do answers all of it late, and clients that have given up get most of its
 * work. With a limit it answers what it can, in time. A place is held until the last byte of the response has been sent.
 *
 * The queue is for bursts: it sheds by controlled delay (Nichols and Jacobson, 2012), and turns round while it does not empty
 * (adaptive LIFO), both as in "Fail at Scale" (Maurer, 2015).
 *
 * Trap: a key that clients choose themselves, such as a field that nobody has checked, limits nobody.
 *
 * @example
 * concurrencyLimit({ limit: 100, queue: { max: 200, timeoutMs: '500ms' } })
 * concurrencyLimit({ limit: 10, per: ({ client }) => client.address })
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function concurrencyLimit(options: ConcurrencyLimitOptions): ConcurrencyLimit {
  knownOptions(OWNER, options, OPTIONS)
  const { per, name = OWNER } = options
  const limit = integer(OWNER, 'limit', options.limit, { min: 1 })
  const maxKeys = integer(OWNER, 'maxKeys', options.maxKeys ?? 10_000, { min: 1 })
  if (per !== undefined && typeof per !== 'function')
    throw invalidOption(OWNER, 'per', 'a function of the exchange that gives a key', per)
  if (per === undefined && options.maxKeys !== undefined)
    throw invalidOption(OWNER, 'maxKeys', 'left out, or given together with per', maxKeys)
  if (typeof name !== 'string' || name === '')
    throw invalidOption(OWNER, 'name', 'a text that is not empty', name)
  const queue = options.queue === undefined ? undefined : queueSettings(options.queue)

  const totals = { inFlight: 0, waiting: 0 }
  const refusing =
    (code: 'overloaded' | 'concurrency_exceeded'): TurnAway =>
    (exchange, detail) => {
      exchange.recording?.refused(name, code, detail)
      return turnedAway(code, detail)
    }
  const newGate = (turnAway: TurnAway, onIdle?: () => void): Gate =>
    new Gate(name, limit, queue, totals, turnAway, onIdle)
  const everyone = newGate(refusing('overloaded'))
  const ofKey = refusing('concurrency_exceeded')
  const gates = new Map<string, Gate>()
  const gateOf = (exchange: Exchange): Gate => {
    if (per === undefined) return everyone
    const key = String(per(exchange) ?? '')
    const known = gates.get(key)
    if (known !== undefined) return known
    if (gates.size >= maxKeys) return everyone
    const gate = newGate(ofKey, () => gates.delete(key))
    gates.set(key, gate)
    return gate
  }

  const filter: Filter = (exchange, next) => {
    const gate = gateOf(exchange)
    const wait = gate.enter(exchange)
    if (wait === undefined) return new HeldPlace(gate, exchange).through(exchange, next)
    return wait.then(() => {
      if (!exchange.over && exchange.abortReason === undefined)
        return new HeldPlace(gate, exchange).through(exchange, next)
      // The client left after it was called and before it came.
      gate.leave(exchange.clock.now())
      throw exchange.abortReason ?? new ProxyError('exchange_aborted')
    })
  }
  Object.defineProperties(named(filter, name), {
    inFlight: { get: () => totals.inFlight },
    waiting: { get: () => totals.waiting },
    keys: { get: () => gates.size },
  })
  return withState(filter as ConcurrencyLimit, () => ({ kind: 'concurrency-limit', limit, ...totals }))
}

interface Totals {
  inFlight: number
  waiting: number
}

/** So many places, and those who wait for one. */
class Gate {
  readonly #filter: string
  readonly #limit: number
  readonly #queue: WaitingLineSettings | undefined
  readonly #totals: Totals
  readonly #turnAway: TurnAway
  readonly #onIdle: (() => void) | undefined
  #inFlight = 0
  /** Made for the first that has to wait. */
  #line: WaitingLine | undefined

  constructor(
    filter: string,
    limit: number,
    queue: WaitingLineSettings | undefined,
    totals: Totals,
    turnAway: TurnAway,
    onIdle?: () => void,
  ) {
    this.#filter = filter
    this.#limit = limit
    this.#queue = queue
    this.#totals = totals
    this.#turnAway = turnAway
    this.#onIdle = onIdle
  }

  /** Takes a place: at once (`undefined`), or when the promise resolves. Throws when there is none to be had. */
  enter(exchange: Exchange): Promise<void> | undefined {
    if (this.#inFlight < this.#limit) {
      this.#inFlight++
      this.#totals.inFlight++
      return undefined
    }
    if (this.#queue === undefined) throw this.#turnAway(exchange, 'the limit is reached')
    this.#line ??= new WaitingLine(this.#filter, this.#queue, this.#turnAway, this.#totals)
    return this.#line.wait(exchange)
  }

  /** Gives the place to the one who waits next, if there is one. */
  leave(now: number): void {
    if (this.#line?.callNext(now) === true) return
    this.#totals.inFlight--
    // Nobody waits where there are places, so nobody is forgotten with it.
    if (--this.#inFlight === 0) this.#onIdle?.()
  }
}

class HeldPlace extends Passage {
  readonly #gate: Gate
  readonly #exchange: Exchange

  constructor(gate: Gate, exchange: Exchange) {
    super()
    this.#gate = gate
    this.#exchange = exchange
  }

  protected responded(): void {}

  protected ended(): void {
    this.#gate.leave(this.#exchange.clock.now())
  }
}

const OPTIONS: readonly string[] = [
  'limit',
  'per',
  'maxKeys',
  'queue',
  'name',
] satisfies (keyof ConcurrencyLimitOptions)[]

const QUEUE_OPTIONS: readonly string[] = [
  'max',
  'timeoutMs',
  'order',
  'targetMs',
  'intervalMs',
] satisfies (keyof ConcurrencyQueueOptions)[]

function queueSettings(options: ConcurrencyQueueOptions): WaitingLineSettings {
  const owner = `${OWNER}: queue`
  knownOptions(owner, options, QUEUE_OPTIONS)
  const { max, timeoutMs = 1_000, order = 'adaptive', targetMs = 5, intervalMs = 100 } = options
  if (order !== 'fifo' && order !== 'lifo' && order !== 'adaptive')
    throw invalidOption(owner, 'order', '"fifo", "lifo" or "adaptive"', order)
  return {
    max: integer(owner, 'max', max, { min: 1 }),
    timeoutMs: durationMs(owner, 'timeoutMs', timeoutMs, { min: 1 }),
    order,
    targetMs: durationMs(owner, 'targetMs', targetMs, { min: 1 }),
    intervalMs: durationMs(owner, 'intervalMs', intervalMs, { min: 1 }),
  }
}
