import type { Clock, Timer } from '../core/clock.ts'
import { ProxyError, type Sent } from '../core/errors.ts'
import type { Abortable, Exchange } from '../core/exchange.ts'
import { ResponseMessage } from '../core/message.ts'
import type { CancellableTry } from './cancellable-try.ts'
import type { DeadlineSettings } from './deadline-options.ts'
import { drop } from './drop-response.ts'
import { grpcTimeout } from './grpc-timeout.ts'
import { further } from './tried-exchange.ts'

/**
 * The time that is left to all attempts of one exchange. When it is over, each of them is cancelled and the client is
 * answered, also where a filter of the pool does not let go; what that one gives later is dropped.
 */
export class PendingDeadline implements Abortable {
  readonly #exchange: Exchange
  readonly #clock: Clock
  readonly #header: string | undefined
  readonly #expiresAt: number
  readonly #tries: CancellableTry[] = []
  #timer: Timer | undefined
  #reject: ((error: ProxyError) => void) | undefined
  #expired = false

  constructor(exchange: Exchange, { ms, header }: DeadlineSettings, clock: Clock) {
    this.#exchange = exchange
    this.#clock = clock
    this.#header = header
    this.#expiresAt = clock.now() + ms
    this.#timer = clock.setTimeout(() => this.#expire(), ms)
    exchange.addAbortable(this)
  }

  /** Whether nothing may be begun any more. */
  get expired(): boolean {
    return this.#expired
  }

  /** The result of `work`, if it is there in time. */
  guard(work: Promise<ResponseMessage>): Promise<ResponseMessage> {
    return new Promise((resolve, reject) => {
      this.#reject = reject
      work.then(
        (response) => {
          if (this.#expired) {
            if (response instanceof ResponseMessage) drop(response)
            return
          }
          this.#close()
          resolve(response)
        },
        (error: unknown) => {
          this.#close()
          // Not an error of ours alone: a filter may throw anything, and whoever called the pool names it.
          reject(error as Error)
        },
      )
    })
  }

  /** A try begins: it is told what is left, and is cancelled with the rest. */
  began(one: CancellableTry): void {
    this.#tries.push(one)
    if (this.#header === undefined) return
    const leftMs = Math.max(1, Math.floor(this.#expiresAt - this.#clock.now()))
    one.request.headers.set(this.#header, shown(this.#header, leftMs))
  }

  abort(): void {
    this.#timer?.clear()
  }

  sweep(): void {
    this.#timer?.clear()
  }

  #expire(): void {
    this.#expired = true
    this.#exchange.removeAbortable(this)
    const sent = this.#tries.reduce<Sent>((furthest, one) => further(furthest, one.sent), 'none')
    const error = new ProxyError('upstream_deadline', { sent })
    // Before the attempts are told, so that this is the answer and not what comes of that.
    this.#reject?.(error)
    for (const one of this.#tries) one.cancel(error)
  }

  #close(): void {
    this.#timer?.clear()
    this.#exchange.removeAbortable(this)
  }
}

function shown(header: string, ms: number): string {
  return header.toLowerCase() === 'grpc-timeout' ? grpcTimeout(ms) : String(ms)
}
