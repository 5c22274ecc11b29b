import type { BodySource } from './body-source.ts'
import type { ProxyError } from './errors.ts'
import type { HeaderList } from './headers.ts'
import { log } from './log.ts'
import { RelayedSource } from './relayed-source.ts'

/** Tells listeners when a body is over, once. */
export class WatchedSource extends RelayedSource {
  readonly #listeners: readonly ((error: unknown) => void)[]
  #told = false

  constructor(source: BodySource, listeners: readonly ((error: unknown) => void)[]) {
    super(source)
    this.#listeners = listeners
  }

  override cancel(reason: ProxyError): void {
    super.cancel(reason)
    this.#tell(reason)
  }

  override onEnd(trailers: HeaderList | undefined): void {
    super.onEnd(trailers)
    this.#tell(undefined)
  }

  override onError(error: unknown): void {
    super.onError(error)
    this.#tell(error)
  }

  #tell(error: unknown): void {
    if (this.#told) return
    this.#told = true
    for (const listener of this.#listeners) {
      try {
        listener(error)
      } catch (thrown) {
        log.error('a body.onClose listener threw', thrown)
      }
    }
  }
}
