import { Body } from '../../core/body.ts'
import { ProxyError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Handler } from '../../core/handler.ts'
import type { HeaderList } from '../../core/headers.ts'
import { type RequestMessage, ResponseMessage } from '../../core/message.ts'
import { isShareable, variesBetween } from './shareable.ts'
import { SharedBody } from './shared-body.ts'

/** So long a call may take as whoever answers it lets it: pools have limits of their own, and nobody waits for nothing. */
const NO_LIMIT = '24d'

export interface FlightSettings {
  readonly bufferBytes: number
  readonly stallMs: number
  /** The fields that are compared before it comes to this, in lower case. */
  readonly keyFields: ReadonlySet<string>
}

interface Waiter {
  readonly exchange: Exchange
  readonly next: Handler
  readonly answer: PromiseWithResolvers<ResponseMessage>
}

/** One call for all who ask for the same, until the head of its response is there. */
export class Flight {
  readonly #settings: FlightSettings
  readonly #onLanded: () => void
  /** As it was sent. */
  readonly #request: RequestMessage
  readonly #waiters = new Set<Waiter>()
  #first: Waiter | undefined
  /** The exchange of the call itself. */
  #call: Exchange | undefined
  #landed = false

  constructor(first: Exchange, settings: FlightSettings, onLanded: () => void) {
    this.#request = first.request.copy()
    this.#settings = settings
    this.#onLanded = onLanded
  }

  /** Waits for the response. The first one has the call made. */
  join(exchange: Exchange, next: Handler): Promise<ResponseMessage> {
    const waiter: Waiter = { exchange, next, answer: Promise.withResolvers() }
    this.#waiters.add(waiter)
    exchange.onAbort((reason) => this.#leave(waiter, reason))
    // It may have been given up before it came here.
    if (this.#first === undefined && !this.#landed) {
      this.#first = waiter
      void this.#fly(exchange, next)
    }
    return waiter.answer.promise
  }

  async #fly(exchange: Exchange, next: Handler): Promise<void> {
    const handler: Handler = (call) => {
      this.#call = call
      call.streamIdleMs = exchange.streamIdleMs
      return next(call)
    }
    try {
      const response = await exchange.call(handler, this.#request.copy(), {
        detached: true,
        timeoutMs: NO_LIMIT,
      })
      this.#land()
      this.#share(response, exchange)
    } catch (thrown) {
      this.#land()
      for (const { answer } of this.#waiters) answer.reject(thrown)
    }
  }

  #land(): void {
    if (this.#landed) return
    this.#landed = true
    this.#onLanded()
  }

  /** The call goes on as long as one waits for it. */
  #leave(waiter: Waiter, reason: ProxyError): void {
    if (this.#landed || !this.#waiters.delete(waiter)) return
    waiter.answer.reject(reason)
    if (this.#waiters.size > 0) return
    this.#land()
    this.#call?.abort(new ProxyError('exchange_aborted', { detail: 'nobody waits for it any more' }))
  }

  #share(response: ResponseMessage, { clock }: Exchange): void {
    const served = this.#served(response)
    const { body, headers, status, reason } = response
    // Nobody waited for the response that came.
    if (served.length === 0) body.discard()
    else if (served.length === 1) this.#give(served[0]!, response)
    else {
      const { bytes } = body
      const { bufferBytes, stallMs } = this.#settings
      const shared =
        bytes === undefined ? new SharedBody(body.take(), { clock, bufferBytes, stallMs }) : undefined
      const bodies = served.map(() =>
        shared === undefined ? Body.from(bytes) : new Body(shared.reader()).fromUpstream(),
      )
      for (const [i, waiter] of served.entries())
        this.#give(waiter, new ResponseMessage(status, headers.clone(), bodies[i], reason))
    }
    // Each of the others asks for itself.
    for (const { answer, exchange, next } of this.#waiters) {
      if (exchange.abortReason === undefined) answer.resolve(callNext(next, exchange))
      else answer.reject(exchange.abortReason)
    }
  }

  #give(waiter: Waiter, response: ResponseMessage): void {
    this.#waiters.delete(waiter)
    waiter.exchange.endpoint = this.#call?.endpoint
    waiter.answer.resolve(response)
  }

  /** Whom the response is for: all whom it does not set apart, or the one whose request was sent. */
  #served(response: ResponseMessage): Waiter[] {
    const first = this.#first!
    const waiting = [...this.#waiters]
    if (!isShareable(response, this.#settings.bufferBytes)) return waiting.filter((it) => it === first)
    return waiting.filter(
      (it) => it === first || !this.#varies(response.headers, it.exchange.request.headers),
    )
  }

  #varies(response: HeaderList, other: HeaderList): boolean {
    return variesBetween(response.getAll('vary'), this.#request.headers, other, this.#settings.keyFields)
  }
}

/** What a handler throws at once is a failure as any other. */
async function callNext(next: Handler, exchange: Exchange): Promise<ResponseMessage> {
  return next(exchange)
}
