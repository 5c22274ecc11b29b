import { log } from '../../core/log.ts'
import type { FamilyHead, Figure, FigureFamily } from './family.ts'
import { LabelSet, labelValue } from './label-set.ts'

/** Tells of one value; of one without labels, with none. */
export type Put = (value: number, ...labels: string[]) => void

/** What two things with the same labels have together: two pools may have one name. */
type Merge = (one: number, other: number) => number

interface ReadingsHead extends FamilyHead {
  readonly type: 'counter' | 'gauge'
  /** Default: their sum. */
  readonly merge?: Merge
}

interface Reading {
  value: number
  readonly labels: readonly string[]
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

  /** All are of one moment. What is written of each is made when its turn comes: there may be very many. */
  *series(): Iterable<Figure> {
    const read = new Map<string, Reading>()
    try {
      this.#read((value, ...labels) => this.#put(read, value, labels))
    } catch (error) {
      // A filter of the user's own, say: all other figures are worth showing.
      log.warn(`metrics: "${this.name}" could not be read, and is left out`, error)
    }
    for (const { value, labels } of read.values()) yield { value, labels: new LabelSet(this.labels, labels) }
  }

  /** There is nothing to reset: what is read is others'. */
  reset(): void {}

  #put(read: Map<string, Reading>, value: number, labels: readonly string[]): void {
    // No value of a label has this character.
    const key = labels.map(labelValue).join('\0')
    const same = read.get(key)
    if (same !== undefined) same.value = this.#merge(same.value, value)
    else if (read.size < this.#max) read.set(key, { value, labels })
    else this.overflowed++
  }
}
