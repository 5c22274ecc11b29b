import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../testing/seeded-random.ts'
import { gradientLimit } from './gradient-limit.ts'
import type { LatencyWindow } from './latency-window.ts'
import { MeasuredLimit } from './measured-limit.ts'

const random = seededRandom(1)

function measured(
  windows: LatencyWindow[] = [],
  given: Partial<{ min: number; max: number }> = {},
): MeasuredLimit {
  const next = (limit: number, window: LatencyWindow): number => {
    windows.push(window)
    return gradientLimit(limit, window)
  }
  return new MeasuredLimit({ next, min: 2, max: 1_000, initial: 30, windowMs: 100, probeMs: 1_000, ...given })
}

/** So many responses of the same latency, one each millisecond. Returns the time after them. */
function serve(
  limit: MeasuredLimit,
  from: number,
  count: number,
  latencyMs: number,
  inFlight: number,
): number {
  for (let i = 0; i < count; i++) {
    limit.began(inFlight, from + i)
    limit.answered(from + i, inFlight, from + i + latencyMs, random)
  }
  return from + count - 1 + latencyMs
}

describe('MeasuredLimit', () => {
  it('begins with a probe of a third of the limit, which takes 30 responses', () => {
    const limit = measured()
    expect(limit.limit).toBe(10)
    serve(limit, 0, 29, 10, 10)
    expect(limit.limit).toBe(10)
    serve(limit, 30, 1, 10, 10)
    expect(limit.limit).toBe(30)
  })

  it('leaves out of a probe what began before it', () => {
    const windows: LatencyWindow[] = []
    const limit = measured(windows)
    let now = serve(limit, 0, 30, 10, 10)
    for (let i = 0; i < 5_000 && limit.limit > 20; i++) now = serve(limit, now, 1, 10, 30)
    const low = limit.limit
    expect(low).toBeLessThan(20)
    const windowsBefore = windows.length
    for (let i = 0; i < 100; i++) limit.answered(now - 1_000, 10, now, random)
    expect(limit.limit).toBe(low)
    now = serve(limit, now, 30, 20, 10)
    expect(limit.limit).toBeGreaterThan(20)
    serve(limit, now, 100, 20, 30)
    expect(windows[windowsBefore]?.baselineMs).toBe(20)
  })

  it('sets the limit anew when the window is over and holds enough', () => {
    const windows: LatencyWindow[] = []
    const limit = measured(windows)
    const now = serve(limit, 0, 30, 10, 10)
    serve(limit, now, 19, 10, 25)
    limit.began(25, now + 500)
    expect(windows).toEqual([])
    serve(limit, now + 500, 1, 40, 25)
    expect(windows).toEqual([{ meanMs: 11.5, baselineMs: 10, maxInFlight: 25, refusedShare: 0 }])
  })

  it('counts what was refused, and takes no latency from it', () => {
    const windows: LatencyWindow[] = []
    const limit = measured(windows)
    const now = serve(limit, 0, 30, 10, 10)
    serve(limit, now, 10, 10, 25)
    for (let i = 0; i < 10; i++) limit.refused(25, now + 200, random)
    expect(windows).toEqual([{ meanMs: 10, baselineMs: 10, maxInFlight: 25, refusedShare: 0.5 }])
    expect(limit.limit).toBe(22)
  })

  it('takes a window in which little was under way as a probe', () => {
    const windows: LatencyWindow[] = []
    const limit = measured(windows)
    let now = serve(limit, 0, 30, 10, 10)
    for (let i = 0; i < 50; i++) {
      now = serve(limit, now, 100, 20, 5)
      expect(limit.limit).toBe(30)
    }
    expect(windows.at(-1)?.baselineMs).toBeCloseTo(20)
  })

  it('gives a probe up when too little comes', () => {
    const limit = measured()
    limit.began(1, 0)
    limit.answered(0, 1, 10, random)
    expect(limit.limit).toBe(10)
    limit.began(1, 2_000)
    limit.answered(2_000, 1, 2_010, random)
    expect(limit.limit).toBe(30)
  })

  it('survives a service that refuses everything, and stays within min and max', () => {
    const limit = measured([], { min: 5, max: 31 })
    let now = 0
    for (let i = 0; i < 5_000; i++) {
      limit.began(30, now)
      limit.refused(30, ++now, random)
    }
    expect(limit.limit).toBe(5)
    for (let i = 0; i < 300; i++) now = serve(limit, now, 100, 10, 30)
    expect(limit.limit === 31 || limit.limit === 10).toBe(true)
  })
})
