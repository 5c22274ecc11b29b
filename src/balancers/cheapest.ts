import type { Candidates, Endpoint } from '../core/balancer.ts'
import type { Random } from '../core/random.ts'

/**
 * The candidate of the lowest cost. Among equals one is drawn by weight: in an idle pool all are equal, and always
 * taking the first would load it alone.
 *
 * Takes the costs as numbers in a row and not as a function: called from two balancers, that is several times slower.
 */
export function cheapest(candidates: Candidates, costs: Float64Array, random: Random): Endpoint {
  let best = 0
  let lowest = costs[0]!
  let equals = 1
  for (let i = 1; i < costs.length; i++) {
    const cost = costs[i]!
    if (cost < lowest) {
      best = i
      lowest = cost
      equals = 1
    } else if (cost === lowest) equals++
  }
  return equals === 1 ? candidates[best]! : drawEqual(candidates, costs, lowest, random)
}

function drawEqual(candidates: Candidates, costs: Float64Array, lowest: number, random: Random): Endpoint {
  let total = 0
  for (let i = 0; i < costs.length; i++) if (costs[i] === lowest) total += candidates[i]!.weight
  let point = random() * total
  let drawn = candidates[0]!
  for (let i = 0; i < costs.length; i++) {
    if (costs[i] !== lowest) continue
    drawn = candidates[i]!
    point -= drawn.weight
    if (point < 0) break
  }
  return drawn
}
