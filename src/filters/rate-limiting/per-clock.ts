import type { Clock } from '../../core/clock.ts'

/** Something for each clock: what is kept from one simulation means nothing in the next, whose time begins anew. */
export class PerClock<T> {
  readonly #make: () => T
  readonly #all = new WeakMap<Clock, T>()
  #lastClock: Clock | undefined
  #last: T | undefined

  constructor(make: () => T) {
    this.#make = make
  }

  /** That of the clock which was asked for last. */
  get last(): T | undefined {
    return this.#last
  }

  of(clock: Clock): T {
    if (clock === this.#lastClock) return this.#last as T
    let found = this.#all.get(clock)
    if (found === undefined) {
      found = this.#make()
      this.#all.set(clock, found)
    }
    this.#lastClock = clock
    this.#last = found
    return found
  }
}
