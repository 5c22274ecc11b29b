import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

/** How long things took, in milliseconds. */
export interface Latencies {
  readonly count: number
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
  /** How many took up to so long, and longer than the row before. Empty rows at both ends are left out. */
  readonly spread: readonly { readonly upToMs: number; readonly count: number }[]
}

/** A histogram of HDR counts to three digits; what is slower than an hour counts as that. */
const LONGEST_US = 3_600_000_000

/** The rows of the spread: 1, 2, 5, 10, 20, 50 ... from 0.1 ms to 50 s. */
const BOUNDS_MS = [-1, 0, 1, 2, 3, 4].flatMap((power) => [1, 2, 5].map((step) => step * 10 ** power))

/** Counts how long things took. Each costs the same, and the memory is that of one histogram, however many there are. */
export class LatencyTally {
  readonly #histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: LONGEST_US, figures: 3 })
  readonly #rows = new Float64Array(BOUNDS_MS.length + 1)

  record(ms: number): void {
    this.#histogram.record(Math.min(LONGEST_US, Math.max(1, Math.round(ms * 1_000))))
    let row = 0
    while (row < BOUNDS_MS.length && ms > BOUNDS_MS[row]!) row++
    this.#rows[row]!++
  }

  get latencies(): Latencies {
    const histogram = this.#histogram
    const { count } = histogram
    const at = (percentile: number) => (count === 0 ? 0 : histogram.percentile(percentile) / 1_000)
    return {
      count,
      mean: count === 0 ? 0 : histogram.mean / 1_000,
      p50: at(50),
      p90: at(90),
      p99: at(99),
      p999: at(99.9),
      max: count === 0 ? 0 : histogram.max / 1_000,
      spread: this.#spread(),
    }
  }

  #spread(): { upToMs: number; count: number }[] {
    const rows = [...this.#rows].map((count, row) => ({
      upToMs: BOUNDS_MS[row] ?? Number.POSITIVE_INFINITY,
      count,
    }))
    const first = rows.findIndex(({ count }) => count > 0)
    return first < 0 ? [] : rows.slice(first, rows.findLastIndex(({ count }) => count > 0) + 1)
  }
}
