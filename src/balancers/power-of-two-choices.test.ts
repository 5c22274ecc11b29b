import { describe, expect, test } from 'vitest'
import { endpoint, type TestEndpoint } from '../testing/endpoint.ts'
import { exchange } from '../testing/exchange.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { powerOfTwoChoices } from './power-of-two-choices.ts'
import { random } from './random.ts'

function pickCounts(
  candidates: readonly TestEndpoint[],
  count: number,
  balancer = powerOfTwoChoices(),
): number[] {
  const chance = seededRandom(4)
  const counts = candidates.map(() => 0)
  for (let i = 0; i < count; i++)
    counts[candidates.indexOf(balancer(candidates, exchange(), chance) as TestEndpoint)]!++
  return counts
}

/** Every pick stays in flight. */
function fill(candidates: readonly TestEndpoint[], count: number, balancer = powerOfTwoChoices()): void {
  const chance = seededRandom(4)
  for (let i = 0; i < count; i++) (balancer(candidates, exchange(), chance) as TestEndpoint).inFlight++
}

describe('powerOfTwoChoices', () => {
  test('takes the less loaded of two', () => {
    const candidates = [endpoint({ id: 'a', inFlight: 2 }), endpoint({ id: 'b', inFlight: 1 })]
    expect(pickCounts(candidates, 100)).toEqual([0, 100])
  })

  test('compares load by weight', () => {
    const candidates = [endpoint({ id: 'a', inFlight: 3, weight: 4 }), endpoint({ id: 'b', inFlight: 1 })]
    expect(pickCounts(candidates, 100)).toEqual([100, 0])
  })

  test('never takes the most loaded of several', () => {
    const candidates = [5, 9, 3, 4].map((inFlight, i) => endpoint({ id: `e${i}`, inFlight }))
    const counts = pickCounts(candidates, 1000)
    expect(counts[1]).toBe(0)
    expect(Math.min(counts[0]!, counts[2]!, counts[3]!)).toBeGreaterThan(100)
  })

  test('follows the weights in an idle pool', () => {
    const counts = pickCounts([endpoint({ id: 'a', weight: 3 }), endpoint({ id: 'b' })], 4000)
    expect(Math.abs(counts[0]! - 3000)).toBeLessThan(150)
  })

  test('keeps the fullest endpoint far closer to the mean than chance does', () => {
    const make = () => Array.from({ length: 50 }, (_, i) => endpoint({ id: `e${i}` }))
    const chosen = make()
    const drawn = make()
    fill(chosen, 5000)
    fill(drawn, 5000, random())
    const fullest = (list: TestEndpoint[]) => Math.max(...list.map(({ inFlight }) => inFlight))
    expect(fullest(chosen)).toBeLessThanOrEqual(104)
    expect(fullest(drawn)).toBeGreaterThan(110)
  })

  test('fills endpoints in proportion to their weights', () => {
    const candidates = [1, 2, 3, 4].map((weight) => endpoint({ id: `e${weight}`, weight }))
    fill(candidates, 1000)
    for (const { inFlight, weight } of candidates) expect(Math.abs(inFlight - weight * 100)).toBeLessThan(10)
  })
})
