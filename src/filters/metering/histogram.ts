import type { TraceContext } from '../../core/trace-context.ts'
import type { LabelSet } from './label-set.ts'

/** An exchange that stands for the others of its bucket, by its trace. */
export interface Exemplar {
  readonly traceId: string
  readonly spanId: string
  readonly value: number
  /** Since 1970 UTC. */
  readonly timestampSeconds: number
}

/** How many values fell between which bounds. */
export class Histogram {
  readonly labels: LabelSet
  /** The upper bounds of the buckets but the last, ascending. */
  readonly bounds: readonly number[]
  /** Of each bucket alone; the last is what is above all bounds. */
  readonly counts: Float64Array
  /** The latest of each bucket; `undefined` where no trace was ever kept. */
  exemplars: (Exemplar | undefined)[] | undefined
  sum = 0

  constructor(labels: LabelSet, bounds: readonly number[]) {
    this.labels = labels
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const at = this.#bucketOf(value)
    this.counts[at]!++
    this.sum += value
  }

  /** Notes by which trace a value can be found again. */
  exemplify(value: number, { traceId, spanId }: TraceContext, wallTimeMs: number): void {
    this.exemplars ??= []
    this.exemplars[this.#bucketOf(value)] = { traceId, spanId, value, timestampSeconds: wallTimeMs / 1000 }
  }

  reset(): void {
    this.counts.fill(0)
    this.sum = 0
    this.exemplars = undefined
  }

  #bucketOf(value: number): number {
    const { bounds } = this
    let at = 0
    while (at < bounds.length && value > bounds[at]!) at++
    return at
  }
}
