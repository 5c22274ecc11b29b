import type { BodySource } from '../../core/body-source.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { MemoryUse } from '../../core/network.ts'
import { RelayedSource } from '../../core/relayed-source.ts'

/** Gives up as soon as more has come than may. */
export class LimitedSource extends RelayedSource {
  readonly #tooLarge: () => ProxyError
  #left: number

  constructor(source: BodySource, maxBytes: number, tooLarge: () => ProxyError) {
    super(source)
    this.#left = maxBytes
    this.#tooLarge = tooLarge
  }

  override onChunk(chunk: Uint8Array): MemoryUse {
    this.#left -= chunk.byteLength
    if (this.#left >= 0) return super.onChunk(chunk)
    const { sink } = this
    const error = this.#tooLarge()
    this.cancel(error)
    sink?.onError(error)
    return true
  }
}
