import { type Filter, named } from '../core/handler.ts'
import { type CacheOptions, cacheSettings } from './cache-options.ts'
import { HttpCache } from './http-cache.ts'

/** A cache: the filter, and what can be asked and told of it beside. */
export interface Cache extends Filter {
  /** Responses in memory. */
  readonly entries: number
  /** Bytes that they hold: contents, heads, and what keeping them costs. */
  readonly bytes: number
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
    close: { value: () => http.close() },
  }) as Cache
}
