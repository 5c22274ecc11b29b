import type { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import type { HeaderList } from '../core/headers.ts'
import type { RequestMessage, ResponseMessage } from '../core/message.ts'
import type { ObservedAttempt } from '../core/observer.ts'
import { Attempt } from '../transport/attempt.ts'
import type { OutgoingPolicy } from '../transport/outgoing-head.ts'
import type { Runtime } from '../transport/runtime.ts'
import type { PoolEndpoint } from './endpoint.ts'

/** An attempt that holds a lease on an endpoint: it counts as in flight until its response body has ended. */
export class PooledAttempt extends Attempt implements ObservedAttempt {
  readonly endpoint: PoolEndpoint
  readonly #runtime: Runtime
  readonly startedAt: number
  respondedAt: number | undefined = undefined
  /** Since when the endpoint has had all of the request, as far as that is known; `undefined` while a client sends it. */
  #timedFrom: number | undefined
  /** Whether a response head came that says nothing bad of the endpoint. Known only where the pool ejects. */
  #goodHead = false
  readonly #resolve: (response: ResponseMessage) => void
  readonly #reject: (error: ProxyError) => void

  constructor(
    exchange: Exchange,
    request: RequestMessage,
    endpoint: PoolEndpoint,
    policy: OutgoingPolicy,
    runtime: Runtime,
    resolve: (response: ResponseMessage) => void,
    reject: (error: ProxyError) => void,
  ) {
    super(exchange, request, policy)
    this.endpoint = endpoint
    this.#runtime = runtime
    this.startedAt = runtime.clock.now()
    this.#timedFrom = this.startedAt
    this.#resolve = resolve
    this.#reject = reject
    this.recording = exchange.recording?.attempted(endpoint, this.startedAt)
    endpoint.inFlight++
    runtime.observer?.attemptBegan?.(this)
    exchange.addAbortable(this)
  }

  get origin(): Exchange {
    return this.exchange.origin
  }

  ownHeaders(): HeaderList {
    if (this.request === this.exchange.request) this.request = this.request.copy()
    return this.request.headers
  }

  override bodyBegan(): void {
    this.#timedFrom = undefined
  }

  override bodySent(): void {
    if (this.endpoint.watch !== undefined) this.#timedFrom = this.#runtime.clock.now()
  }

  protected responded(response: ResponseMessage): void {
    const { clock, observer } = this.#runtime
    const now = clock.now()
    this.endpoint.observe(now - this.startedAt, now)
    const { watch } = this.endpoint
    if (watch !== undefined) this.#goodHead = watch.responded(response, this.startedAt, this.#timedFrom)
    this.respondedAt = now
    this.recording?.responded(response.status, now)
    observer?.attemptResponded?.(this, response.status)
    this.#resolve(response)
  }

  protected failed(error: ProxyError): void {
    this.endpoint.inFlight--
    this.#count(error)
    this.recording?.failed(error, this.sent)
    this.#over(error)
    this.#reject(error)
  }

  protected ended(error: ProxyError | undefined): void {
    this.endpoint.inFlight--
    if (error === undefined) {
      this.endpoint.successes++
      if (this.#goodHead) this.endpoint.watch?.completed(this.startedAt)
    } else this.#count(error)
    if (error === undefined) this.recording?.completed()
    else this.recording?.failed(error, this.sent)
    this.#over(error)
  }

  #over(error: ProxyError | undefined): void {
    this.#runtime.observer?.attemptEnded?.(this, error)
    this.endpoint.drain?.attemptEnded()
  }

  #count(error: ProxyError): void {
    const { watch } = this.endpoint
    // A client that leaves says nothing about the endpoint, but that it had not answered yet.
    if (error.side !== 'upstream') {
      if (this.sent !== 'response') watch?.cancelled(this.startedAt, this.#timedFrom)
      return
    }
    this.endpoint.failed(error.code)
    // A response whose head was bad has been counted, however its body ends.
    if (this.sent !== 'response' || this.#goodHead)
      watch?.failed(error.code, this.#goodHead, this.startedAt, this.#timedFrom)
  }
}
