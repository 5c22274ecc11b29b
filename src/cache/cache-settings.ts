import type { Exchange } from '../core/exchange.ts'
import type { CacheStore } from './cache-store.ts'
import type { HeadOptions } from './held-response.ts'
import type { StorabilityOptions } from './storability.ts'

/** The options of a cache, read and checked. */
export interface CacheSettings extends HeadOptions {
  /** What `Cache-Status` calls it. */
  readonly name: string
  readonly partition: string | undefined
  readonly furtherKey: ((exchange: Exchange) => readonly string[] | string) | undefined
  readonly maxBytes: number
  readonly maxEntryBytes: number
  readonly store: CacheStore | undefined
  /** The fields whose values are tags to purge by. */
  readonly tagFields: readonly string[]
  readonly obeyClients: boolean
  /** Of requests whose content is a part of the key. */
  readonly maxRequestBytes: number
  /** In lower case, the preferred one first. */
  readonly codings: readonly string[] | undefined
  /** The beta of XFetch; 0 for none. */
  readonly earlyRefresh: number
  readonly maxBackgroundFetches: number
  readonly storability: StorabilityOptions
}
