import type { FamilyHead, HistogramFamily } from './family.ts'
import { Histogram } from './histogram.ts'
import { SeriesMap } from './series-map.ts'

/** Distributions, by labels. */
export class Histograms extends SeriesMap<Histogram> implements HistogramFamily {
  readonly type = 'histogram'
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]

  constructor({ name, help, labels }: FamilyHead, max: number, bounds: readonly number[]) {
    super(labels, max, (own) => new Histogram(own, bounds))
    this.name = name
    this.help = help
    this.labels = labels
  }

  series(): Iterable<Histogram> {
    return this
  }

  reset(): void {
    for (const histogram of this) histogram.reset()
  }
}
