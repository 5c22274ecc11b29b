/** How fast counters go up, from what they were when they were seen last. */
export class Rates {
  /** @type {ReadonlyMap<string, number>} */
  #before = new Map()
  #at = 0
  /** @type {Map<string, number | undefined>} */
  #rates = new Map()

  /**
   * @param {number} at milliseconds
   * @param {ReadonlyMap<string, number>} counters
   * @returns {ReadonlyMap<string, number | undefined>} per second; smoothed, as one second alone jumps about
   */
  of(at, counters) {
    const seconds = (at - this.#at) / 1000
    // Asked twice within the same moment, it would divide by next to nothing.
    if (this.#before.size > 0 && seconds < 0.2) return this.#rates
    /** @type {Map<string, number | undefined>} */
    const rates = new Map()
    for (const [key, value] of counters) {
      const before = this.#before.get(key)
      // A counter that goes back has begun anew.
      if (before === undefined || value < before) continue
      const now = (value - before) / seconds
      const smoothed = this.#rates.get(key)
      const next = smoothed === undefined ? now : smoothed + (now - smoothed) * 0.4
      rates.set(key, next < 0.05 ? 0 : next)
    }
    this.#before = counters
    this.#at = at
    this.#rates = rates
    return rates
  }
}
