import type { Balancer, Candidates } from 'gatewright'
import { perCandidates } from 'gatewright/balancers'
import { endpoint } from 'gatewright/testing'

/** How many of the picks of a hashing balancer were not what it would have picked in an idle pool. */
export class StrayCount {
  #picks = 0
  #strays = 0

  /** The same balancer, counted. */
  counting(make: () => Balancer): () => Balancer {
    return () => {
      const balancer = make()
      const idleOf = perCandidates(asIdle)
      return (candidates, exchange, random) => {
        const picked = balancer(candidates, exchange, random)
        // In a pool that is idle as a whole there is nothing to count: so ask those who follow keys.
        if (candidates.some(({ inFlight }) => inFlight > 0)) {
          this.#picks++
          if (picked.id !== balancer(idleOf(candidates), exchange, random).id) this.#strays++
        }
        return picked
      }
    }
  }

  /** From 0 to 1. */
  get part(): number {
    return this.#picks === 0 ? 0 : this.#strays / this.#picks
  }
}

function asIdle(candidates: Candidates): Candidates {
  return candidates.map(({ id, url, weight }) => endpoint({ id, url, weight }))
}
