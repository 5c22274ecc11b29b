import type { BodySink, BodySource } from './body-source.ts'
import { ProxyError } from './errors.ts'
import type { HeaderList } from './headers.ts'
import type { MemoryUse } from './network.ts'

/** What becomes of a content past the size up to which it is kept whole. */
export interface SharedContentOptions {
  /** Up to so many bytes all of it is kept, so that readers can come at any time. */
  readonly keepBytes: number
  /** Past that, so many bytes may lie between the fastest reader and the slowest. Then the fastest waits. */
  readonly windowBytes: number
  /** Nothing more will come: all is here, it broke off, or nobody was left to read it. */
  readonly onEnd?: (content: SharedContent, error: unknown) => void
}

/**
 * One content with many readers: each has all of it, from the first byte, at its own speed, also while it still comes.
 *
 * As long as it is kept whole, no reader holds up another, and it goes on without any. Past `keepBytes` only what some reader
 * has yet to be given is kept: nobody can join any more, and it is given up when the last reader leaves.
 */
export class SharedContent implements BodySink {
  readonly #source: BodySource
  readonly #options: SharedContentOptions
  readonly #readers = new Set<SharedReader>()
  /** Copies, in order: all, or from the one that the slowest reader has yet to be given. */
  #chunks: Uint8Array[] = []
  /** How many were let go of before these. */
  #gone = 0
  #heldBytes = 0
  #bytes = 0
  #whole = true
  #opened = false
  #paused = false
  #over: { readonly error: unknown; readonly trailers: HeaderList | undefined } | undefined

  constructor(source: BodySource, options: SharedContentOptions) {
    this.#source = source
    this.#options = options
  }

  /** Bytes that have come. */
  get bytes(): number {
    return this.#bytes
  }

  /** How many read it now. */
  get readers(): number {
    return this.#readers.size
  }

  /** Whether it can still be read from its first byte. */
  get whole(): boolean {
    return this.#whole
  }

  /** The chunks, where all have come and were kept. */
  get complete(): readonly Uint8Array[] | undefined {
    return this.#whole && this.#over !== undefined && this.#over.error === undefined
      ? this.#chunks
      : undefined
  }

  /** The trailers behind it, once it is complete. */
  get trailers(): HeaderList | undefined {
    return this.#over?.trailers
  }

  /** A source that gives all of it; `undefined` where its begin is gone. */
  read(): BodySource | undefined {
    return this.#whole ? new SharedReader(this, this.#source.length) : undefined
  }

  /** Begins to read, though nobody may have joined yet. */
  open(): void {
    if (this.#opened) return
    this.#opened = true
    this.#source.open(this)
  }

  /** Breaks it off for everyone. */
  abort(reason: ProxyError): void {
    if (this.#over !== undefined) return
    this.#source.cancel(reason)
    this.onError(reason)
  }

  // The source's side.

  onChunk(chunk: Uint8Array): MemoryUse {
    if (this.#over !== undefined) return true
    const kept = Uint8Array.prototype.slice.call(chunk)
    this.#chunks.push(kept)
    this.#bytes += kept.byteLength
    this.#heldBytes += kept.byteLength
    if (this.#whole && this.#bytes > this.#options.keepBytes) this.#whole = false
    for (const reader of this.#readers) reader.deliver()
    this.#trim()
    return true
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.#finish({ error: undefined, trailers })
  }

  onError(error: unknown): void {
    this.#finish({ error, trailers: undefined })
  }

  #finish(over: { error: unknown; trailers: HeaderList | undefined }): void {
    if (this.#over !== undefined) return
    this.#over = over
    for (const reader of this.#readers) reader.deliver()
    this.#options.onEnd?.(this, over.error)
  }

  // The readers' side.

  join(reader: SharedReader): void {
    if (!this.#whole) {
      reader.end(
        new ProxyError('exchange_aborted', { detail: 'the begin of the content is gone' }),
        undefined,
      )
      return
    }
    this.#readers.add(reader)
    this.open()
    reader.deliver()
  }

  /** The chunk with this number; `undefined` where it has not come. */
  chunk(number: number): Uint8Array | undefined {
    return this.#chunks[number - this.#gone]
  }

  /** The reader has been given all that has come. */
  caughtUp(reader: SharedReader): void {
    const over = this.#over
    if (over !== undefined) {
      this.#readers.delete(reader)
      reader.end(over.error, over.trailers)
    }
  }

  leave(reader: SharedReader, reason: ProxyError): void {
    if (!this.#readers.delete(reader)) return
    if (!this.#whole && this.#readers.size === 0) this.abort(reason)
    else this.#trim()
  }

  /** A reader has gone on: what all have had is let go, where it need not be kept. */
  advanced(): void {
    this.#trim()
  }

  #trim(): void {
    if (this.#whole) return
    let slowest = this.#gone + this.#chunks.length
    for (const reader of this.#readers) slowest = Math.min(slowest, reader.at)
    const passed = slowest - this.#gone
    if (passed > 0) {
      for (const chunk of this.#chunks.splice(0, passed)) this.#heldBytes -= chunk.byteLength
      this.#gone = slowest
    }
    const full = this.#heldBytes > this.#options.windowBytes
    if (full === this.#paused || this.#over !== undefined) return
    this.#paused = full
    if (full) this.#source.pause()
    else this.#source.resume()
  }
}

class SharedReader implements BodySource {
  readonly length: number | undefined
  readonly shared = true
  readonly #content: SharedContent
  #sink: BodySink | undefined
  #paused = false
  #delivering = false
  /** The number of the chunk that it is given next. */
  at = 0

  constructor(content: SharedContent, length: number | undefined) {
    this.#content = content
    this.length = length
  }

  open(sink: BodySink): void {
    this.#sink = sink
    this.#content.join(this)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.deliver()
    this.#content.advanced()
  }

  cancel(reason: ProxyError): void {
    this.#sink = undefined
    this.#content.leave(this, reason)
  }

  deliver(): void {
    if (this.#delivering) return
    this.#delivering = true
    while (this.#sink !== undefined && !this.#paused) {
      const chunk = this.#content.chunk(this.at)
      if (chunk === undefined) break
      this.at++
      this.#sink.onChunk(chunk)
    }
    this.#delivering = false
    if (this.#sink !== undefined && !this.#paused && this.#content.chunk(this.at) === undefined)
      this.#content.caughtUp(this)
  }

  end(error: unknown, trailers: HeaderList | undefined): void {
    const sink = this.#sink
    this.#sink = undefined
    if (error === undefined) sink?.onEnd(trailers)
    else sink?.onError(error)
  }
}
