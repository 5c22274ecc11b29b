import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gradientLimit } from './gradient-limit.ts'
import type { LatencyWindow } from './latency-window.ts'

const window = (given: Partial<LatencyWindow>): LatencyWindow => ({
  meanMs: 10,
  baselineMs: 10,
  maxInFlight: 100,
  refusedShare: 0,
  ...given,
})

describe('gradientLimit', () => {
  it('grows by a fifth of its root while the service is as fast as at rest', () => {
    expect(gradientLimit(100, window({}))).toBeCloseTo(102)
    expect(gradientLimit(100, window({ meanMs: 14.9 }))).toBeCloseTo(102)
  })

  it('shrinks by how much slower the service is, by half at most', () => {
    expect(gradientLimit(100, window({ meanMs: 20 }))).toBeCloseTo(80 + 0.2 * (75 + 10))
    expect(gradientLimit(100, window({ meanMs: 1_000 }))).toBeCloseTo(80 + 0.2 * (50 + 10))
  })

  it('stays where it was not reached', () => {
    expect(gradientLimit(100, window({ maxInFlight: 49 }))).toBe(100)
    expect(gradientLimit(100, window({ maxInFlight: 50 }))).toBeGreaterThan(100)
  })

  it('shrinks by half of what was refused', () => {
    expect(gradientLimit(100, window({ refusedShare: 0.5 }))).toBe(75)
    expect(gradientLimit(100, window({ refusedShare: 0.5, maxInFlight: 1 }))).toBe(75)
    expect(gradientLimit(100, window({ refusedShare: 1, meanMs: Number.NaN }))).toBe(50)
  })

  it('settles at one and a half times what the service does at once, and the root, wherever it begins', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 200 }),
        fc.integer({ min: 2, max: 1_000 }),
        (workers, initial) => {
          let limit = initial
          for (let i = 0; i < 500; i++) {
            const meanMs = 10 * Math.max(1, limit / workers)
            limit = gradientLimit(limit, window({ meanMs, maxInFlight: limit }))
          }
          expect(Math.abs(limit - Math.sqrt(limit) - 1.5 * workers)).toBeLessThan(0.1)
        },
      ),
    )
  })
})
