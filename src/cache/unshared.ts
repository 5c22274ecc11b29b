import { LRUCache } from 'lru-cache'
import type { Clock } from '../core/clock.ts'
import { shortText } from './short-text.ts'

const MAX_KEYS = 10_000
const FORGOTTEN_AFTER_MS = 10_000

/** Keys whose last answer was for one client alone. For a while nobody waits for another's answer there. */
export class Unshared {
  readonly #until = new LRUCache<string, number>({ max: MAX_KEYS })

  has(key: string, clock: Clock): boolean {
    const until = this.#until.get(shortText(key))
    return until !== undefined && clock.now() < until
  }

  add(key: string, clock: Clock): void {
    this.#until.set(shortText(key), clock.now() + FORGOTTEN_AFTER_MS)
  }

  delete(key: string): void {
    this.#until.delete(shortText(key))
  }
}
