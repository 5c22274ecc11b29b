import type { PurgeRecord } from './purge-record.ts'
import type { StoredHead, StoredTimes } from './stored-response.ts'

/** A response that a store has found. */
export interface FoundResponse {
  readonly head: StoredHead
  /** Bytes of its content. */
  readonly length: number
  /**
   * The content, or a part of it: from the byte `from` (default 0) up to but without the byte `to` (default all). What is read
   * has been checked: bytes that are not those that were written are an error, and never given.
   */
  read(from?: number, to?: number): AsyncIterable<Uint8Array>
}

/**
 * A level of a cache behind the memory of the process: on disk, or shared by many. A cache goes on without it when it fails or
 * is slow, so every method may reject. `cacheStoreChecks` of `gatewright/testing` check one.
 *
 * Keys and variants are texts that are as long as a request's head may be; a store that cannot hold such names hashes them, and
 * compares what it finds.
 */
export interface CacheStore {
  /** What `Cache-Status` and metrics call it: a token. */
  readonly name: string
  /** The stored responses of a key, one of each variant. None is half there. */
  find(key: string): Promise<readonly FoundResponse[]>
  /**
   * Stores a response in the place of that of the same key and variant, once all of its content is there. When `content`
   * throws, nothing is stored, and what was there stays. Resolves when it can be found; `false` where there is no room for it.
   */
  put(key: string, head: StoredHead, content: AsyncIterable<Uint8Array>): Promise<boolean>
  /**
   * Gives the stored response of this key and of the head's variant another head, if it is the one that has the times `before`:
   * someone else may have stored another meanwhile, which has nothing to do with it. Nothing otherwise.
   */
  freshen(key: string, head: StoredHead, before: StoredTimes): Promise<void>
  /** Removes every response of a key. */
  remove(key: string): Promise<void>
  /** Removes everything. */
  clear(): Promise<void>
  /**
   * Keeps the record of a purge as long as responses that it may be about can be found, also by those who come later. Resolves
   * when it is kept. A store without this loses purges when the cache begins anew.
   */
  purged?(record: PurgeRecord): Promise<void>
  /**
   * Calls for every record that is kept, in any order, and then resolves. A store that others use too goes on, and calls for
   * each further record, by whomever, until it is closed. It may call twice for one, and may put one `everything` in the place
   * of many; each record says what time it is about. What is found later than a record was kept is given after its call.
   */
  purges?(onRecord: (record: PurgeRecord) => void): Promise<void>
  /** Lets go of what it holds open. What is stored stays. */
  close(): Promise<void>
}
