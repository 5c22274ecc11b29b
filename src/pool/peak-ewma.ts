import { positiveNumber } from '../core/options.ts'

/**
 * A moving average that jumps up to a peak at once and sinks with time: the response time of an endpoint, as
 * `leastResponseTime` wants it.
 *
 * It is Finagle's `PeakEwma`: a value fades with exp(-elapsed / tau), between observations too, so that an endpoint
 * that was slow once and has had no requests since is tried again. `tauMs` is the time in which it fades to 37 %;
 * default 10 000.
 */
export class PeakEwma {
  readonly #tauMs: number
  #average = Number.NaN
  #at = Number.NEGATIVE_INFINITY

  constructor(tauMs = 10_000) {
    this.#tauMs = positiveNumber('PeakEwma', 'tauMs', tauMs)
  }

  /** Adds a sample, taken now. One that is no time (NaN, negative, infinite) is ignored. */
  observe(ms: number, now: number): void {
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) return
    const average = this.#average
    // The weighted mean is below the sample exactly when the sample is a peak.
    this.#average = Number.isNaN(average) ? ms : Math.max(ms, ms + (average - ms) * this.#fading(now))
    this.#at = Math.max(this.#at, now)
  }

  /** The average as it has faded by now. NaN until something was observed. Reading it changes nothing. */
  value(now: number): number {
    return this.#average * this.#fading(now)
  }

  /** 1 when no time has passed, or the clock went back. */
  #fading(now: number): number {
    const elapsed = now - this.#at
    return elapsed > 0 ? Math.exp(-elapsed / this.#tauMs) : 1
  }
}
