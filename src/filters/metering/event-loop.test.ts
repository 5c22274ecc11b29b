import { beforeEach, describe, expect, it, vi } from 'vitest'
import { virtualClock } from '../../testing/virtual-clock.ts'
import { EventLoop } from './event-loop.ts'

/** Node's histogram of times between two timers, in nanoseconds. */
const monitor = vi.hoisted(() => ({
  times: [] as number[],
  enabled: false,
  get count() {
    return this.times.length
  },
  get max() {
    return Math.max(0, ...this.times)
  },
  percentile(of: number) {
    return this.times.toSorted((a, b) => a - b)[Math.ceil((of / 100) * this.times.length) - 1] ?? 0
  },
  reset() {
    this.times = []
  },
  enable() {
    this.enabled = true
  },
  disable() {
    this.enabled = false
  },
}))
vi.mock('node:perf_hooks', () => ({ monitorEventLoopDelay: () => monitor }))

const between = (...ms: number[]) => monitor.times.push(...ms.map((it) => it * 1e6))
const NONE = { p50: 0, p99: 0, max: 0 }

describe('EventLoop', () => {
  beforeEach(() => {
    monitor.reset()
    monitor.disable()
  })

  it('says how late timers were, without the time that was asked for', () => {
    const loop = new EventLoop(() => virtualClock())
    loop.begin()
    between(10, 9.5, 10, 60, 110)
    expect(loop.delays).toEqual({ p50: 0, p99: 0.1, max: 0.1 })
  })

  it('begins anew with each scrape, and not within five seconds', async () => {
    const clock = virtualClock()
    const loop = new EventLoop(() => clock)
    loop.begin()
    between(110)
    const first = loop.delays
    between(30)
    await clock.advance('4s')
    expect(loop.delays).toBe(first)
    await clock.advance('1s')
    expect(loop.delays.max).toBeCloseTo(0.02)
    await clock.advance('5s')
    expect(loop.delays).toEqual(NONE)
  })

  it('measures from its begin to its end alone', () => {
    const loop = new EventLoop(() => virtualClock())
    expect([monitor.enabled, loop.delays]).toEqual([false, NONE])
    loop.begin()
    expect(monitor.enabled).toBe(true)
    between(110)
    loop.end()
    expect([monitor.enabled, loop.delays]).toEqual([false, NONE])
  })
})
