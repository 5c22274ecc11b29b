import type { BodySink, BodySource } from '../core/body-source.ts'
import type { ProxyError } from '../core/errors.ts'

/** The bytes of a web stream. One read is under way at a time, and none while paused. */
export class StreamSource implements BodySource {
  readonly length: number | undefined
  readonly #stream: ReadableStream<Uint8Array>
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  #sink: BodySink | undefined
  #paused = false
  #reading = false
  #over = false

  constructor(stream: ReadableStream<Uint8Array>, length: number | undefined) {
    this.#stream = stream
    this.length = length
  }

  open(sink: BodySink): void {
    if (this.#over) return
    this.#sink = sink
    try {
      this.#reader = this.#stream.getReader()
    } catch (thrown) {
      // Someone else has begun to read it meanwhile.
      this.#fail(thrown)
      return
    }
    void this.#read(this.#reader)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    if (this.#reader !== undefined) void this.#read(this.#reader)
  }

  cancel(reason: ProxyError): void {
    if (this.#over) return
    this.#over = true
    this.#sink = undefined
    const cancelled = (this.#reader ?? this.#stream).cancel(reason)
    // The consumer is gone, so there is nobody left to tell of a stream that fails over its end.
    cancelled.catch(() => {})
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    if (this.#reading) return
    this.#reading = true
    try {
      while (!this.#paused && !this.#over) {
        const { done, value } = await reader.read()
        if (this.#over) return
        if (done) {
          this.#over = true
          this.#sink?.onEnd(undefined)
          return
        }
        if (!(value instanceof Uint8Array))
          throw new TypeError(`the chunks of a body must be Uint8Array, got ${typeof value}`)
        if (value.byteLength > 0) this.#sink?.onChunk(value)
      }
    } catch (thrown) {
      this.#fail(thrown)
      reader.cancel(thrown).catch(() => {})
    } finally {
      this.#reading = false
    }
  }

  #fail(thrown: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#sink?.onError(thrown)
  }
}
