import { integer, knownOptions } from '../core/options.ts'
import { MemoryCounts } from './rate-limiting/memory-counts.ts'
import type { RateLimitStore } from './rate-limiting/store.ts'

export interface MemoryStoreOptions {
  /** Keys of each rule that are counted apart. Each takes 500 bytes at most, and 640 more where a `sliding-window` logs. Default 100 000. */
  maxKeys?: number
}

/** Counts of this process, or of all workers of one supervisor: then they are there, and none are here. */
export interface MemoryStore extends RateLimitStore {
  /** Keys that are kept at the moment, of all rules. */
  readonly keys: number
  /** An upper bound of the bytes that they take, with what is remembered of others. */
  readonly bytes: number
}

const OWNER = 'memoryStore'
const OPTIONS: readonly string[] = ['maxKeys'] satisfies (keyof MemoryStoreOptions)[]

/**
 * Keeps the counts of rate limits in this process: exact, at once, and gone with it. It is what `rateLimit` uses where no
 * other store is given.
 *
 * However many keys clients make up, it keeps `maxKeys` of each rule at most. Keys that have all their units again are
 * removed, and where there is none such, the one of a few that has used least. What that has used is not forgotten: it is
 * kept together with others, and a key that comes anew may find as much used as they had. So a flood of keys gives nobody units
 * back. During one, a client that is new may find fewer than it should; it finds none only when others have asked, within the
 * rule's time, for as much as `maxKeys` clients may have.
 *
 * Where several workers serve as one, their supervisor keeps the counts of all, and decides for them. It has one store for each
 * that a worker's script makes.
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 * @example
 * rateLimit({ limit: 100, per: '1m', store: memoryStore({ maxKeys: 1_000_000 }) })
 */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  knownOptions(OWNER, options, OPTIONS)
  return new MemoryCounts(integer(OWNER, 'maxKeys', options.maxKeys ?? 100_000, { min: 1, max: 10_000_000 }))
}
