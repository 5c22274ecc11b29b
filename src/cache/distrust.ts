import type { Clock } from '../core/clock.ts'

/** What is known may have so many characters of keys; with more, all that was stored before is not believed. */
const MAX_SIZE = 4_194_304
/** What a key counts beside its characters. */
const KEY_SIZE = 64

interface Removal {
  failed: boolean
}

/** Keys whose responses were to be removed from a store, and may be there still. */
export class Distrust {
  readonly #keys = new Map<string, Removal>()
  #size = 0
  #before = Number.NEGATIVE_INFINITY

  /** Whether a removal is under way, or has failed; `undefined` where neither is. */
  of(key: string): 'waiting' | 'failed' | undefined {
    const removal = this.#keys.get(key)
    if (removal === undefined) return undefined
    return removal.failed ? 'failed' : 'waiting'
  }

  /** Whether a response that was asked for at `requestTime` may be one that was to be removed. */
  isDoubtful(requestTime: number): boolean {
    return !(requestTime > this.#before)
  }

  /** A removal begins. What is returned is told whether it was made. */
  begin(key: string, clock: Clock): (removed: boolean) => void {
    const removal: Removal = { failed: false }
    if (this.#keys.has(key)) this.#keys.set(key, removal)
    else this.#add(key, removal, clock)
    return (removed) => {
      removal.failed = !removed
      // A later one counts where there is one.
      if (removed && this.#keys.get(key) === removal) this.#delete(key)
    }
  }

  #add(key: string, removal: Removal, clock: Clock): void {
    if (this.#size + key.length + KEY_SIZE > MAX_SIZE) {
      // Those under way are among them: what they would remove is not believed, whether they succeed or not.
      this.#keys.clear()
      this.#size = 0
      this.#before = Math.max(this.#before, clock.wallTime())
    }
    this.#keys.set(key, removal)
    this.#size += key.length + KEY_SIZE
  }

  #delete(key: string): void {
    this.#keys.delete(key)
    this.#size -= key.length + KEY_SIZE
  }
}
