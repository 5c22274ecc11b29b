/** How much the share changes in an interval, for each target by which the delay is too long, or too short. */
const BY_DELAY = 0.01
/** The same for each target by which the delay has grown or shrunk since the interval before. */
const BY_CHANGE = 0.03
/** No more than that at once: the delay follows late. */
const MAX_STEP = 0.3
/** Some of what comes always goes through. */
const MAX_SHARE = 0.95
/** A delay below this part of the target is none. */
const IDLE = 0.1
/** What is left of the share after a second interval without delay. */
const DECAY = 0.9
/** A smaller share is none. */
const LEAST_SHARE = 0.001

/**
 * Which part of what comes is to be shed, by the delay that is measured, without exchanges and without timers.
 *
 * It looks at the least delay of each interval, as CoDel does (Nichols and Jacobson, "Controlling Queue Delay", 2012): one
 * long pause, of the garbage collector say, is no overload. The share follows as in PIE (RFC 8033, section 4.2), which keeps a
 * queue at a delay instead of emptying it, so that the one who works it off is never without work.
 */
export class ShedShare {
  readonly #targetMs: number
  readonly #intervalMs: number
  #share = 0
  #delayMs = 0
  #from = Number.NEGATIVE_INFINITY
  #lastAt = Number.NEGATIVE_INFINITY
  #leastMs = Number.POSITIVE_INFINITY
  #samples = 0
  /** Of the interval before: in targets, -1 for no delay. */
  #excess = -1

  constructor(targetMs: number, intervalMs: number) {
    this.#targetMs = targetMs
    this.#intervalMs = intervalMs
  }

  /** From 0 to 0.95. */
  get share(): number {
    return this.#share
  }

  /** What was measured last. */
  get delayMs(): number {
    return this.#delayMs
  }

  /** Everything has waited for so long. Returns whether an interval has ended, or it was quiet for longer than one. */
  sample(delayMs: number, now: number): boolean {
    const quiet = this.rested(now - delayMs)
    this.#delayMs = delayMs
    this.#lastAt = now
    if (quiet) this.#begin(now)
    this.#samples++
    if (delayMs < this.#leastMs) this.#leastMs = delayMs
    if (now - this.#from < this.#intervalMs) return quiet
    // One alone may be the only pause for long.
    if (this.#leastMs <= this.#targetMs || this.#samples > 1) this.#adjust(this.#leastMs / this.#targetMs - 1)
    this.#begin(now)
    return true
  }

  /** Nothing was measured until now. Returns whether that is long: then hardly anything has come, and less is to be shed. */
  rested(now: number): boolean {
    const quietMs = now - this.#lastAt
    if (quietMs <= this.#intervalMs) return false
    this.#decay(quietMs / this.#intervalMs)
    this.#excess = -1
    this.#lastAt = now
    this.#begin(now)
    return true
  }

  #adjust(excess: number): void {
    const before = this.#excess
    this.#excess = excess
    if (Math.max(before, excess) < IDLE - 1) {
      this.#decay(1)
      return
    }
    const step = BY_DELAY * excess + BY_CHANGE * (excess - before)
    const most = excess > 0 ? MAX_STEP : 0
    const share = this.#share + Math.max(-MAX_STEP, Math.min(most, step))
    this.#share = Math.max(0, Math.min(MAX_SHARE, share))
  }

  #decay(intervals: number): void {
    this.#share *= DECAY ** intervals
    if (this.#share < LEAST_SHARE) this.#share = 0
  }

  #begin(now: number): void {
    this.#from = now
    this.#leastMs = Number.POSITIVE_INFINITY
    this.#samples = 0
  }
}
