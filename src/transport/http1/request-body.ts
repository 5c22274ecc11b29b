import type { BodySink, BodySource } from '../../core/body-source.ts'
import { ProxyError } from '../../core/errors.ts'
import type { HeaderList } from '../../core/headers.ts'

/** The connection that the body comes on. */
export interface RequestBodyOwner {
  /** Someone wants the body now. */
  bodyOpened(body: RequestBody): void
  bodyPaused(body: RequestBody): void
  bodyResumed(body: RequestBody): void
  /** Nobody wants the rest of it. */
  bodyCancelled(body: RequestBody): void
}

/** The body of the request that a connection is serving. */
export class RequestBody implements BodySource {
  readonly length: number | undefined
  readonly #owner: RequestBodyOwner
  #sink: BodySink | undefined
  #ended = false
  paused = false
  /** The client waits for our word before it sends. */
  continuePending: boolean

  constructor(owner: RequestBodyOwner, length: number | undefined, continuePending: boolean) {
    this.#owner = owner
    this.length = length
    this.continuePending = continuePending
  }

  /** Whether bytes that come have somewhere to go. */
  get flowing(): boolean {
    return this.#sink !== undefined && !this.#ended
  }

  open(sink: BodySink): void {
    if (this.#ended) return
    this.#sink = sink
    this.#owner.bodyOpened(this)
  }

  pause(): void {
    if (this.paused || this.#ended) return
    this.paused = true
    this.#owner.bodyPaused(this)
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.#owner.bodyResumed(this)
  }

  cancel(): void {
    this.#sink = undefined
    this.#owner.bodyCancelled(this)
    this.paused = false
  }

  push(chunk: Buffer): boolean | undefined {
    return this.#sink === undefined ? true : this.#sink.onChunk(chunk)
  }

  finish(trailers: HeaderList | undefined): void {
    this.#ended = true
    const sink = this.#sink
    this.#sink = undefined
    sink?.onEnd(trailers)
  }

  fail(error: ProxyError): void {
    if (this.#ended) return
    this.#ended = true
    const sink = this.#sink
    this.#sink = undefined
    sink?.onError(error)
  }

  /** The exchange is over; whoever still reads is told so. */
  drop(): void {
    this.fail(new ProxyError('exchange_aborted', { detail: 'the response was finished before the request' }))
  }
}
