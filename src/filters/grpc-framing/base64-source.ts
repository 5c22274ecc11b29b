import { ProxyError } from '../../core/errors.ts'
import type { HeaderList } from '../../core/headers.ts'
import { RelayedSource } from '../../core/relayed-source.ts'
import { Base64Decoder } from './base64-decoder.ts'

/** The bytes behind a body of base64, as they come. What is no base64 fails with `request_malformed`. */
export class Base64Source extends RelayedSource {
  readonly #decoder = new Base64Decoder()

  override get length(): undefined {
    return undefined
  }

  override onChunk(chunk: Uint8Array): true {
    if (this.sink === undefined) return true
    const bytes = this.#decoder.decode(chunk)
    if (bytes === undefined) this.#fail()
    else if (bytes.byteLength > 0) this.sink.onChunk(bytes)
    // It was decoded into memory of our own.
    return true
  }

  override onEnd(trailers: HeaderList | undefined): void {
    if (this.#decoder.whole) this.sink?.onEnd(trailers)
    else this.#fail()
  }

  #fail(): void {
    const { sink } = this
    const error = new ProxyError('request_malformed', { detail: 'a body that is no base64' })
    this.cancel(error)
    sink?.onError(error)
  }
}
