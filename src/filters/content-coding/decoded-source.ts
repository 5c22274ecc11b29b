import type { BodySource } from '../../core/body-source.ts'
import { ProxyError } from '../../core/errors.ts'
import type { HeaderList } from '../../core/headers.ts'
import type { MemoryUse } from '../../core/network.ts'
import { withoutDigests } from './changed-content.ts'
import type { Decoder } from './decoder.ts'
import type { OpenStreams } from './open-streams.ts'
import { ZlibSource, type ZlibStream } from './zlib-source.ts'

/** What may come of a body. */
export interface DecodedLimits {
  readonly maxBytes: number
  readonly maxRatio: number
}

/** Bytes that any body may expand to, whatever its ratio: short ones may well consist of the same byte. */
export const FREE_BYTES = 1_048_576
/** What is decoded at once, at most: longer input or output goes by a thread. */
const AT_ONCE_BYTES = 16_384
const AT_ONCE_OUTPUT_BYTES = 262_144
/** Each member of a body needs a new stream. So many are free; the others must have a kibibyte each on average. */
const FREE_MEMBERS = 64
const MEMBER_BYTES = 1_024

/** A body without one of its codings. What is broken off, no data of the coding, or too much is an error. */
export class DecodedSource extends ZlibSource {
  readonly #decoder: Decoder
  readonly #limits: DecodedLimits
  readonly #side: 'request' | 'response'
  readonly #streams: OpenStreams
  #bytes = 0
  /** Of the streams before this one. */
  #consumed = 0
  #members = 0
  #atOnce = false
  protected readonly endsEmpty = false

  constructor(
    source: BodySource,
    decoder: Decoder,
    limits: DecodedLimits,
    side: 'request' | 'response',
    streams: OpenStreams,
  ) {
    super(source)
    this.#decoder = decoder
    this.#limits = limits
    this.#side = side
    this.#streams = streams
  }

  override onChunk(chunk: Uint8Array): MemoryUse {
    const size = chunk.byteLength
    const whole = size <= AT_ONCE_BYTES && size === this.source.length
    return whole && this.sink !== undefined && this.#decodeAtOnce(chunk) ? true : super.onChunk(chunk)
  }

  override onEnd(trailers: HeaderList | undefined): void {
    const kept = withoutDigests(trailers)
    if (this.#atOnce) this.sink?.onEnd(kept)
    else super.onEnd(kept)
  }

  protected makeStream(): ZlibStream {
    this.#streams.opened()
    return this.#decoder.stream()
  }

  protected closed(): void {
    this.#streams.closed()
  }

  protected produced(bytes: Uint8Array, consumed: number): void {
    const { maxBytes, maxRatio } = this.#limits
    this.#bytes += bytes.byteLength
    if (this.#bytes > maxBytes) throw this.#tooLarge(`more than ${maxBytes} bytes without its coding`)
    if (this.#bytes > FREE_BYTES && this.#bytes > (this.#consumed + consumed) * maxRatio)
      throw this.#tooLarge(`more than ${maxRatio} times its size without its coding`)
  }

  protected leftOver(consumed: number): void {
    this.#consumed += consumed
    if (!this.#decoder.continues) throw this.#malformed('bytes behind its end')
    if (++this.#members > FREE_MEMBERS + this.#consumed / MEMBER_BYTES)
      throw this.#malformed('too many parts')
  }

  protected failure(error: unknown): ProxyError {
    return error instanceof ProxyError ? error : this.#malformed('broken off or corrupt', error)
  }

  /** `false` where it takes a stream. */
  #decodeAtOnce(chunk: Uint8Array): boolean {
    try {
      const { bytes, consumed } = this.#decoder.whole(chunk, AT_ONCE_OUTPUT_BYTES)
      if (consumed < chunk.byteLength) return false
      this.produced(bytes, consumed)
      this.#atOnce = true
      if (bytes.byteLength > 0) this.sink?.onChunk(bytes)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return false
      this.fail(error)
    }
    return true
  }

  #tooLarge(detail: string): ProxyError {
    const code = this.#side === 'request' ? 'request_body_too_large' : 'upstream_body_too_large'
    return new ProxyError(code, { detail })
  }

  #malformed(what: string, cause?: unknown): ProxyError {
    const code = this.#side === 'request' ? 'request_malformed' : 'upstream_response_malformed'
    return new ProxyError(code, { detail: `content in the coding ${this.#decoder.coding}: ${what}`, cause })
  }
}
