import { expect, test } from 'vitest'
import { seededRandom } from '../seeded-random.ts'
import { LatencyHistogram } from './latency-histogram.ts'

test('a histogram of nothing is all zeros', () => {
  const summary = new LatencyHistogram().summary()
  expect(summary).toMatchObject({ count: 0, minMs: 0, meanMs: 0, p50Ms: 0, p999Ms: 0, maxMs: 0 })
  expect(summary.percentileMs(0)).toBe(0)
})

test('a histogram gives what it was given, where that is one value', () => {
  for (const ms of [0, 0.5, 7, 1_234_567]) {
    const histogram = new LatencyHistogram()
    histogram.record(ms)
    expect(histogram.summary()).toMatchObject({
      count: 1,
      minMs: ms,
      meanMs: ms,
      p50Ms: ms,
      p99Ms: ms,
      maxMs: ms,
    })
  }
})

test('a histogram’s percentiles are those of the values, to three digits', () => {
  const histogram = new LatencyHistogram()
  const random = seededRandom(1)
  const values = Array.from({ length: 10_000 }, () => -Math.log(1 - random()) * 100)
  for (const value of values) histogram.record(value)
  values.sort((a, b) => a - b)
  const summary = histogram.summary()
  for (const percentile of [10, 50, 90, 99, 99.9]) {
    const rank = Math.ceil((percentile / 100) * values.length) - 1
    // Which of two neighbours a percentile is, is a matter of definition.
    expect(summary.percentileMs(percentile)).toBeGreaterThan(values[rank - 1]! * 0.998)
    expect(summary.percentileMs(percentile)).toBeLessThan(values[rank + 1]! * 1.002)
  }
  expect([summary.minMs, summary.maxMs]).toEqual([values[0], values.at(-1)])
  expect(summary.meanMs).toBeCloseTo(values.reduce((sum, value) => sum + value) / values.length, 9)
})
