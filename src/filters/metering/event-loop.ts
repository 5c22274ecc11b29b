import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock } from '../../core/clock.ts'

/** How late the event loop was, in seconds. */
export interface LoopDelays {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

const RESOLUTION_MS = 10
const MIN_WINDOW_MS = 5_000
const NONE: LoopDelays = { p50: 0, p99: 0, max: 0 }

/**
 * How late the event loop of the process is. It is the real one that is measured, whatever clock the proxy has: that alone
 * says when the figures begin anew. They are those since they were read last, of five seconds at the least: so that two who
 * read them one right after the other see the same.
 */
export class EventLoop {
  readonly #clock: () => Clock
  #monitor: ReturnType<typeof monitorEventLoopDelay> | undefined
  #readAt = 0
  #last: LoopDelays | undefined

  constructor(clock: () => Clock) {
    this.#clock = clock
  }

  begin(): void {
    if (this.#monitor !== undefined) return
    this.#monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
    this.#monitor.enable()
    this.#readAt = this.#clock().now()
  }

  end(): void {
    this.#monitor?.disable()
    this.#monitor = undefined
    this.#last = undefined
  }

  get delays(): LoopDelays {
    const monitor = this.#monitor
    if (monitor === undefined) return NONE
    const now = this.#clock().now()
    if (this.#last !== undefined && now - this.#readAt < MIN_WINDOW_MS) return this.#last
    const measured =
      monitor.count === 0
        ? NONE
        : {
            p50: late(monitor.percentile(50)),
            p99: late(monitor.percentile(99)),
            max: late(monitor.max),
          }
    monitor.reset()
    this.#readAt = now
    this.#last = measured
    return measured
  }
}

/** Node records the whole time between two timers, the part that was asked for with it. */
function late(betweenNs: number): number {
  return Math.max(0, betweenNs / 1e6 - RESOLUTION_MS) / 1000
}
