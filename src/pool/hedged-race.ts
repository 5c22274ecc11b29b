import type { Timer } from '../core/clock.ts'
import type { ProxyErrorCode, Sent } from '../core/errors.ts'
import type { Abortable, Exchange } from '../core/exchange.ts'
import { ResponseMessage } from '../core/message.ts'
import type { CancellableTry } from './cancellable-try.ts'
import { drop } from './drop-response.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { HEDGE_LOST, type Hedger } from './hedger.ts'
import { isRefusal } from './refusal.ts'
import { further } from './tried-exchange.ts'

/** What a race needs of the one who makes attempts. */
export interface HedgedWork {
  /** Makes the second try; `undefined` where no endpoint is left for it, or it must not be. */
  another(delayMs: number): CancellableTry | undefined
  send(one: CancellableTry): Promise<ResponseMessage>
}

/** An endpoint, and why nothing was let through to it. */
interface Refused {
  readonly at: PoolEndpoint
  readonly code: ProxyErrorCode
}

/**
 * Two tries of one request, the second one after a delay. The first head of a response is taken, whatever its status, and the
 * other try is cancelled; a try that fails leaves the race to the other one. It has failed when both have.
 */
export class HedgedRace implements Abortable {
  readonly #exchange: Exchange
  readonly #hedger: Hedger
  readonly #work: HedgedWork
  readonly #delayMs: number
  readonly #startedAt: number
  readonly #tries: { readonly one: CancellableTry; readonly startedAt: number }[] = []
  #timer: Timer | undefined
  #running = 0
  #over = false
  #failure: unknown
  readonly #refused: Refused[] = []
  #resolve!: (response: ResponseMessage) => void
  #reject!: (error: Error) => void

  constructor(exchange: Exchange, hedger: Hedger, work: HedgedWork) {
    this.#exchange = exchange
    this.#hedger = hedger
    this.#work = work
    this.#delayMs = hedger.delayMs
    this.#startedAt = hedger.runtime.clock.now()
  }

  run(first: CancellableTry): Promise<ResponseMessage> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      if (this.#delayMs !== Number.POSITIVE_INFINITY) {
        this.#timer = this.#hedger.runtime.clock.setTimeout(() => this.#hedge(), this.#delayMs)
        this.#exchange.addAbortable(this)
      }
      this.#start(first)
    })
  }

  /** Whether there was a second try. */
  get hedged(): boolean {
    return this.#tries.length > 1
  }

  /** The endpoints whose filters let nothing through. */
  get refused(): readonly Refused[] {
    return this.#refused
  }

  /** How far the request has got, by the try that got furthest. */
  get sent(): Sent {
    return this.#tries.reduce<Sent>((furthest, { one }) => further(furthest, one.sent), 'none')
  }

  /** The exchange is given up. The tries are told too, and fail; a filter may take its time over that, the timer does not. */
  abort(): void {
    this.#timer?.clear()
  }

  sweep(): void {
    this.#timer?.clear()
  }

  #hedge(): void {
    let second: CancellableTry | undefined
    try {
      second = this.#work.another(this.#delayMs)
    } catch {
      // A balancer that throws does so at the next pick too, where the client hears of it. The first try goes on.
    }
    if (second !== undefined) this.#start(second)
  }

  #start(one: CancellableTry): void {
    this.#tries.push({ one, startedAt: this.#hedger.runtime.clock.now() })
    this.#running++
    this.#work.send(one).then(
      (response) => this.#answered(one, response),
      (error: unknown) => this.#failed(one, error),
    )
  }

  #answered(winner: CancellableTry, response: ResponseMessage): void {
    if (this.#over) {
      if (response instanceof ResponseMessage) drop(response)
      return
    }
    const now = this.#end()
    this.#hedger.answered(now - this.#startedAt)
    for (const { one, startedAt } of this.#tries) {
      if (one === winner || one.sent === 'response') continue
      if (this.#running > 1) this.#hedger.lost(one.at, now - startedAt)
    }
    for (const { one } of this.#tries) if (one !== winner) one.cancel(HEDGE_LOST)
    this.#exchange.origin.endpoint = winner.at
    this.#resolve(response)
  }

  #failed({ at }: CancellableTry, error: unknown): void {
    this.#running--
    if (isRefusal(error)) this.#refused.push({ at, code: error.code })
    // A try that was not let through shows less than one that was made.
    if (this.#failure === undefined || !isRefusal(error)) this.#failure = error
    if (this.#over || this.#running > 0) return
    this.#hedger.gaveUp(this.#end() - this.#startedAt)
    // Whatever a filter has thrown.
    this.#reject(this.#failure as Error)
  }

  /** Returns the time. */
  #end(): number {
    this.#over = true
    this.#timer?.clear()
    this.#exchange.removeAbortable(this)
    return this.#hedger.runtime.clock.now()
  }
}
