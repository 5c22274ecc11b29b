import type { Timer } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import type { ResponseMessage } from '../core/message.ts'
import type { Runtime } from '../transport/runtime.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { PooledAttempt } from './pooled-attempt.ts'

/** An attempt that is cancelled when it has no response head in time, wherever it is: in a queue, connecting, sent. */
export class TimedAttempt extends PooledAttempt {
  readonly #timer: Timer

  constructor(
    exchange: Exchange,
    endpoint: PoolEndpoint,
    runtime: Runtime,
    limitMs: number,
    resolve: (response: ResponseMessage) => void,
    reject: (error: ProxyError) => void,
  ) {
    super(exchange, exchange.request, endpoint, runtime, resolve, reject)
    this.#timer = runtime.clock.setTimeout(() => {
      this.abort(new ProxyError('upstream_attempt_timeout', { sent: this.sent }))
    }, limitMs)
  }

  protected override responded(response: ResponseMessage): void {
    this.#timer.clear()
    super.responded(response)
  }

  protected override failed(error: ProxyError): void {
    this.#timer.clear()
    super.failed(error)
  }
}
