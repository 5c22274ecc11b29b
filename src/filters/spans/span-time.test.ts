import { describe, expect, it } from 'vitest'
import { exchange, virtualClock } from '../../testing/index.ts'
import { SpanTime, SpanTimes } from './span-time.ts'

describe('SpanTime', () => {
  it('gives seconds since 1970, and nanoseconds', () => {
    const clock = { ...virtualClock(), now: () => 500, wallTime: () => 1_700_000_000_250 }
    expect(new SpanTime(clock).at(501.5)).toEqual([1_700_000_000, 251_500_000])
    expect(new SpanTime(clock).at(1_249.5)).toEqual([1_700_000_000, 999_500_000])
    expect(new SpanTime(clock).at(1_250)).toEqual([1_700_000_001, 0])
  })
})

describe('SpanTimes.of', () => {
  it('looks at the date once a second, and for each clock', () => {
    let now = 0
    let wall = 1_000_000
    let looks = 0
    const clock = {
      ...virtualClock(),
      now: () => now,
      wallTime: () => {
        looks++
        return wall
      },
    }
    const times = new SpanTimes()
    const first = times.of(exchange({ clock }))
    now = 999
    wall = 5_000_000
    expect(times.of(exchange({ clock }))).toBe(first)
    now = 1_000
    expect(times.of(exchange({ clock })).at(1_000)).toEqual([5_000, 0])
    expect(looks).toBe(2)
    expect(times.of(exchange({ clock: { ...clock } })).at(1_000)).toEqual([5_000, 0])
    expect(looks).toBe(3)
  })
})
