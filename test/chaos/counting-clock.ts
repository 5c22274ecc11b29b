import type { Clock, Timer } from '../../src/core/clock.ts'

/** The same time for one party, whose timers can be counted apart from those of the others. */
export class CountingClock implements Clock {
  readonly #clock: Clock
  readonly #running = new Set<object>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Timers that will fire. */
  get pending(): number {
    return this.#running.size
  }

  now(): number {
    return this.#clock.now()
  }

  wallTime(): number {
    return this.#clock.wallTime()
  }

  setTimeout(callback: () => void, ms: number): Timer {
    const running = this.#running
    const key = {}
    let cleared = false
    running.add(key)
    const timer = this.#clock.setTimeout(() => {
      running.delete(key)
      callback()
    }, ms)
    return {
      refresh() {
        if (!cleared) running.add(key)
        timer.refresh()
      },
      clear() {
        cleared = true
        running.delete(key)
        timer.clear()
      },
    }
  }
}
