/** Does so many pieces of work at once; the others wait for their turn, first come, first served. */
export class WorkQueue {
  readonly #places: number
  #busy = 0
  readonly #waiting: (() => void)[] = []

  constructor(places: number) {
    this.#places = places
  }

  /** `wanted` is asked of a piece that has waited: one that nobody wants any more rejects, and the next has its place. */
  async run<T>(work: () => Promise<T>, wanted: () => boolean): Promise<T> {
    const waits = this.#busy >= this.#places
    if (waits) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#busy++
    try {
      if (waits && !wanted()) throw new Error('nobody waits for it any more')
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#busy--
      else next()
    }
  }
}
