import { describe, expect, test } from 'vitest'
import { virtualClock } from '../testing/virtual-clock.ts'
import { Distrust } from './distrust.ts'

describe('Distrust', () => {
  test('holds until the last removal of a key was made', () => {
    const distrust = new Distrust()
    const clock = virtualClock()
    expect(distrust.of('k')).toBe(undefined)
    const first = distrust.begin('k', clock)
    const second = distrust.begin('k', clock)
    first(true)
    expect(distrust.of('k')).toBe('waiting')
    second(false)
    expect(distrust.of('k')).toBe('failed')
    distrust.begin('k', clock)(true)
    expect(distrust.of('k')).toBe(undefined)
  })

  test('believes nothing from before when it knows too many keys', async () => {
    const distrust = new Distrust()
    const clock = virtualClock()
    const before = clock.wallTime()
    await clock.advance('1s')
    const long = 'x'.repeat(1_000_000)
    for (const key of ['a', 'b', 'c', 'd']) distrust.begin(key + long, clock)(false)
    expect([distrust.isDoubtful(before), distrust.isDoubtful(clock.wallTime())]).toEqual([false, false])
    const late = distrust.begin(`e${long}`, clock)
    expect([distrust.isDoubtful(before), distrust.isDoubtful(clock.wallTime())]).toEqual([true, true])
    expect(distrust.of(`a${long}`)).toBe(undefined)
    const then = clock.wallTime()
    // The clock is set back, and there are too many once more.
    const earlier = virtualClock({ startAt: before - 60_000 })
    for (const key of ['f', 'g', 'h', 'i', 'j']) distrust.begin(key + long, earlier)(false)
    expect([distrust.isDoubtful(then), distrust.isDoubtful(then + 1)]).toEqual([true, false])
    late(true)
    expect(distrust.of(`e${long}`)).toBe(undefined)
  })
})
