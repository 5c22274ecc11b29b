import { type Count, dividedDown, dividedUp } from './count.ts'
import type { RateRule } from './store.ts'

/**
 * The token bucket, and the generic cell rate algorithm. What was taken is a debt that drains at the rule's rate; so much is
 * admitted as does not lift it above the burst. The tokens of the bucket are the burst without the debt; the theoretical
 * arrival time of GCRA is now and the time that the debt takes to drain.
 *
 * A unit is `perMs` of debt, and a millisecond drains `limit`: no fractions.
 */
export class DrainingDebt implements Count {
  readonly size = 1
  readonly #rule: RateRule
  #debt = 0
  #at = 0

  constructor(rule: RateRule) {
    this.#rule = rule
  }

  waitMs(cost: number, now: number): number {
    const { limit, perMs, burst } = this.#rule
    if (cost > burst) return Number.POSITIVE_INFINITY
    const excess = this.#debtAt(now) - (burst - cost) * perMs
    return excess <= 0 ? 0 : dividedUp(excess, limit)
  }

  take(cost: number, now: number): void {
    this.#debt = this.#debtAt(now) + cost * this.#rule.perMs
    this.#at = now
  }

  remaining(now: number): number {
    const { perMs, burst } = this.#rule
    return dividedDown(burst * perMs - this.#debtAt(now), perMs)
  }

  freshInMs(now: number): number {
    return dividedUp(this.#debtAt(now), this.#rule.limit)
  }

  copy(): DrainingDebt {
    const copy = new DrainingDebt(this.#rule)
    copy.#debt = this.#debt
    copy.#at = this.#at
    return copy
  }

  #debtAt(now: number): number {
    return Math.max(0, this.#debt - (now - this.#at) * this.#rule.limit)
  }
}
