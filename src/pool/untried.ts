import type { Candidates } from '../core/balancer.ts'
import type { PoolEndpoint } from './endpoint.ts'

/** So many parts are kept; where there are more, they are made anew. */
const MAX_KEPT = 256

/**
 * Gives the candidates, or a part of them, without those that were tried. The same array for the same ones, as long as the
 * snapshot lives, since balancers keep what they made for one (a ring, a table, whose turn it is).
 */
export class Untried {
  #kept = new WeakMap<Candidates, Map<string, Candidates>>()
  #count = 0

  /** All of the candidates where none is left. */
  without(tried: readonly PoolEndpoint[], candidates: Candidates): Candidates {
    // One that was replaced by another of the same id, or is no candidate any more, leaves nothing out.
    const own = tried.filter((it) => candidates.includes(it))
    if (own.length === 0) return candidates
    const key = JSON.stringify(own.map(({ id }) => id).sort())
    const known = this.#kept.get(candidates)?.get(key)
    if (known !== undefined) return known
    const rest = candidates.filter((it) => !own.includes(it as PoolEndpoint))
    const left = rest.length === 0 ? candidates : rest
    this.#keep(candidates, key, left)
    return left
  }

  #keep(candidates: Candidates, key: string, left: Candidates): void {
    if (this.#count >= MAX_KEPT) {
      this.#kept = new WeakMap()
      this.#count = 0
    }
    this.#count++
    const ofThese = this.#kept.get(candidates)
    if (ofThese === undefined) this.#kept.set(candidates, new Map([[key, left]]))
    else ofThese.set(key, left)
  }
}
