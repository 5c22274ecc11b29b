import { type Balancer, type Endpoint, perCandidates } from '../core/balancer.ts'
import { named } from '../core/handler.ts'
import { cheapest } from './cheapest.ts'

/**
 * Prefers the endpoint expected to answer soonest: smoothed latency times the queue it would join, for its weight.
 *
 * The latency is a peak-sensitive moving average of the time to the response head, which each pool keeps for its
 * endpoints: it jumps up at once and sinks with time, so that a slow endpoint is tried again after a while. Cost
 * and average are those of Finagle's `PeakEwma`. Equals are drawn by weight.
 *
 * Traps: an endpoint that fails fast looks quick and attracts more (`pool(...).eject()` takes it out). And of idle endpoints that are equally fast, the one of
 * the greatest weight is always the cheapest: requests one after the other nearly all go to it.
 *
 * @example pool(urls).leastResponseTime()
 */
export function leastResponseTime(): Balancer {
  const costsOf = perCandidates(({ length }) => new Float64Array(length))
  const choose: Balancer = (candidates, _exchange, random) => {
    const costs = costsOf(candidates)
    for (let i = 0; i < costs.length; i++) costs[i] = cost(candidates[i]!)
    return cheapest(candidates, costs, random)
  }
  // Bundlers rename functions; people read this name.
  return Object.assign(named(choose, 'leastResponseTime'), { score: cost })
}

function cost({ responseTimeMs, inFlight, weight }: Endpoint): number {
  // The ones keep queue length decisive until the first response has been timed. NaN counts as 0.
  const latency = responseTimeMs > 0 ? 1 + responseTimeMs : 1
  const queue = inFlight > 0 ? 1 + inFlight : 1
  return (latency * queue) / weight
}
