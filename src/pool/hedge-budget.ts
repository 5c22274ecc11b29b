/** What may be saved up: so many hedges at once, when an endpoint stalls after a quiet time. */
const MAX_SAVED = 100

/**
 * Grants hedges as a share of the requests, whatever their rate: each request saves a part of a hedge. It begins with one,
 * so that over any time there are at most `share` times the requests, and one, and what was saved before.
 */
export class HedgeBudget {
  readonly #share: number
  #saved = 1

  constructor(share: number) {
    this.#share = share
  }

  /** A request has come. */
  deposit(): void {
    this.#saved = Math.min(MAX_SAVED, this.#saved + this.#share)
  }

  /** Whether there may be one more hedge, which is then counted. */
  withdraw(): boolean {
    // Twenty times a twentieth is a little less than one.
    if (this.#saved < 1 - 1e-9) return false
    this.#saved -= 1
    return true
  }
}
