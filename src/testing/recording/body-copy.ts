import { Body } from '../../core/body.ts'
import type { BodySink, BodySource } from '../../core/body-source.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { HeaderList } from '../../core/headers.ts'
import type { MemoryUse } from '../../core/network.ts'

/** How a body ended: whole, without an error, or broken off. */
interface BodyEnd {
  readonly error: unknown
}

/**
 * Keeps a copy of a body while it goes by. Nothing is held up, read ahead or read that would not have been read, and a body
 * that is all there already is not touched at all.
 */
export class BodyCopy implements BodySource, BodySink {
  /** What takes the place of the body that is copied. */
  readonly body: Body
  readonly length: number | undefined
  readonly #original: Body
  readonly #maxBytes: number
  #onOver: ((error: unknown) => void) | undefined
  #source: BodySource | undefined
  #sink: BodySink | undefined
  #chunks: Uint8Array[] = []
  #size = 0
  #end: BodyEnd | undefined
  #trailers: HeaderList | undefined

  constructor(original: Body, maxBytes: number) {
    this.#original = original
    this.#maxBytes = maxBytes
    this.length = original.length
    const { bytes } = original
    if (bytes === undefined) {
      this.body = new Body(this)
      return
    }
    this.body = original
    this.#keep(bytes)
    this.#over({ error: undefined })
  }

  /** What came so far; `undefined` when that is more than the limit. */
  get bytes(): Buffer | undefined {
    return this.#size > this.#maxBytes ? undefined : Buffer.concat(this.#chunks, this.#size)
  }

  /** Whether all of it has gone by. */
  get whole(): boolean {
    return this.#end !== undefined && this.#end.error === undefined
  }

  get trailers(): HeaderList | undefined {
    return this.#trailers
  }

  /** Calls once when it has ended; at once when it has already. */
  whenOver(listener: (error: unknown) => void): void {
    if (this.#end === undefined) this.#onOver = listener
    else listener(this.#end.error)
  }

  open(sink: BodySink): void {
    this.#sink = sink
    this.#taken().open(this)
  }

  pause(): void {
    this.#taken().pause()
  }

  resume(): void {
    this.#taken().resume()
  }

  cancel(reason: ProxyError): void {
    this.#over({ error: reason })
    this.#taken().cancel(reason)
  }

  onChunk(chunk: Uint8Array): MemoryUse {
    // A copy: the memory of the chunk is read into again.
    this.#keep(chunk)
    return this.#sink?.onChunk(chunk)
  }

  // The copy is whole before the reader is told of the end, which may be the end of the exchange.

  onEnd(trailers: HeaderList | undefined): void {
    this.#trailers = trailers
    this.#over({ error: undefined })
    this.#sink?.onEnd(trailers)
  }

  onError(error: unknown): void {
    this.#over({ error })
    this.#sink?.onError(error)
  }

  /** Not before it is needed: the body of an attempt that failed to connect is still there for the next one. */
  #taken(): BodySource {
    this.#source ??= this.#original.take()
    return this.#source
  }

  #keep(chunk: Uint8Array): void {
    this.#size += chunk.byteLength
    if (this.#size <= this.#maxBytes) this.#chunks.push(Buffer.from(chunk))
    else this.#chunks = []
  }

  #over(end: BodyEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#onOver?.(end.error)
  }
}
