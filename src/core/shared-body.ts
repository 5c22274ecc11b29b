import type { BodySink, BodySource } from './body-source.ts'
import { type Clock, Deadline } from './clock.ts'
import { ProxyError } from './errors.ts'
import type { HeaderList } from './headers.ts'
import type { KeepBudget, KeepClaim } from './keep-budget.ts'
import type { MemoryUse } from './network.ts'
import { SharedBodyReader } from './shared-body-reader.ts'

export interface SharedBodySettings {
  readonly clock: Clock
  /** What is kept for the slowest reader before it holds the others back. */
  readonly bufferBytes: number
  /** How long it may. */
  readonly stallMs: number
  /**
   * Up to so many bytes all of it is kept: then readers can come at any time, nobody holds up another, and it goes on without
   * any. Default 0.
   */
  readonly keepBytes?: number
  /** What all that are kept share. Where it is used up, this one is kept no longer, as if it had come to `keepBytes`. */
  readonly keepBudget?: KeepBudget
  /**
   * It has turned out too large to be kept, or is known to be. It is still whole: who wants all of it makes a reader now. From
   * then on it goes as fast as its readers do; without any it waits for one for `stallMs`, and is then given up.
   */
  readonly onOutgrown?: () => void
  /** Nothing more will come: without an error, all of it has. */
  readonly onEnd?: (error: unknown) => void
}

/**
 * One body with several readers, each at its own pace. What all have read is let go, but where it is kept. When the slowest is
 * so far behind that the buffer is full, the body waits for it, for a while; then that reader's body breaks off, and the others
 * go on.
 */
export class SharedBody implements BodySink {
  readonly #source: BodySource
  readonly #settings: SharedBodySettings
  readonly #deadline: Deadline
  readonly #readers = new Set<SharedBodyReader>()
  /** What some have yet to read, or all that is kept; copies, since a chunk may be in memory that is read into again. */
  readonly #chunks: Uint8Array[] = []
  /** Whether all of it is still to be kept. */
  #keeping: boolean
  readonly #claim: KeepClaim | undefined
  /** How many were let go before these. */
  #gone = 0
  /** Whether one of the slowest has moved since: only then is there more to let go. */
  #moved = true
  #bytes = 0
  #opened = false
  #paused = false
  /** Whether someone waits for the slowest. */
  #waiting = false
  #end: { readonly error: unknown; readonly trailers: HeaderList | undefined } | undefined

  constructor(source: BodySource, settings: SharedBodySettings) {
    this.#source = source
    this.#settings = settings
    const { keepBytes = 0, keepBudget } = settings
    this.#keeping = keepBytes > 0
    this.#claim = this.#keeping ? keepBudget?.claim() : undefined
    this.#deadline = new Deadline(settings.clock, () => this.#stalled())
  }

  get length(): number | undefined {
    return this.#source.length
  }

  /** Whether one more reader would get all of it. */
  get whole(): boolean {
    return this.#gone === 0
  }

  /** All of it, and what came behind it, where that is here and was kept. */
  get complete():
    | { readonly chunks: readonly Uint8Array[]; readonly trailers: HeaderList | undefined }
    | undefined {
    const end = this.#end
    if (!this.#keeping || end === undefined || end.error !== undefined) return undefined
    return { chunks: this.#chunks, trailers: end.trailers }
  }

  /** What came of it before it broke off, where that was kept. */
  get brokenOff(): readonly Uint8Array[] | undefined {
    return this.#keeping && this.#end?.error !== undefined ? this.#chunks : undefined
  }

  /** Begins, though nobody may read it yet. */
  open(): void {
    if (this.#keeping && (this.length ?? 0) > this.#settings.keepBytes!) this.#outgrow()
    this.changed()
  }

  /** Breaks it off for everyone. */
  abort(reason: ProxyError): void {
    if (this.#end !== undefined) return
    this.#source.cancel(reason)
    this.onError(reason)
  }

  /** One more reader. Where nothing is kept, all are made before the first of them reads. */
  reader(): BodySource {
    if (!this.whole) throw new Error('the begin of the body is gone')
    const reader = new SharedBodyReader(this)
    this.#readers.add(reader)
    return reader
  }

  // The source's side.

  onChunk(chunk: Uint8Array): MemoryUse {
    if (this.#end !== undefined) return true
    this.#chunks.push(Buffer.from(chunk))
    this.#bytes += chunk.byteLength
    if (this.#keeping && !this.#canKeep()) this.#outgrow()
    this.#deliver()
    return true
  }

  #canKeep(): boolean {
    return this.#bytes <= this.#settings.keepBytes! && this.#claim?.set(this.#bytes) !== false
  }

  #outgrow(): void {
    this.#keeping = false
    this.#settings.onOutgrown?.()
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.#finish({ error: undefined, trailers })
  }

  onError(error: unknown): void {
    this.#finish({ error, trailers: undefined })
  }

  #finish(end: { readonly error: unknown; readonly trailers: HeaderList | undefined }): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#deliver()
    this.#settings.onEnd?.(end.error)
    this.#release()
  }

  // The readers' side.

  /** The next chunk for a reader; `undefined` when it has all that is here. */
  next(reader: SharedBodyReader): Uint8Array | undefined {
    const chunk = this.#chunks[reader.at - this.#gone]
    if (chunk === undefined) return undefined
    if (reader.at === this.#gone) this.#moved = true
    reader.at++
    return chunk
  }

  /** How it has ended, for a reader that has read all. */
  endFor(
    reader: SharedBodyReader,
  ): { readonly error: unknown; readonly trailers: HeaderList | undefined } | undefined {
    return reader.at - this.#gone < this.#chunks.length ? undefined : this.#end
  }

  /** A reader has read, or asks for a pause or for more. */
  changed(): void {
    this.#trim()
    if (this.#end === undefined && this.#keeping) {
      this.#flow()
      return
    }
    if (this.#end !== undefined) {
      this.#deadline.close()
      return
    }
    const unread = this.#readers.size === 0
    const hungry = this.#anyHungry()
    if (hungry && !this.#full) this.#flow()
    else this.#pause()
    // Only where somebody waits for the slowest does its slowness matter; or where it waits for a reader.
    if (unread || (hungry && this.#full)) {
      if (!this.#waiting) this.#deadline.arm(this.#settings.stallMs)
      this.#waiting = true
    } else {
      this.#waiting = false
      this.#deadline.disarm()
    }
  }

  leave(reader: SharedBodyReader, reason: ProxyError): void {
    if (!this.#readers.delete(reader)) return
    this.#moved = true
    if (this.#readers.size > 0 || this.#keeping || this.#end !== undefined) this.changed()
    else this.#giveUp(reason)
    this.#release()
  }

  /** A reader has all of it. */
  finished(reader: SharedBodyReader): void {
    this.#readers.delete(reader)
    this.#moved = true
    this.#release()
  }

  #giveUp(reason: ProxyError): void {
    this.#chunks.length = 0
    this.#bytes = 0
    // Nobody can come any more.
    this.#gone = Number.POSITIVE_INFINITY
    this.abort(reason)
  }

  /** Once nobody reads it any more, whoever has taken all of it answers for its bytes. */
  #release(): void {
    if (this.#end !== undefined && this.#readers.size === 0) this.#claim?.set(0)
  }

  #deliver(): void {
    for (const reader of [...this.#readers]) reader.deliver()
    this.changed()
  }

  get #full(): boolean {
    return this.#bytes > this.#settings.bufferBytes
  }

  #anyHungry(): boolean {
    for (const reader of this.#readers)
      if (reader.wants && reader.at - this.#gone >= this.#chunks.length) return true
    return false
  }

  #flow(): void {
    if (!this.#opened) {
      this.#opened = true
      this.#source.open(this)
    } else if (this.#paused) {
      this.#paused = false
      this.#source.resume()
    }
  }

  #pause(): void {
    if (!this.#opened || this.#paused) return
    this.#paused = true
    this.#source.pause()
  }

  #trim(): void {
    if (this.#keeping || this.#readers.size === 0 || !this.#moved) return
    this.#moved = false
    let least = this.#gone + this.#chunks.length
    for (const { at } of this.#readers) least = Math.min(least, at)
    const gone = this.#chunks.splice(0, least - this.#gone)
    this.#gone = least
    for (const chunk of gone) this.#bytes -= chunk.byteLength
    this.#claim?.shrink(this.#bytes)
  }

  /** Those who hold the rest back have had their time. */
  #stalled(): void {
    this.#waiting = false
    if (this.#readers.size === 0) {
      this.#giveUp(
        new ProxyError('exchange_aborted', { detail: 'nobody reads it, and it is too large to be kept' }),
      )
      return
    }
    const someWait = this.#full && this.#anyHungry()
    const slowest = [...this.#readers].filter(({ at }) => someWait && at === this.#gone)
    for (const reader of slowest) this.#readers.delete(reader)
    for (const reader of slowest)
      reader.fail(new ProxyError('client_stalled', { detail: 'others waited for the same response' }))
    this.changed()
  }
}
