import { type CacheState, withState } from '../core/filter-state.ts'
import { type Filter, named } from '../core/handler.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import type { CacheCounts } from './cache-account.ts'
import { type CacheOptions, cacheSettings } from './cache-options.ts'
import type { CacheExplanation, CacheQuestion } from './explanation.ts'
import { HttpCache } from './http-cache.ts'
import { type PurgeSelector, purgeSubjects } from './purge-selector.ts'
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

export interface PurgeOptions {
  /** Whether what is purged becomes stale only, and not gone. Default false. */
  soft?: boolean
}

/** A cache: the filter, and what can be asked and told of it beside. */
export interface Cache extends Filter {
  /** Responses in memory. */
  readonly entries: number
  /** Bytes that they hold: contents, heads, and what keeping them costs. */
  readonly bytes: number
  /** What it has done since it was made. */
  stats(): CacheStats
  /**
   * What was stored until now, and what is being asked for, answers no more: see `PurgeSelector` for what can be named. With
   * `soft` it is stale instead: it answers only where stale responses may (`stale-while-revalidate`, `stale-if-error`), and is
   * validated. It holds for this cache when the call returns. Resolves when the store has kept it as well, for those who share it
   * and for those who come later; rejects where it has not within 10 s: then purge again.
   *
   * A purge costs the same however much is stored. Who waits already for an answer of the service gets it.
   *
   * @throws `ERR_OPTION_INVALID` for what cannot be purged.
   */
  purge(what: PurgeSelector, options?: PurgeOptions): Promise<void>
  /**
   * What it would do with a request by GET, and what it has stored for it, in all levels. Nobody is asked but the store.
   *
   * @throws `ERR_OPTION_INVALID` for what is no URL.
   */
  explain(question: CacheQuestion): Promise<CacheExplanation>
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
  Object.defineProperties(named(filter, 'cache'), {
    entries: { get: () => http.memory.entries },
    bytes: { get: () => http.memory.bytes },
    stats: { value: () => statsOf(http) },
    purge: {
      value: (what: PurgeSelector, options: PurgeOptions = {}) =>
        http.purge(purgeSubjects(what), isSoft(options)),
    },
    explain: { value: (question: CacheQuestion) => http.explain(question) },
    close: { value: () => http.close() },
  })
  return withState(filter as Cache, () => stateOfCache(http))
}

function isSoft(options: PurgeOptions): boolean {
  knownOptions('cache.purge', options, ['soft'])
  const { soft = false } = options
  if (typeof soft !== 'boolean') throw invalidOption('cache.purge', 'soft', 'true or false', soft)
  return soft
}

function stateOfCache({ account, memory: { entries, bytes } }: HttpCache): CacheState {
  const { results, collapsed, stored, notStored, answers } = account
  return {
    kind: 'cache',
    entries,
    bytes,
    results: { ...results },
    collapsed,
    stored,
    notStored: { ...notStored },
    answers: { ...answers },
  }
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
