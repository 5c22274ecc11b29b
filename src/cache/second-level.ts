import type { BodySource } from '../core/body-source.ts'
import { CallGuard } from '../core/call-guard.ts'
import { ChunkReader } from '../core/chunk-reader.ts'
import type { Clock } from '../core/clock.ts'
import type { CacheSettings } from './cache-settings.ts'
import type { CacheStore, FoundResponse } from './cache-store.ts'
import { type KnownHead, knownHead } from './held-response.ts'
import { HeldResponse } from './memory-level.ts'
import type { PurgeLog } from './purge-log.ts'
import { PurgeRecords } from './purge-records.ts'
import type { PurgeSubject } from './purge-subject.ts'
import type { Stored } from './stored.ts'
import type { StoredHead } from './stored-response.ts'
import { WriteQueue } from './write-queue.ts'

/** How long a request waits for the store before it goes on without it. */
const FIND_MS = 500
/** Lookups and reads under way at once; those beyond go on without the store. */
const MAX_READS = 1_000
/** What has failed often is left alone for so long. */
const RETRY_MS = 1_000
/** So many keys that could not be removed are known; with more, all that was stored before is not believed. */
const MAX_DISTRUSTED = 10_000
/** Contents of up to so many bytes are read before they answer. */
const LOADED_BYTES = 1_048_576

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
  readonly #finds = new Map<string, Promise<readonly FoundEntry[]>>()
  /** Keys whose responses were to be removed, and may not have been. */
  readonly #distrusted = new Map<string, 'waiting' | 'failed'>()
  #failures = 0
  /** Of what was asked for before, nothing is believed. */
  #distrustedBefore = Number.NEGATIVE_INFINITY

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
  find(key: string, clock: Clock): Promise<readonly FoundEntry[]> {
    const distrusted = this.#distrusted.get(key)
    if (distrusted === 'failed') this.remove(key, clock)
    if (distrusted !== undefined) return NOTHING
    let found = this.#finds.get(key)
    if (found === undefined) {
      found = this.#find(key, clock)
      this.#finds.set(key, found)
      void found.then(() => this.#finds.delete(key))
    }
    return found
  }

  async #find(key: string, clock: Clock): Promise<readonly FoundEntry[]> {
    try {
      const all = await this.#guard.run(clock, async () => {
        await this.#records.known(clock)
        return this.#store.find(key)
      })
      // It may have been removed meanwhile.
      if (this.#distrusted.has(key)) return []
      return all
        .filter(({ head }) => head.requestTime > this.#distrustedBefore)
        .map((it) => new FoundEntry(this.#store.name, it, knownHead(it.head, this.#settings)))
    } catch {
      this.#failures++
      return []
    }
  }

  /**
   * What is found, with its content where that is not too long: then what goes wrong with reading it is no client's affair.
   * `undefined` where it cannot be read in time.
   */
  async load(key: string, entry: FoundEntry, clock: Clock): Promise<Stored | undefined> {
    if (entry.length > LOADED_BYTES) return entry
    try {
      const chunks = await this.#guard.run(clock, () => allOf(entry))
      const loaded = new HeldResponse(key, entry.head, { chunks, trailers: undefined }, entry.level)
      loaded.sequence = entry.sequence
      return loaded
    } catch {
      this.#failures++
      return undefined
    }
  }

  put(entry: HeldResponse, clock: Clock): void {
    const { key, head, length } = entry
    this.#writes.add(clock, key, length, () =>
      this.#store.put(key, storable(head), inOrder(entry.read(0, length))),
    )
  }

  /** What is too long for the memory goes there as it comes. */
  stream(key: string, head: KnownHead, content: BodySource, clock: Clock): void {
    const chunks = new ChunkReader(content)
    const settled = (done: boolean) => {
      if (!done) void chunks.return()
    }
    this.#writes.add(clock, key, 0, () => this.#store.put(key, storable(head), chunks), settled)
  }

  freshen(key: string, head: KnownHead, clock: Clock): void {
    this.#writes.add(clock, key, 0, () => this.#store.freshen(key, storable(head)))
  }

  /** Until that is done, nothing of it is believed. */
  remove(key: string, clock: Clock): void {
    if (this.#distrusted.size >= MAX_DISTRUSTED && !this.#distrusted.has(key)) {
      this.#distrusted.clear()
      this.#distrustedBefore = clock.wallTime()
    }
    this.#distrusted.set(key, 'waiting')
    const settled = (removed: boolean) => {
      if (removed) this.#distrusted.delete(key)
      else this.#distrusted.set(key, 'failed')
    }
    this.#writes.add(clock, key, 0, () => this.#store.remove(key), settled)
  }

  /** Rejects where the store has not kept it in time. */
  purge(subject: PurgeSubject, soft: boolean, time: number, clock: Clock): Promise<void> {
    return this.#records.keep(subject, soft, time, clock)
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}

/** What a store has found. */
export class FoundEntry implements Stored {
  readonly level: string
  readonly head: KnownHead
  readonly length: number
  sequence: number | undefined
  readonly #found: FoundResponse

  constructor(level: string, found: FoundResponse, head: KnownHead) {
    this.level = level
    this.head = head
    this.length = found.length
    this.#found = found
  }

  async *read(from: number, to: number): AsyncGenerator<Uint8Array> {
    let left = to - from
    if (left === 0) return
    for await (const chunk of this.#found.read(from, to)) {
      left -= chunk.byteLength
      if (left < 0) break
      yield chunk
    }
    if (left !== 0) throw new Error(`cache: ${this.level} has given another number of bytes than it has said`)
  }

  withHead(head: KnownHead): FoundEntry {
    const other = new FoundEntry(this.level, this.#found, head)
    other.sequence = this.sequence
    return other
  }
}

const NOTHING: Promise<readonly FoundEntry[]> = Promise.resolve([])

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

async function allOf(entry: FoundEntry): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of entry.read(0, entry.length)) chunks.push(chunk)
  return chunks
}
