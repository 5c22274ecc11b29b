import type { BodySink, BodySource } from '../../core/body-source.ts'
import { ProxyError } from '../../core/errors.ts'
import type { HeaderList } from '../../core/headers.ts'
import { Base64Decoder } from './base64-decoder.ts'

/** The bytes behind a body of base64, as they come. What is no base64 fails with `request_malformed`. */
export class Base64Source implements BodySource, BodySink {
  readonly length = undefined
  readonly #source: BodySource
  readonly #decoder = new Base64Decoder()
  #sink: BodySink | undefined

  constructor(source: BodySource) {
    this.#source = source
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
    this.#sink = undefined
    this.#source.cancel(reason)
  }

  onChunk(chunk: Uint8Array): true {
    if (this.#sink === undefined) return true
    const bytes = this.#decoder.decode(chunk)
    if (bytes === undefined) this.#fail()
    else if (bytes.byteLength > 0) this.#sink.onChunk(bytes)
    // It was decoded into memory of our own.
    return true
  }

  onEnd(trailers: HeaderList | undefined): void {
    if (this.#decoder.whole) this.#sink?.onEnd(trailers)
    else this.#fail()
  }

  onError(error: unknown): void {
    this.#sink?.onError(error)
  }

  #fail(): void {
    const sink = this.#sink
    const error = new ProxyError('request_malformed', { detail: 'a body that is no base64' })
    this.#sink = undefined
    this.#source.cancel(error)
    sink?.onError(error)
  }
}
