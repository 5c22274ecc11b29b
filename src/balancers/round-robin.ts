import { type Balancer, type Candidates, type Endpoint, perCandidates } from '../core/balancer.ts'
import { named } from '../core/handler.ts'
import type { Random } from '../core/random.ts'
import { SmoothSchedule } from './weighted-round-robin.ts'

/**
 * Takes turns: one endpoint after the other. Unequal weights are honoured, by the schedule of `weightedRoundRobin`.
 *
 * Each snapshot of candidates begins at a random endpoint, as in gRPC and Envoy: else many proxies that start at
 * once, and each retry, would begin with the same one.
 *
 * Trap: turns are counted, not work. Where requests differ much in cost, prefer `leastConnections`.
 *
 * @example pool(urls).roundRobin()
 */
export function roundRobin(): Balancer {
  const turnsOf = perCandidates((candidates) =>
    candidates.every(({ weight }) => weight === candidates[0]!.weight)
      ? new Rotation(candidates)
      : new SmoothSchedule(candidates),
  )
  const choose: Balancer = (candidates, _exchange, random) => {
    return turnsOf(candidates).next(random)
  }
  // Bundlers rename functions; people read this name.
  return named(choose, 'roundRobin')
}

class Rotation {
  readonly #candidates: Candidates
  #at = -1

  constructor(candidates: Candidates) {
    this.#candidates = candidates
  }

  next(random: Random): Endpoint {
    const { length } = this.#candidates
    if (this.#at < 0) this.#at = Math.floor(random() * length)
    else if (++this.#at === length) this.#at = 0
    return this.#candidates[this.#at]!
  }
}
