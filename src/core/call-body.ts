import type { BodySink, BodySource } from './body-source.ts'
import type { ProxyError } from './errors.ts'
import type { HeaderList } from './headers.ts'
import { RelayedSource } from './relayed-source.ts'

/**
 * The body of the answer to a call, which ends no later than the call: whoever reads it must be told, also where what answers
 * does not care that the call was given up.
 */
export class CallBody extends RelayedSource {
  readonly #ended: (error: unknown) => void
  #over = false
  #reason: ProxyError | undefined

  /** `ended` is called once. */
  constructor(source: BodySource, ended: (error: unknown) => void) {
    super(source)
    this.#ended = ended
  }

  /** The call is given up. */
  breakOff(reason: ProxyError): void {
    if (this.#over) return
    const { sink } = this
    this.#reason = reason
    this.cancel(reason)
    sink?.onError(reason)
  }

  override open(sink: BodySink): void {
    if (this.#reason === undefined) super.open(sink)
    else sink.onError(this.#reason)
  }

  override cancel(reason: ProxyError): void {
    super.cancel(reason)
    this.#end(reason)
  }

  override onEnd(trailers: HeaderList | undefined): void {
    super.onEnd(trailers)
    this.#end(undefined)
  }

  override onError(error: unknown): void {
    super.onError(error)
    this.#end(error)
  }

  #end(error: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#ended(error)
  }
}
