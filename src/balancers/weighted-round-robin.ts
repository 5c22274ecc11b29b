import { type Balancer, type Candidates, type Endpoint, perCandidates } from '../core/balancer.ts'
import { named } from '../core/handler.ts'
import type { Random } from '../core/random.ts'
import { WeightedDraw } from './weighted-draw.ts'

/**
 * Takes turns in proportion to the weights, and spreads each endpoint's turns out evenly: weights 5, 1, 1 give
 * a a b a c a a, not a a a a a b c.
 *
 * The algorithm is nginx's smooth weighted round robin (`ngx_http_upstream_round_robin.c`, since 1.3.1). The first
 * turn in each snapshot of candidates is drawn by weight, as in Tengine's VNSWRR: else many proxies that start at
 * once, and each retry, would begin with the same endpoint. Weights may be fractions.
 *
 * Trap: turns are counted, not work. Where requests differ much in cost, prefer `leastConnections`.
 *
 * @example pool(['http://a', { url: 'http://b', weight: 3 }]).weightedRoundRobin()
 */
export function weightedRoundRobin(): Balancer {
  const scheduleOf = perCandidates((candidates) => new SmoothSchedule(candidates))
  const choose: Balancer = (candidates, _exchange, random) => {
    return scheduleOf(candidates).next(random)
  }
  // Bundlers rename functions; people read this name.
  return named(choose, 'weightedRoundRobin')
}

/** The turns of one snapshot. */
export class SmoothSchedule {
  readonly #candidates: Candidates
  readonly #weights: Float64Array
  /** What each endpoint has been owed since its last turns. The sum stays 0. */
  readonly #owed: Float64Array
  readonly #total: number
  #begun = false

  constructor(candidates: Candidates) {
    this.#candidates = candidates
    this.#weights = Float64Array.from(candidates, ({ weight }) => weight)
    this.#owed = new Float64Array(candidates.length)
    this.#total = this.#weights.reduce((sum, weight) => sum + weight, 0)
  }

  next(random: Random): Endpoint {
    const owed = this.#owed
    const weights = this.#weights
    let turn = 0
    let most = Number.NEGATIVE_INFINITY
    for (let i = 0; i < owed.length; i++) {
      const now = owed[i]! + weights[i]!
      owed[i] = now
      if (now > most) {
        most = now
        turn = i
      }
    }
    if (!this.#begun) {
      this.#begun = true
      turn = new WeightedDraw(this.#candidates).index(random)
    }
    owed[turn]! -= this.#total
    return this.#candidates[turn]!
  }
}
