import type { Transform } from 'node:stream'
import type { BodySink } from '../../core/body-source.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { HeaderList } from '../../core/headers.ts'
import { type MemoryUse, SMALL_BYTES } from '../../core/network.ts'
import { RelayedSource } from '../../core/relayed-source.ts'

/** What zlib's streams have in common. */
export interface ZlibStream extends Transform {
  /** Bytes that the engine has taken. */
  readonly bytesWritten: number
}

/** Bytes that wait while the engine is busy. At so many the source is paused; what it had pushed by then is kept too. */
export const QUEUE_BYTES = 65_536

/**
 * The bytes of a body on their way through a stream of zlib. One write is under way at a time, in a thread of Node's pool;
 * what comes meanwhile waits, and goes with the next one together. Nothing is read ahead for a reader that pauses.
 *
 * The stream is made for the first bytes, and closed in each end: after the last byte, an error, or when nobody reads any more.
 */
export abstract class ZlibSource extends RelayedSource {
  #stream: ZlibStream | undefined
  /** What the stream was given. */
  #given = 0
  #last: Uint8Array = NO_BYTES
  #queue: Uint8Array[] = []
  #queued = 0
  #busy = false
  #paused = false
  #ended = false
  #trailers: HeaderList | undefined

  protected abstract makeStream(): ZlibStream

  /** Bytes that have come out. Throws where there must be no more. */
  protected abstract produced(bytes: Uint8Array, consumed: number): void

  /** The stream has ended by itself and left something over. Throws where nothing may follow; else a new stream reads on. */
  protected abstract leftOver(consumed: number): void

  /** What is wrong, in terms of the proxy. */
  protected abstract failure(error: unknown): ProxyError

  /** A stream that `makeStream` has made is closed. */
  protected abstract closed(): void

  /** Whether a source that brought nothing at all needs a stream too, to be ended. */
  protected abstract readonly endsEmpty: boolean

  override get length(): number | undefined {
    return undefined
  }

  override open(sink: BodySink): void {
    this.sink = sink
    this.source.open(this)
  }

  override pause(): void {
    this.#paused = true
    this.#stream?.pause()
    this.source.pause()
  }

  override resume(): void {
    this.#paused = false
    this.#stream?.resume()
    this.#readOn()
  }

  override cancel(reason: ProxyError): void {
    this.#close()
    this.#queue = []
    super.cancel(reason)
  }

  override onChunk(chunk: Uint8Array): MemoryUse {
    if (this.sink === undefined) return true
    const copied = chunk.byteLength <= SMALL_BYTES
    this.#enqueue(copied ? Buffer.from(chunk) : chunk)
    if (this.#queued >= QUEUE_BYTES) this.source.pause()
    this.#next()
    return copied ? true : undefined
  }

  override onEnd(trailers: HeaderList | undefined): void {
    this.#ended = true
    this.#trailers = trailers
    this.#next()
  }

  override onError(error: unknown): void {
    const { sink } = this
    this.#close()
    this.sink = undefined
    sink?.onError(error)
  }

  protected fail(error: unknown): void {
    const { sink } = this
    if (sink === undefined) return
    const reason = this.failure(error)
    this.cancel(reason)
    sink.onError(reason)
  }

  #enqueue(bytes: Uint8Array): void {
    this.#queue.push(bytes)
    this.#queued += bytes.byteLength
  }

  /** Gives the stream what waits for it. */
  #next(): void {
    if (this.#busy || this.sink === undefined) return
    if (this.#queue.length > 0) {
      const bytes = this.#queue.length === 1 ? this.#queue[0]! : Buffer.concat(this.#queue, this.#queued)
      this.#queue = []
      this.#queued = 0
      this.#busy = true
      this.#given += bytes.byteLength
      this.#last = bytes
      const stream = this.#open()
      stream.write(bytes, () => {
        // One that left something over has ended, and is about to say so.
        if (stream !== this.#stream || stream.bytesWritten < this.#given) return
        this.#busy = false
        this.#next()
      })
      this.#readOn()
    } else if (!this.#ended) this.#readOn()
    else if (this.#stream === undefined && !this.endsEmpty) this.#finish()
    else {
      this.#busy = true
      this.#open().end()
    }
  }

  #readOn(): void {
    if (!this.#paused && !this.#ended && this.sink !== undefined && this.#queued < QUEUE_BYTES)
      this.source.resume()
  }

  #open(): ZlibStream {
    if (this.#stream !== undefined) return this.#stream
    const stream = this.makeStream()
    this.#stream = stream
    stream.on('data', (bytes: Uint8Array) => {
      if (stream === this.#stream) this.#give(stream, bytes)
    })
    stream.on('end', () => {
      if (stream === this.#stream) this.#streamEnded(stream)
    })
    stream.on('error', (error) => {
      if (stream === this.#stream) this.fail(error)
    })
    if (this.#paused) stream.pause()
    return stream
  }

  #give(stream: ZlibStream, bytes: Uint8Array): void {
    try {
      this.produced(bytes, stream.bytesWritten)
    } catch (error) {
      this.fail(error)
      return
    }
    this.sink?.onChunk(bytes)
  }

  #streamEnded(stream: ZlibStream): void {
    const left = this.#given - stream.bytesWritten
    if (left === 0) {
      this.#finish()
      return
    }
    try {
      this.leftOver(stream.bytesWritten)
    } catch (error) {
      this.fail(error)
      return
    }
    const rest = this.#last.subarray(this.#last.byteLength - left)
    this.#close()
    this.#queue.unshift(rest)
    this.#queued += rest.byteLength
    this.#next()
  }

  #finish(): void {
    const { sink } = this
    this.#close()
    this.sink = undefined
    sink?.onEnd(this.#trailers)
  }

  #close(): void {
    const stream = this.#stream
    this.#given = 0
    this.#busy = false
    if (stream === undefined) return
    this.#stream = undefined
    stream.destroy()
    this.closed()
  }
}

const NO_BYTES = new Uint8Array(0)
