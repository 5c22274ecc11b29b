import type { Attribute } from './attribute.ts'
import { Body } from './body.ts'
import { CallBody } from './call-body.ts'
import type { Clock } from './clock.ts'
import { ProxyError, toProxyError } from './errors.ts'
import { type Abortable, type Client, Exchange, type ExchangeHost, NOBODY, type Outcome } from './exchange.ts'
import { type Handler, noResponse } from './handler.ts'
import type { HeaderList } from './headers.ts'
import { type RequestMessage, ResponseMessage } from './message.ts'
import { type Duration, durationMs, knownOptions } from './options.ts'
import type { Random } from './random.ts'
import type { CallTarget } from './target.ts'

export interface CallOptions {
  /**
   * How long it may take, to the end of the response's body. Default 30 s; `Infinity` is as long as the target lets it. Past it,
   * it fails with `upstream_deadline`.
   */
  timeoutMs?: Duration
  /** Whether it goes on when the exchange is over: then it ends by itself, or with the proxy. Default false. */
  detached?: boolean
  /** Whether the service is told of the client (`X-Forwarded-For` and so on). Default true. */
  onBehalf?: boolean
  /** Whether interim (1xx) responses go to the client of the exchange that it was made for, until that is answered. Default false. */
  informs?: boolean
}

/** @internal What filters can have done beside the handler that they surround. */
export interface Beside {
  /** What a target is answered by. @throws TypeError for a pool or an address that nobody has named with `withTargets`. */
  handlerOf(target: CallTarget): Handler
  /** Sends a request of a filter's own. */
  call(
    parent: Exchange,
    target: CallTarget,
    request: RequestMessage,
    options?: CallOptions,
  ): Promise<ResponseMessage>
}

/** @internal Whoever has the targets, and is told of the calls that are under way. */
export interface CallKeeper {
  handlerOf(target: CallTarget): Handler
  /** A call begins. @throws ProxyError where none may begin any more. */
  callBegan(call: SideCall): void
  callEnded(call: SideCall): void
  /** Told of what a listener of a call threw. */
  report(error: ProxyError, exchange: Exchange | undefined): void
}

/** @internal Calls to the targets that someone keeps. */
export class SideCalls implements Beside {
  readonly #keeper: CallKeeper

  constructor(keeper: CallKeeper) {
    this.#keeper = keeper
  }

  handlerOf(target: CallTarget): Handler {
    return this.#keeper.handlerOf(target)
  }

  call(
    parent: Exchange,
    target: CallTarget,
    request: RequestMessage,
    options: CallOptions = {},
  ): Promise<ResponseMessage> {
    knownOptions('call', options, OPTIONS)
    const { timeoutMs = 30_000, detached = false, onBehalf = true, informs = false } = options
    const limitMs = durationMs('call', 'timeoutMs', timeoutMs, { min: 1, unlimited: true })
    const settings = { limitMs, detached, onBehalf, informs }
    const answer = new SideCall(parent, this, this.#keeper, request, settings).send(target)
    // A filter that does not look at it does not end the process.
    answer.catch(() => {})
    return answer
  }
}

/** @internal Of exchanges whose filters are run alone, or not at all: only handlers can be called. */
export const handlersBeside: Beside = new SideCalls({
  handlerOf(target) {
    if (typeof target === 'function') return target
    throw new TypeError('only a running proxy knows pools and addresses: give a handler in their place')
  },
  callBegan: () => {},
  callEnded: () => {},
  report(error) {
    throw error
  },
})

const OPTIONS = ['timeoutMs', 'detached', 'onBehalf', 'informs'] satisfies (keyof CallOptions)[]

interface CallSettings {
  readonly limitMs: number
  readonly detached: boolean
  readonly onBehalf: boolean
  readonly informs: boolean
}

/**
 * One request of a filter's own, from its begin to the end of the response's body. It is an exchange like any other, but that
 * nobody's connection has it: so it is told itself when it is given up, and has its own limit in time.
 */
export class SideCall implements ExchangeHost, Abortable {
  readonly beside: Beside
  readonly #keeper: CallKeeper
  readonly #parent: Exchange
  readonly #exchange: Exchange
  readonly #settings: CallSettings
  readonly #head = Promise.withResolvers<ResponseMessage>()
  #status: number | undefined
  #body: CallBody | undefined

  constructor(
    parent: Exchange,
    beside: Beside,
    keeper: CallKeeper,
    request: RequestMessage,
    settings: CallSettings,
  ) {
    this.#parent = parent
    this.beside = beside
    this.#keeper = keeper
    this.#settings = settings
    const client = settings.onBehalf ? clientOf(parent) : NOBODY
    this.#exchange = new SideExchange(parent, request, client, this, this.clock.now())
  }

  get clock(): Clock {
    return this.#parent.clock
  }

  get random(): Random {
    return this.#parent.random
  }

  /** Resolves with the head of the response. Whoever takes that reads its body, or discards it. */
  send(target: CallTarget): Promise<ResponseMessage> {
    const parent = this.#parent
    const { detached, limitMs } = this.#settings
    if (!detached && (parent.abortReason !== undefined || parent.over))
      return Promise.reject(
        parent.abortReason ?? new ProxyError('exchange_aborted', { detail: 'it is over' }),
      )
    let handler: Handler
    try {
      handler = this.#keeper.handlerOf(target)
      this.#keeper.callBegan(this)
    } catch (error) {
      return Promise.reject(error)
    }
    const timer =
      limitMs === Number.POSITIVE_INFINITY
        ? undefined
        : this.clock.setTimeout(
            () => this.#exchange.abort(new ProxyError('upstream_deadline', { detail: `${limitMs} ms` })),
            limitMs,
          )
    this.#exchange.onComplete(() => {
      timer?.clear()
      parent.removeAbortable(this)
      this.#keeper.callEnded(this)
    })
    if (!detached) parent.addAbortable(this)
    void this.#answer(handler)
    return this.#head.promise
  }

  async #answer(handler: Handler): Promise<void> {
    try {
      const response: unknown = await handler(this.#exchange)
      if (!(response instanceof ResponseMessage)) throw noResponse(response)
      this.#responded(response)
    } catch (thrown) {
      this.#end(toProxyError(thrown))
      this.#head.reject(thrown)
    }
  }

  #responded(response: ResponseMessage): void {
    const { body, tunnel } = response
    if (tunnel !== undefined || this.#exchange.over) {
      tunnel?.abort()
      body.discard()
      if (tunnel !== undefined) throw new ProxyError('upstream_upgrade_failed')
      return
    }
    this.#status = response.status
    if (body.bytes === undefined) {
      this.#body = new CallBody(body.take(), (error) =>
        this.#end(error === undefined ? undefined : toProxyError(error)),
      )
      response.body = new Body(this.#body).fromUpstream()
    } else this.#end(undefined)
    this.#head.resolve(response)
  }

  #end(error: ProxyError | undefined): void {
    const { abortReason, request } = this.#exchange
    if (!request.body.used) request.body.discard()
    const outcome: Outcome = {
      result: error === undefined ? 'completed' : abortReason === undefined ? 'failed' : 'aborted',
      status: this.#status,
      error,
      durationMs: this.clock.now() - this.#exchange.startedAt,
      bytesSent: 0,
      bytesReceived: 0,
    }
    for (const thrown of this.#exchange.complete(outcome)) this.report(this.#exchange, thrown)
  }

  /** The exchange that it was made for was given up, or the proxy is closed. */
  abort(reason: ProxyError): void {
    this.#exchange.abort(reason)
  }

  /** The exchange that it was made for is over. */
  sweep(): void {
    this.#exchange.abort(new ProxyError('exchange_aborted', { detail: 'what it was asked for is over' }))
  }

  // What its exchange asks of its host.

  aborted(_: Exchange, reason: ProxyError): void {
    this.#head.reject(reason)
    this.#end(reason)
    this.#body?.breakOff(reason)
  }

  inform(_: Exchange, status: number, headers: HeaderList): void {
    if (this.#settings.informs) this.#parent.inform(status, headers)
  }

  makeId(): string {
    return this.#parent.id
  }

  report(exchange: Exchange, thrown: unknown): void {
    this.#keeper.report(toProxyError(thrown), exchange)
  }
}

/** The client, with the host that it asked for: that of the call's own request is the service's. */
function clientOf({ client, request }: Exchange): Client {
  const host = client.forwarding.host ?? (request.host === '' ? undefined : request.host)
  return { ...client, forwarding: { ...client.forwarding, host } }
}

/** It knows what filters have found out of the exchange that it was made for; what it is told itself, that one does not know. */
class SideExchange extends Exchange {
  readonly #parent: Exchange

  constructor(
    parent: Exchange,
    request: RequestMessage,
    client: Exchange['client'],
    host: ExchangeHost,
    startedAt: number,
  ) {
    super(request, client, host, startedAt)
    this.#parent = parent
    this.route = parent.route
    this.params = parent.params
  }

  override get<T>(key: Attribute<T>): T | undefined {
    return super.get(key) ?? this.#parent.get(key)
  }
}
