import type { BodySink, BodySource } from './body-source.ts'
import { type Clock, Deadline } from './clock.ts'
import { ProxyError } from './errors.ts'
import type { HeaderList } from './headers.ts'
import type { MemoryUse } from './network.ts'

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
  readonly #readers = new Set<Reader>()
  /** What some have yet to read, or all that is kept; copies, since a chunk may be in memory that is read into again. */
  readonly #chunks: Uint8Array[] = []
  /** Whether all of it is still to be kept. */
  #keeping: boolean
  /** How many were let go before these. */
  #gone = 0
  #bytes = 0
  #opened = false
  #paused = false
  /** Whether someone waits for the slowest. */
  #waiting = false
  #end: { readonly error: unknown; readonly trailers: HeaderList | undefined } | undefined

  constructor(source: BodySource, settings: SharedBodySettings) {
    this.#source = source
    this.#settings = settings
    this.#keeping = (settings.keepBytes ?? 0) > 0
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

  /** Begins, though nobody may read it yet. */
  open(): void {
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
    const reader = new Reader(this)
    this.#readers.add(reader)
    return reader
  }

  // The source's side.

  onChunk(chunk: Uint8Array): MemoryUse {
    if (this.#end !== undefined || (this.#readers.size === 0 && !this.#keeping)) return true
    this.#chunks.push(Buffer.from(chunk))
    this.#bytes += chunk.byteLength
    if (this.#keeping && this.#bytes > this.#settings.keepBytes!) this.#keeping = false
    this.#deliver()
    return true
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
  }

  // The readers' side.

  /** The next chunk for a reader; `undefined` when it has all that is here. */
  next(reader: Reader): Uint8Array | undefined {
    const chunk = this.#chunks[reader.at - this.#gone]
    if (chunk === undefined) return undefined
    reader.at++
    return chunk
  }

  /** How it has ended, for a reader that has read all. */
  endFor(reader: Reader): { readonly error: unknown; readonly trailers: HeaderList | undefined } | undefined {
    return reader.at - this.#gone < this.#chunks.length ? undefined : this.#end
  }

  /** A reader has read, or asks for a pause or for more. */
  changed(): void {
    this.#trim()
    if (this.#end === undefined && this.#keeping) {
      this.#flow()
      return
    }
    if (this.#end !== undefined || this.#readers.size === 0) {
      this.#deadline.close()
      return
    }
    const hungry = this.#anyHungry()
    const full = this.#bytes > this.#settings.bufferBytes
    if (!hungry || full) this.#pause()
    else this.#flow()
    // Only where somebody waits for the slowest does its slowness matter.
    if (hungry && full) {
      if (!this.#waiting) this.#deadline.arm(this.#settings.stallMs)
      this.#waiting = true
    } else {
      this.#waiting = false
      this.#deadline.disarm()
    }
  }

  leave(reader: Reader, reason: ProxyError): void {
    if (!this.#readers.delete(reader)) return
    if (this.#readers.size > 0 || this.#keeping) {
      this.changed()
      return
    }
    this.#chunks.length = 0
    this.#deadline.close()
    this.abort(reason)
  }

  #deliver(): void {
    for (const reader of [...this.#readers]) reader.deliver()
    this.changed()
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
    if (this.#keeping) return
    let least = this.#gone + this.#chunks.length
    for (const { at } of this.#readers) least = Math.min(least, at)
    const gone = this.#chunks.splice(0, least - this.#gone)
    this.#gone = least
    for (const chunk of gone) this.#bytes -= chunk.byteLength
  }

  /** Those who hold the rest back have had their time. */
  #stalled(): void {
    this.#waiting = false
    const slowest = [...this.#readers].filter(({ at }) => at === this.#gone)
    for (const reader of slowest) this.#readers.delete(reader)
    for (const reader of slowest)
      reader.fail(new ProxyError('client_stalled', { detail: 'others waited for the same response' }))
    this.changed()
  }
}

class Reader implements BodySource {
  readonly shared = true
  readonly #body: SharedBody
  #sink: BodySink | undefined
  #paused = false
  #delivering = false
  #over = false
  #failure: ProxyError | undefined
  /** The number of the chunk that it reads next. */
  at = 0

  constructor(body: SharedBody) {
    this.#body = body
  }

  get length(): number | undefined {
    return this.#body.length
  }

  /** Whether it would take more now. */
  get wants(): boolean {
    return this.#sink !== undefined && !this.#paused
  }

  open(sink: BodySink): void {
    if (this.#failure !== undefined) sink.onError(this.#failure)
    if (this.#over) return
    this.#sink = sink
    this.deliver()
    this.#body.changed()
  }

  pause(): void {
    this.#paused = true
    if (!this.#delivering) this.#body.changed()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.deliver()
    this.#body.changed()
  }

  cancel(reason: ProxyError): void {
    if (this.#over) return
    this.#over = true
    this.#sink = undefined
    this.#body.leave(this, reason)
  }

  /** Gives its sink what is here. */
  deliver(): void {
    if (this.#delivering) return
    this.#delivering = true
    while (this.wants) {
      const chunk = this.#body.next(this)
      if (chunk === undefined) break
      this.#sink?.onChunk(chunk)
    }
    this.#delivering = false
    const end = this.#paused ? undefined : this.#body.endFor(this)
    if (end === undefined || this.#sink === undefined) return
    this.#finish(end.error, end.trailers?.clone())
  }

  fail(error: ProxyError): void {
    // It may not have been opened yet.
    if (this.#sink === undefined) this.#failure = error
    this.#finish(error, undefined)
  }

  #finish(error: unknown, trailers: HeaderList | undefined): void {
    const sink = this.#sink
    this.#over = true
    this.#sink = undefined
    if (error === undefined) sink?.onEnd(trailers)
    else sink?.onError(error)
  }
}
