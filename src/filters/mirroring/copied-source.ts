import type { BodySource } from '../../core/body-source.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { HeaderList } from '../../core/headers.ts'
import type { MemoryUse } from '../../core/network.ts'
import { RelayedSource } from '../../core/relayed-source.ts'

/** A body that passes by, of which a copy is kept up to a limit. Tells once, of the whole, or of nothing where there is no whole. */
export class CopiedSource extends RelayedSource {
  readonly #maxBytes: number
  readonly #told: (copy: Buffer | undefined) => void
  #chunks: Buffer[] | undefined = []
  #bytes = 0

  constructor(source: BodySource, maxBytes: number, told: (copy: Buffer | undefined) => void) {
    super(source)
    this.#maxBytes = maxBytes
    this.#told = told
  }

  override cancel(reason: ProxyError): void {
    super.cancel(reason)
    this.#tell(false)
  }

  override onChunk(chunk: Uint8Array): MemoryUse {
    if (this.#chunks !== undefined) {
      this.#bytes += chunk.byteLength
      if (this.#bytes > this.#maxBytes) this.#tell(false)
      else this.#chunks.push(Buffer.from(chunk))
    }
    return super.onChunk(chunk)
  }

  override onEnd(trailers: HeaderList | undefined): void {
    super.onEnd(trailers)
    this.#tell(true)
  }

  override onError(error: unknown): void {
    super.onError(error)
    this.#tell(false)
  }

  #tell(whole: boolean): void {
    const chunks = this.#chunks
    if (chunks === undefined) return
    this.#chunks = undefined
    this.#told(whole ? Buffer.concat(chunks, this.#bytes) : undefined)
  }
}
