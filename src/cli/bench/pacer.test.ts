import { describe, expect, test } from 'vitest'
import { precisePacer } from './pacer.ts'

describe('precisePacer', () => {
  test.each([0, 0.3, 1, 2.5, 12])('calls no sooner than after %d ms', async (ms) => {
    const called = Promise.withResolvers<number>()
    const due = performance.now() + ms
    precisePacer(ms, () => called.resolve(performance.now()))
    expect(await called.promise).toBeGreaterThanOrEqual(due)
  })

  test('does not call when that is taken back', async () => {
    const calls: number[] = []
    for (const ms of [0.5, 5]) precisePacer(ms, () => calls.push(ms))()
    const last = Promise.withResolvers<void>()
    precisePacer(10, last.resolve)
    await last.promise
    expect(calls).toEqual([])
  })
})
