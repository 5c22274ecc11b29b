const BUCKETS = 10

/**
 * Counts of the last `windowMs`, in ten buckets: the oldest tenth falls out at once. Its size does not depend on how much
 * is counted.
 */
export class RollingCounts {
  calls = 0
  failures = 0
  slow = 0
  readonly #bucketMs: number
  readonly #calls = new Float64Array(BUCKETS)
  readonly #failures = new Float64Array(BUCKETS)
  readonly #slow = new Float64Array(BUCKETS)
  /** Number of the newest bucket, counted from the clock's start. */
  #newest = Number.NEGATIVE_INFINITY

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / BUCKETS
  }

  /** Adds to the newest bucket what happened now. */
  add(now: number, calls: number, failures: number, slow: number): void {
    const at = this.#advance(now)
    this.#calls[at]! += calls
    this.#failures[at]! += failures
    this.#slow[at]! += slow
    this.calls += calls
    this.failures += failures
    this.slow += slow
  }

  clear(): void {
    this.#calls.fill(0)
    this.#failures.fill(0)
    this.#slow.fill(0)
    this.calls = 0
    this.failures = 0
    this.slow = 0
  }

  /** Drops what is too old. Returns the place of the newest bucket. */
  #advance(now: number): number {
    const bucket = Math.floor(now / this.#bucketMs)
    if (bucket > this.#newest) {
      if (bucket - this.#newest >= BUCKETS) this.clear()
      else {
        for (let old = this.#newest + 1; old <= bucket; old++) {
          const at = old % BUCKETS
          this.calls -= this.#calls[at]!
          this.failures -= this.#failures[at]!
          this.slow -= this.#slow[at]!
          this.#calls[at] = 0
          this.#failures[at] = 0
          this.#slow[at] = 0
        }
      }
      this.#newest = bucket
    }
    return this.#newest % BUCKETS
  }
}
