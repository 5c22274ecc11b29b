import { LRUCache } from 'lru-cache'
import type { Clock } from '../../core/clock.ts'

interface Kept<T> {
  readonly value: T
  /** By the clock of those who ask. */
  readonly until: number
  readonly bytes: number
}

/** What an answer may take, on average, and what all may together, where they are few. */
const BYTES_PER_ANSWER = 2_048
const LEAST_BYTES = 1_048_576
/** What its key, its time and its place take. */
const BYTES_BESIDE = 256

/**
 * Answers that are good for a while: so many, or fewer where they are large, and the one not used for longest goes first. One that
 * is larger than all may be together is not kept.
 */
export class KeptAnswers<T> {
  readonly #max: number
  /** Of each clock: the times of two cannot be compared. */
  readonly #byClock = new WeakMap<Clock, LRUCache<string, Kept<T>>>()
  #lastClock: Clock | undefined
  /** Of the clock that was asked by last: nearly always the only one. */
  #last: LRUCache<string, Kept<T>> | undefined

  constructor(max: number) {
    this.#max = max
  }

  /** What is kept; in an object, since it may be `undefined`. */
  get(clock: Clock, key: string): { readonly value: T } | undefined {
    const all = this.#of(clock)
    const kept = all.get(key)
    if (kept === undefined || kept.until > clock.now()) return kept
    all.delete(key)
    return undefined
  }

  /** `bytes`: about what the value takes. */
  keep(clock: Clock, key: string, value: T, ms: number, bytes: number): void {
    if (ms > 0) this.#of(clock).set(key, { value, until: clock.now() + ms, bytes: bytes + BYTES_BESIDE })
  }

  #of(clock: Clock): LRUCache<string, Kept<T>> {
    if (this.#last !== undefined && this.#lastClock === clock) return this.#last
    let all = this.#byClock.get(clock)
    if (all === undefined) {
      all = new LRUCache({
        max: this.#max,
        maxSize: Math.max(LEAST_BYTES, this.#max * (BYTES_PER_ANSWER + BYTES_BESIDE)),
        sizeCalculation: ({ bytes }) => bytes,
      })
      this.#byClock.set(clock, all)
    }
    this.#lastClock = clock
    this.#last = all
    return all
  }
}
