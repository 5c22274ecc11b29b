import type { BodySource } from '../core/body-source.ts'
import { CallGuard } from '../core/call-guard.ts'
import type { Clock } from '../core/clock.ts'
import type { CacheSettings } from './cache-settings.ts'
import type { CacheStore, FoundResponse } from './cache-store.ts'
import { Distrust } from './distrust.ts'
import { FoundEntry, isFound } from './found-entry.ts'
import { type KnownHead, knownHead } from './held-response.ts'
import { KeptHead } from './kept-head.ts'
import { HeldResponse } from './memory-level.ts'
import type { PieceReader } from './piece-reader.ts'
import type { PurgeLog } from './purge-log.ts'
import { PurgeRecords } from './purge-records.ts'
import type { PurgeSubject } from './purge-subject.ts'
import { StoreFeed } from './store-feed.ts'
import type { Stored } from './stored.ts'
import type { StoredHead, StoredTimes } from './stored-response.ts'
import { WriteQueue } from './write-queue.ts'

/** How long a request waits for the store before it goes on without it. */
const FIND_MS = 500
/** Lookups and reads under way at once; those beyond go on without the store. */
const MAX_READS = 1_000
/** What has failed often is left alone for so long. */
const RETRY_MS = 1_000
/** Contents of up to so many bytes are read before they answer. */
const LOADED_BYTES = 1_048_576
/** And so many bytes of longer ones, so that what is gone is known before it answers. */
const BEGUN_BYTES = 65_536
/** Bytes of contents that are being read beforehand. */
const MAX_LOADING_BYTES = 67_108_864
/** What a write holds beside its content. */
const WRITE_BYTES = 500

/** How a store does. */
export interface StoreStats {
  readonly name: string
  /** Lookups and reads that failed or were late. */
  readonly failures: number
  /** Whether it is left alone at the moment, since it has failed often. */
  readonly leftAlone: boolean
  /** Bytes of contents that wait to be written. */
  readonly waitingBytes: number
  /** Writes that were left out, or failed. */
  readonly droppedWrites: number
}

/**
 * The level behind the memory: a store that may be slow or gone. A request never fails for it, and never waits long for it;
 * what is written goes behind the answers, in order, and only so much of it.
 */
export class SecondLevel {
  readonly #store: CacheStore
  readonly #settings: CacheSettings
  readonly #guard: CallGuard
  readonly #writes: WriteQueue
  readonly #records: PurgeRecords
  readonly #finds = new Map<string, Find>()
  readonly #distrust = new Distrust()
  readonly #feeds = new Set<StoreFeed>()
  #loadingBytes = 0
  #failures = 0
  #closed: Promise<void> | undefined

  constructor(store: CacheStore, settings: CacheSettings, purges: PurgeLog) {
    this.#store = store
    this.#settings = settings
    const name = `cache: ${store.name}`
    this.#guard = new CallGuard({ name, timeoutMs: FIND_MS, maxPending: MAX_READS, retryMs: RETRY_MS })
    this.#writes = new WriteQueue(name)
    this.#records = new PurgeRecords(store, settings.partition, purges)
  }

  stats(): StoreStats {
    return {
      name: this.#store.name,
      failures: this.#failures,
      leftAlone: this.#guard.open,
      waitingBytes: this.#writes.bytes,
      droppedWrites: this.#writes.dropped,
    }
  }

  /** What it has under a key; nothing where it does not say in time. */
  async find(key: string, clock: Clock): Promise<readonly FoundEntry[]> {
    if (this.#closed !== undefined) return []
    const distrust = this.#distrust.of(key)
    if (distrust === 'failed') this.remove(key, clock)
    if (distrust !== undefined) return []
    let find = this.#finds.get(key)
    if (find === undefined) {
      const begun: Find = { entries: this.#find(key, clock), outdated: false }
      find = begun
      this.#finds.set(key, begun)
      void begun.entries.then(() => {
        if (this.#finds.get(key) === begun) this.#finds.delete(key)
      })
    }
    const entries = await find.entries
    return find.outdated ? [] : entries
  }

  async #find(key: string, clock: Clock): Promise<readonly FoundEntry[]> {
    try {
      const all = await this.#guard.run(clock, async () => {
        await this.#records.known(clock)
        return this.#store.find(key)
      })
      return all.flatMap((it) => this.#believed(key, it, clock) ?? [])
    } catch {
      this.#failures++
      return []
    }
  }

  #believed(key: string, found: FoundResponse, clock: Clock): FoundEntry | undefined {
    try {
      if (isFound(found)) {
        if (this.#distrust.isDoubtful(found.head.requestTime)) return undefined
        return new FoundEntry(this.#store.name, found, knownHead(found.head, this.#settings, key), clock)
      }
    } catch {
      // Counted below.
    }
    this.#failures++
    return undefined
  }

  /**
   * What is found, with its content where that is not too long: then what goes wrong with reading it is no client's affair.
   * `undefined` where it cannot be read in time.
   */
  async load(key: string, entry: FoundEntry, clock: Clock): Promise<Stored | undefined> {
    const isLong = entry.length > LOADED_BYTES
    const bytes = isLong ? BEGUN_BYTES : entry.length
    if (this.#loadingBytes + bytes > MAX_LOADING_BYTES) return undefined
    const pieces = entry.first(bytes)
    try {
      const chunks = await this.#guard.run(clock, () => this.#loading(bytes, pieces))
      if (isLong) return entry.begun(chunks)
      const loaded = new HeldResponse(key, entry.head, { chunks, trailers: undefined }, entry.level)
      loaded.sequence = entry.sequence
      return loaded
    } catch {
      void pieces.return()
      this.#failures++
      return undefined
    }
  }

  async #loading(bytes: number, pieces: PieceReader): Promise<Uint8Array[]> {
    this.#loadingBytes += bytes
    try {
      const all: Uint8Array[] = []
      for await (const piece of pieces) all.push(piece)
      return all
    } finally {
      this.#loadingBytes -= bytes
    }
  }

  put(entry: HeldResponse, clock: Clock): void {
    const { key, head, length } = entry
    const work = () => this.#store.put(key, storable(head), inOrder(entry.read(0, length)))
    this.#writes.add({ clock, key, bytes: headBytes(key, head) + length, work })
  }

  /** What is too long for the memory goes there as it comes, unless that holds it up. */
  stream(key: string, head: KnownHead, content: BodySource, clock: Clock): void {
    const feed = new StoreFeed(content, clock)
    this.#feeds.add(feed)
    this.#writes.add({
      clock,
      key,
      bytes: headBytes(key, head),
      streamed: feed.givenUp,
      work: async () => {
        try {
          return await this.#store.put(key, storable(head), feed)
        } catch (error) {
          // That the content has broken off says nothing of the store.
          if (feed.broken) return false
          throw error
        }
      },
      settled: () => {
        this.#feeds.delete(feed)
        feed.release()
      },
    })
  }

  freshen(key: string, head: KnownHead, before: StoredTimes, clock: Clock): void {
    const { requestTime, responseTime } = before
    const work = () => this.#store.freshen(key, storable(head), { requestTime, responseTime })
    this.#writes.add({ clock, key, bytes: headBytes(key, head), work })
  }

  /** Until that is done, nothing of it is believed. */
  remove(key: string, clock: Clock): void {
    const find = this.#finds.get(key)
    if (find !== undefined) {
      find.outdated = true
      this.#finds.delete(key)
    }
    const settled = this.#distrust.begin(key, clock)
    this.#writes.add({
      clock,
      key,
      bytes: WRITE_BYTES + key.length,
      work: () => this.#store.remove(key),
      settled,
    })
  }

  /** Rejects where the store has not kept it in time. */
  purge(subject: PurgeSubject, soft: boolean, time: number, clock: Clock): Promise<void> {
    return this.#records.keep(subject, soft, time, clock)
  }

  /** What waits to be written is written before; contents that are still coming are not waited for. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    for (const feed of this.#feeds) feed.giveUp('is being closed')
    await this.#writes.close()
    await this.#store.close()
  }
}

/** Several may wait for one. */
interface Find {
  readonly entries: Promise<readonly FoundEntry[]>
  /** What it finds may have been removed since. */
  outdated: boolean
}

function headBytes(key: string, head: KnownHead): number {
  return WRITE_BYTES + key.length + KeptHead.of(head).textLength
}

/** Without what follows from it. */
function storable({
  status,
  reason,
  headers,
  requestTime,
  responseTime,
  variant,
  tags,
}: KnownHead): StoredHead {
  return { status, reason, headers, requestTime, responseTime, variant, tags }
}

async function* inOrder(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) if (piece.byteLength > 0) yield piece
}
