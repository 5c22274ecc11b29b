import { describe, expect, test } from 'vitest'
import { seededRandom, virtualClock } from '../testing/index.ts'
import { backoffMs, retryAfterMs } from './backoff.ts'

describe('backoffMs', () => {
  test('draws from a span that doubles up to its limit', () => {
    const most = (retry: number) => backoffMs({ baseMs: 25, maxMs: 250 }, retry, () => 1)
    expect([1, 2, 3, 4, 5, 9].map(most)).toEqual([25, 50, 100, 200, 250, 250])
    expect(backoffMs({ baseMs: 25, maxMs: 250 }, 3, () => 0)).toBe(0)
    const random = seededRandom(1)
    const drawn = Array.from({ length: 2_000 }, () => backoffMs({ baseMs: 100, maxMs: 100 }, 1, random))
    // Over the whole span, and evenly: full jitter, not a wait with some jitter around it.
    for (let from = 0; from < 100; from += 25)
      expect(Math.abs(drawn.filter((ms) => ms >= from && ms < from + 25).length - 500)).toBeLessThan(100)
  })
})

describe('retryAfterMs', () => {
  const clock = virtualClock({ startAt: Date.UTC(2026, 0, 1) })

  test.each([
    ['0', 0],
    ['120', 120_000],
    ['Thu, 01 Jan 2026 00:00:03 GMT', 3_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['Thursday, 01-Jan-26 00:00:04 GMT', 4_000],
    ['Thu Jan  1 00:00:05 2026', 5_000],
    ['-1', undefined],
    ['1.5', undefined],
    ['2026-01-01', undefined],
    ['Xyz, 99 Foo 2026 00:00:03 GMT', undefined],
    ['soon', undefined],
    ['', undefined],
  ])('of %j is %j', (value, expected) => {
    expect(retryAfterMs(value, clock)).toBe(expected)
  })
})
