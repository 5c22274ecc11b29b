import type { Candidates, Endpoint } from '../core/balancer.ts'
import type { Random } from '../core/random.ts'

/** Draws endpoints with chances in proportion to their weights: running sums, and a binary search in them. */
export class WeightedDraw {
  readonly #candidates: Candidates
  /** `#sums[i]` is the weight of all endpoints up to and including the one at `i`. */
  readonly #sums: Float64Array
  readonly #total: number

  constructor(candidates: Candidates) {
    this.#candidates = candidates
    this.#sums = new Float64Array(candidates.length)
    let total = 0
    for (let i = 0; i < candidates.length; i++) {
      total += candidates[i]!.weight
      this.#sums[i] = total
    }
    this.#total = total
  }

  /** The index of one endpoint. */
  index(random: Random): number {
    return this.#at(random() * this.#total)
  }

  /** The index of another one than `first`, of which there must be at least two. One number from `random`, no retries. */
  otherIndex(first: number, random: Random): number {
    const weight = this.#candidates[first]!.weight
    const start = first === 0 ? 0 : this.#sums[first - 1]!
    const point = random() * (this.#total - weight)
    const other = this.#at(point < start ? point : point + weight)
    // Rounding can land on the border between two endpoints.
    return other !== first ? other : first === 0 ? 1 : first - 1
  }

  pick(random: Random): Endpoint {
    return this.#candidates[this.index(random)]!
  }

  /** The first endpoint whose running sum is past the point. */
  #at(point: number): number {
    const sums = this.#sums
    let low = 0
    let high = sums.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (sums[middle]! > point) high = middle
      else low = middle + 1
    }
    return low
  }
}
