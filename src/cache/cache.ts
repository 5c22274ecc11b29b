import { type Filter, named } from '../core/handler.ts'
import { knownOptions, type Size, sizeBytes } from '../core/options.ts'
import type { CacheStore } from './cache-store.ts'
import { HttpCache } from './http-cache.ts'
import { DEFAULT_REUSE_TERMS } from './reuse-terms.ts'
import { DEFAULT_STORABILITY } from './storability.ts'
import { DEFAULT_TARGETS } from './targeted-cache-control.ts'

export interface CacheOptions {
  /** Bytes that all stored responses may have in memory together; the least recently used leaves first. Default 100 MiB. */
  maxBytes?: Size
  /** Bytes that the content of one may have; a longer one is passed on, and not stored. Default a quarter of `maxBytes`. */
  maxEntryBytes?: Size
  /** What stands behind the memory: on disk, or shared by many processes. Default nothing. */
  store?: CacheStore
}

/** A filter that can be asked for its numbers. */
export interface Cache extends Filter {
  /** Stored responses. */
  readonly entries: number
  /** Bytes that they hold. */
  readonly bytes: number
}

const OPTIONS = ['maxBytes', 'maxEntryBytes', 'store'] satisfies (keyof CacheOptions)[]

/**
 * Stores responses, and answers from what it has stored as long as HTTP lets it: a shared cache as RFC 9111 describes it.
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function cache(options: CacheOptions = {}): Cache {
  knownOptions('cache', options, OPTIONS)
  const maxBytes = sizeBytes('cache', 'maxBytes', options.maxBytes ?? '100mb', { min: 1 })
  const { maxEntryBytes = Math.ceil(maxBytes / 4) } = options
  const http = new HttpCache({
    name: 'gatewright',
    partition: undefined,
    furtherKey: undefined,
    maxBytes,
    maxEntryBytes: sizeBytes('cache', 'maxEntryBytes', maxEntryBytes, { min: 1, max: maxBytes }),
    store: options.store,
    obeyClients: true,
    terms: DEFAULT_REUSE_TERMS,
    targets: DEFAULT_TARGETS,
    storability: DEFAULT_STORABILITY,
  })
  const filter: Filter = (exchange, next) => http.serve(exchange, next)
  return Object.defineProperties(named(filter, 'cache'), {
    entries: { get: () => http.memory.entries },
    bytes: { get: () => http.memory.bytes },
  }) as Cache
}
