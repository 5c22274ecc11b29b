/** What may happen for nothing, at once and on average. */
const IDLE_BURST = 1_000
const IDLE_PER_SECOND = 100
/** The numbers of Node's `streamResetBurst` and `streamResetRate`. */
const RESET_BURST = 1_000
const RESETS_PER_SECOND = 33

/**
 * Counts what a peer makes us do and that leads nowhere: frames that bring nothing, and streams that it resets (CVE-2019-9512
 * and its kin, CVE-2023-44487). A few are usual; what comes faster and longer than any honest peer would send it is an attack.
 */
export class FloodGuard {
  #idle = IDLE_BURST
  #resets = RESET_BURST
  #refilledAt: number

  constructor(now: number) {
    this.#refilledAt = now
  }

  /** So many frames of use came or went: what is usual along with them is no flood, two WINDOW_UPDATE for each. */
  usefulFrames(count: number): void {
    if (this.#idle < IDLE_BURST) this.#idle += 2 * count
  }

  /** A frame that brings nothing came. Returns whether it is one too many. */
  idleFrame(now: number): boolean {
    if (--this.#idle >= 0) return false
    this.#refill(now)
    return this.#idle < 0
  }

  /** The peer has given up a stream that it had opened. Returns whether it is one too many. */
  reset(now: number): boolean {
    if (--this.#resets >= 0) return false
    this.#refill(now)
    return this.#resets < 0
  }

  #refill(now: number): void {
    const seconds = (now - this.#refilledAt) / 1000
    this.#refilledAt = now
    this.#idle = Math.min(IDLE_BURST, this.#idle + seconds * IDLE_PER_SECOND)
    this.#resets = Math.min(RESET_BURST, this.#resets + seconds * RESETS_PER_SECOND)
  }
}
