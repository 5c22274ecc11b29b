import { LRUCache } from 'lru-cache'
import type { HeaderList } from '../core/headers.ts'
import { heldPieces, piecesBetween } from './held-content.ts'
import type { KnownHead } from './held-response.ts'
import { KeptHead } from './kept-head.ts'
import { ownText } from './own-text.ts'
import type { Stored } from './stored.ts'
import { MAX_VARIANTS } from './variant.ts'

export interface HeldContent {
  readonly chunks: readonly Uint8Array[]
  readonly trailers: HeaderList | undefined
}

/** A response in memory. */
export class HeldResponse implements Stored {
  readonly key: string
  readonly head: KeptHead
  readonly level: string
  readonly trailers: HeaderList | undefined
  sequence: number | undefined = 0
  /** Most contents are in one piece, which has no list of its own. */
  readonly #pieces: Uint8Array | readonly Uint8Array[]
  readonly #length: number

  /** `level`: where it was found, if it is not in this one yet. */
  constructor(key: string, head: KnownHead, content: HeldContent, level: string = 'memory') {
    this.key = ownText(key)
    this.head = KeptHead.of(head)
    this.level = level
    this.trailers = content.trailers
    this.#length = content.chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
    const pieces = heldPieces(content.chunks, this.#length)
    this.#pieces = pieces.length === 1 ? pieces[0]! : pieces
  }

  get length(): number {
    return this.#length
  }

  /** What its content takes. */
  get heldBytes(): number {
    return this.#length
  }

  read(from: number, to: number): readonly Uint8Array[] {
    return from === 0 && to === this.length ? this.#all : piecesBetween(this.#all, from, to)
  }

  withHead(head: KnownHead): HeldResponse {
    return this.#with(head, this.level)
  }

  /** As it is put into this level. */
  promoted(): HeldResponse {
    return this.level === 'memory' ? this : this.#with(this.head, 'memory')
  }

  get #all(): readonly Uint8Array[] {
    return this.#pieces instanceof Uint8Array ? [this.#pieces] : this.#pieces
  }

  #with(head: KnownHead, level: string): HeldResponse {
    const content = { chunks: this.#all, trailers: this.trailers }
    const other = new HeldResponse(this.key, head, content, level)
    other.sequence = this.sequence
    return other
  }
}

const NONE: readonly HeldResponse[] = []

/** What an entry costs beside its texts and its content: objects, arrays, and its places in the tables. Measured, rounded up. */
const ENTRY_BYTES = 880
const FIELD_BYTES = 48

/**
 * The first level of a cache: responses in the memory of this process, the least recently used leaving first. Everything that
 * an entry holds counts: content, fields, key.
 */
export class MemoryLevel {
  readonly maxBytes: number
  readonly #entries: LRUCache<HeldResponse, true>
  /** The newest first; where there is one alone, without a list. */
  readonly #byKey = new Map<string, HeldResponse | HeldResponse[]>()
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
    const found = this.#byKey.get(key)
    return found === undefined ? NONE : found instanceof HeldResponse ? [found] : found
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
    const others = this.find(key)
    if (others.length >= MAX_VARIANTS) this.#entries.delete(others.at(-1)!)
    this.#link(key, [entry, ...this.find(key)])
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
    this.#link(
      entry.key,
      this.find(entry.key).filter((it) => it !== entry),
    )
  }

  #link(key: string, all: HeldResponse[]): void {
    if (all.length === 0) this.#byKey.delete(key)
    else this.#byKey.set(key, all.length === 1 ? all[0]! : all)
  }
}

function bytesOf({ key, head, heldBytes, trailers }: HeldResponse): number {
  let bytes = ENTRY_BYTES + key.length + head.textLength + heldBytes + head.tags.length * FIELD_BYTES
  for (const value of trailers?.values ?? []) bytes += FIELD_BYTES + value.length
  return bytes
}
