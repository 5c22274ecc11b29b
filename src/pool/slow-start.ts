import { type Clock, Deadline } from '../core/clock.ts'
import { type Duration, durationMs, knownOptions, positiveNumber } from '../core/options.ts'
import type { PoolEndpoint } from './endpoint.ts'

/** How the share of an endpoint that comes to serve grows. */
export interface SlowStartOptions {
  /** How long it takes until the endpoint has its full weight: milliseconds, or `'30s'`. */
  lastsMs: Duration
  /** How soon it grows: 1 (default) evenly, more than that faster in the beginning, less than that slower. */
  aggression?: number
}

/** The options, checked. */
export interface SlowStartSettings {
  readonly lastsMs: number
  readonly aggression: number
}

/** Checks the options and fills in the defaults. */
export function slowStartSettings(options: SlowStartOptions): SlowStartSettings {
  const owner = 'pool.slowStart'
  knownOptions(owner, options, ['lastsMs', 'aggression'] satisfies (keyof SlowStartOptions)[])
  const { lastsMs, aggression = 1 } = options
  return {
    lastsMs: durationMs(owner, 'lastsMs', lastsMs, { min: 1 }),
    aggression: positiveNumber(owner, 'aggression', aggression),
  }
}

/** The least share of its weight that an endpoint has: without any requests it would never get warm. */
const MIN_SHARE = 0.1

/** So many times the weight grows. Each is a new snapshot, for which balancers make their tables anew. */
const STEPS = 20

/** The share of its weight that an endpoint has after a part, from 0 to 1, of its slow start. Envoy's `slow_start_config`. */
export function rampedShare(part: number, aggression: number): number {
  return part >= 1 ? 1 : Math.max(MIN_SHARE, part ** (1 / aggression))
}

/**
 * Gives endpoints that come to serve a small part of their weight, and lets it grow. One timer, and only while one of them
 * has not its full weight.
 */
export class SlowStart {
  #settings: SlowStartSettings
  readonly #clock: Clock
  readonly #onStep: (warm: readonly PoolEndpoint[]) => void
  readonly #deadline: Deadline
  readonly #beganAt = new Map<PoolEndpoint, number>()

  /** `onStep` is called when weights have grown, with those endpoints that have all of theirs. */
  constructor(settings: SlowStartSettings, clock: Clock, onStep: (warm: readonly PoolEndpoint[]) => void) {
    this.#settings = settings
    this.#clock = clock
    this.#onStep = onStep
    this.#deadline = new Deadline(clock, () => this.#step())
  }

  /** Whether a weight is not what it is in the end. */
  get underWay(): boolean {
    return this.#beganAt.size > 0
  }

  /** Goes on by other settings from now on. */
  follow(settings: SlowStartSettings): void {
    this.#settings = settings
    if (this.underWay) this.#deadline.arm(settings.lastsMs / STEPS)
  }

  begin(endpoint: PoolEndpoint): void {
    const { lastsMs, aggression } = this.#settings
    if (!this.underWay) this.#deadline.arm(lastsMs / STEPS)
    this.#beganAt.set(endpoint, this.#clock.now())
    endpoint.weight = endpoint.fullWeight * rampedShare(0, aggression)
  }

  /** It serves no more. Returns whether that changes its weight. */
  end(endpoint: PoolEndpoint): boolean {
    endpoint.weight = endpoint.fullWeight
    const wasUnderWay = this.#beganAt.delete(endpoint)
    if (!this.underWay) this.#deadline.close()
    return wasUnderWay
  }

  close(): void {
    this.#deadline.close()
  }

  #step(): void {
    const { lastsMs, aggression } = this.#settings
    const now = this.#clock.now()
    const warm: PoolEndpoint[] = []
    for (const [endpoint, beganAt] of this.#beganAt) {
      // A deadline may come up to one millisecond early.
      const part = (now + 1 - beganAt) / lastsMs
      endpoint.weight = endpoint.fullWeight * rampedShare(part, aggression)
      if (part < 1) continue
      this.#beganAt.delete(endpoint)
      warm.push(endpoint)
    }
    if (this.underWay) this.#deadline.arm(lastsMs / STEPS)
    this.#onStep(warm)
  }
}
