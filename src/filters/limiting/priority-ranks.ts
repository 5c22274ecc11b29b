import type { Random } from '../../core/random.ts'

/** Priorities this close together are one. */
const BUCKETS = 100

/** Which part of what has come lately matters less than one exchange. */
export class PriorityRanks {
  readonly #counts = new Float64Array(BUCKETS)
  #total = 0

  /** One has come, of a priority from 0 to 1. What is no number is 0. Returns what `rank` is asked with. */
  add(priority: number): number {
    const bucket = priority > 0 ? Math.min(BUCKETS - 1, Math.floor(priority * BUCKETS)) : 0
    this.#counts[bucket]!++
    this.#total++
    return bucket
  }

  /** From 0 (all others matter more) to 1. Among those of the same priority, chance decides. */
  rank(bucket: number, random: Random): number {
    let below = 0
    for (let i = 0; i < bucket; i++) below += this.#counts[i]!
    return (below + this.#counts[bucket]! * random()) / this.#total
  }

  /** Lets what has come so far count for half. */
  fade(): void {
    this.#total = 0
    for (let i = 0; i < BUCKETS; i++) {
      this.#counts[i]! /= 2
      this.#total += this.#counts[i]!
    }
  }
}
