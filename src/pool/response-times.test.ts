import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { latencyOutliers } from './latency-outliers.ts'
import { ResponseTimes } from './response-times.ts'

function times(answered: readonly number[], cancelled: readonly number[] = []): ResponseTimes {
  const made = new ResponseTimes()
  for (const ms of answered) made.answered(ms)
  for (const ms of cancelled) made.cancelled(ms)
  return made
}

/** Of powers of two the buckets are exact. */
describe('ResponseTimes', () => {
  test.each<[string, number[], number[], number]>([
    ['is the middle of an odd number', [4, 1, 256], [], 4],
    ['is the lower one of two in the middle', [1, 2, 4, 8], [], 2],
    ['takes no notice of how far away the rest is', [1, 2, 4, 65_536, 65_536], [], 4],
    ['counts a long one that was cancelled as one that takes longer', [1, 1, 1], [64, 64, 64, 64], 64],
    ['takes no notice of ones that were cancelled at once', [64, 64, 64], [1, 1, 1, 1, 1, 1], 64],
    ['counts the cancelled ones in between for what they are', [8, 8, 64, 64], [16, 16], 64],
    ['is the longest that is known where all were cancelled', [], [2, 4, 32], 32],
    ['is nothing without any', [], [], 0],
  ])('whose median %s', (_, answered, cancelled, median) => {
    const it = times(answered, cancelled)
    expect(it.medianMs).toBe(median)
    expect(it.count).toBe(answered.length + cancelled.length)
    it.forget()
    expect([it.count, it.medianMs]).toEqual([0, 0])
  })

  test('have a median that is at most a bucket above the true one', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.1, max: 100_000, noNaN: true }), { minLength: 1 }), (list) => {
        const sorted = [...list].sort((a, b) => a - b)
        const median = sorted[Math.ceil(list.length / 2) - 1]!
        const found = times(list).medianMs
        expect(found).toBeGreaterThanOrEqual(median * 0.999_999)
        expect(found).toBeLessThanOrEqual(median * 1.091)
      }),
    )
  })

  test('have a longer median, never a shorter one, where an answer is cancelled instead', () => {
    const list = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(list, list, fc.nat(), (answered, cancelled, at) => {
        const index = at % answered.length
        const fewer = answered.filter((_, i) => i !== index)
        expect(times(fewer, [...cancelled, answered[index]!]).medianMs).toBeGreaterThanOrEqual(
          times(answered, cancelled).medianMs,
        )
      }),
    )
  })
})

describe('latencyOutliers', () => {
  const margins = { factor: 3, marginMs: 50 }
  const found = (...medians: number[]) =>
    latencyOutliers(
      medians.map((ms, i) => ({ id: i, times: times([ms]) })),
      margins,
    ).map(({ of, medianMs, poolMs }) => [of.id, medianMs, poolMs])

  test.each<[string, number[], number[][]]>([
    ['none of equals', [16, 16, 16], []],
    ['one of three', [16, 1_024, 32], [[1, 1_024, 32]]],
    ['none that is less than three times as slow', [128, 256, 128], []],
    ['none within the margin', [1, 1, 32], []],
    [
      'the slowest first',
      [16, 128, 16, 16, 512],
      [
        [4, 512, 16],
        [1, 128, 16],
      ],
    ],
    ['the slower one of two', [16, 256], [[1, 256, 16]]],
    [
      'the slower half',
      [16, 256, 16, 256],
      [
        [3, 256, 16],
        [1, 256, 16],
      ],
    ],
    ['none where most are slow', [256, 16, 256], []],
    ['none of none', [], []],
  ])('finds %s', (_, medians, expected) => {
    const outliers = found(...medians)
    expect(outliers.toSorted((a, b) => b[1]! - a[1]! || a[0]! - b[0]!)).toEqual(
      expected.toSorted((a, b) => b[1]! - a[1]! || a[0]! - b[0]!),
    )
    // In the order in which they go.
    expect(outliers.map(([, ms]) => ms)).toEqual(expected.map(([, ms]) => ms))
  })
})
