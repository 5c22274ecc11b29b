import type { Count } from './count.ts'
import type { RateRule } from './store.ts'

/**
 * When each unit was taken. What was taken at `t` counts until just before `t + perMs`, so that no stretch of time of that
 * length ever has more than the limit. Units of the same millisecond are one record.
 */
export class SlidingLog implements Count {
  readonly #rule: RateRule
  /** Pairs of a time and what was taken then, oldest first, from `#first` on. */
  #log: number[] = []
  #first = 0
  #used = 0

  constructor(rule: RateRule) {
    this.#rule = rule
  }

  get size(): number {
    return 1 + (this.#log.length >> 1)
  }

  waitMs(cost: number, now: number): number {
    const { limit, perMs } = this.#rule
    if (cost > limit) return Number.POSITIVE_INFINITY
    this.#forget(now)
    let excess = this.#used + cost - limit
    if (excess <= 0) return 0
    let at = this.#first
    while (excess > this.#log[at + 1]!) {
      excess -= this.#log[at + 1]!
      at += 2
    }
    return this.#log[at]! + perMs - now
  }

  take(cost: number, now: number): void {
    this.#forget(now)
    this.#used += cost
    const last = this.#log.length - 2
    if (last >= this.#first && this.#log[last] === now) this.#log[last + 1]! += cost
    else this.#log.push(now, cost)
  }

  remaining(now: number): number {
    this.#forget(now)
    return this.#rule.limit - this.#used
  }

  freshInMs(now: number): number {
    this.#forget(now)
    return this.#used === 0 ? 0 : this.#log.at(-2)! + this.#rule.perMs - now
  }

  copy(): SlidingLog {
    const copy = new SlidingLog(this.#rule)
    copy.#log = this.#log.slice(this.#first)
    copy.#used = this.#used
    return copy
  }

  #forget(now: number): void {
    const gone = now - this.#rule.perMs
    while (this.#first < this.#log.length && this.#log[this.#first]! <= gone) {
      this.#used -= this.#log[this.#first + 1]!
      this.#first += 2
    }
    // What is left is moved only when that is the smaller half: each record is moved at most once for each that is forgotten.
    if (this.#first === 0 || this.#first < this.#log.length / 2) return
    this.#log = this.#log.slice(this.#first)
    this.#first = 0
  }
}
