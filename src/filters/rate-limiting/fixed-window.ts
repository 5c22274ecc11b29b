import type { Count } from './count.ts'
import type { RateRule } from './store.ts'

/** A window begins with the first unit that is taken, and the next one with the first unit that is taken after its end. */
export class FixedWindow implements Count {
  readonly size = 1
  readonly #rule: RateRule
  #from = 0
  #used = 0

  constructor(rule: RateRule) {
    this.#rule = rule
  }

  waitMs(cost: number, now: number): number {
    const { limit } = this.#rule
    if (cost > limit) return Number.POSITIVE_INFINITY
    return this.#usedAt(now) + cost <= limit ? 0 : this.freshInMs(now)
  }

  take(cost: number, now: number): void {
    const used = this.#usedAt(now)
    if (used === 0) this.#from = now
    this.#used = used + cost
  }

  remaining(now: number): number {
    return this.#rule.limit - this.#usedAt(now)
  }

  freshInMs(now: number): number {
    return this.#usedAt(now) === 0 ? 0 : this.#from + this.#rule.perMs - now
  }

  copy(): FixedWindow {
    const copy = new FixedWindow(this.#rule)
    copy.#from = this.#from
    copy.#used = this.#used
    return copy
  }

  #usedAt(now: number): number {
    return now - this.#from < this.#rule.perMs ? this.#used : 0
  }
}
