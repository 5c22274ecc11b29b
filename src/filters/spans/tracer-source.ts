import { type Tracer, type TracerProvider, trace } from '@opentelemetry/api'

const NAME = 'gatewright'

/** As the API's own provider is, until someone registers one. */
interface MaybeDelegating extends TracerProvider {
  getDelegateTracer?(name: string): Tracer | undefined
}

/** Finds out whether there is anyone to trace for: the user may register an SDK later than filters are made, and take it away. */
export class TracerSource {
  readonly #given: TracerProvider | undefined
  #provider: TracerProvider | undefined
  #tracer: Tracer | undefined

  constructor(given: TracerProvider | undefined) {
    this.#given = given
  }

  /** `undefined` while no SDK is registered. */
  get current(): Tracer | undefined {
    const provider: MaybeDelegating = this.#given ?? trace.getTracerProvider()
    if (provider === this.#provider && this.#tracer !== undefined) return this.#tracer
    this.#provider = provider
    this.#tracer =
      provider.getDelegateTracer === undefined ? provider.getTracer(NAME) : provider.getDelegateTracer(NAME)
    return this.#tracer
  }
}
