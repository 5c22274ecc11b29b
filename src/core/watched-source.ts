import type { BodySink, BodySource } from './body-source.ts'
import type { ProxyError } from './errors.ts'
import type { HeaderList } from './headers.ts'
import type { MemoryUse } from './network.ts'

/** Tells listeners when a body is over, once. */
export class WatchedSource implements BodySource, BodySink {
  readonly #source: BodySource
  readonly #listeners: readonly ((error: unknown) => void)[]
  #sink: BodySink | undefined
  #told = false

  constructor(source: BodySource, listeners: readonly ((error: unknown) => void)[]) {
    this.#source = source
    this.#listeners = listeners
  }

  get length(): number | undefined {
    return this.#source.length
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
    this.#source.cancel(reason)
    this.#tell(reason)
  }

  onChunk(chunk: Uint8Array): MemoryUse {
    return this.#sink?.onChunk(chunk)
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.#sink?.onEnd(trailers)
    this.#tell(undefined)
  }

  onError(error: unknown): void {
    this.#sink?.onError(error)
    this.#tell(error)
  }

  #tell(error: unknown): void {
    if (this.#told) return
    this.#told = true
    for (const listener of this.#listeners) {
      try {
        listener(error)
      } catch (thrown) {
        console.error('gatewright: a body.onClose listener threw', thrown)
      }
    }
  }
}
