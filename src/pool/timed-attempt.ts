import type { Clock, Timer } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import type { ResponseMessage } from '../core/message.ts'
import type { OutgoingPolicy } from '../transport/outgoing-head.ts'
import type { Runtime } from '../transport/runtime.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { PooledAttempt } from './pooled-attempt.ts'

/**
 * An attempt that is cancelled when it takes too long, wherever it is: in a queue, connecting, sent. While a body comes from
 * the client, time stands still, since a slow client is no fault of the endpoint; behind its last byte it begins anew.
 * Envoy's `per_try_timeout` begins there too.
 */
export class TimedAttempt extends PooledAttempt {
  readonly #clock: Clock
  readonly #limitMs: number
  #timer: Timer

  constructor(
    exchange: Exchange,
    endpoint: PoolEndpoint,
    policy: OutgoingPolicy,
    runtime: Runtime,
    limitMs: number,
    resolve: (response: ResponseMessage) => void,
    reject: (error: ProxyError) => void,
  ) {
    super(exchange, exchange.request, endpoint, policy, runtime, resolve, reject)
    this.#clock = runtime.clock
    this.#limitMs = limitMs
    this.#timer = this.#begin()
  }

  override bodyBegan(): void {
    super.bodyBegan()
    this.#timer.clear()
  }

  override bodySent(): void {
    super.bodySent()
    this.#timer = this.#begin()
  }

  protected override responded(response: ResponseMessage): void {
    this.#timer.clear()
    super.responded(response)
  }

  protected override failed(error: ProxyError): void {
    this.#timer.clear()
    super.failed(error)
  }

  #begin(): Timer {
    return this.#clock.setTimeout(() => {
      this.abort(new ProxyError('upstream_attempt_timeout', { sent: this.sent }))
    }, this.#limitMs)
  }
}
