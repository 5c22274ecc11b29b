interface Waiting {
  readonly wanted: () => boolean
  readonly go: () => void
  readonly giveUp: (reason: Error) => void
}

/** Does so many pieces of work at once; the others wait for their turn, first come, first served. */
export class WorkQueue {
  readonly #places: number
  #busy = 0
  #waiting: Waiting[] = []

  constructor(places: number) {
    this.#places = places
  }

  /** Pieces that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** `wanted` is asked of a piece that waits: one that nobody wants any more rejects, and the next has its place. */
  async run<T>(work: () => Promise<T>, wanted: () => boolean): Promise<T> {
    const waits = this.#busy >= this.#places
    if (waits) await this.#turn(wanted)
    else this.#busy++
    try {
      if (waits && !wanted()) throw unwanted()
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#busy--
      else next.go()
    }
  }

  #turn(wanted: () => boolean): Promise<void> {
    // Where work never ends, no turn comes: who has given up must not stand in line for ever.
    const inVain = this.#waiting.filter((it) => !it.wanted())
    if (inVain.length > 0) {
      this.#waiting = this.#waiting.filter((it) => !inVain.includes(it))
      for (const { giveUp } of inVain) giveUp(unwanted())
    }
    return new Promise((go, giveUp) => this.#waiting.push({ wanted, go, giveUp }))
  }
}

function unwanted(): Error {
  return new Error('nobody waits for it any more')
}
