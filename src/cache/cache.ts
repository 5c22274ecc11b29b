import { type Filter, named } from '../core/handler.ts'
import type { CacheCounts } from './cache-account.ts'
import { type CacheOptions, cacheSettings } from './cache-options.ts'
import { HttpCache } from './http-cache.ts'
import type { StoreStats } from './second-level.ts'

/** What a cache has done, and what it holds. */
export interface CacheStats extends CacheCounts {
  readonly memory: {
    readonly entries: number
    readonly bytes: number
    readonly maxBytes: number
    /** Responses that had to leave for others. */
    readonly evicted: number
  }
  /** The store behind the memory; `undefined` without one. */
  readonly store: StoreStats | undefined
  /** Questions to the service that are under way. */
  readonly filling: number
}

/** A cache: the filter, and what can be asked and told of it beside. */
export interface Cache extends Filter {
  /** Responses in memory. */
  readonly entries: number
  /** Bytes that they hold: contents, heads, and what keeping them costs. */
  readonly bytes: number
  /** What it has done since it was made. */
  stats(): CacheStats
  /** Lets go of the store. What it has stored stays there. */
  close(): Promise<void>
}

/**
 * Stores responses, and answers from what it has stored as long as HTTP lets it: a shared cache as RFC 9111 describes it, with
 * stale answers (RFC 5861), targeted fields (RFC 9213) and `Cache-Status` (RFC 9211).
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function cache(options: CacheOptions = {}): Cache {
  const http = new HttpCache(cacheSettings(options))
  const filter: Filter = (exchange, next) => http.serve(exchange, next)
  return Object.defineProperties(named(filter, 'cache'), {
    entries: { get: () => http.memory.entries },
    bytes: { get: () => http.memory.bytes },
    stats: { value: () => statsOf(http) },
    close: { value: () => http.close() },
  }) as Cache
}

function statsOf({ account, memory, store, filling }: HttpCache): CacheStats {
  const { results, collapsed, stored, notStored, answers, answerBytes } = account
  const { entries, bytes, maxBytes, evicted } = memory
  return {
    results: { ...results },
    collapsed,
    stored,
    notStored: { ...notStored },
    answers: { ...answers },
    answerBytes: { ...answerBytes },
    memory: { entries, bytes, maxBytes, evicted },
    store,
    filling,
  }
}
