import { describe, expect, it } from 'vitest'
import type { Clock } from '../../core/clock.ts'
import { virtualClock } from '../../testing/virtual-clock.ts'
import { LoopDelay } from './loop-delay.ts'

/** A clock of a process that is busy: its timers fire late by so much. */
function busy(clock: Clock, lateMs: () => number): Clock {
  return {
    now: () => clock.now(),
    wallTime: () => clock.wallTime(),
    setTimeout: (callback, ms) => {
      const start = () => clock.setTimeout(callback, ms + lateMs())
      let timer = start()
      return {
        refresh() {
          timer.clear()
          timer = start()
        },
        clear: () => timer.clear(),
      }
    },
  }
}

function measured(lateMs: () => number = () => 0) {
  const time = virtualClock()
  const samples: [delayMs: number, now: number][] = []
  const begins: number[] = []
  const loop = new LoopDelay(
    10,
    200,
    (delayMs, now) => samples.push([delayMs, now]),
    (now) => begins.push(now),
  )
  return { time, clock: busy(time, lateMs), loop, samples, begins }
}

describe('LoopDelay', () => {
  it('measures how late timers fire, while something comes', async () => {
    let late = 0
    const { time, clock, loop, samples } = measured(() => late)
    loop.entered(clock)
    await time.advance(20)
    late = 35
    await time.advance(100)
    expect(samples).toEqual([
      [0, 10],
      [0, 20],
      // What was set before the process became busy.
      [0, 30],
      [35, 75],
      [35, 120],
    ])
  })

  it('has one timer, whatever comes', async () => {
    const { time, clock, loop } = measured()
    for (let i = 0; i < 30; i++) {
      loop.entered(clock)
      loop.entered(clock)
      expect(time.pending).toBe(1)
      await time.advance(7)
    }
  })

  it('says when it begins, also after a while without anything', async () => {
    const { time, clock, loop, begins } = measured()
    loop.entered(clock)
    await time.advance(50)
    loop.entered(clock)
    await time.advance(1_000)
    loop.entered(clock)
    expect(begins).toEqual([0, 1_050])
    loop.close()
  })

  it('has none once nothing has come for a while, and one again when something comes', async () => {
    const { time, clock, loop, samples } = measured()
    loop.entered(clock)
    await time.advance('1h')
    expect(time.pending).toBe(0)
    expect(samples).toHaveLength(21)
    loop.entered(clock)
    await time.advance(10)
    expect(samples.at(-1)).toEqual([0, 3_600_010])
  })

  it('lets its timer go when it is closed, and begins anew with what comes then', async () => {
    const { time, clock, loop, samples } = measured()
    loop.entered(clock)
    loop.close()
    loop.close()
    expect(time.pending).toBe(0)
    await time.advance(50)
    loop.entered(clock)
    await time.advance(10)
    expect(samples).toEqual([[0, 60]])
    loop.close()
    expect(time.pending).toBe(0)
  })

  it('takes a timer that fires early for one that is in time', async () => {
    const { time, clock, loop, samples } = measured(() => -1)
    loop.entered(clock)
    await time.advance(9)
    expect(samples).toEqual([[0, 9]])
  })
})
