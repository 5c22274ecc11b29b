import { LabelSet } from './label-set.ts'

/** What stands in place of each label of the series that takes what has no room. */
export const OVERFLOW = 'overflow'

export interface Labelled {
  readonly labels: LabelSet
}

/** The series of one family, at most so many: whatever has no room goes to one series, `overflow`. */
export class SeriesMap<T extends Labelled> implements Iterable<T> {
  readonly #names: readonly string[]
  readonly #make: (labels: LabelSet) => T
  readonly #series = new Map<string, T>()
  readonly #max: number
  #overflow: T | undefined
  /** How often something was to be noted that had no room. */
  overflowed = 0

  constructor(names: readonly string[], max: number, make: (labels: LabelSet) => T) {
    this.#names = names
    this.#max = max
    this.#make = make
  }

  /** The series of these labels, made if there is room. Whoever keeps it asks first whether it is the `overflow`. */
  of(...values: string[]): T {
    if (values.every((value) => value === OVERFLOW)) return this.overflow()
    const labels = new LabelSet(this.#names, values)
    let series = this.#series.get(labels.text)
    if (series !== undefined) return series
    if (this.#series.size >= this.#max) return this.overflow()
    series = this.#make(labels)
    this.#series.set(labels.text, series)
    return series
  }

  /** For what has no room elsewhere either. */
  overflow(): T {
    this.overflowed++
    this.#overflow ??= this.#make(
      new LabelSet(
        this.#names,
        this.#names.map(() => OVERFLOW),
      ),
    )
    return this.#overflow
  }

  isOverflow(series: T): boolean {
    return series === this.#overflow
  }

  drop(series: T): void {
    const { text } = series.labels
    if (this.#series.get(text) === series) this.#series.delete(text)
  }

  *[Symbol.iterator](): Iterator<T> {
    yield* this.#series.values()
    if (this.#overflow !== undefined) yield this.#overflow
  }
}
