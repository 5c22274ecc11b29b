import type { BodySink, BodySource } from './body-source.ts'
import type { ProxyError } from './errors.ts'
import type { HeaderList } from './headers.ts'
import type { SharedBody } from './shared-body.ts'

/** One of the readers of a body that is shared, with its own place and pace. */
export class SharedBodyReader implements BodySource {
  readonly shared = true
  readonly #body: SharedBody
  #sink: BodySink | undefined
  #paused = false
  #delivering = false
  #over = false
  #failure: ProxyError | undefined
  /** The number of the chunk that it reads next. */
  at = 0

  constructor(body: SharedBody) {
    this.#body = body
  }

  get length(): number | undefined {
    return this.#body.length
  }

  /** Whether it would take more now. */
  get wants(): boolean {
    return this.#sink !== undefined && !this.#paused
  }

  open(sink: BodySink): void {
    if (this.#failure !== undefined) sink.onError(this.#failure)
    if (this.#over) return
    this.#sink = sink
    this.deliver()
    this.#body.changed()
  }

  pause(): void {
    this.#paused = true
    if (!this.#delivering) this.#body.changed()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.deliver()
    this.#body.changed()
  }

  cancel(reason: ProxyError): void {
    if (this.#over) return
    this.#over = true
    this.#sink = undefined
    this.#body.leave(this, reason)
  }

  /** Gives its sink what is here. */
  deliver(): void {
    if (this.#delivering) return
    this.#delivering = true
    while (this.wants) {
      const chunk = this.#body.next(this)
      if (chunk === undefined) break
      this.#sink?.onChunk(chunk)
    }
    this.#delivering = false
    const end = this.#paused ? undefined : this.#body.endFor(this)
    if (end === undefined || this.#sink === undefined) return
    this.#finish(end.error, end.trailers?.clone())
  }

  fail(error: ProxyError): void {
    // It may not have been opened yet.
    if (this.#sink === undefined) this.#failure = error
    this.#finish(error, undefined)
  }

  #finish(error: unknown, trailers: HeaderList | undefined): void {
    const sink = this.#sink
    this.#over = true
    this.#sink = undefined
    this.#body.finished(this)
    if (error === undefined) sink?.onEnd(trailers)
    else sink?.onError(error)
  }
}
