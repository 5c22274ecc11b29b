import { describe, expect, it } from 'vitest'
import { FloodGuard } from './flood-guard.ts'

const HOUR = 3_600_000

/** How many may come at this time, up to 5 000. */
function allowed(once: () => boolean): number {
  let count = 0
  while (count < 5_000 && !once()) count++
  return count
}

describe('FloodGuard', () => {
  it('lets a thousand of each through at once, and then so many in a second', () => {
    const guard = new FloodGuard(0)
    expect([allowed(() => guard.idleFrame(0)), allowed(() => guard.reset(0))]).toEqual([1_000, 1_000])
    expect(guard.idleFrame(0)).toBe(true)
    // The last one of each was one too many, and is owed.
    const other = new FloodGuard(0)
    for (let i = 0; i < 1_000; i++) {
      other.idleFrame(0)
      other.reset(0)
    }
    expect(allowed(() => other.idleFrame(10_000))).toBe(1_000)
    expect(allowed(() => other.reset(10_000))).toBe(330)
  })

  it('saves nothing up for those that were quiet for long', () => {
    const [frames, resets] = [new FloodGuard(0), new FloodGuard(0)]
    for (let i = 0; i < 1_000; i++) {
      frames.idleFrame(0)
      resets.reset(0)
    }
    // The one that finds nothing left has it refilled, and passes beside what that is.
    expect([allowed(() => frames.idleFrame(HOUR)), allowed(() => resets.reset(HOUR))]).toEqual([1_001, 1_001])
  })

  it('saves nothing up for those that were of use', () => {
    const guard = new FloodGuard(0)
    for (let i = 0; i < 10_000; i++) guard.usefulFrames(1)
    expect(allowed(() => guard.idleFrame(0))).toBe(1_000)
  })

  it('lets two pass for each that is of use', () => {
    const guard = new FloodGuard(0)
    allowed(() => guard.idleFrame(0))
    guard.usefulFrames(10)
    // One of them is owed.
    expect(allowed(() => guard.idleFrame(0))).toBe(19)
  })
})
