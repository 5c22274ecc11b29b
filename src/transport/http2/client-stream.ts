import { Body } from '../../core/body.ts'
import { EMPTY } from '../../core/body-source.ts'
import { ProxyError, type ProxyErrorCode, toProxyError } from '../../core/errors.ts'
import { FieldKind } from '../../core/field-name.ts'
import { HeaderList } from '../../core/headers.ts'
import { ResponseMessage } from '../../core/message.ts'
import type { MemoryUse } from '../../core/network.ts'
import { isWebSocket } from '../../core/upgrade.ts'
import type { Attempt, AttemptCarrier } from '../attempt.ts'
import { outgoingRequestFraming, responseHasNoBody } from '../framing.ts'
import { REQUEST_DROPPED } from '../http1/head-writer.ts'
import { outgoingHost, writeProxyFields } from '../outgoing-head.ts'
import { WireTunnel } from '../tunnel.ts'
import type { SendAgain } from '../upstream-connection.ts'
import { acceptOf } from '../websocket-handshake.ts'
import type { Http2ClientConnection } from './client-connection.ts'
import { ErrorCode, Http2Fault } from './error-codes.ts'
import type { FieldBlock } from './field-block.ts'
import { declaredLength, responseFlaw } from './message-rules.ts'
import { Http2Stream } from './stream.ts'
import { StreamWire } from './stream-wire.ts'

/** Interim responses to one request; more are an attack or a mistake. */
const MAX_INTERIM = 16
/** What never goes on from a request as it came, over HTTP/2. */
const DROPPED = REQUEST_DROPPED | FieldKind.handshake

/**
 * - `head`: the request is on its way, and its response head has not come.
 * - `body`: the response body is coming.
 * - `tunnel`: the stream belongs to a tunnel.
 * - `over`: nothing more is to be said of it.
 */
type Phase = 'head' | 'body' | 'tunnel' | 'over'

/** One attempt, as a stream of a connection to an endpoint. */
export class Http2ClientStream extends Http2Stream implements AttemptCarrier {
  readonly #client: Http2ClientConnection
  readonly #scheme: 'http' | 'https'
  /** What it asks to make a tunnel for (RFC 8441). */
  readonly #protocol: string | undefined
  readonly #startedAt: number
  readonly #readsAtStart: number
  #attempt: Attempt | undefined
  #phase: Phase = 'head'
  #interim = 0
  #wire: StreamWire | undefined
  #tunnel: WireTunnel | undefined
  /** When what is waited for must have come, and what it failed by then for. */
  #dueBy: number = Number.POSITIVE_INFINITY
  #dueFor: ProxyErrorCode = 'upstream_head_timeout'
  /** Bytes that were sent at the last look at their progress. */
  #sent = 0

  constructor(
    client: Http2ClientConnection,
    id: number,
    attempt: Attempt,
    scheme: 'http' | 'https',
    protocol: string | undefined,
  ) {
    super(client, id)
    this.#client = client
    this.#attempt = attempt
    this.#scheme = scheme
    this.#protocol = protocol
    this.#startedAt = client.clock.now()
    this.#readsAtStart = client.reads
  }

  /** The one that it works for. */
  get attempt(): Attempt | undefined {
    return this.#attempt
  }

  // The request.

  /** Sends the request. */
  begin(): void {
    const attempt = this.#attempt!
    attempt.carrier = this
    attempt.httpVersion = '2'
    attempt.recording?.connected(this.#client.used)
    try {
      this.#send(attempt)
    } catch (thrown) {
      this.#giveUp(toProxyError(thrown), 'never', ErrorCode.CANCEL)
    }
  }

  #send(attempt: Attempt): void {
    const { body } = attempt.request
    const { bytes, length } = body
    attempt.sent = 'head'
    if (this.#protocol !== undefined) {
      this.#writeHead(attempt, false)
      this.#requestSent()
      return
    }
    if (length === 0) {
      this.#writeHead(attempt, true)
      this.sentAll()
      this.#requestSent()
      return
    }
    this.#writeHead(attempt, false)
    if (bytes !== undefined && this.fits(bytes)) {
      attempt.sent = 'body'
      this.sendWhole(bytes)
      this.#requestSent()
      return
    }
    attempt.bodyBegan()
    this.startSending(body.take())
  }

  #writeHead(attempt: Attempt, endStream: boolean): void {
    const { request, policy } = attempt
    const protocol = this.#protocol
    const { writer, encoder } = this.connection
    const { length } = request.body
    const sendsLength = protocol === undefined && outgoingRequestFraming(request.method, length) === 'length'
    const out = writer.beginHeaders()
    encoder.begin(out)
    encoder.field(out, ':method', protocol === undefined ? request.method : 'CONNECT')
    encoder.field(out, ':scheme', this.#scheme)
    encoder.field(out, ':authority', outgoingHost(request, policy))
    encoder.field(out, ':path', request.target)
    if (protocol !== undefined) encoder.field(out, ':protocol', protocol)
    encoder.fields(out, request.headers, DROPPED)
    writeProxyFields(request, attempt.exchange.client, policy, (name, value) =>
      encoder.field(out, name, value),
    )
    if (sendsLength) encoder.field(out, 'content-length', String(length ?? 0))
    if (request.acceptsTrailers) encoder.field(out, 'te', 'trailers')
    writer.endHeaders(this.id, endStream)
    this.connection.output.flushSoon()
  }

  protected flushHead(): boolean {
    // The head of a request does not wait for its body.
    return false
  }

  protected sendingEnded(): void {
    const attempt = this.#attempt
    if (attempt === undefined || this.#phase !== 'head') return
    attempt.sent = 'body'
    attempt.bodySent()
    this.#requestSent()
  }

  #requestSent(): void {
    this.#attempt?.recording?.requestSent()
    if (this.#phase === 'head')
      this.#due('upstream_head_timeout', this.#idleMs ?? this.#client.owner.limits.headMs)
  }

  protected sendingFailed(error: unknown): void {
    this.#giveUp(toProxyError(error), 'never', ErrorCode.CANCEL)
  }

  protected sendingBlocked(blocked: boolean): void {
    const attempt = this.#attempt
    if (attempt?.sent === 'head') attempt.sent = 'body'
    if (this.#phase !== 'head') return
    this.#sent = this.bytesSent
    if (blocked) this.#due('upstream_write_timeout', this.#client.owner.limits.sendIdleMs)
    else this.#dueBy = Number.POSITIVE_INFINITY
  }

  // The response.

  onHead(block: FieldBlock, endStream: boolean): void {
    if (this.#phase !== 'head') {
      this.onTrailers(block, endStream)
      return
    }
    const flaw = responseFlaw(block)
    if (flaw !== undefined) this.fault(ErrorCode.PROTOCOL_ERROR, flaw)
    else if (block.tooLarge)
      this.#giveUp(new ProxyError('upstream_head_too_large', this.#progress), 'never', ErrorCode.CANCEL)
    else if (block.status < 200) this.#informed(block, endStream)
    else this.#respond(block, endStream)
  }

  #informed(block: FieldBlock, endStream: boolean): void {
    if (endStream) this.fault(ErrorCode.PROTOCOL_ERROR, 'an interim response that ends the stream')
    else if (++this.#interim > MAX_INTERIM) this.fault(ErrorCode.PROTOCOL_ERROR, 'too many interim responses')
    // A 100 answers our own framing of the request; the client's expectation was met when its body was first read.
    else if (block.status !== 100)
      this.#attempt!.exchange.inform(block.status, HeaderList.of(block.fields, block.values))
  }

  #respond(block: FieldBlock, endStream: boolean): void {
    const attempt = this.#attempt!
    const { status } = block
    const headers = HeaderList.of(block.fields, block.values)
    // RFC 7838: it would tell clients to go round this proxy and its filters.
    if (headers.hasKind(FieldKind.alternative)) headers.delete('Alt-Svc')
    const length = declaredLength(block)
    const bodiless = responseHasNoBody(status, attempt.request.method)
    if (endStream && length > 0 && !bodiless) {
      this.fault(ErrorCode.PROTOCOL_ERROR, 'a body that is shorter than its Content-Length')
      return
    }
    this.#client.used = true
    attempt.sent = 'response'
    this.#dueBy = Number.POSITIVE_INFINITY
    if (this.#protocol !== undefined && !endStream && status < 300) {
      this.#switch(attempt, headers, this.#protocol)
      return
    }
    this.#phase = 'body'
    // What was to become a tunnel was refused.
    if (this.#protocol !== undefined) this.startSending(EMPTY)
    if (endStream || bodiless) {
      attempt.recording?.trailed(headers)
      attempt.succeed(new ResponseMessage(status, headers, Body.empty()))
      if (endStream) this.receivedAll()
      else this.expectBody(0)
      return
    }
    const body = this.expectBody(length)
    attempt.succeed(new ResponseMessage(status, headers, new Body(body).fromUpstream()))
  }

  #switch(attempt: Attempt, headers: HeaderList, protocol: string): void {
    const { clock, limits } = this.#client.owner
    const wire = new StreamWire(this, this.expectBody(-1), this.#client.upstreamWire)
    this.#phase = 'tunnel'
    this.#wire = wire
    this.startSending(wire.outgoing)
    const key = attempt.request.headers.get('sec-websocket-key')
    if (key !== undefined && isWebSocket(protocol)) headers.set('Sec-WebSocket-Accept', acceptOf(key))
    const response = new ResponseMessage(101, headers, Body.empty())
    this.#tunnel = new WireTunnel(wire, undefined, {
      protocol,
      clock,
      idleMs: limits.tunnelIdleMs,
      onClose: (error) => {
        this.#phase = 'over'
        this.#attempt = undefined
        attempt.end(error)
      },
    })
    response.tunnel = this.#tunnel
    attempt.succeed(response)
    wire.start()
  }

  override onTrailers(block: FieldBlock, endStream: boolean): void {
    this.#attempt?.recording?.trailed(HeaderList.of(block.fields, block.values))
    super.onTrailers(block, endStream)
  }

  override onData(chunk: Buffer): MemoryUse {
    const use = super.onData(chunk)
    if (this.#phase === 'body' && this.bytesReceived > this.#client.owner.limits.bodyBytes)
      this.#giveUp(new ProxyError('upstream_body_too_large', this.#progress), 'never', ErrorCode.CANCEL)
    return use
  }

  override onDataEnd(padding: number, endStream: boolean): void {
    super.onDataEnd(padding, endStream)
    if (this.#phase === 'body' && this.body?.flowing === true) this.bodyOpened()
  }

  /** Bytes are waited for: they must come in time. */
  bodyOpened(): void {
    if (this.#phase === 'body')
      this.#due('upstream_body_timeout', this.#idleMs ?? this.#client.owner.limits.bodyIdleMs)
  }

  bodyCancelled(reason: ProxyError): void {
    if (this.#phase === 'body') this.#giveUp(reason, 'never', ErrorCode.CANCEL)
  }

  protected override receivingEnded(): void {
    if (this.#phase !== 'body') return
    const attempt = this.#attempt
    this.#over()
    attempt?.recording?.received()
    attempt?.end(undefined)
    if (this.closed) return
    // The endpoint wants no more of the request (RFC 9113 section 8.1).
    this.cancelSending(
      new ProxyError('exchange_aborted', { detail: 'the response came before the end of the request' }),
    )
    this.reset(ErrorCode.NO_ERROR)
  }

  // Time.

  check(now: number): void {
    if (this.#dueBy === Number.POSITIVE_INFINITY) return
    if (this.#dueBy > now + 1) this.connection.watch(this, this.#dueBy - now)
    else if (this.#dueFor === 'upstream_write_timeout' && this.bytesSent !== this.#sent)
      this.sendingBlocked(true)
    else if (this.#dueFor !== 'upstream_body_timeout' || this.body?.flowing === true)
      this.#giveUp(new ProxyError(this.#dueFor, this.#progress), 'never', ErrorCode.CANCEL)
  }

  /** How long the exchange may be silent, where it is not as the pool has it. */
  get #idleMs(): number | undefined {
    return this.#attempt?.exchange.streamIdleMs
  }

  #due(code: ProxyErrorCode, ms: number): void {
    this.#dueFor = code
    this.#dueBy = this.connection.clock.now() + ms
    if (this.#dueBy < this.checkAt) this.connection.watch(this, ms)
  }

  // Ends.

  worksFor(attempt: Attempt): boolean {
    // The end of a body that is being passed on may be what ends the exchange; the attempt ends right after it.
    return attempt === this.#attempt && this.body?.received !== true
  }

  cancelAttempt(attempt: Attempt, reason: ProxyError): void {
    if (attempt !== this.#attempt) return
    this.#attempt = undefined
    if (this.#tunnel === undefined) this.#giveUp(reason, 'never', ErrorCode.CANCEL)
    else this.#tunnel.cut(reason)
  }

  /** Gives up what runs, for a reason of the proxy's own. */
  close(reason: ProxyError): void {
    this.#giveUp(reason, 'never', ErrorCode.CANCEL)
  }

  /** The endpoint has said that it did not process the request, and will not. */
  refused(): void {
    this.wasLost(new Http2Fault(ErrorCode.REFUSED_STREAM, 'the stream was not processed', this.id))
  }

  protected faulted(fault: Http2Fault): void {
    this.#fail(
      new ProxyError('upstream_response_malformed', { detail: fault.message, ...this.#progress }),
      'never',
    )
  }

  protected lost(error: Http2Fault | Error | undefined): void {
    const { failure } = this.#client
    if (failure !== undefined) this.#fail(toProxyError(failure), 'never')
    else if (this.#phase === 'body') {
      this.#fail(new ProxyError('upstream_response_incomplete', { sent: 'response', cause: error }), 'never')
    } else if (error instanceof Http2Fault && error.code === ErrorCode.REFUSED_STREAM) {
      this.#fail(new ProxyError('upstream_stream_refused', { sent: 'none' }), 'always')
    } else if (error instanceof Http2Fault && error.scope === 'connection') {
      this.faulted(error)
    } else {
      const stale = this.#client.used && this.#client.reads === this.#readsAtStart
      this.#fail(
        new ProxyError('upstream_reset', { ...this.#progress, cause: error }),
        stale ? 'idempotent' : 'never',
      )
    }
  }

  get #progress(): Pick<Attempt, 'sent'> {
    return { sent: this.#attempt?.sent ?? 'none' }
  }

  /** Ends the stream before its time. */
  #giveUp(reason: ProxyError, again: SendAgain, code: number): void {
    if (this.#phase === 'over') return
    if (this.#phase === 'head' && this.#client.reads === this.#readsAtStart)
      this.#client.suspect(this.#startedAt)
    this.reset(code)
    this.#fail(reason, again)
  }

  /** The stream is closed: tells everyone who waits for something of it. */
  #fail(error: ProxyError, again: SendAgain): void {
    const attempt = this.#attempt
    const phase = this.#phase
    const wire = this.#wire
    this.#over()
    this.cancelSending(error)
    if (phase === 'tunnel') {
      wire?.closed(error)
      return
    }
    if (phase === 'body') {
      attempt?.end(error)
      this.body?.fail(error)
    } else if (attempt !== undefined) this.#client.owner.attemptFailed(attempt, error, again)
  }

  #over(): void {
    this.#attempt = undefined
    this.#phase = 'over'
    this.#dueBy = Number.POSITIVE_INFINITY
    this.checkAt = Number.POSITIVE_INFINITY
  }
}
