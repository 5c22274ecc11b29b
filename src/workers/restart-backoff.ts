import type { Random } from '../core/random.ts'

const BASE_MS = 1_000
const MAX_MS = 30_000
/** One that has served for so long has ended for another reason than the one before. */
const SETTLED_MS = 60_000

/**
 * How long the worker in another's place waits before it is started: not at all at first, then 1 s, and twice as long with each
 * that ends soon, up to 30 s. Up to half of it is left out by chance, so that workers that end together do not come back together.
 */
export class RestartBackoff {
  readonly #random: Random
  #ended = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** Of one that has ended, and had served for so long. */
  delayMs(servedMs: number): number {
    if (servedMs >= SETTLED_MS) this.#ended = 0
    this.#ended++
    if (this.#ended === 1) return 0
    const spanMs = Math.min(MAX_MS, BASE_MS * 2 ** (this.#ended - 2))
    return spanMs * (1 - this.#random() / 2)
  }
}
