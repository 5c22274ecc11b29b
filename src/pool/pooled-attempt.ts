import type { Clock } from '../core/clock.ts'
import type { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import type { RequestMessage, ResponseMessage } from '../core/message.ts'
import { Attempt } from '../transport/attempt.ts'
import type { PoolEndpoint } from './endpoint.ts'

/** An attempt that holds a lease on an endpoint: it counts as in flight until its response body has ended. */
export class PooledAttempt extends Attempt {
  readonly #endpoint: PoolEndpoint
  readonly #clock: Clock
  readonly #startedAt: number
  readonly #resolve: (response: ResponseMessage) => void
  readonly #reject: (error: ProxyError) => void

  constructor(
    exchange: Exchange,
    request: RequestMessage,
    endpoint: PoolEndpoint,
    clock: Clock,
    resolve: (response: ResponseMessage) => void,
    reject: (error: ProxyError) => void,
  ) {
    super(exchange, request, endpoint.policy)
    this.#endpoint = endpoint
    this.#clock = clock
    this.#startedAt = clock.now()
    this.#resolve = resolve
    this.#reject = reject
    endpoint.inFlight++
    exchange.addAbortable(this)
  }

  protected responded(response: ResponseMessage): void {
    const now = this.#clock.now()
    this.#endpoint.observe(now - this.#startedAt, now)
    this.#resolve(response)
  }

  protected failed(error: ProxyError): void {
    this.#endpoint.inFlight--
    this.#count(error)
    this.#reject(error)
  }

  protected ended(error: ProxyError | undefined): void {
    this.#endpoint.inFlight--
    if (error === undefined) this.#endpoint.successes++
    else this.#count(error)
  }

  #count(error: ProxyError): void {
    // A client that leaves says nothing about the endpoint.
    if (error.side === 'upstream') this.#endpoint.failed(error.code)
  }
}
