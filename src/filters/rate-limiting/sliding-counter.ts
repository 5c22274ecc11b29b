import { type Count, dividedDown, dividedUp } from './count.ts'
import type { RateRule } from './store.ts'

/**
 * Windows as of `FixedWindow`, one right after the other, of which the one before still counts by the part of it that is less
 * than a window ago. It takes what came in that window to have come evenly.
 */
export class SlidingCounter implements Count {
  readonly size = 1
  readonly #rule: RateRule
  #from = 0
  #used = 0
  #before = 0

  constructor(rule: RateRule) {
    this.#rule = rule
  }

  waitMs(cost: number, now: number): number {
    const { limit, perMs } = this.#rule
    if (cost > limit) return Number.POSITIVE_INFINITY
    this.#moveTo(now)
    const left = this.#from + perMs - now
    const free = limit - cost - this.#used
    const excess = this.#before * left - free * perMs
    if (excess <= 0) return 0
    // The window before fades out first; where that is not enough, this one has to become the one before, and fade too.
    if (free >= 0) return dividedUp(excess, this.#before)
    return left + dividedUp((this.#used - (limit - cost)) * perMs, this.#used)
  }

  take(cost: number, now: number): void {
    this.#moveTo(now)
    if (this.#used === 0 && this.#before === 0) this.#from = now
    this.#used += cost
  }

  remaining(now: number): number {
    const { limit, perMs } = this.#rule
    this.#moveTo(now)
    const before = this.#before * (this.#from + perMs - now)
    return dividedDown((limit - this.#used) * perMs - before, perMs)
  }

  freshInMs(now: number): number {
    const { perMs } = this.#rule
    this.#moveTo(now)
    const left = this.#from + perMs - now
    return this.#used > 0 ? left + perMs : this.#before > 0 ? left : 0
  }

  copy(): SlidingCounter {
    const copy = new SlidingCounter(this.#rule)
    copy.#from = this.#from
    copy.#used = this.#used
    copy.#before = this.#before
    return copy
  }

  #moveTo(now: number): void {
    const { perMs } = this.#rule
    const since = now - this.#from
    if (since < perMs) return
    this.#before = since < 2 * perMs ? this.#used : 0
    this.#used = 0
    this.#from = since < 2 * perMs ? this.#from + perMs : now
  }
}
