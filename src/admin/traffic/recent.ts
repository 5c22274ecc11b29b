/** The last few of what came, in a place that does not grow. */
export class Recent<T> {
  readonly #max: number
  readonly #ring: T[] = []
  #next = 0

  constructor(max: number) {
    this.#max = max
  }

  add(one: T): void {
    this.#ring[this.#next] = one
    this.#next = (this.#next + 1) % this.#max
  }

  /** The latest first. */
  get all(): readonly T[] {
    return [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)].reverse()
  }
}
