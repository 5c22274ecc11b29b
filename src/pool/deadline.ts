import type { Clock, Timer } from '../core/clock.ts'
import { ProxyError, type Sent } from '../core/errors.ts'
import type { Abortable, Exchange } from '../core/exchange.ts'
import { isGrpc } from '../core/grpc-call.ts'
import { ResponseMessage } from '../core/message.ts'
import type { CancellableTry } from './cancellable-try.ts'
import type { DeadlineSettings } from './deadline-options.ts'
import { drop } from './drop-response.ts'
import { grpcTimeout, grpcTimeoutMs } from './grpc-timeout.ts'
import { further } from './tried-exchange.ts'

/** The deadline of one exchange. */
export interface DeadlineOfCall {
  readonly ms: number
  readonly header: string | undefined
  /** Whether it is that of a call of gRPC, which ends with the last byte of the response. */
  readonly ofWholeCall: boolean
}

/** Longer than any timer, and than any call. */
const NONE_MS = 2 ** 31 - 1

/**
 * The deadline that an exchange has; `undefined` for none.
 *
 * @throws `request_malformed` for a `grpc-timeout` that is none, `upstream_deadline` where there is no time at all.
 */
export function deadlineOf(
  { request: { headers } }: Exchange,
  { ms, header, grpc }: DeadlineSettings,
): DeadlineOfCall | undefined {
  if (!grpc || !isGrpc(headers)) return ms < NONE_MS ? { ms, header, ofWholeCall: false } : undefined
  const least = Math.min(ms, grpcTimeoutMs(headers) ?? Number.POSITIVE_INFINITY)
  if (least <= 0) throw new ProxyError('upstream_deadline', { sent: 'none' })
  return least < NONE_MS ? { ms: least, header: 'grpc-timeout', ofWholeCall: true } : undefined
}

/**
 * The time that is left to all attempts of one exchange. When it is over, each of them is cancelled and the client is
 * answered, also where a filter of the pool does not let go; what that one gives later is dropped.
 */
export class PendingDeadline implements Abortable {
  readonly #exchange: Exchange
  readonly #clock: Clock
  readonly #header: string | undefined
  /** Whether it ends with the last byte of the response, not with its head. */
  readonly #ofWholeCall: boolean
  readonly #expiresAt: number
  readonly #tries: CancellableTry[] = []
  #timer: Timer | undefined
  #reject: ((error: ProxyError) => void) | undefined
  #expired = false

  constructor(exchange: Exchange, { ms, header, ofWholeCall }: DeadlineOfCall, clock: Clock) {
    this.#exchange = exchange
    this.#clock = clock
    this.#header = header
    this.#ofWholeCall = ofWholeCall
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
          // That of a whole call goes on until the exchange is over, and is swept with it.
          if (!this.#ofWholeCall) this.#close()
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
