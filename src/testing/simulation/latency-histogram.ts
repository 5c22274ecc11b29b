import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

/** Times of many exchanges, in milliseconds. */
export interface LatencySummary {
  readonly count: number
  readonly minMs: number
  readonly meanMs: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
  /** Any other percentile, from 0 to 100. */
  percentileMs(percentile: number): number
}

/** Node's histogram counts whole numbers from 1 on: microseconds and one, with three significant digits. */
const PER_MS = 1_000
const LONGEST = 24 * 3_600_000 * PER_MS

/** @internal Collects times, at a bounded size. */
export class LatencyHistogram {
  readonly #histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: LONGEST, figures: 3 })
  #sum = 0
  #max = 0
  #min = Number.POSITIVE_INFINITY

  record(ms: number): void {
    this.#histogram.record(Math.min(LONGEST, Math.round(Math.max(0, ms) * PER_MS) + 1))
    this.#sum += ms
    if (ms > this.#max) this.#max = ms
    if (ms < this.#min) this.#min = ms
  }

  summary(): LatencySummary {
    const { count } = this.#histogram
    const at = (percentile: number): number => {
      if (count === 0) return 0
      // A bucket is named by its upper end, which may be past what was measured.
      return Math.max(this.#min, Math.min(this.#max, (this.#histogram.percentile(percentile) - 1) / PER_MS))
    }
    return {
      count,
      minMs: count === 0 ? 0 : this.#min,
      meanMs: count === 0 ? 0 : this.#sum / count,
      p50Ms: at(50),
      p90Ms: at(90),
      p99Ms: at(99),
      p999Ms: at(99.9),
      maxMs: this.#max,
      percentileMs: (percentile) => (percentile <= 0 ? (count === 0 ? 0 : this.#min) : at(percentile)),
    }
  }
}
