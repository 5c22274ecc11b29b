import { type Balancer, perCandidates } from '../core/balancer.ts'
import { named } from '../core/handler.ts'
import { WeightedDraw } from './weighted-draw.ts'

/**
 * Picks at random, with chances in proportion to the weights.
 *
 * It keeps nothing between picks, so any number of proxies share a pool of services evenly without knowing of each
 * other. Trap: over a short time chance is uneven; `powerOfTwoChoices` costs little more and evens the load out.
 *
 * @example pool(urls).random()
 */
export function random(): Balancer {
  const drawOf = perCandidates((candidates) => new WeightedDraw(candidates))
  const choose: Balancer = (candidates, _exchange, chance) => {
    return drawOf(candidates).pick(chance)
  }
  // Bundlers rename functions; people read this name.
  return named(choose, 'random')
}
