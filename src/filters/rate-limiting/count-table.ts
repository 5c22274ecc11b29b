import type { Count } from './count.ts'
import { newCount } from './new-count.ts'
import type { RateRule } from './store.ts'

/** Counts that are looked at for each key that is added: more than one, so that the table shrinks by itself. */
const LOOKED_AT = 4
/** And of these, when it is full, the one that was used least goes. */
const LOOKED_AT_WHEN_FULL = 8
/** Records of a log for each key that may be kept, on average. */
const RECORDS_PER_KEY = 16

/**
 * The counts of one rule, of so many keys at most. What a key has used is never forgotten for the benefit of another.
 *
 * Counts that are as if their key had never come are removed; nobody can tell. Where none such is found in a full table, the
 * one that was used least goes, of a few, and leaves its shadow: a place that it shares with all other keys of the same hash
 * keeps the most that any of them had used. A key that comes anew begins with what its place has. So it may find more used
 * than it has, but never less. There are as many places as keys: before a key that comes anew finds nothing left, others must
 * have asked, within the rule's time, for as much as all keys of the table may have together.
 */
export class CountTable {
  readonly #rule: RateRule
  readonly #maxKeys: number
  readonly #seed: () => number
  readonly #places = new Map<string, number>()
  readonly #keys: string[] = []
  readonly #counts: Count[] = []
  /** As they are in `#size`. */
  readonly #sizes: number[] = []
  #size = 0
  #hand = 0
  #shadows: Shadows | undefined

  /** `seed`: which keys have the same shadow; a number from 0 to 1 that clients do not know. */
  constructor(rule: RateRule, maxKeys: number, seed: () => number) {
    this.#rule = rule
    this.#maxKeys = maxKeys
    this.#seed = seed
  }

  get keys(): number {
    return this.#keys.length
  }

  /** Records that are kept: one for each key, those of logs, and those of shadows. */
  get records(): number {
    return this.#size + (this.#shadows?.records ?? 0)
  }

  /** What the key has used. Only `take` keeps what it gives for one that is new. */
  countOf(key: string): Count {
    const place = this.#places.get(key)
    return place === undefined ? (this.#shadows?.of(key) ?? newCount(this.#rule)) : this.#counts[place]!
  }

  /** Takes what must be admitted, of what `countOf` has given. */
  take(key: string, count: Count, cost: number, now: number): void {
    count.take(cost, now)
    const place = this.#places.get(key)
    if (place === undefined) this.#add(key, count, now)
    else this.#measure(place)
    while (this.#size > this.#maxKeys * RECORDS_PER_KEY && this.#keys.length > 1) this.#makeRoom(now)
  }

  #add(key: string, count: Count, now: number): void {
    if (this.#keys.length >= this.#maxKeys) this.#makeRoom(now)
    else this.#leastUsed(LOOKED_AT, now)
    this.#places.set(key, this.#keys.length)
    this.#keys.push(key)
    this.#counts.push(count)
    this.#sizes.push(count.size)
    this.#size += count.size
  }

  #makeRoom(now: number): void {
    const place = this.#leastUsed(LOOKED_AT_WHEN_FULL, now)
    if (place === undefined) return
    this.#shadows ??= new Shadows(this.#rule, this.#maxKeys, this.#seed())
    this.#shadows.leave(this.#keys[place]!, this.#counts[place]!, now)
    this.#remove(place)
  }

  /** Looks at the next few, and removes those that are as if they had never come; `undefined` when there was one such. */
  #leastUsed(lookedAt: number, now: number): number | undefined {
    let least: number | undefined
    let most = -1
    let removed = false
    for (let left = Math.min(lookedAt, this.#keys.length); left > 0; left--) {
      if (this.#hand >= this.#keys.length) this.#hand = 0
      const place = this.#hand
      const count = this.#counts[place]!
      if (count.freshInMs(now) === 0) {
        this.#remove(place)
        removed = true
        continue
      }
      this.#measure(place)
      this.#hand++
      const remaining = count.remaining(now)
      if (remaining <= most) continue
      most = remaining
      least = place
    }
    return removed ? undefined : least
  }

  #measure(place: number): void {
    const { size } = this.#counts[place]!
    this.#size += size - this.#sizes[place]!
    this.#sizes[place] = size
  }

  /** The last one takes its place. */
  #remove(place: number): void {
    this.#size -= this.#sizes[place]!
    this.#places.delete(this.#keys[place]!)
    const key = this.#keys.pop()!
    const count = this.#counts.pop()!
    const size = this.#sizes.pop()!
    if (place === this.#keys.length) return
    this.#keys[place] = key
    this.#counts[place] = count
    this.#sizes[place] = size
    this.#places.set(key, place)
  }
}

/** What is remembered of counts that had to go. */
class Shadows {
  readonly #rule: RateRule
  readonly #seed: number
  readonly #counts: (Count | undefined)[]
  #records = 0

  constructor(rule: RateRule, places: number, seed: number) {
    this.#rule = rule
    this.#counts = Array.from({ length: places }, () => undefined)
    this.#seed = Math.floor(seed * 0x1_0000_0000)
  }

  get records(): number {
    return this.#records
  }

  of(key: string): Count | undefined {
    return this.#counts[this.#placeOf(key)]?.copy()
  }

  /** As if the most that was used by any of them had been used just now. */
  leave(key: string, count: Count, now: number): void {
    const place = this.#placeOf(key)
    const before = this.#counts[place]
    const shadow = newCount(this.#rule)
    const remaining = Math.min(count.remaining(now), before?.remaining(now) ?? this.#rule.burst)
    if (remaining < this.#rule.burst) shadow.take(this.#rule.burst - remaining, now)
    this.#records += shadow.size - (before?.size ?? 0)
    this.#counts[place] = shadow
  }

  /** FNV-1a, from a start of its own. */
  #placeOf(key: string): number {
    let hash = this.#seed
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x0100_0193)
    return ((hash ^ (hash >>> 15)) >>> 0) % this.#counts.length
  }
}
