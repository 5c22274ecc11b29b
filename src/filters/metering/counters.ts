import type { FamilyHead, FigureFamily } from './family.ts'
import type { LabelSet } from './label-set.ts'
import { SeriesMap } from './series-map.ts'

export class Counter {
  readonly labels: LabelSet
  value = 0

  constructor(labels: LabelSet) {
    this.labels = labels
  }
}

/** Counts of what has happened, by labels. */
export class Counters extends SeriesMap<Counter> implements FigureFamily {
  readonly type = 'counter'
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]

  constructor({ name, help, labels }: FamilyHead, max: number) {
    super(labels, max, (own) => new Counter(own))
    this.name = name
    this.help = help
    this.labels = labels
  }

  series(): Iterable<Counter> {
    return this
  }

  /** To nothing. The series stay: those who count may hold them. */
  reset(): void {
    for (const counter of this) counter.value = 0
  }
}
