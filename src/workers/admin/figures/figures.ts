/** Figures of one process, or of several together: families by their names, of a counter without `_total`. Never changed. */
export type Figures = ReadonlyMap<string, FigureFamily>

export interface FigureFamily {
  readonly name: string
  /** As OpenMetrics calls it. */
  readonly type: string
  /** Without escapes. */
  readonly help: string
  /** Of a counter whose samples have a name without `_total` in the text format of old. */
  readonly isBare: boolean
  /** By what tells them apart. */
  readonly series: ReadonlyMap<string, Series>
}

export interface Series {
  /** What stands between the braces, without `le`. */
  readonly labels: string
  /** What the name of its sample has behind that of the family, but for `_total`: `_sum` of a summary. */
  readonly suffix: string
  /** Of a histogram: its sum. */
  readonly value: number
  /** Of a histogram alone. */
  readonly histogram?: HistogramFigures
}

export interface HistogramFigures {
  readonly count: number
  /** By the bound as it is written, ascending, `+Inf` the last. What is at most that. */
  readonly buckets: ReadonlyMap<string, Bucket>
}

export interface Bucket {
  readonly count: number
  /** As it is written behind a sample of OpenMetrics; `''` where there is none. */
  readonly exemplar: string
}
