import type { BodySource } from './body-source.ts'
import type { MemoryUse } from './network.ts'
import { RelayedSource } from './relayed-source.ts'

/** Shows each chunk to someone before it is passed on. */
export class OverheardSource extends RelayedSource {
  readonly shared: boolean
  readonly #listener: (chunk: Uint8Array) => void

  constructor(source: BodySource, listener: (chunk: Uint8Array) => void) {
    super(source)
    this.shared = source.shared === true
    this.#listener = listener
  }

  override onChunk(chunk: Uint8Array): MemoryUse {
    this.#listener(chunk)
    return super.onChunk(chunk)
  }
}
