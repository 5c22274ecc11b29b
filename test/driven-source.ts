import type { BodySink, BodySource } from '../src/core/body-source.ts'
import type { ProxyError } from '../src/core/errors.ts'

/** A source that pushes what a test tells it to, and says whether it was asked to wait, or given up. */
export class DrivenSource implements BodySource {
  readonly length: number | undefined
  sink: BodySink | undefined
  paused = false
  cancelled: ProxyError | undefined

  constructor(length?: number) {
    this.length = length
  }

  open(sink: BodySink): void {
    this.sink = sink
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  cancel(reason: ProxyError): void {
    this.cancelled = reason
  }

  push(text: string): void {
    const bytes = Buffer.from(text)
    // What nobody holds may be read into again.
    if (this.sink!.onChunk(bytes) === true) bytes.fill(0)
  }
}
