import { describe, expect, it } from 'vitest'
import { disturbanceOf, type LoadPoint, secondsOf } from './disturbance.ts'

/** One every 10 ms, so long as `duration` says for the moment at which it came. */
function points(
  untilMs: number,
  duration: (atMs: number) => number,
  failed = (_atMs: number) => false,
): LoadPoint[] {
  return Array.from({ length: untilMs / 10 }, (_, i) => ({
    atMs: i * 10,
    durationMs: duration(i * 10),
    failed: failed(i * 10),
  }))
}

const span = { fromMs: 2_000, untilMs: 3_000 }

describe('disturbanceOf', () => {
  it('compares before with during', () => {
    const found = disturbanceOf(
      points(6_000, (at) => (at < 2_000 ? 100 : at < 3_000 ? 500 : 120)),
      span,
    )
    expect(found).toEqual({ p99BeforeMs: 100, p99Ms: 500, recoveryMs: 0 })
  })

  it('does not count those who were caught half-way among those before', () => {
    const found = disturbanceOf(
      points(6_000, (at) => (at >= 1_900 && at < 2_000 ? 1_100 : 50)),
      span,
    )
    expect(found.p99BeforeMs).toBe(50)
  })

  it('counts from the end until a second begins that is well', () => {
    const slowUntil = (ms: number) => points(8_000, (at) => (at >= 2_000 && at < ms ? 500 : 100))
    expect(disturbanceOf(slowUntil(4_500), span).recoveryMs).toBe(1_500)
    // One of a hundred may be slow: the second that begins with the last of them is well.
    expect(disturbanceOf(slowUntil(4_510), span).recoveryMs).toBe(1_500)
    expect(disturbanceOf(slowUntil(4_520), span).recoveryMs).toBe(1_600)
  })

  it('tolerates half as much again, and no more', () => {
    const then = (ms: number) => points(6_000, (at) => (at < 2_000 ? 100 : ms))
    expect(disturbanceOf(then(150), span).recoveryMs).toBe(0)
    expect(disturbanceOf(then(151), span).recoveryMs).toBeUndefined()
  })

  it('does not call it well while errors are quick', () => {
    const found = points(
      6_000,
      () => 100,
      (at) => at >= 2_000 && at < 3_800,
    )
    expect(disturbanceOf(found, span).recoveryMs).toBe(800)
  })

  it('does not know where nothing came before, or the load ends too soon', () => {
    expect(
      disturbanceOf(
        points(6_000, () => 100),
        { fromMs: 0, untilMs: 0 },
      ),
    ).toEqual({
      p99BeforeMs: undefined,
      p99Ms: 100,
      recoveryMs: undefined,
    })
    expect(
      disturbanceOf(
        points(3_500, () => 100),
        span,
      ).recoveryMs,
    ).toBeUndefined()
  })
})

describe('secondsOf', () => {
  it('counts those who came', () => {
    const found = secondsOf(
      points(
        2_000,
        (at) => at / 10,
        (at) => at >= 1_500,
      ),
      3_000,
    )
    expect(found).toEqual([
      { atMs: 0, count: 100, p99Ms: 98, errorRate: 0 },
      { atMs: 1_000, count: 100, p99Ms: 198, errorRate: 0.5 },
      { atMs: 2_000, count: 0, p99Ms: undefined, errorRate: 0 },
    ])
  })
})
