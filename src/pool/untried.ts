import type { Candidates } from '../core/balancer.ts'
import type { PoolEndpoint } from './endpoint.ts'

/** So many parts of one snapshot are kept; where there are more, they are made anew. */
const MAX_KEPT = 256

/**
 * Gives the candidates without those that were tried. The same array for the same ones, as long as the snapshot lives, since
 * balancers keep what they made for one (a ring, a table, whose turn it is).
 */
export class Untried {
  #of: Candidates | undefined
  readonly #kept = new Map<string, Candidates>()

  /** All of the candidates where none is left. */
  without(tried: readonly PoolEndpoint[], candidates: Candidates): Candidates {
    if (candidates !== this.#of) {
      this.#of = candidates
      this.#kept.clear()
    }
    const key = JSON.stringify(tried.map(({ id }) => id).sort())
    let left = this.#kept.get(key)
    if (left === undefined) {
      const rest = candidates.filter((it) => !tried.includes(it as PoolEndpoint))
      left = rest.length === 0 ? candidates : rest
      if (this.#kept.size >= MAX_KEPT) this.#kept.clear()
      this.#kept.set(key, left)
    }
    return left
  }
}
