import { type Balancer, type Endpoint, perCandidates } from '../core/balancer.ts'
import { named } from '../core/handler.ts'
import { cheapest } from './cheapest.ts'

/**
 * Prefers the endpoint with the fewest requests in flight for its weight. Equals are drawn by weight.
 *
 * The rule is nginx's `least_conn`. It looks at every candidate.
 *
 * Trap: an endpoint that fails fast has few requests in flight and attracts more (`pool(...).eject()` takes it out), and many proxies rush to the same idle
 * endpoint. `powerOfTwoChoices` suffers less from both. With weights far apart the small endpoints get more than their share,
 * being idle more often.
 *
 * @example pool(urls).leastConnections()
 */
export function leastConnections(): Balancer {
  const costsOf = perCandidates(({ length }) => new Float64Array(length))
  const choose: Balancer = (candidates, _exchange, random) => {
    const costs = costsOf(candidates)
    for (let i = 0; i < costs.length; i++) costs[i] = load(candidates[i]!)
    return cheapest(candidates, costs, random)
  }
  // Bundlers rename functions; people read this name.
  return Object.assign(named(choose, 'leastConnections'), { score: load })
}

function load({ inFlight, weight }: Endpoint): number {
  // Spelled so that NaN counts as idle, too.
  return inFlight > 0 ? inFlight / weight : 0
}
