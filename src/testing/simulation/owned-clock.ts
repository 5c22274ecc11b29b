import type { Clock, Timer } from '../../core/clock.ts'
import { askedFrom } from '../asked-from.ts'

/** The clock that one owner is given: it knows which of the owner's timers will still fire, and who set them. */
export class OwnedClock implements Clock {
  readonly #clock: Clock
  readonly #pending = new Map<Timer, Error>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  wallTime(): number {
    return this.#clock.wallTime()
  }

  setTimeout(callback: () => void, ms: number): Timer {
    const timer = this.#clock.setTimeout(() => {
      this.#pending.delete(timer)
      callback()
    }, ms)
    const set = new Error('set here')
    this.#pending.set(timer, set)
    let cleared = false
    return {
      refresh: () => {
        timer.refresh()
        if (!cleared) this.#pending.set(timer, set)
      },
      clear: () => {
        cleared = true
        timer.clear()
        this.#pending.delete(timer)
      },
    }
  }

  /** One line for each timer that will fire. */
  leaks(): string[] {
    return Array.from(this.#pending.values(), (set) => `timer, set ${askedFrom(set)}`)
  }
}
