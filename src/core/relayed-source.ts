import type { BodySink, BodySource } from './body-source.ts'
import type { ProxyError } from './errors.ts'
import type { HeaderList } from './headers.ts'
import type { MemoryUse } from './network.ts'

/** The source of a body on top of another one. Passes everything on as it is, but for what it does otherwise. */
export abstract class RelayedSource implements BodySource, BodySink {
  protected readonly source: BodySource
  /** Whoever reads; `undefined` before that, and when nobody does any more. */
  protected sink: BodySink | undefined

  constructor(source: BodySource) {
    this.source = source
  }

  get length(): number | undefined {
    return this.source.length
  }

  open(sink: BodySink): void {
    this.sink = sink
    this.source.open(this)
  }

  pause(): void {
    this.source.pause()
  }

  resume(): void {
    this.source.resume()
  }

  cancel(reason: ProxyError): void {
    this.sink = undefined
    this.source.cancel(reason)
  }

  onChunk(chunk: Uint8Array): MemoryUse {
    return this.sink?.onChunk(chunk)
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.sink?.onEnd(trailers)
  }

  onError(error: unknown): void {
    this.sink?.onError(error)
  }
}
