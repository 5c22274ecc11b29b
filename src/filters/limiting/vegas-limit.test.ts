import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LatencyWindow } from './latency-window.ts'
import { vegasLimit } from './vegas-limit.ts'

const window = (given: Partial<LatencyWindow>): LatencyWindow => ({
  meanMs: 10,
  baselineMs: 10,
  maxInFlight: 100,
  refusedShare: 0,
  ...given,
})

describe('vegasLimit', () => {
  it.each([
    ['grows fast while nothing waits', 10, 112],
    ['grows fast when the service is faster than it was at rest', 5, 112],
    ['grows slowly while little waits', 10.4, 102],
    ['grows slowly while a tenth waits, and a few more', 11.7, 102],
    ['stays between the bounds', 12.5, 100],
    ['shrinks when a tenth waits, and a few too many', 13, 98],
    ['shrinks when too much waits', 20, 98],
  ])('%s', (_, meanMs, next) => {
    expect(vegasLimit(100, window({ meanMs }))).toBe(next)
  })

  it('stays where it was not reached', () => {
    expect(vegasLimit(100, window({ maxInFlight: 49 }))).toBe(100)
    expect(vegasLimit(100, window({ meanMs: Number.NaN }))).toBe(100)
  })

  it('shrinks by what was refused, by a step at least', () => {
    expect(vegasLimit(100, window({ refusedShare: 0.5 }))).toBe(75)
    expect(vegasLimit(100, window({ refusedShare: 0.001 }))).toBe(98)
  })

  it('settles a tenth and a few places above what the service does at once, wherever it begins', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 2, max: 1_000 }),
        (workers, initial) => {
          let limit = initial
          for (let i = 0; i < 1_000; i++) {
            const meanMs = 10 * Math.max(1, limit / workers)
            limit = vegasLimit(limit, window({ meanMs, maxInFlight: limit }))
          }
          const step = Math.max(1, Math.log10(limit))
          expect(limit).toBeGreaterThanOrEqual(workers)
          expect(limit - workers).toBeLessThanOrEqual(7 * step + 1 + limit / 10)
        },
      ),
    )
  })
})
