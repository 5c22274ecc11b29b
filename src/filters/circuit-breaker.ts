import type { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { answeredByFallback } from '../core/fallback-answer.ts'
import { withState } from '../core/filter-state.ts'
import { type Filter, type Handler, named } from '../core/handler.ts'
import { log } from '../core/log.ts'
import type { ResponseMessage } from '../core/message.ts'
import { type Duration, durationMs, integer, invalidOption, knownOptions } from '../core/options.ts'
import { withShared } from '../core/shared-state.ts'
import { Circuit, type CircuitSettings, type CircuitState } from './limiting/circuit.ts'
import { turnedAway } from './limiting/load-rejection.ts'
import { Passage } from './limiting/passage.ts'
import { SharedCircuit } from './limiting/shared-circuit.ts'

/** How one exchange went: one of the two is there. */
export type CircuitResult =
  | { readonly response: ResponseMessage; readonly error: undefined }
  | { readonly response: undefined; readonly error: ProxyError }

export interface CircuitBreakerOptions {
  /** The part of the exchanges in the window that must fail for it to open. From 0 to 1. Default 0.5. */
  errorRatio?: number
  /** A response whose head takes so long is slow. Default: none is. */
  slowMs?: Duration
  /** The part of the exchanges in the window that must be slow for it to open. Only with `slowMs`. Default 0.5. */
  slowRatio?: number
  /** What is looked back at. Default 10 s. */
  windowMs?: Duration
  /** With fewer exchanges in the window it never opens. Default 20. */
  minVolume?: number
  /** How long it stays open at first. Each time that it opens again before it has recovered, twice as long. Default 5 s. */
  openMs?: Duration
  /** The longest that it stays open. Default 30 s, or `openMs` if that is more. */
  maxOpenMs?: Duration
  /** The part, from 0 to 1, by which each of these times is lengthened at most, by chance. Default 0.2. */
  jitter?: number
  /** The trial after it was open. */
  halfOpen?: HalfOpenOptions
  /**
   * Whether a result counts as a failure. Default: an error of side `upstream`, anything thrown that is no `ProxyError`, and
   * a status of 500 and above. A response that is none is a success; an error that is none says nothing. A client that
   * leaves never counts, and this is not asked.
   */
  isFailure?: (result: CircuitResult, exchange: Exchange) => boolean
  /**
   * Answers in place of the service while it is left alone; `exchange.get(answeredByFallback)` says so. Default: 503
   * `circuit_open`. For one that answers also where a request fails, or for another pool, see `pool.fallback`.
   */
  fallback?: Handler
  /** Told of each change, at once. What it throws is written to standard error. */
  onChange?: (state: CircuitState, previous: CircuitState) => void
  /** What lists of filters show. Default `circuitBreaker`. */
  name?: string
}

/** How exchanges are let through again, step by step. */
export interface HalfOpenOptions {
  /**
   * The share of what comes that each step lets through, from 0 to 1. Where nothing is under way, one always goes through.
   * Default `[0.1, 0.25, 0.5]`.
   */
  ramp?: readonly number[]
  /**
   * Exchanges that each step waits for, and the most that it lets through. It goes on unless `errorRatio` of them fail (or
   * `slowRatio` are slow), and opens as soon as that is certain. Default 5.
   */
  trials?: number
}

/** A filter that can be asked for its state. */
export interface CircuitBreaker extends Filter {
  /** Of this moment. One that is open stays so until the first request after `untilMs`. */
  readonly state: CircuitState
}

const OWNER = 'circuitBreaker'

/**
 * Leaves a service alone that fails or is slow, and tries it again step by step.
 *
 * Meanwhile it answers 503 `circuit_open`, with `Retry-After`, before anything is sent; or its `fallback` answers. Closed, it counts exchanges over a sliding window, and opens when enough of them failed or were slow. Open, it lets
 * nothing through for a while; then a growing share, and closes if that goes well. An exchange counts when the head of its
 * response is there; a body that breaks off later counts as a failure then.
 *
 * A breaker has one state for all that goes through it: use one for each service. In `pool(...).use(...)` that is one for
 * all endpoints together.
 *
 * Where several workers serve as one, each judges by what it sees itself, and a circuit that opens or closes does so in all of
 * them, within one message. So up to n times `minVolume` can fail before the first of n workers opens. Each has a trial of its
 * own; the first verdict is for all.
 *
 * After Nygard, "Release It!" (2007). It counts as resilience4j and Polly do; the time that it stays open grows as in Envoy's
 * outlier detection, and the share that is let through again as in the slow start of Envoy's balancers.
 *
 * @example
 * const breaker = circuitBreaker({ errorRatio: 0.3, slowMs: '2s', onChange: ({ kind }) => console.log(kind) })
 * proxy().route('/users', breaker, pool(['http://users:8080']))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): CircuitBreaker {
  const settings = circuitSettings(options)
  const { isFailure = failed, fallback, onChange, name = OWNER } = options
  const slowMs =
    options.slowMs === undefined ? Number.POSITIVE_INFINITY : durationMs(OWNER, 'slowMs', options.slowMs)
  checkFunction('isFailure', options.isFailure)
  checkFunction('fallback', fallback)
  checkFunction('onChange', onChange)
  if (typeof name !== 'string' || name === '')
    throw invalidOption(OWNER, 'name', 'a text that is not empty', name)
  const tellUser = onChange === undefined ? undefined : told(onChange)
  const circuit: Circuit = new Circuit(settings, (state, previous) => {
    shared.changed()
    tellUser?.(state, previous)
  })
  const shared = new SharedCircuit(circuit)

  const filter: Filter = (exchange, next) => {
    const now = exchange.clock.now()
    const admittedIn = circuit.admit(now, exchange.random)
    if (admittedIn === undefined) {
      const { kind } = circuit.state
      const why = kind === 'open' ? 'the circuit is open' : 'the service is on trial'
      exchange.recording?.refused(name, 'circuit_open', why)
      if (fallback !== undefined) {
        const by = fallback.name === '' ? 'handler' : fallback.name
        exchange.set(answeredByFallback, { insteadOf: name, by, reason: 'circuit_open' })
        return fallback(exchange)
      }
      throw turnedAway('circuit_open', why, circuit.retryAfterMs(now))
    }
    return new JudgedPassage(circuit, admittedIn, exchange, now, slowMs, isFailure).through(exchange, next)
  }
  Object.defineProperty(named(filter, name), 'state', { get: () => circuit.state })
  withShared(filter, shared)
  return withState(filter as CircuitBreaker, () => ({ kind: 'circuit-breaker', state: circuit.state.kind }))
}

class JudgedPassage extends Passage {
  readonly #circuit: Circuit
  readonly #admittedIn: CircuitState
  readonly #exchange: Exchange
  readonly #startedAt: number
  readonly #slowMs: number
  readonly #isFailure: (result: CircuitResult, exchange: Exchange) => boolean
  #judged = false
  #failed = false

  constructor(
    circuit: Circuit,
    admittedIn: CircuitState,
    exchange: Exchange,
    startedAt: number,
    slowMs: number,
    isFailure: (result: CircuitResult, exchange: Exchange) => boolean,
  ) {
    super()
    this.#circuit = circuit
    this.#admittedIn = admittedIn
    this.#exchange = exchange
    this.#startedAt = startedAt
    this.#slowMs = slowMs
    this.#isFailure = isFailure
  }

  protected responded(response: ResponseMessage): void {
    const { clock, random } = this.#exchange
    const now = clock.now()
    this.#failed = this.#isFailure({ response, error: undefined }, this.#exchange)
    this.#judged = true
    const slow = now - this.#startedAt >= this.#slowMs
    this.#circuit.judge(this.#admittedIn, this.#failed, slow, now, random)
  }

  protected ended(error: ProxyError | undefined): void {
    const counts = error !== undefined && error.side !== 'downstream'
    const failed = counts && !this.#failed && this.#isFailure({ response: undefined, error }, this.#exchange)
    const { clock, random } = this.#exchange
    if (this.#judged) {
      if (failed) this.#circuit.brokeOff(this.#admittedIn, clock.now(), random)
    } else if (failed) this.#circuit.judge(this.#admittedIn, true, false, clock.now(), random)
    else this.#circuit.withdraw(this.#admittedIn)
  }
}

function failed({ response, error }: CircuitResult): boolean {
  if (response !== undefined) return response.status >= 500
  return error.side === 'upstream' || error.code === 'internal_error'
}

const OPTIONS: readonly string[] = [
  'errorRatio',
  'slowMs',
  'slowRatio',
  'windowMs',
  'minVolume',
  'openMs',
  'maxOpenMs',
  'jitter',
  'halfOpen',
  'isFailure',
  'fallback',
  'onChange',
  'name',
] satisfies (keyof CircuitBreakerOptions)[]

function circuitSettings(options: CircuitBreakerOptions): CircuitSettings {
  knownOptions(OWNER, options, OPTIONS)
  const {
    errorRatio = 0.5,
    slowMs,
    slowRatio,
    windowMs = 10_000,
    minVolume = 20,
    jitter = 0.2,
    halfOpen = {},
  } = options
  knownOptions(`${OWNER}: halfOpen`, halfOpen, ['ramp', 'trials'] satisfies (keyof HalfOpenOptions)[])
  const { ramp = [0.1, 0.25, 0.5], trials = 5 } = halfOpen
  if (slowRatio !== undefined && slowMs === undefined)
    throw invalidOption(OWNER, 'slowRatio', 'left out, or given together with slowMs', slowRatio)
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1))
    throw invalidOption(OWNER, 'jitter', 'a number from 0 to 1', jitter)
  if (!Array.isArray(ramp) || ramp.length === 0 || !ramp.every(isShare))
    throw invalidOption(OWNER, 'halfOpen.ramp', 'a list of numbers above 0, up to 1', ramp)
  const openMs = durationMs(OWNER, 'openMs', options.openMs ?? 5_000, { min: 1 })
  return {
    errorRatio: ratio('errorRatio', errorRatio),
    slowRatio: slowMs === undefined ? Number.POSITIVE_INFINITY : ratio('slowRatio', slowRatio ?? 0.5),
    windowMs: durationMs(OWNER, 'windowMs', windowMs, { min: 10 }),
    minVolume: integer(OWNER, 'minVolume', minVolume, { min: 1 }),
    openMs,
    maxOpenMs: durationMs(OWNER, 'maxOpenMs', options.maxOpenMs ?? Math.max(30_000, openMs), { min: openMs }),
    jitter,
    trials: integer(OWNER, 'halfOpen.trials', trials, { min: 1 }),
    ramp: [...ramp],
  }
}

function ratio(option: string, value: number): number {
  if (isShare(value)) return value
  throw invalidOption(OWNER, option, 'a number above 0, up to 1', value)
}

function isShare(value: unknown): boolean {
  return typeof value === 'number' && value > 0 && value <= 1
}

function checkFunction(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function')
    throw invalidOption(OWNER, option, 'a function', value)
}

/** One who only looks on must not make an exchange fail. */
function told(onChange: (state: CircuitState, previous: CircuitState) => void): typeof onChange {
  return (state, previous) => {
    try {
      onChange(state, previous)
    } catch (thrown) {
      log.error('circuitBreaker.onChange threw', thrown)
    }
  }
}
