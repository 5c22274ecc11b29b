import type { BodySink, BodySource } from './body-source.ts'
import { ProxyError } from './errors.ts'
import type { HeaderList } from './headers.ts'
import { type MemoryUse, SMALL_BYTES } from './network.ts'

interface Waiting {
  readonly resolve: (step: IteratorResult<Uint8Array>) => void
  readonly reject: (error: unknown) => void
}

/** Reads a source chunk by chunk. Holds at most what the source pushes before `pause` takes effect. */
export class ChunkReader implements BodySink, AsyncIterableIterator<Uint8Array> {
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
    const copied = chunk.byteLength <= SMALL_BYTES || this.#source.shared === true
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
