import type { Clock } from '../../core/clock.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Pace } from './pace.ts'

/** Idle ones that are looked for when another is added. */
const LOOKED_AT = 4

/** The paces of keys. Those that are idle are removed: a new one is the same. */
export class SharedPaces {
  readonly #make: (clock: Clock) => Pace
  readonly #maxKeys: number
  readonly #clock: Clock
  readonly #paces = new Map<string, Pace>()
  /** Of all keys for which there is no room. */
  #others: Pace | undefined

  constructor(clock: Clock, maxKeys: number, make: (clock: Clock) => Pace) {
    this.#clock = clock
    this.#maxKeys = maxKeys
    this.#make = make
  }

  get size(): number {
    return this.#paces.size
  }

  /** That of a key, until the exchange is over. */
  of(key: string, exchange: Exchange): Pace {
    const pace = this.#paces.get(key) ?? this.#added(key)
    pace.users++
    exchange.onComplete(() => pace.users--)
    return pace
  }

  #added(key: string): Pace {
    this.#removeIdle()
    if (this.#paces.size >= this.#maxKeys) {
      this.#others ??= this.#make(this.#clock)
      return this.#others
    }
    const pace = this.#make(this.#clock)
    this.#paces.set(key, pace)
    return pace
  }

  #removeIdle(): void {
    let left = LOOKED_AT
    for (const [key, pace] of this.#paces) {
      if (left-- === 0) return
      this.#paces.delete(key)
      // One that is in use is looked at again after all others.
      if (!pace.idle) this.#paces.set(key, pace)
    }
  }
}
