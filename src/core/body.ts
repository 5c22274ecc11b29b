import { Readable } from 'node:stream'
import { ProxyError } from './errors.ts'
import type { HeaderList } from './headers.ts'
import type { MemoryUse } from './network.ts'
import { invalidOption, type Size, sizeBytes } from './options.ts'

/** Takes the bytes of a body. Called by one source, in order, until `onEnd` or `onError`, of which one comes last. */
export interface BodySink {
  onChunk(chunk: Uint8Array): MemoryUse
  onEnd(trailers: HeaderList | undefined): void
  onError(error: unknown): void
}

/** Where the bytes of a body come from. Opened once; may push before `open` returns. */
export interface BodySource {
  /** Bytes to come, when they are known beforehand. */
  readonly length: number | undefined
  open(sink: BodySink): void
  pause(): void
  resume(): void
  /** Gives up: nothing is pushed any more, not even an error. Safe at any time, also before `open` and after the end. */
  cancel(reason: ProxyError): void
}

/** A step over body chunks: an async generator function. */
export type Transform = (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>

export type BodyInit =
  | Body
  | string
  | Uint8Array
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>
  | null
  | undefined

/** Chunks up to this size are copied when they are kept, so that a large read buffer is not pinned by a small chunk. */
const COPY_BELOW = 16_384

/**
 * The content of a message: a source, and the transforms recorded on it. Nothing is read until it is sent or one
 * of the readers below is called; it can be read once (`ERR_BODY_USED` after that), except a body made from a
 * string or bytes, which can be read again and again.
 *
 * Whoever takes a message and does not pass its body on calls `discard()`.
 */
export class Body implements AsyncIterable<Uint8Array> {
  readonly #source: BodySource
  #transforms: Transform[] | undefined
  #closeListeners: ((error: unknown) => void)[] | undefined
  #used = false
  #transformed = false
  /** Whether it is the body of a service's response: what is wrong with it is not the client's fault. */
  #upstream = false

  /** @internal Use `Body.from`. */
  constructor(source: BodySource) {
    this.#source = source
  }

  static empty(): Body {
    return new Body(EMPTY)
  }

  /** A body of a string (UTF-8), bytes, or chunks that come with time. */
  static from(init: BodyInit): Body {
    if (init instanceof Body) return init
    if (init === null || init === undefined || init === '') return Body.empty()
    if (typeof init === 'string') return new Body(new BytesSource(Buffer.from(init, 'utf8')))
    if (init instanceof Uint8Array) return new Body(init.byteLength === 0 ? EMPTY : new BytesSource(init))
    if (typeof init !== 'object' || !(Symbol.asyncIterator in init || Symbol.iterator in init)) {
      throw invalidOption(
        'body',
        'body',
        'a string, bytes, chunks that can be iterated, or a Body (for JSON, see respondJson)',
        init,
      )
    }
    return new Body(new IterableSource(() => init))
  }

  /** Bytes, when they are known beforehand; a transform makes them unknown. */
  get length(): number | undefined {
    return this.#transforms === undefined ? this.#source.length : undefined
  }

  /** Whether someone has taken the bytes or discarded them. */
  get used(): boolean {
    return this.#used
  }

  /** @internal Whether a transform was asked for, also where there is nothing to transform: a length that was announced is wrong. */
  get transformed(): boolean {
    return this.#transformed
  }

  /** Adds a step that the chunks go through, after those added before. Nothing runs until the body is read. */
  transform(step: Transform): this {
    if (this.#used) throw bodyUsed()
    this.#transformed = true
    if (this.#source === EMPTY) return this
    this.#transforms ??= []
    this.#transforms.push(step)
    return this
  }

  /** Calls once when the last byte has gone, or with an error when the body broke off or was dropped. */
  onClose(listener: (error: unknown) => void): this {
    if (this.#used) throw bodyUsed()
    this.#closeListeners ??= []
    this.#closeListeners.push(listener)
    return this
  }

  /**
   * The whole body. Past `maxBytes` (default 1 MiB) it rejects with `request_body_too_large`, or for the body of a
   * service's response with `upstream_body_too_large`.
   */
  async buffer({ maxBytes = 1_048_576 }: { maxBytes?: Size } = {}): Promise<Buffer> {
    const limit = sizeBytes('body', 'maxBytes', maxBytes, { unlimited: true })
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of this) {
      size += chunk.byteLength
      if (size > limit)
        throw new ProxyError(this.#upstream ? 'upstream_body_too_large' : 'request_body_too_large', {
          detail: `more than ${limit} bytes`,
        })
      chunks.push(chunk)
    }
    return Buffer.concat(chunks, size)
  }

  /** The whole body as UTF-8. Limits as in `buffer`. */
  async text(options?: { maxBytes?: Size }): Promise<string> {
    return (await this.buffer(options)).toString('utf8')
  }

  /**
   * The whole body as JSON. Limits as in `buffer`. What is no JSON rejects with `request_malformed` (400), or for the body
   * of a service's response with `upstream_response_malformed` (502).
   */
  async json(options?: { maxBytes?: Size }): Promise<unknown> {
    const text = await this.text(options)
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw new ProxyError(this.#upstream ? 'upstream_response_malformed' : 'request_malformed', {
        detail: 'a body that is no JSON',
        cause,
      })
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return new ChunkReader(this.take())
  }

  /** The body as a Node stream. */
  toReadable(): Readable {
    return Readable.from(this, { objectMode: false })
  }

  /** Drops the body unread. Safe to call twice, and after it was read. */
  discard(
    reason: ProxyError = new ProxyError('exchange_aborted', { detail: 'the body was discarded' }),
  ): void {
    if (this.#used) this.#source.cancel(reason)
    else this.take().cancel(reason)
  }

  /** @internal Marks the body of a response: a limit that it passes is the upstream's fault. */
  fromUpstream(): this {
    this.#upstream = true
    return this
  }

  /** @internal The source behind everything recorded here. The engine's way to read a body. */
  take(): BodySource {
    const reusable = this.#source instanceof BytesSource || this.#source === EMPTY
    if (this.#used && !reusable) throw bodyUsed()
    this.#used = true
    let source = reusable && this.#source !== EMPTY ? (this.#source as BytesSource).fresh() : this.#source
    if (this.#transforms !== undefined) source = transformed(source, this.#transforms)
    if (this.#closeListeners !== undefined) {
      // Bytes can be taken again, but the body was closed once.
      source = new WatchedSource(source, this.#closeListeners)
      this.#closeListeners = undefined
    }
    return source
  }

  /** @internal The bytes of a body made from bytes, when nothing stands between them and the wire. */
  get bytes(): Uint8Array | undefined {
    if (this.#transforms !== undefined || this.#closeListeners !== undefined) return undefined
    if (this.#source === EMPTY) return NO_BYTES
    return this.#source instanceof BytesSource ? this.#source.bytes : undefined
  }
}

const NO_BYTES = new Uint8Array(0)

function bodyUsed(): Error {
  return Object.assign(
    new Error('the body was read or discarded already; read it once, or buffer it and make a new one'),
    {
      code: 'ERR_BODY_USED',
    },
  )
}

const EMPTY: BodySource = {
  length: 0,
  open: (sink) => sink.onEnd(undefined),
  pause: () => {},
  resume: () => {},
  cancel: () => {},
}

/** Pushes bytes that are here, in slices, so that a reader that is slow can ask for a pause. */
class BytesSource implements BodySource {
  readonly bytes: Uint8Array
  #sink: BodySink | undefined
  #at = 0
  #paused = false
  #pushing = false

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get length(): number {
    return this.bytes.byteLength
  }

  fresh(): BytesSource {
    return new BytesSource(this.bytes)
  }

  open(sink: BodySink): void {
    this.#sink = sink
    this.#push()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#push()
  }

  cancel(): void {
    this.#sink = undefined
  }

  #push(): void {
    if (this.#pushing) return
    this.#pushing = true
    const size = this.bytes.byteLength
    while (this.#sink !== undefined && !this.#paused && this.#at < size) {
      const from = this.#at
      this.#at = Math.min(size, from + SLICE_BYTES)
      this.#sink.onChunk(this.bytes.subarray(from, this.#at))
    }
    this.#pushing = false
    if (this.#at < size || this.#paused) return
    const sink = this.#sink
    this.#sink = undefined
    sink?.onEnd(undefined)
  }
}

const SLICE_BYTES = 65_536

/** Pushes what an iterable yields. One `next` is under way at a time, and none while paused. */
class IterableSource implements BodySource {
  readonly length = undefined
  readonly #iterable: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  readonly #trailers: () => HeaderList | undefined
  #iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array> | undefined
  #sink: BodySink | undefined
  #paused = false
  #pulling = false
  #ended = false

  constructor(
    iterable: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    trailers: () => HeaderList | undefined = () => undefined,
  ) {
    this.#iterable = iterable
    this.#trailers = trailers
  }

  open(sink: BodySink): void {
    if (this.#ended) return
    this.#sink = sink
    try {
      const iterable = this.#iterable()
      this.#iterator =
        Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]()
    } catch (error) {
      this.#fail(error)
      return
    }
    void this.#pull()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    void this.#pull()
  }

  cancel(reason: ProxyError): void {
    if (this.#ended) return
    this.#ended = true
    // A source that was never opened still has to let go of what stands behind it.
    let iterator = this.#iterator
    try {
      if (iterator === undefined) {
        const iterable = this.#iterable()
        iterator =
          Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]()
      }
      const returned: unknown = iterator.return?.(reason)
      // The consumer is gone, so there is nobody left to tell of a failing clean-up.
      if (returned instanceof Promise) returned.catch(() => {})
    } catch {
      // As above.
    }
  }

  async #pull(): Promise<void> {
    if (this.#pulling || this.#iterator === undefined) return
    this.#pulling = true
    try {
      while (!this.#paused && !this.#ended) {
        const step = await this.#iterator.next()
        if (this.#ended) return
        if (step.done === true) {
          this.#ended = true
          this.#sink?.onEnd(this.#trailers())
          return
        }
        if (!(step.value instanceof Uint8Array)) {
          throw new TypeError(`a body's chunks must be Uint8Array or Buffer, got ${typeof step.value}`)
        }
        if (step.value.byteLength > 0) this.#sink?.onChunk(step.value)
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#pulling = false
    }
  }

  #fail(error: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#sink?.onError(error)
  }
}

interface Waiting {
  readonly resolve: (step: IteratorResult<Uint8Array>) => void
  readonly reject: (error: unknown) => void
}

/** Reads a source chunk by chunk. Holds at most what the source pushes before `pause` takes effect. */
class ChunkReader implements BodySink, AsyncIterableIterator<Uint8Array> {
  readonly #source: BodySource
  readonly #queue: Uint8Array[] = []
  #opened = false
  #end: { error: unknown } | undefined
  #waiting: Waiting | undefined
  trailers: HeaderList | undefined

  constructor(source: BodySource) {
    this.#source = source
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    if (!this.#opened) {
      this.#opened = true
      this.#source.open(this)
    }
    const chunk = this.#queue.shift()
    if (chunk !== undefined) return Promise.resolve({ done: false, value: chunk })
    const end = this.#end
    if (end !== undefined) {
      if (end.error === undefined) return Promise.resolve({ done: true, value: undefined })
      this.#end = { error: undefined }
      return Promise.reject(end.error)
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#source.resume()
    })
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    if (this.#end === undefined) {
      this.#end = { error: undefined }
      this.#source.cancel(new ProxyError('exchange_aborted', { detail: 'the reader of the body stopped' }))
    }
    this.#queue.length = 0
    this.#settle()?.resolve({ done: true, value: undefined })
    return Promise.resolve({ done: true, value: undefined })
  }

  onChunk(chunk: Uint8Array): MemoryUse {
    const copied = chunk.byteLength <= COPY_BELOW
    const own = copied ? Buffer.from(chunk) : chunk
    const waiting = this.#settle()
    if (waiting !== undefined) waiting.resolve({ done: false, value: own })
    else this.#queue.push(own)
    this.#source.pause()
    return copied ? true : undefined
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.trailers = trailers
    this.#end ??= { error: undefined }
    this.#settle()?.resolve({ done: true, value: undefined })
  }

  onError(error: unknown): void {
    const waiting = this.#settle()
    this.#end ??= { error: waiting === undefined ? error : undefined }
    waiting?.reject(error)
  }

  #settle(): Waiting | undefined {
    const waiting = this.#waiting
    this.#waiting = undefined
    return waiting
  }
}

function transformed(source: BodySource, steps: readonly Transform[]): BodySource {
  const reader = new ChunkReader(source)
  const chain = () => {
    let chunks: AsyncIterable<Uint8Array> = reader
    for (const step of steps) chunks = step(chunks)
    return chunks
  }
  return new TransformedSource(new IterableSource(chain, () => reader.trailers), source, reader)
}

/** Cancels both ends: a generator that never ran does not reach its own clean-up. */
class TransformedSource implements BodySource {
  readonly length = undefined
  readonly #outer: BodySource
  readonly #inner: BodySource
  readonly #reader: ChunkReader
  readonly #state = { opened: false }

  constructor(outer: BodySource, inner: BodySource, reader: ChunkReader) {
    this.#outer = outer
    this.#inner = inner
    this.#reader = reader
  }

  open(sink: BodySink): void {
    this.#state.opened = true
    this.#outer.open(sink)
  }

  pause(): void {
    this.#outer.pause()
  }

  resume(): void {
    this.#outer.resume()
  }

  cancel(reason: ProxyError): void {
    if (this.#state.opened) this.#outer.cancel(reason)
    this.#inner.cancel(reason)
    // A cancelled source is silent; a generator that waits for its next chunk must still get to its clean-up.
    this.#reader.onError(reason)
  }
}

/** Tells listeners when a body is over, once. */
class WatchedSource implements BodySource, BodySink {
  readonly #source: BodySource
  readonly #listeners: readonly ((error: unknown) => void)[]
  #sink: BodySink | undefined
  #told = false

  constructor(source: BodySource, listeners: readonly ((error: unknown) => void)[]) {
    this.#source = source
    this.#listeners = listeners
  }

  get length(): number | undefined {
    return this.#source.length
  }

  open(sink: BodySink): void {
    this.#sink = sink
    this.#source.open(this)
  }

  pause(): void {
    this.#source.pause()
  }

  resume(): void {
    this.#source.resume()
  }

  cancel(reason: ProxyError): void {
    this.#source.cancel(reason)
    this.#tell(reason)
  }

  onChunk(chunk: Uint8Array): MemoryUse {
    return this.#sink?.onChunk(chunk)
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.#sink?.onEnd(trailers)
    this.#tell(undefined)
  }

  onError(error: unknown): void {
    this.#sink?.onError(error)
    this.#tell(error)
  }

  #tell(error: unknown): void {
    if (this.#told) return
    this.#told = true
    for (const listener of this.#listeners) listener(error)
  }
}
