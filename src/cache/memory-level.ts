import { LRUCache } from 'lru-cache'
import type { HeaderList } from '../core/headers.ts'
import { heldPieces, piecesBetween } from './held-content.ts'
import type { KnownHead } from './held-response.ts'
import { KeptHead } from './kept-head.ts'
import type { Stored } from './stored.ts'

export interface HeldContent {
  readonly chunks: readonly Uint8Array[]
  readonly trailers: HeaderList | undefined
}

/** A response in memory. */
export class HeldResponse implements Stored {
  readonly key: string
  readonly head: KeptHead
  readonly length: number
  readonly level: string
  readonly trailers: HeaderList | undefined
  readonly #pieces: readonly Uint8Array[]

  /** `level`: where it was found, if it is not in this one yet. */
  constructor(key: string, head: KnownHead, content: HeldContent, level: string = 'memory') {
    this.key = key
    this.head = KeptHead.of(head)
    this.level = level
    this.trailers = content.trailers
    this.length = content.chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
    this.#pieces = heldPieces(content.chunks, this.length)
  }

  read(from: number, to: number): readonly Uint8Array[] {
    return from === 0 && to === this.length ? this.#pieces : piecesBetween(this.#pieces, from, to)
  }

  withHead(head: KnownHead): HeldResponse {
    return this.#with(head, this.level)
  }

  /** As it is put into this level. */
  promoted(): HeldResponse {
    return this.level === 'memory' ? this : this.#with(this.head, 'memory')
  }

  #with(head: KnownHead, level: string): HeldResponse {
    return new HeldResponse(this.key, head, { chunks: this.#pieces, trailers: this.trailers }, level)
  }
}

/** So many responses of one key are kept: whoever makes up values for a field of `Vary` pushes out no others. */
const MAX_VARIANTS = 32

/** What an entry costs beside its texts and its content: objects, arrays, and its places in the tables. Measured, rounded up. */
const ENTRY_BYTES = 800
const FIELD_BYTES = 48

/**
 * The first level of a cache: responses in the memory of this process, the least recently used leaving first. Everything that
 * an entry holds counts: content, fields, key.
 */
export class MemoryLevel {
  readonly maxBytes: number
  readonly #entries: LRUCache<HeldResponse, true>
  /** The newest first. */
  readonly #byKey = new Map<string, HeldResponse[]>()
  #evicted = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
    this.#entries = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: (_, entry) => bytesOf(entry),
      dispose: (_, entry, reason) => {
        if (reason === 'evict') this.#evicted++
        this.#unlink(entry)
      },
    })
  }

  /** What all entries hold. At most `maxBytes`. */
  get bytes(): number {
    return this.#entries.calculatedSize
  }

  get entries(): number {
    return this.#entries.size
  }

  /** Entries that have had to leave for others. */
  get evicted(): number {
    return this.#evicted
  }

  /** The responses of a key, the newest first. */
  find(key: string): readonly HeldResponse[] {
    return this.#byKey.get(key) ?? []
  }

  /** An entry has answered a request. */
  used(entry: HeldResponse): void {
    this.#entries.get(entry)
  }

  /** Takes the place of the response of the same key and variant. `false`: it is larger than all that may be held. */
  put(entry: HeldResponse): boolean {
    const { key, head } = entry
    const same = this.find(key).find((it) => it.head.variant === head.variant)
    if (same !== undefined) this.#entries.delete(same)
    if (bytesOf(entry) > this.maxBytes) return false
    const all = this.#byKey.get(key)
    if (all === undefined) this.#byKey.set(key, [entry])
    else {
      if (all.length >= MAX_VARIANTS) this.#entries.delete(all.at(-1)!)
      all.unshift(entry)
      this.#byKey.set(key, all)
    }
    this.#entries.set(entry, true)
    return true
  }

  remove(entry: HeldResponse): void {
    this.#entries.delete(entry)
  }

  /** Every response of a key. */
  removeAll(key: string): void {
    for (const entry of [...this.find(key)]) this.#entries.delete(entry)
  }

  /** Everything. */
  clear(): void {
    this.#entries.clear()
  }

  /** Each entry, the most recently used first. */
  all(): Iterable<HeldResponse> {
    return this.#entries.keys()
  }

  #unlink(entry: HeldResponse): void {
    const all = this.#byKey.get(entry.key)
    if (all === undefined) return
    const at = all.indexOf(entry)
    if (at >= 0) all.splice(at, 1)
    if (all.length === 0) this.#byKey.delete(entry.key)
  }
}

function bytesOf({ key, head, length, trailers }: HeldResponse): number {
  let bytes = ENTRY_BYTES + key.length + head.textLength + length + head.tags.length * FIELD_BYTES
  for (const value of trailers?.values ?? []) bytes += FIELD_BYTES + value.length
  return bytes
}
