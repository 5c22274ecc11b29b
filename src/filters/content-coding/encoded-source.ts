import type { BodySource } from '../../core/body-source.ts'
import { ProxyError } from '../../core/errors.ts'
import type { HeaderList } from '../../core/headers.ts'
import type { MemoryUse } from '../../core/network.ts'
import { withoutDigests } from './changed-content.ts'
import type { Encoder } from './encoder.ts'
import type { OpenStreams } from './open-streams.ts'
import { ZlibSource, type ZlibStream } from './zlib-source.ts'

/**
 * Up to so many bytes, a body that comes in one piece is compressed at once: a stream and a thread cost 150 µs more than that,
 * and the event loop is held up for a third of a millisecond at most.
 */
export const AT_ONCE_BYTES = 16_384

/**
 * A body, compressed. One of unknown length may be a stream of events, of which each must leave when it comes: then everything
 * that is written is flushed.
 */
export class EncodedSource extends ZlibSource {
  readonly #encoder: Encoder
  readonly #streams: OpenStreams
  #atOnce = false
  protected readonly endsEmpty = true

  constructor(source: BodySource, encoder: Encoder, streams: OpenStreams) {
    super(source)
    this.#encoder = encoder
    this.#streams = streams
  }

  override onChunk(chunk: Uint8Array): MemoryUse {
    const size = chunk.byteLength
    if (size > AT_ONCE_BYTES || size !== this.source.length) return super.onChunk(chunk)
    this.#atOnce = true
    this.sink?.onChunk(this.#encoder.whole(chunk))
    return true
  }

  override onEnd(trailers: HeaderList | undefined): void {
    const kept = withoutDigests(trailers)
    if (this.#atOnce) this.sink?.onEnd(kept)
    else super.onEnd(kept)
  }

  protected makeStream(): ZlibStream {
    this.#streams.opened()
    return this.#encoder.stream(this.source.length === undefined)
  }

  protected closed(): void {
    this.#streams.closed()
  }

  protected produced(): void {}

  protected leftOver(): void {
    throw new Error('a compressor has ended before its input')
  }

  protected failure(error: unknown): ProxyError {
    return new ProxyError('internal_error', { detail: 'a body could not be compressed', cause: error })
  }
}
