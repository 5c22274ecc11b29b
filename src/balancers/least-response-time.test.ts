import { describe, expect, test } from 'vitest'
import { endpoint, type TestEndpoint } from '../testing/endpoint.ts'
import { exchange } from '../testing/exchange.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { leastResponseTime } from './least-response-time.ts'

function pickCounts(candidates: readonly TestEndpoint[], count: number): number[] {
  const balancer = leastResponseTime()
  const random = seededRandom(6)
  const counts = candidates.map(() => 0)
  for (let i = 0; i < count; i++)
    counts[candidates.indexOf(balancer(candidates, exchange(), random) as TestEndpoint)]!++
  return counts
}

describe('leastResponseTime', () => {
  test('takes the quickest of idle ones', () => {
    const candidates = [30, 10, 20].map((responseTimeMs, i) => endpoint({ id: `e${i}`, responseTimeMs }))
    expect(pickCounts(candidates, 10)).toEqual([0, 10, 0])
  })

  test('multiplies latency with the queue it would join', () => {
    const quick = endpoint({ id: 'quick', responseTimeMs: 9, inFlight: 3 })
    const slow = endpoint({ id: 'slow', responseTimeMs: 38 })
    expect(pickCounts([quick, slow], 10)).toEqual([0, 10])
    quick.inFlight = 2
    expect(pickCounts([quick, slow], 10)).toEqual([10, 0])
  })

  test('goes by the queue alone until a response has been timed', () => {
    expect(
      pickCounts(
        [2, 1].map((inFlight, i) => endpoint({ id: `e${i}`, inFlight })),
        10,
      ),
    ).toEqual([0, 10])
  })

  test('divides by weight', () => {
    const heavy = endpoint({ id: 'heavy', responseTimeMs: 19, weight: 3 })
    expect(pickCounts([endpoint({ id: 'light', responseTimeMs: 9 }), heavy], 10)).toEqual([0, 10])
  })

  test('draws among equals', () => {
    const counts = pickCounts(
      [5, 5, 9, 5].map((responseTimeMs, i) => endpoint({ id: `e${i}`, responseTimeMs })),
      3000,
    )
    expect(counts[2]).toBe(0)
    for (const i of [0, 1, 3]) expect(Math.abs(counts[i]! - 1000)).toBeLessThan(120)
  })

  test('takes a wrong number for 0, and an endless one for the last resort', () => {
    const live = (responseTimeMs: number, i: number): TestEndpoint => ({
      ...endpoint({ id: `e${i}` }),
      responseTimeMs,
    })
    const counts = pickCounts([Number.POSITIVE_INFINITY, 1, Number.NaN, -3].map(live), 1000)
    expect(counts.slice(0, 2)).toEqual([0, 0])
    expect(Math.min(counts[2]!, counts[3]!)).toBeGreaterThan(400)
    const endless = pickCounts([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY].map(live), 1000)
    expect(Math.min(...endless)).toBeGreaterThan(400)
  })
})
