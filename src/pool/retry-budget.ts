/** The parts of the window. What is older than a window leaves it a part at a time. */
const PARTS = 10

/** How many retries there may be. */
export interface RetryBudgetSettings {
  /** Retries for each request of the window. */
  readonly ratio: number
  readonly minPerSecond: number
  readonly windowMs: number
}

/**
 * Counts the requests and the retries of the last seconds, and grants a retry as long as these are few beside those. So a
 * pool whose endpoints all fail is asked for `1 + ratio` times what clients ask for, and not for `attempts` times as much.
 */
export class RetryBudget {
  readonly #ratio: number
  /** Retries of a window that are granted however few requests there are. */
  readonly #floor: number
  readonly #partMs: number
  readonly #requests: number[] = new Array<number>(PARTS).fill(0)
  readonly #retries: number[] = new Array<number>(PARTS).fill(0)
  #requestSum = 0
  #retrySum = 0
  /** The number of the part that is now, counted from the clock's start. */
  #part = 0

  constructor({ ratio, minPerSecond, windowMs }: RetryBudgetSettings) {
    this.#ratio = ratio
    this.#floor = (minPerSecond * windowMs) / 1_000
    this.#partMs = windowMs / PARTS
  }

  /** A request has come. */
  deposit(now: number): void {
    this.#moveTo(now)
    this.#requests[this.#part % PARTS]!++
    this.#requestSum++
  }

  /** Whether there may be one more retry, which is then counted. */
  withdraw(now: number): boolean {
    this.#moveTo(now)
    if (this.#retrySum + 1 > this.#ratio * this.#requestSum + this.#floor) return false
    this.#retries[this.#part % PARTS]!++
    this.#retrySum++
    return true
  }

  #moveTo(now: number): void {
    const part = Math.floor(now / this.#partMs)
    // After a whole window without a call, each part is emptied once.
    for (let next = Math.max(this.#part + 1, part - PARTS + 1); next <= part; next++) {
      const at = next % PARTS
      this.#requestSum -= this.#requests[at]!
      this.#retrySum -= this.#retries[at]!
      this.#requests[at] = 0
      this.#retries[at] = 0
    }
    if (part > this.#part) this.#part = part
  }
}
