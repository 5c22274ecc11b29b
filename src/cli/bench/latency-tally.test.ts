import { describe, expect, test } from 'vitest'
import { LatencyTally } from './latency-tally.ts'

describe('LatencyTally', () => {
  test('knows percentiles to three digits', () => {
    const { count, p50, p90, p99, p999, max, mean } = tally(...Array.from({ length: 1_000 }, (_, i) => i + 1))
    expect(count).toBe(1_000)
    for (const [found, expected] of [
      [p50, 500],
      [p90, 900],
      [p99, 990],
      [p999, 999],
      [max, 1_000],
      [mean, 500.5],
    ])
      expect(found! / expected!).toBeCloseTo(1, 2)
  })

  test('counts rows by their upper bounds', () => {
    expect(tally(0, 0.1, 0.15, 1, 2.5, 70_000).spread).toMatchObject([
      { upToMs: 0.1, count: 2 },
      { upToMs: 0.2, count: 1 },
      { upToMs: 0.5, count: 0 },
      { upToMs: 1, count: 1 },
      { upToMs: 2, count: 0 },
      { upToMs: 5, count: 1 },
      ...Array(12).fill({ count: 0 }),
      { upToMs: Number.POSITIVE_INFINITY, count: 1 },
    ])
  })

  test('takes what is too long for it', () => {
    expect(tally(1e12, 5).max).toBeGreaterThan(3_500_000)
  })
})

function tally(...times: number[]) {
  const counted = new LatencyTally()
  for (const ms of times) counted.record(ms)
  return counted.latencies
}
