import { systemClock } from '../core/clock.ts'
import {
  type Duration,
  durationMs,
  invalidOption,
  knownOptions,
  type Size,
  sizeBytes,
} from '../core/options.ts'
import { bytesCommandSender, type RedisBytesClient } from '../core/redis-client.ts'
import type { CacheStore, FoundResponse } from './cache-store.ts'
import type { PurgeRecord } from './purge-record.ts'
import { readContent, writeContent } from './redis-content.ts'
import { freshId, type RedisHead } from './redis-head.ts'
import { READERS_MS, RedisHeads } from './redis-heads.ts'
import { RedisLine } from './redis-line.ts'
import { RedisPurges } from './redis-purges.ts'
import { RedisRecords } from './redis-records.ts'
import { checkSubscriber, type RedisSubscriber } from './redis-subscriber.ts'
import { haveSameTimes, type StoredHead, type StoredTimes } from './stored-response.ts'

export interface RedisStoreOptions {
  /** The client that commands are sent with: of `redis` (node-redis, its cluster client too), `ioredis` or `iovalkey`. */
  client: RedisBytesClient
  /**
   * A second client, of the store's own, that listens for purges by others: `client.duplicate()`. In a cluster, a client of any
   * one node. Default: none, and purges by others are only seen when something is looked for in Redis.
   */
  subscriber?: RedisSubscriber
  /** What each key in Redis begins with; no braces. Default `gatewright:cache:`. */
  prefix?: string
  /** Bytes that one content may have; a longer one is not stored. Default 16 MiB. */
  maxEntryBytes?: Size
  /** How long a response is kept after it was stored or confirmed. Default 7 days. */
  keepMs?: Duration
}

const OWNER = 'redisStore'
const OPTIONS = [
  'client',
  'subscriber',
  'prefix',
  'maxEntryBytes',
  'keepMs',
] satisfies (keyof RedisStoreOptions)[]

/** No content is written for longer. */
const MAX_KEEP_MS = 365 * 86_400_000

/**
 * A store in Redis or Valkey (5 or later) that many processes share.
 *
 * Contents are streamed both ways, in pieces of up to 256 KiB with a checksum each; a response is found once all of it is there.
 * Everything expires, also what a process that has died has left. The keys of a response are in one slot of a cluster.
 *
 * Purges are kept in Redis, for those who begin later, and told to those who listen. They, and what `clear` has removed, are not
 * forgotten before the responses that they are about, also where Redis evicts keys: when it has evicted the records of
 * purges, no response that was stored until then is found any more.
 *
 * All stores of one `prefix` must have the same `keepMs`. The clients are yours: you connect them, listen to their errors, and
 * close them after the store. They must not put a prefix of their own before keys.
 *
 * Traps: who can write to this Redis can answer for your services. Give it a limit of memory and `maxmemory-policy allkeys-lru`.
 * With asynchronous replication, a failover may forget the last purges.
 *
 * @example
 * const client = await createClient({ url: 'redis://127.0.0.1:6379' }).on('error', console.error).connect()
 * const subscriber = await client.duplicate().on('error', console.error).connect()
 * const store = redisStore({ client, subscriber })
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function redisStore(options: RedisStoreOptions): CacheStore {
  knownOptions(OWNER, options, OPTIONS)
  const { client, subscriber, prefix = 'gatewright:cache:', maxEntryBytes = '16mb', keepMs = '7d' } = options
  const line = new RedisLine(bytesCommandSender(OWNER, client))
  if (subscriber !== undefined) checkSubscriber(OWNER, subscriber)
  if (typeof prefix !== 'string' || /[{}]/.test(prefix))
    throw invalidOption(OWNER, 'prefix', 'a text without braces', prefix)
  const keep = Math.ceil(durationMs(OWNER, 'keepMs', keepMs, { min: 1 }))
  if (keep > MAX_KEEP_MS) throw invalidOption(OWNER, 'keepMs', 'a duration of at most 365 days', keepMs)
  const most = sizeBytes(OWNER, 'maxEntryBytes', maxEntryBytes, { min: 1 })
  return new RedisStore(line, prefix, most, keep, subscriber)
}

class RedisStore implements CacheStore {
  readonly name = 'redis'
  readonly #line: RedisLine
  readonly #heads: RedisHeads
  readonly #records: RedisRecords
  readonly #maxEntryBytes: number
  readonly #subscriber: RedisSubscriber | undefined
  readonly #purges = new Set<RedisPurges>()

  constructor(
    line: RedisLine,
    prefix: string,
    maxEntryBytes: number,
    keepMs: number,
    subscriber: RedisSubscriber | undefined,
  ) {
    this.#line = line
    this.#heads = new RedisHeads(line, prefix, keepMs, keepMs + READERS_MS)
    // Also about what was long on its way into the store when it was purged.
    this.#records = new RedisRecords(line, prefix, 2 * keepMs + READERS_MS)
    this.#maxEntryBytes = maxEntryBytes
    this.#subscriber = subscriber
  }

  async find(key: string): Promise<readonly FoundResponse[]> {
    const listeners = [...this.#purges].map((it) => ({ it, before: it.last }))
    const [{ epoch, last }, heads] = await Promise.all([this.#records.state(), this.#heads.find(key)])
    await Promise.all(listeners.map(({ it, before }) => it.upTo(last, before)))
    return heads.filter((it) => it.epoch === epoch).map((it) => this.#found(it))
  }

  async put(key: string, head: StoredHead, content: AsyncIterable<Uint8Array>): Promise<boolean> {
    const id = freshId()
    const place = { key: this.#heads.contentKey(key, id), id }
    // It is of the time at which the writing begins.
    const epoch = this.#records.epoch(freshId())
    epoch.catch(() => {})
    let placed = false
    try {
      const length = await writeContent(this.#line, place, content, this.#maxEntryBytes)
      if (length !== undefined)
        placed = await this.#heads.place({ key, head, length, id, epoch: await epoch })
      return placed
    } finally {
      // Where this fails too, it expires.
      if (!placed) this.#line.send(place.key, ['UNLINK', place.key]).catch(() => {})
    }
  }

  async freshen(key: string, head: StoredHead, before: StoredTimes): Promise<void> {
    const [epoch, heads] = await Promise.all([this.#records.epoch(freshId()), this.#heads.find(key)])
    const found = heads.find((it) => it.head.variant === head.variant && it.epoch === epoch)
    if (found !== undefined && haveSameTimes(found.head, before))
      await this.#heads.replace({ ...found, head })
  }

  remove(key: string): Promise<void> {
    return this.#heads.remove(key)
  }

  clear(): Promise<void> {
    return this.#records.beginEpoch(freshId())
  }

  async purged(record: PurgeRecord): Promise<void> {
    await this.#records.keep(record)
    for (const it of this.#purges) it.give(record)
  }

  async purges(onRecord: (record: PurgeRecord) => void): Promise<void> {
    const settings = {
      line: this.#line,
      records: this.#records,
      subscriber: this.#subscriber,
      clock: systemClock,
    }
    const purges = new RedisPurges(settings, onRecord)
    this.#purges.add(purges)
    try {
      await purges.open()
    } catch (error) {
      this.#purges.delete(purges)
      purges.close()
      throw error
    }
  }

  /** Waits for nothing of Redis. */
  async close(): Promise<void> {
    this.#line.close()
    for (const it of this.#purges) it.close()
    this.#purges.clear()
  }

  #found({ id, key, head, length }: RedisHead): FoundResponse {
    const place = { key: this.#heads.contentKey(key, id), id }
    return {
      head,
      length,
      read: (from = 0, to = length) => readContent(this.#line, place, length, from, to),
    }
  }
}
