import { type Balancer, type Candidates, type Endpoint, perCandidates } from '../core/balancer.ts'
import { named } from '../core/handler.ts'
import { WeightedDraw } from './weighted-draw.ts'

/**
 * Draws two endpoints and takes the one with fewer requests in flight for its weight.
 *
 * Nearly as even as `leastConnections`, at a cost that does not grow with the pool, and without the herd: proxies
 * that see the same loads do not all rush to the same idle endpoint. The source is Mitzenmacher, "The Power of Two
 * Choices in Randomized Load Balancing" (2001). The two are drawn by weight, as in Berenbrink et al., "Balls into
 * non-uniform bins" (2010), and the first one wins a tie, so that weights count in an idle pool as well.
 *
 * The `score` that records show is the load. The lowest of all wins only where it was drawn.
 *
 * @example pool(urls).powerOfTwoChoices()
 */
export function powerOfTwoChoices(): Balancer {
  const drawOf = perCandidates((candidates) => new WeightedDraw(candidates))
  const choose: Balancer = (candidates: Candidates, _exchange, random) => {
    if (candidates.length === 1) return candidates[0]!
    const draw = drawOf(candidates)
    const at = draw.index(random)
    const first = candidates[at]!
    const second = candidates[draw.otherIndex(at, random)]!
    return load(second) < load(first) ? second : first
  }
  // Bundlers rename functions; people read this name.
  return Object.assign(named(choose, 'powerOfTwoChoices'), { score: load })
}

function load({ inFlight, weight }: Endpoint): number {
  // Spelled so that NaN counts as idle, too.
  return inFlight > 0 ? inFlight / weight : 0
}
