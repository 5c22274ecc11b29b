import { describe, expect, it } from 'vitest'
import { virtualClock } from '../../testing/virtual-clock.ts'
import { Deadlines } from './deadlines.ts'

function world(count = 3, next = () => Number.POSITIVE_INFINITY) {
  const clock = virtualClock()
  /** When it looked, and what had come. */
  const looks: [now: number, taken: number[]][] = []
  const times: Deadlines = new Deadlines(clock, count, (now) => {
    looks.push([now, Array.from({ length: count }, (_, i) => i).filter((i) => times.take(i, now))])
    return next()
  })
  return { clock, looks, times }
}

describe('Deadlines', () => {
  it('come once each, behind one timer', async () => {
    const { clock, looks, times } = world()
    times.start(0, 30)
    times.start(1, 10)
    times.start(2, 20)
    expect(clock.pending).toBe(1)
    await clock.advance(100)
    expect(looks).toEqual([
      [10, [1]],
      [20, [2]],
      [30, [0]],
    ])
    expect(clock.pending).toBe(0)
  })

  it('do not come when they were stopped, or moved', async () => {
    const { clock, looks, times } = world()
    times.start(0, 10)
    times.start(1, 10)
    times.start(2, 10)
    times.stop(0)
    times.start(1, 40)
    expect([times.runs(0), times.runs(1), times.runs(2)]).toEqual([false, true, true])
    await clock.advance(100)
    expect(looks.flatMap(([now, taken]) => taken.map((it) => [now, it]))).toEqual([
      [10, 2],
      [40, 1],
    ])
  })

  it('do not come when all were stopped, nor look for them again and again', async () => {
    const { clock, looks, times } = world()
    for (const which of [0, 1, 2]) times.start(which, 10)
    times.stopAll()
    await clock.advance(100)
    expect(looks.flatMap(([, taken]) => taken)).toEqual([])
    expect(looks.length).toBeLessThanOrEqual(1)
    expect(clock.pending).toBe(0)
  })

  it('look when they are asked to as well', async () => {
    const due = [50]
    const { clock, looks, times } = world(1, () => due.shift() ?? Number.POSITIVE_INFINITY)
    times.lookBy(5, 0)
    times.start(0, 200)
    await clock.advance(300)
    expect(looks).toEqual([
      [5, []],
      [50, []],
      [200, [0]],
    ])
  })

  it('never come where they are without an end, and are closed', async () => {
    const { clock, looks, times } = world()
    times.start(0, Number.POSITIVE_INFINITY)
    expect([times.runs(0), clock.pending]).toEqual([false, 0])
    times.start(1, 10)
    times.close()
    expect(clock.pending).toBe(0)
    await clock.advance(100)
    expect(looks).toEqual([])
  })
})
