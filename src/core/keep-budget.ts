/** So much of each body costs nothing of a budget: small ones are kept whatever becomes of the large ones. */
const FREE_BYTES = 65_536

/** What bodies that are being kept may hold together, beside the first 64 KiB of each. */
export class KeepBudget {
  readonly maxBytes: number
  #used = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  /** Bytes that are held of it now. */
  get used(): number {
    return this.#used
  }

  /** A body's part of it. Whoever opens one sets it to 0 in the end. */
  claim(): KeepClaim {
    return new KeepClaim(this)
  }

  /** @internal */
  take(bytes: number): boolean {
    if (bytes > this.maxBytes - this.#used) return false
    this.#used += bytes
    return true
  }
}

/** What one body has of a budget. */
export class KeepClaim {
  readonly #budget: KeepBudget
  #taken = 0

  constructor(budget: KeepBudget) {
    this.#budget = budget
  }

  /** What the body holds from now on. `false`: there is not so much left, and the claim stays what it was. */
  set(bytes: number): boolean {
    const wanted = Math.max(0, bytes - FREE_BYTES)
    if (!this.#budget.take(wanted - this.#taken)) return false
    this.#taken = wanted
    return true
  }

  /** Holds no more than so much from now on. */
  shrink(bytes: number): void {
    if (bytes - FREE_BYTES < this.#taken) this.set(bytes)
  }
}
