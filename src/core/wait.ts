import type { Clock, Timer } from './clock.ts'
import { ProxyError } from './errors.ts'
import type { Abortable, Exchange } from './exchange.ts'

/** Waits, and gives up with the exchange: then it rejects, and no timer is left. */
export function wait(ms: number, exchange: Exchange, clock: Clock = exchange.clock): Promise<void> {
  return new Promise((resolve, reject) => {
    if (ms > 0) new Wait(ms, exchange, clock, resolve, reject)
    else resolve()
  })
}

class Wait implements Abortable {
  readonly #timer: Timer
  readonly #reject: (reason: ProxyError) => void

  constructor(
    ms: number,
    exchange: Exchange,
    clock: Clock,
    resolve: () => void,
    reject: (reason: ProxyError) => void,
  ) {
    this.#reject = reject
    this.#timer = clock.setTimeout(() => {
      exchange.removeAbortable(this)
      resolve()
    }, ms)
    exchange.addAbortable(this)
  }

  abort(reason: ProxyError): void {
    this.#timer.clear()
    this.#reject(reason)
  }

  sweep(): void {
    this.abort(new ProxyError('exchange_aborted', { detail: 'it is over' }))
  }
}
