import type { Attribute } from './attribute.ts'
import type { Endpoint, EndpointPreference } from './balancer.ts'
import { type Clock, systemClock } from './clock.ts'
import type { DecisionRecord } from './decision-record.ts'
import { DecisionWriter } from './decision-writer.ts'
import { ProxyError } from './errors.ts'
import type { HeaderList } from './headers.ts'
import type { RequestMessage, ResponseMessage } from './message.ts'
import type { ForwardedConnection, TlsFacts } from './network.ts'
import { type Random, systemRandom } from './random.ts'
import type { Beside, CallOptions } from './side-call.ts'
import type { CallTarget } from './target.ts'

/** What a client says in clear text when it begins TLS that is passed on to a service. */
export interface ClientHello {
  /** The host name that it asks for (SNI), in lower case. Of an encrypted one (ECH), the outer. */
  readonly servername: string | undefined
  /** The application protocols that it offers (ALPN), the one preferred first. */
  readonly alpn: readonly string[]
}

/** Who sent the request. */
export interface Client {
  /** The client's address: the peer's own, or what trusted proxies say of it. */
  readonly address: string
  /** 0 when a trusted proxy did not say. */
  readonly port: number
  /** The other end of the connection itself; of the one that is carried on, where a trusted proxy spoke the PROXY protocol. */
  readonly peer: { readonly address: string; readonly port: number }
  /** Whether that peer is one of the listener's `trustedProxies`: what it says of a request is believed. */
  readonly peerTrusted: boolean
  /** The scheme that the client used, as far as is known. */
  readonly scheme: 'http' | 'https'
  /** The address that the client connected to, as far as is known. */
  readonly localAddress?: string | undefined
  /** The port that the client connected to. */
  readonly localPort: number
  /** Of the client's own connection; `undefined` where that has no TLS. */
  readonly tls: TlsFacts | undefined
  /** What a trusted proxy has said of the connection by the PROXY protocol; `undefined` where none did. */
  readonly proxyProtocol?: ForwardedConnection | undefined
  /** What it has asked for in TLS that is passed on to a service. Of `tcp()` alone. */
  readonly clientHello?: ClientHello | undefined
  /** @internal What to send on of forwarding fields. */
  readonly forwarding: Forwarding
}

/** @internal What earlier, trusted proxies said, to be continued. */
export interface Forwarding {
  readonly forwardedFor: string | undefined
  readonly forwarded: string | undefined
  readonly host: string | undefined
  readonly port: number | undefined
}

/** The client of requests that are made for no client: services are told of none. */
export const NOBODY: Client = {
  address: '',
  port: 0,
  peer: { address: '', port: 0 },
  peerTrusted: false,
  scheme: 'http',
  localPort: 0,
  tls: undefined,
  forwarding: { forwardedFor: undefined, forwarded: undefined, host: undefined, port: undefined },
}

/** The route that serves the exchange. */
export interface RouteInfo {
  readonly name: string
  /** The pattern of its path alone, such as `/users/:id`; of several, the one that has matched. */
  readonly path?: string
}

/** How an exchange ended. */
export interface Outcome {
  /** `completed`: the whole response was sent. `aborted`: the client left first. `failed`: the response broke off. */
  readonly result: 'completed' | 'aborted' | 'failed'
  /** The status that was sent; `undefined` when no head was. */
  readonly status: number | undefined
  /** Why it failed, or why the response is an error answer of the proxy's own. */
  readonly error: ProxyError | undefined
  /** From the request's head to the response's end. */
  readonly durationMs: number
  /** Bytes of the response body as they went to the client. */
  readonly bytesSent: number
  /** Bytes of the request body that came. */
  readonly bytesReceived: number
}

/** @internal Whoever runs an exchange: a listener's connection, or the testing kit. */
export interface ExchangeHost {
  readonly clock: Clock
  readonly random: Random
  /** What filters can have done beside the handler that they surround. */
  readonly beside: Beside
  inform(exchange: Exchange, status: number, headers: HeaderList): void
  makeId(): string
  /** The exchange was given up, and all who work for it were told. */
  aborted(exchange: Exchange, reason: ProxyError): void
  /** Ends the client's connection, of HTTP/2 its stream, with a reset. Left out where there is none. */
  breakOff?(exchange: Exchange, reason: ProxyError): void
  /** Told of what a listener threw. */
  report(exchange: Exchange, thrown: unknown): void
}

/** @internal One who is told when the exchange is given up. An object, so that the engine needs no closure. */
export interface Abortable {
  abort(reason: ProxyError): void
  /** The exchange is over: what was forgotten of this is released. */
  sweep?(): void
}

/**
 * One request and its response on their way through.
 *
 * It does not carry the response: that is what `next` returns. And when `await next(exchange)` ends, only the
 * head of the response is there; bytes still flow. What must happen at the very end belongs in `onComplete`.
 */
export class Exchange {
  /** The request. What a filter changes in it is what goes on. */
  readonly request: RequestMessage
  /** Who sent it: address, scheme, TLS. */
  readonly client: Client
  /** Values of the route's `:params`, decoded. */
  params: Readonly<Record<string, string>> = NO_PARAMS
  /** The route that serves it, once it was found. */
  route: RouteInfo | undefined = undefined
  /** The endpoint of the last attempt. */
  endpoint: Endpoint | undefined = undefined
  /** @internal How long its streams may be silent, where it is not as listener and pool have it: see `streamIdleTimeout`. */
  streamIdleMs: number | undefined = undefined
  /** @internal Which endpoint of a pool it is to have, where it is not all the same: see `sticky`. */
  preference: EndpointPreference | undefined = undefined
  /** Milliseconds on the engine's clock, when the head was complete. */
  readonly startedAt: number
  readonly #host: ExchangeHost
  #id: string | undefined
  #attributes: Map<Attribute<unknown>, unknown> | undefined
  #abortReason: ProxyError | undefined
  #abortable: Abortable | undefined
  #moreAbortables: Abortable[] | undefined
  #controller: AbortController | undefined
  #completeListeners: ((outcome: Outcome) => void)[] | undefined
  #outcome: Outcome | undefined
  #recording: DecisionWriter | undefined

  /** @internal */
  constructor(request: RequestMessage, client: Client, host: ExchangeHost, startedAt: number) {
    this.request = request
    this.client = client
    this.startedAt = startedAt
    this.#host = host
  }

  /** A unique id, made when it is first asked for. */
  get id(): string {
    this.#id ??= this.#host.makeId()
    return this.#id
  }

  /**
   * The engine's time: real when the proxy serves, virtual in a simulation. Filters that wait or measure take it from here,
   * so that they can be tested without waiting.
   */
  get clock(): Clock {
    return this.#host.clock
  }

  /** The engine's source of chance: seeded in a simulation. No source of secrets. */
  get random(): Random {
    return this.#host.random
  }

  /** @internal The client's exchange, of which this may be one attempt's view. */
  get origin(): Exchange {
    return this
  }

  /**
   * @internal Whether the response that is made for it may be dropped while the client's exchange goes on: then the end of
   * the one is not the end of the other.
   */
  get replaceable(): boolean {
    return false
  }

  /** The value that an earlier filter set under this key. */
  get<T>(key: Attribute<T>): T | undefined {
    return this.#attributes?.get(key) as T | undefined
  }

  /** Sets a value for later filters, and for `onComplete`. The key is made with `attribute`. */
  set<T>(key: Attribute<T>, value: T): void {
    this.#attributes ??= new Map()
    this.#attributes.set(key, value)
  }

  /**
   * Begins to record what the proxy decides for it, and why; or gives the record that was begun. Called in the request side of
   * an outermost filter it has everything; what was decided before the first call is missing. It is complete when `onComplete`
   * listeners are called. An exchange for which nobody calls it pays nothing.
   *
   * @example
   * const record = exchange.record()
   * exchange.onComplete(() => console.log(JSON.stringify(record)))
   */
  record(): DecisionRecord {
    const record = this.#recorded()
    record.withCandidates = true
    return record
  }

  /** @internal The same, for those who do not look at what there was to choose from: picks are without candidates. */
  recordWithoutCandidates(): DecisionRecord {
    return this.#recorded()
  }

  #recorded(): DecisionWriter {
    if (this.#recording === undefined) {
      this.#recording = new DecisionWriter(this)
      if (this.#outcome !== undefined) this.#recording.complete(this.#outcome)
    }
    return this.#recording
  }

  /** @internal For those who decide something; `undefined` unless someone wants a record. */
  get recording(): DecisionWriter | undefined {
    return this.#recording
  }

  /** Why the exchange was given up, if it was. */
  get abortReason(): ProxyError | undefined {
    return this.#abortReason
  }

  /** Calls when the client leaves or someone calls `abort`; at once if that has happened. */
  onAbort(listener: (reason: ProxyError) => void): void {
    this.addAbortable({ abort: listener })
  }

  /** An `AbortSignal` for `fetch` and the like, made when it is first asked for. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController()
      this.#controller = controller
      this.onAbort((reason) => controller.abort(reason))
    }
    return this.#controller.signal
  }

  /** Gives the exchange up: whatever is done for it is cancelled. Only the first reason counts. */
  abort(reason: ProxyError = new ProxyError('exchange_aborted')): void {
    if (this.#abortReason !== undefined || this.#outcome !== undefined) return
    this.#abortReason = reason
    const first = this.#abortable
    const more = this.#moreAbortables
    this.#abortable = undefined
    this.#moreAbortables = undefined
    if (first !== undefined) this.#tell(first, reason)
    if (more !== undefined) for (const abortable of more) this.#tell(abortable, reason)
    this.#host.aborted(this, reason)
  }

  /** @internal Gives the exchange up without an answer: the client's connection is reset, of HTTP/2 its stream. */
  breakOff(reason: ProxyError): void {
    if (this.#abortReason !== undefined || this.#outcome !== undefined) return
    this.#host.breakOff?.(this, reason)
    this.abort(reason)
  }

  /** One listener that throws must not keep the others from being told. */
  #tell(abortable: Abortable, reason: ProxyError): void {
    try {
      abortable.abort(reason)
    } catch (thrown) {
      this.#host.report(this, thrown)
    }
  }

  /** Calls exactly once, when the last byte has been sent or the exchange was given up. At once if it is over. */
  onComplete(listener: (outcome: Outcome) => void): void {
    if (this.#outcome !== undefined) listener(this.#outcome)
    else {
      this.#completeListeners ??= []
      this.#completeListeners.push(listener)
    }
  }

  /** Sends an interim (1xx) response to the client, where its HTTP version knows of such. */
  inform(status: number, headers: HeaderList): void {
    this.#host.inform(this, status, headers)
  }

  /**
   * Has this exchange answered by a target: a handler, or a pool that the filter has named with `withTargets`. What `next` is
   * for the handler that a filter surrounds, this is for any other.
   */
  answerFrom(target: CallTarget): Promise<ResponseMessage> | ResponseMessage {
    return (typeof target === 'function' ? target : this.beside.handlerOf(target))(this)
  }

  /**
   * Sends a request of the filter's own to a target, beside this exchange, and resolves with the head of the response: read its
   * body, or `discard()` it. It ends with the exchange, or past `timeoutMs`; a `detached` one goes on until it is through.
   *
   * @example
   * const answer = await exchange.call(sessions, new RequestMessage({ target: '/session', headers }), { timeoutMs: '2s' })
   *
   * @throws `ERR_OPTION_INVALID` for an option that is wrong. It rejects with a `ProxyError` where the call fails.
   */
  call(target: CallTarget, request: RequestMessage, options?: CallOptions): Promise<ResponseMessage> {
    return this.beside.call(this, target, request, options)
  }

  /** @internal */
  get beside(): Beside {
    return this.#host.beside
  }

  /** @internal Whether it has ended: nothing may be begun for it any more. */
  get over(): boolean {
    return this.#outcome !== undefined
  }

  /** @internal */
  addAbortable(abortable: Abortable): void {
    if (this.#abortReason !== undefined) abortable.abort(this.#abortReason)
    else if (this.#abortable === undefined) this.#abortable = abortable
    else {
      this.#moreAbortables ??= []
      this.#moreAbortables.push(abortable)
    }
  }

  /** @internal */
  removeAbortable(abortable: Abortable): void {
    if (this.#abortable === abortable) this.#abortable = undefined
    else if (this.#moreAbortables !== undefined) {
      const at = this.#moreAbortables.indexOf(abortable)
      if (at >= 0) this.#moreAbortables.splice(at, 1)
    }
  }

  /** @internal Ends the exchange. Returns what listeners threw. */
  complete(outcome: Outcome): unknown[] {
    const thrown: unknown[] = []
    if (this.#outcome !== undefined) return thrown
    this.#outcome = outcome
    const first = this.#abortable
    const more = this.#moreAbortables
    this.#abortable = undefined
    this.#moreAbortables = undefined
    first?.sweep?.()
    if (more !== undefined) for (const abortable of more) abortable.sweep?.()
    this.#recording?.complete(outcome)
    const listeners = this.#completeListeners
    this.#completeListeners = undefined
    if (listeners === undefined) return thrown
    for (const listener of listeners) {
      try {
        listener(outcome)
      } catch (error) {
        thrown.push(error)
      }
    }
    return thrown
  }
}

/**
 * An exchange as the filters of a pool see it: with a request of the attempt's own, so that one attempt's changes are not
 * seen by the next one. All else is the exchange's.
 */
export class AttemptExchange extends Exchange {
  readonly #root: Exchange

  /** @internal Without an endpoint, it is that of all attempts of a pool together. */
  constructor(root: Exchange, endpoint?: Endpoint) {
    super(root.request.copy(), root.client, NO_HOST, root.startedAt)
    this.#root = root
    this.params = root.params
    this.route = root.route
    this.streamIdleMs = root.streamIdleMs
    this.preference = root.preference
    if (endpoint === undefined) return
    this.endpoint = endpoint
    root.endpoint = endpoint
  }

  override get id(): string {
    return this.#root.id
  }

  override get clock(): Clock {
    return this.#root.clock
  }

  override get random(): Random {
    return this.#root.random
  }

  override get origin(): Exchange {
    return this.#root.origin
  }

  override get replaceable(): boolean {
    return true
  }

  override get<T>(key: Attribute<T>): T | undefined {
    return this.#root.get(key)
  }

  override set<T>(key: Attribute<T>, value: T): void {
    this.#root.set(key, value)
  }

  override get beside(): Beside {
    return this.#root.beside
  }

  override record(): DecisionRecord {
    return this.#root.record()
  }

  override recordWithoutCandidates(): DecisionRecord {
    return this.#root.recordWithoutCandidates()
  }

  override get recording(): DecisionWriter | undefined {
    return this.#root.recording
  }

  override get abortReason(): ProxyError | undefined {
    return this.#root.abortReason
  }

  override get over(): boolean {
    return this.#root.over
  }

  override get signal(): AbortSignal {
    return this.#root.signal
  }

  override abort(reason?: ProxyError): void {
    this.#root.abort(reason)
  }

  override breakOff(reason: ProxyError): void {
    this.#root.breakOff(reason)
  }

  override onComplete(listener: (outcome: Outcome) => void): void {
    this.#root.onComplete(listener)
  }

  override inform(status: number, headers: HeaderList): void {
    this.#root.inform(status, headers)
  }

  override addAbortable(abortable: Abortable): void {
    this.#root.addAbortable(abortable)
  }

  override removeAbortable(abortable: Abortable): void {
    this.#root.removeAbortable(abortable)
  }
}

/** Never asked: the attempt's exchange passes everything on. */
const NO_HOST: ExchangeHost = {
  clock: systemClock,
  random: systemRandom,
  get beside(): Beside {
    throw new TypeError('an attempt has its exchange asked')
  },
  inform: () => {},
  makeId: () => '',
  aborted: () => {},
  report: () => {},
}

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze(Object.create(null))
