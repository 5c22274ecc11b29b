import { boundOf, bucketOf, LATENCY_BUCKETS } from './latency-buckets.ts'

/** When so many have been counted, each counts for half, so that the past fades. */
const FADES_AT = 2_000
/** Before so many there is nothing to go by. */
const LEAST = 100
/** How many more are counted before the counters are looked through again. */
const LOOK_EVERY = 32

/**
 * A quantile of the latest response times, in 170 counters: it remembers one or two thousand of them and rounds up, so that
 * no larger part of them is above it than was asked for.
 *
 * A time that was cut short by a second attempt is above the quantile all the same, since that attempt began there. So
 * counting what clients have waited gives the quantile of what they would have waited without one.
 */
export class HedgeQuantile {
  readonly #part: number
  readonly #counts: Float64Array = new Float64Array(LATENCY_BUCKETS)
  #total = 0
  #unseen = 0
  #value = Number.POSITIVE_INFINITY

  /** `part`: 0.95 for the time within which 95 % are answered. */
  constructor(part: number) {
    this.#part = part
  }

  /** Milliseconds; `Infinity` until enough were counted. */
  get value(): number {
    return this.#value
  }

  observe(ms: number): void {
    this.#counts[bucketOf(ms)]!++
    this.#total++
    if (this.#total >= FADES_AT) this.#fade()
    if (++this.#unseen < LOOK_EVERY || this.#total < LEAST) return
    this.#unseen = 0
    this.#value = this.#find()
  }

  #find(): number {
    let left = this.#total * (1 - this.#part)
    for (let bucket = LATENCY_BUCKETS - 1; bucket > 0; bucket--) {
      left -= this.#counts[bucket]!
      if (left < 0) return boundOf(bucket)
    }
    return boundOf(0)
  }

  #fade(): void {
    let total = 0
    for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
      const half = this.#counts[bucket]! / 2
      this.#counts[bucket] = half
      total += half
    }
    this.#total = total
  }
}
