import { boundOf, LATENCY_BUCKETS } from '../../pool/latency-buckets.ts'
import type { Percentiles } from '../api.ts'
import type { LatencyCounts } from './shared-latencies.ts'

/** `fine`: eight buckets to an octave. `coarse`: four. */
export type Grain = 'fine' | 'coarse'

/** How many counters a histogram of a grain has. */
export function bucketsOf(grain: Grain): number {
  return grain === 'fine' ? LATENCY_BUCKETS : (LATENCY_BUCKETS >> 1) + 1
}

/** The bucket of a grain that a fine one belongs to. */
export function bucketIn(grain: Grain, fine: number): number {
  return grain === 'fine' ? fine : (fine + 1) >> 1
}

/** Sums histograms, and tells percentiles of them. */
export class Latencies {
  readonly #grain: Grain
  readonly #counts: Float64Array
  #total = 0
  #maxMs = 0

  constructor(grain: Grain) {
    this.#grain = grain
    this.#counts = new Float64Array(bucketsOf(grain))
  }

  add(counts: Uint32Array, maxMs: number): void {
    for (let i = 0; i < counts.length; i++) {
      this.#counts[i]! += counts[i]!
      this.#total += counts[i]!
    }
    this.#maxMs = Math.max(this.#maxMs, maxMs)
  }

  /** Adds what another one has shared. Buckets that there are none of are left out. */
  addShared({ counts, maxMs }: LatencyCounts): void {
    for (let i = 0; i + 1 < counts.length; i += 2) {
      const bucket = counts[i]!
      if (!(bucket in this.#counts)) continue
      this.#counts[bucket]! += counts[i + 1]!
      this.#total += counts[i + 1]!
    }
    this.#maxMs = Math.max(this.#maxMs, maxMs)
  }

  get shared(): LatencyCounts {
    const counts: number[] = []
    for (const [bucket, count] of this.#counts.entries()) if (count > 0) counts.push(bucket, count)
    return { counts, maxMs: this.#maxMs }
  }

  get percentiles(): Percentiles | undefined {
    if (this.#total === 0) return undefined
    return { p50: this.at(0.5)!, p90: this.at(0.9)!, p99: this.at(0.99)!, max: this.#maxMs }
  }

  /**
   * The time within which this part of all was: the middle of its bucket, in the logarithm. From 0.06 ms to two minutes it is
   * at most 4.5 % off in the fine grain, 9.1 % in the coarse one.
   */
  at(quantile: number): number | undefined {
    if (this.#total === 0) return undefined
    const rank = Math.ceil(quantile * this.#total)
    let bucket = 0
    for (let seen = this.#counts[0]!; seen < rank; seen += this.#counts[bucket]!) bucket++
    // What is longer than the last bucket's bound is in it too.
    if (bucket === this.#counts.length - 1) return this.#maxMs
    const bound = this.#grain === 'fine' ? bucket : bucket * 2
    return Math.min(this.#maxMs, boundOf(bound - (this.#grain === 'fine' ? 0.5 : 1)))
  }
}
