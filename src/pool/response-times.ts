import { boundOf, bucketOf, LATENCY_BUCKETS } from './latency-buckets.ts'

/** Two products that are the same but for rounding are the same. */
const ROUNDING = 1e-9

/**
 * The response times of one endpoint over an interval, for their median.
 *
 * An attempt that was cancelled counts as one that would have taken longer than it did, which is all that is known of it: the
 * median is that of Kaplan and Meier (1958). So hedging and clients that give up do not hide how slow an endpoint is, nor
 * does one that gives up at once make it look fast.
 */
export class ResponseTimes {
  readonly #answered: Uint32Array = new Uint32Array(LATENCY_BUCKETS)
  readonly #cancelled: Uint32Array = new Uint32Array(LATENCY_BUCKETS)
  #count = 0

  /** Attempts, the cancelled ones included. */
  get count(): number {
    return this.#count
  }

  /** The head of a response came after so long. */
  answered(ms: number): void {
    this.#answered[bucketOf(ms)]!++
    this.#count++
  }

  /** None had come after so long, when the attempt was cancelled. */
  cancelled(ms: number): void {
    this.#cancelled[bucketOf(ms)]!++
    this.#count++
  }

  /** Milliseconds, at most 9 % too many. Where most were cancelled, the longest time that is known. 0 without any. */
  get medianMs(): number {
    let left = this.#count
    let later = 1
    let longest = 0
    for (let bucket = 0; bucket < LATENCY_BUCKETS && left > 0; bucket++) {
      const answered = this.#answered[bucket]!
      const both = answered + this.#cancelled[bucket]!
      if (both === 0) continue
      longest = boundOf(bucket)
      later *= 1 - answered / left
      if (later <= 0.5 + ROUNDING) return longest
      left -= both
    }
    return longest
  }

  /** Begins anew. */
  forget(): void {
    this.#answered.fill(0)
    this.#cancelled.fill(0)
    this.#count = 0
  }
}
