import { describe, expect, test } from 'vitest'
import { endpoint, type TestEndpoint } from '../testing/endpoint.ts'
import { exchange } from '../testing/exchange.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { leastConnections } from './least-connections.ts'

function pickCounts(candidates: readonly TestEndpoint[], count: number): number[] {
  const balancer = leastConnections()
  const random = seededRandom(6)
  const counts = candidates.map(() => 0)
  for (let i = 0; i < count; i++)
    counts[candidates.indexOf(balancer(candidates, exchange(), random) as TestEndpoint)]!++
  return counts
}

describe('leastConnections', () => {
  test('takes the one with the fewest in flight', () => {
    expect(
      pickCounts(
        [3, 1, 2].map((inFlight, i) => endpoint({ id: `e${i}`, inFlight })),
        10,
      ),
    ).toEqual([0, 10, 0])
  })

  test('counts by weight', () => {
    const candidates = [endpoint({ id: 'a', inFlight: 2 }), endpoint({ id: 'b', inFlight: 3, weight: 2 })]
    expect(pickCounts(candidates, 10)).toEqual([0, 10])
  })

  test('draws among equals, also when a busy one stands between them', () => {
    const candidates = [0, 9, 9, 0, 0].map((inFlight, i) => endpoint({ id: `e${i}`, inFlight }))
    const counts = pickCounts(candidates, 3000)
    expect(counts[1]! + counts[2]!).toBe(0)
    for (const i of [0, 3, 4]) expect(Math.abs(counts[i]! - 1000)).toBeLessThan(120)
  })

  test('draws among equals by weight', () => {
    const counts = pickCounts([endpoint({ id: 'a' }), endpoint({ id: 'b', weight: 3 })], 4000)
    expect(Math.abs(counts[1]! - 3000)).toBeLessThan(150)
  })

  test('takes a wrong count for idle, and an endless one for the last resort', () => {
    const live = (inFlight: number, i: number): TestEndpoint => ({ ...endpoint({ id: `e${i}` }), inFlight })
    const wrong = [Number.POSITIVE_INFINITY, 1, Number.NaN, -3].map(live)
    const counts = pickCounts(wrong, 1000)
    expect(counts.slice(0, 2)).toEqual([0, 0])
    expect(Math.min(counts[2]!, counts[3]!)).toBeGreaterThan(400)
    const endless = pickCounts([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY].map(live), 1000)
    expect(Math.min(...endless)).toBeGreaterThan(400)
  })
})
