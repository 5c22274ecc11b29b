import type { FamilyHead, Figure, FigureFamily } from './family.ts'
import { LabelSet } from './label-set.ts'

/** Tells of one value; of one without labels, with none. */
export type Put = (value: number, ...labels: string[]) => void

/** What two things with the same labels have together: two pools may have one name. */
type Merge = (one: number, other: number) => number

interface ReadingsHead extends FamilyHead {
  readonly type: 'counter' | 'gauge'
  /** Default: their sum. */
  readonly merge?: Merge
}

/** Values that are read when they are asked for, and kept nowhere. */
export class Readings implements FigureFamily {
  readonly type: 'counter' | 'gauge'
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly #merge: Merge
  readonly #read: (put: Put) => void
  readonly #max: number
  overflowed = 0

  constructor(
    { type, name, help, labels, merge = (one, other) => one + other }: ReadingsHead,
    max: number,
    read: (put: Put) => void,
  ) {
    this.type = type
    this.name = name
    this.help = help
    this.labels = labels
    this.#max = max
    this.#merge = merge
    this.#read = read
  }

  series(): Iterable<Figure> {
    const figures = new Map<string, Figure>()
    this.#read((value, ...values) => {
      const labels = new LabelSet(this.labels, values)
      const same = figures.get(labels.text)
      if (same !== undefined) figures.set(labels.text, { labels, value: this.#merge(same.value, value) })
      else if (figures.size < this.#max) figures.set(labels.text, { labels, value })
      else this.overflowed++
    })
    return figures.values()
  }

  /** There is nothing to reset: what is read is others'. */
  reset(): void {}
}
