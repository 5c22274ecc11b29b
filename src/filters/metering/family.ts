import type { Histogram } from './histogram.ts'
import type { LabelSet } from './label-set.ts'

/** What all series of one name have in common. */
export interface FamilyHead {
  /** With its unit, and of a counter with `_total`. */
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
}

interface Bounded {
  /** How often something was to be noted, or read, that had no room. */
  readonly overflowed: number
}

/** The value of one series. */
export interface Figure {
  readonly labels: LabelSet
  readonly value: number
}

/** Series with one value each. */
export interface FigureFamily extends FamilyHead, Bounded {
  readonly type: 'counter' | 'gauge'
  /** As they are now. */
  series(): Iterable<Figure>
  /** Begins anew, where the counts are its own. */
  reset(): void
}

/** Series with a distribution each. */
export interface HistogramFamily extends FamilyHead, Bounded {
  readonly type: 'histogram'
  series(): Iterable<Histogram>
  reset(): void
}

export type Family = FigureFamily | HistogramFamily
