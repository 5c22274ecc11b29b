import type { Clock } from '../core/clock.ts'
import { errorAnswer } from '../core/error-answer.ts'
import { ProxyError, toProxyError } from '../core/errors.ts'
import { type Client, Exchange, type ExchangeHost, type Outcome } from '../core/exchange.ts'
import { isPromise, noResponse } from '../core/handler.ts'
import type { HeaderList } from '../core/headers.ts'
import { type RequestMessage, ResponseMessage } from '../core/message.ts'
import type { Tunnel, TunnelEnd } from '../core/network.ts'
import { type Random, randomId } from '../core/random.ts'
import type { Beside } from '../core/side-call.ts'
import type { ListenerContext, Snapshot } from './listener-context.ts'

/** Where the responses of exchanges go, whatever the protocol. */
export interface ResponseChannel {
  /** Whether the body of a response is being sent. */
  readonly sending: boolean
  /** Sends a final response. What it throws before anything was sent is answered in its place. */
  send(response: ResponseMessage): void
  /** Sends the head that a tunnel follows, and gives what comes behind it to the tunnel. */
  join(response: ResponseMessage, tunnel: Tunnel): void
  /** Sends an interim response, if the client can take one now. */
  inform(status: number, headers: HeaderList): void
  /** What was sending has thrown: if nothing has gone out, another answer takes its place, else the response breaks off. */
  broke(thrown: unknown): void
  /** The exchange was given up, not for the client's sake, while its response is sent: the response breaks off. */
  cut(reason: ProxyError): void
  /** The same, before there was a response. An error answer follows. */
  givenUp(): void
  /** The exchange ends without an answer: the client sees a reset. */
  breakOff(reason: ProxyError): void
  /** A handler that took its time has ended, whether or not somebody still waited for that. */
  handlerEnded(): void
}

/**
 * The serving of exchanges, one at a time: runs the handler, and sees to it that each is answered, with an error if nothing
 * else comes, and completed exactly once.
 */
export class Serving implements ExchangeHost {
  readonly #channel: ResponseChannel
  readonly #context: ListenerContext
  #exchange: Exchange | undefined
  #snapshot: Snapshot | undefined
  #response: ResponseMessage | undefined
  #error: ProxyError | undefined
  #handling = false

  constructor(channel: ResponseChannel, context: ListenerContext) {
    this.#channel = channel
    this.#context = context
  }

  /** The one that is being served. */
  get exchange(): Exchange | undefined {
    return this.#exchange
  }

  /** What is being sent, or was. */
  get response(): ResponseMessage | undefined {
    return this.#response
  }

  /** What was answered with an error answer. */
  get error(): ProxyError | undefined {
    return this.#error
  }

  /** Whether a handler is at work, also one whose exchange is over. */
  get handling(): boolean {
    return this.#handling
  }

  /** In so long the body of the request must bring something. */
  get bodyIdleMs(): number {
    return this.#exchange?.streamIdleMs ?? this.#context.limits.bodyIdleMs
  }

  /** And at least so much for each second of it. */
  get minBodyBytesPerSecond(): number {
    return this.#exchange?.streamIdleMs === undefined ? this.#context.limits.minBodyBytesPerSecond : 0
  }

  get clock(): Clock {
    return this.#context.clock
  }

  get random(): Random {
    return this.#context.random
  }

  get beside(): Beside {
    return (this.#snapshot ?? this.#context.snapshot).beside
  }

  /** Has a request served by the snapshot of the moment. */
  begin(request: RequestMessage, client: Client): void {
    const { clock, snapshot } = this.#context
    const exchange = new Exchange(request, client, this, clock.now())
    this.#exchange = exchange
    this.#snapshot = snapshot
    this.#error = undefined
    snapshot.enter(exchange)
    try {
      const response = snapshot.handler(exchange)
      if (response instanceof ResponseMessage) this.#respond(response)
      else if (isPromise(response)) {
        this.#handling = true
        response.then(this.#onResponse, this.#onFailure)
      } else this.fail(noResponse(response))
    } catch (thrown) {
      this.#threwIn(exchange, thrown)
    }
  }

  // One exchange at a time has a promise under way, and none follows one that ended in another way; so these can be made
  // once.
  readonly #onResponse = (response: ResponseMessage): void => {
    this.#ended()
    if (this.#exchange === undefined || this.#response !== undefined) dropResponse(response)
    else this.#respond(response)
  }

  readonly #onFailure = (thrown: unknown): void => {
    this.#ended()
    // What was given up was answered when it was.
    if (this.#exchange !== undefined && this.#response === undefined && thrown !== this.#error)
      this.fail(thrown)
  }

  #ended(): void {
    if (!this.#handling) return
    this.#handling = false
    this.#channel.handlerEnded()
  }

  /** What is thrown after an exchange has ended must not be charged to the one that has begun since. */
  #threwIn(exchange: Exchange, thrown: unknown): void {
    if (this.#exchange !== exchange) this.report(exchange, thrown)
    else if (this.#channel.sending) this.#channel.broke(thrown)
    else this.fail(thrown)
  }

  /** The handler failed, or its response makes no sense: the client gets an error answer in its place. */
  fail(thrown: unknown): void {
    const error = toProxyError(thrown)
    if (this.#exchange === undefined) {
      this.report(undefined, error)
      return
    }
    this.#response = undefined
    if (this.#error !== undefined) {
      // It was the answer to an error that failed.
      this.#failTwice(error)
      return
    }
    this.#error = error
    if (error.code === 'internal_error') this.report(this.#exchange, error)
    let answer: ResponseMessage | Promise<ResponseMessage>
    try {
      answer = this.#snapshot!.answerError(error, this.#exchange)
    } catch (second) {
      this.#failTwice(second)
      return
    }
    if (answer instanceof ResponseMessage) this.#respond(answer)
    else answer.then(this.#onResponse, (second) => this.#failTwice(second))
  }

  /** The user's own error handler failed. */
  #failTwice(second: unknown): void {
    this.report(this.#exchange, second)
    if (this.#exchange !== undefined && this.#response === undefined)
      this.#respond(errorAnswer(new ProxyError('internal_error', { cause: second }), this.#exchange))
  }

  #respond(response: ResponseMessage): void {
    if (!(response instanceof ResponseMessage)) {
      this.fail(noResponse(response))
      return
    }
    const exchange = this.#exchange!
    this.#response = response
    this.#snapshot!.answered(exchange, response)
    try {
      if (response.tunnel !== undefined) this.#channel.join(response, response.tunnel)
      else if (response.status >= 200) this.#channel.send(response)
      else throw new TypeError('a handler must return a final response, or 101 with a tunnel')
    } catch (thrown) {
      this.#threwIn(exchange, thrown)
    }
  }

  // What the exchange asks of its host.

  inform(exchange: Exchange, status: number, headers: HeaderList): void {
    if (exchange !== this.#exchange || this.#response !== undefined) return
    if (status >= 102 && status <= 199) this.#channel.inform(status, headers)
  }

  aborted(exchange: Exchange, reason: ProxyError): void {
    if (exchange !== this.#exchange) return
    if (this.#response === undefined) {
      this.#channel.givenUp()
      this.fail(reason)
    } else if (this.#channel.sending) this.#channel.cut(reason)
  }

  breakOff(exchange: Exchange, reason: ProxyError): void {
    if (exchange === this.#exchange) this.#channel.breakOff(reason)
  }

  makeId(): string {
    return randomId(this.#context.random)
  }

  report(exchange: Exchange | undefined, thrown: unknown): void {
    const snapshot = this.#snapshot ?? this.#context.snapshot
    snapshot.report(toProxyError(thrown), exchange)
  }

  // Ends.

  /** The client was answered without the handler, because of something wrong with the request. */
  answered(response: ResponseMessage): void {
    this.#response = response
  }

  /** Whoever serves has nothing more to do with the exchange, for a reason that it is told: it is still to be completed. */
  abandon(reason: ProxyError): Exchange | undefined {
    const exchange = this.#exchange
    this.#exchange = undefined
    exchange?.abort(reason)
    return exchange
  }

  /** Ends the exchange: nothing more happens for it. */
  complete(
    exchange: Exchange,
    result: Outcome['result'],
    error: ProxyError | undefined,
    bytesSent: number,
    bytesReceived: number,
  ): void {
    const outcome: Outcome = {
      result,
      status: this.#response?.status,
      error,
      durationMs: this.#context.clock.now() - exchange.startedAt,
      bytesSent,
      bytesReceived,
    }
    const thrown = exchange.complete(outcome)
    for (const one of thrown) this.report(exchange, one)
    this.#snapshot?.leave(exchange, outcome)
    this.#snapshot = undefined
  }

  /** Ends the exchange when its tunnel is over. `closedFor`: why we have ended it ourselves, if we have. */
  completeTunnel(exchange: Exchange, end: TunnelEnd, closedFor: ProxyError | undefined): void {
    const { bytesUp, bytesDown, error } = end
    // The wires only tell what followed from that.
    const why = closedFor ?? error
    if (why?.code === 'internal_error') this.report(exchange, why)
    const result = why === undefined ? 'completed' : why.side === 'downstream' ? 'aborted' : 'failed'
    this.complete(exchange, result, why, bytesDown, bytesUp)
    this.clear()
  }

  /** Forgets the exchange that was completed, before another one begins. */
  clear(): void {
    this.#exchange = undefined
    this.#response = undefined
  }
}

export function dropResponse(response: ResponseMessage): void {
  if (!(response instanceof ResponseMessage)) return
  response.body.discard()
  response.tunnel?.abort()
}
