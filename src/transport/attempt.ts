import type { AttemptWriter } from '../core/attempt-writer.ts'
import { ProxyError, type Sent } from '../core/errors.ts'
import type { Abortable, Exchange } from '../core/exchange.ts'
import type { RequestMessage, ResponseMessage } from '../core/message.ts'
import type { OutgoingPolicy } from './outgoing-head.ts'

/** Whoever works for an attempt at the moment: a queue, a connection being made, a connection. */
export interface AttemptCarrier {
  /** Lets go of the attempt, which is over for a reason of its own. The carrier calls it no more. */
  cancelAttempt(attempt: Attempt, reason: ProxyError): void
  /** Whether work is left to do for the attempt, other than to say that it has ended. */
  worksFor(attempt: Attempt): boolean
}

/**
 * One try at one endpoint, as the transport sees it. It is told of exactly one of: a failure; or a response, and later
 * the end of that response's body.
 */
export abstract class Attempt implements Abortable {
  readonly exchange: Exchange
  request: RequestMessage
  readonly policy: OutgoingPolicy
  /** How far it got. */
  sent: Sent = 'none'
  /** What its connection speaks, once it has one. */
  httpVersion: '1.1' | '2' | undefined = undefined
  /** It met a connection that had gone stale, and takes only a new one now. */
  needsFreshConnection = false
  carrier: AttemptCarrier | undefined = undefined
  /** Told what becomes of it, where its exchange is recorded. */
  recording: AttemptWriter | undefined = undefined
  #over = false

  constructor(exchange: Exchange, request: RequestMessage, policy: OutgoingPolicy) {
    this.exchange = exchange
    this.request = request
    this.policy = policy
  }

  /** The response head is there, and its body can be read. */
  protected abstract responded(response: ResponseMessage): void
  /** It failed before there was a response. */
  protected abstract failed(error: ProxyError): void
  /** The connection has nothing more to do with it: the response is complete, or broke off. */
  protected abstract ended(error: ProxyError | undefined): void

  /** A connection was made for it, and TLS begins on that. */
  tlsBegan(): void {}

  /** The head of the request was sent, and its body follows as it comes: at the pace of the client, and of the endpoint. */
  bodyBegan(): void {}

  /** The last byte of such a body was given to the wire, and no response has come yet. */
  bodySent(): void {}

  succeed(response: ResponseMessage): void {
    if (!this.#over) this.responded(response)
  }

  fail(error: ProxyError): void {
    if (this.#over) return
    this.#over = true
    this.carrier = undefined
    this.exchange.removeAbortable(this)
    this.failed(error)
  }

  end(error: ProxyError | undefined): void {
    if (this.#over) return
    this.#over = true
    this.carrier = undefined
    this.exchange.removeAbortable(this)
    this.ended(error)
  }

  /** The exchange is over. An attempt whose response was dropped without a word must not keep its lease. */
  sweep(): void {
    if (this.carrier?.worksFor(this) === true)
      this.abort(
        new ProxyError('exchange_aborted', { detail: 'nobody has read the response', sent: this.sent }),
      )
  }

  /** Gives it up: the exchange is over, or another attempt has won. */
  abort(reason: ProxyError): void {
    if (this.#over) return
    const carrier = this.carrier
    const responded = this.sent === 'response'
    if (responded) this.end(reason)
    else this.fail(reason)
    carrier?.cancelAttempt(this, reason)
  }
}
