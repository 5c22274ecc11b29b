import { LRUCache } from 'lru-cache'
import type { Clock } from '../core/clock.ts'
import { hashText } from '../core/hash.ts'
import type { Fill, Filled } from './fill.ts'

/** So long waits the next refresh of what could not be refreshed, and twice as long after each further time, up to the last. */
const WAIT_MS = 1_000
const MAX_WAIT_MS = 30_000
const MAX_FAILED = 10_000

interface Failed {
  readonly waitMs: number
  readonly until: number
}

/** Fetches in the background: only so many at once, and none at once of what has just failed. */
export class Refreshes {
  readonly #max: number
  #running = 0
  /** By a hash of what was asked for: two that have the same wait for each other, which does no harm. */
  readonly #failed = new LRUCache<number, Failed>({ max: MAX_FAILED })

  constructor(max: number) {
    this.#max = max
  }

  get running(): number {
    return this.#running
  }

  mayBegin(id: string, clock: Clock): boolean {
    if (this.#running >= this.#max) return false
    if (this.#failed.size === 0) return true
    const failed = this.#failed.get(hashText(id))
    return failed === undefined || clock.now() >= failed.until
  }

  /** One has begun, and counts until all of it has come. */
  follow(id: string, fill: Fill, clock: Clock): void {
    this.#running++
    const hash = hashText(id)
    fill.answer.then(
      (filled) => {
        if (filled.kind !== 'shared') this.#told(hash, isError(filled), clock)
      },
      () => this.#told(hash, true, clock),
    )
    fill.onEnd = (broken) => {
      this.#running--
      if (broken !== undefined) this.#told(hash, broken, clock)
    }
  }

  #told(hash: number, isFailure: boolean, clock: Clock): void {
    if (!isFailure) {
      this.#failed.delete(hash)
      return
    }
    const before = this.#failed.get(hash)
    const waitMs = before === undefined ? WAIT_MS : Math.min(before.waitMs * 2, MAX_WAIT_MS)
    this.#failed.set(hash, { waitMs, until: clock.now() + waitMs })
  }
}

function isError(filled: Filled): boolean {
  if (filled.kind === 'own') return filled.response.status >= 500
  return filled.kind === 'stored' && filled.because === 'stale-if-error'
}
