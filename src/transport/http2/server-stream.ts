import { Body } from '../../core/body.ts'
import { errorAnswer } from '../../core/error-answer.ts'
import { ProxyError, toProxyError } from '../../core/errors.ts'
import { FieldKind, fieldName } from '../../core/field-name.ts'
import { HeaderList } from '../../core/headers.ts'
import { RequestMessage, type ResponseMessage } from '../../core/message.ts'
import type { Tunnel } from '../../core/network.ts'
import { problemResponse } from '../../core/problem.ts'
import { announcedLength, responseHasNoBody } from '../framing.ts'
import { RESPONSE_DROPPED } from '../http1/head-writer.ts'
import { checkedHost, isAuthority } from '../http1/request-head.ts'
import { SyntaxFault } from '../http1/syntax.ts'
import { normalizeTarget } from '../request-target.ts'
import { dropResponse, type ResponseChannel, Serving } from '../serving.ts'
import { ErrorCode, type Http2Fault } from './error-codes.ts'
import type { FieldBlock } from './field-block.ts'
import { declaredLength, requestFlaw } from './message-rules.ts'
import { urgencyOf } from './priority.ts'
import type { Http2ServerConnection } from './server-connection.ts'
import { Http2Stream } from './stream.ts'
import { StreamWire } from './stream-wire.ts'

const HOST = fieldName('Host')
const CONTENT_LENGTH = 'content-length'
const CHALLENGE = 'proxy-authenticate'

/** What never goes on from a response as it came, over HTTP/2. */
const DROPPED = RESPONSE_DROPPED | FieldKind.handshake

/** A request of a client over HTTP/2, and the response to it. */
export class Http2ServerStream extends Http2Stream implements ResponseChannel {
  readonly #server: Http2ServerConnection
  readonly #serving: Serving
  #method = ''
  /** What an extended CONNECT asks for (RFC 8441). */
  #protocol: string | undefined
  /** Whether it asks for a tunnel to a host and port. */
  #connects = false
  /** The response whose head is held back until the first byte behind it is there. */
  #head: ResponseMessage | undefined
  #continuePending = false
  #wire: StreamWire | undefined
  /** Why it was closed, by us. */
  #closedFor: ProxyError | undefined
  /** Bytes of the bodies at the last look at their progress, and when the next is. */
  #received = 0
  /** The response is finished: so many bytes of the request may still come. */
  #dropUpTo: number | undefined
  #receiveBy: number = Number.POSITIVE_INFINITY
  #sent = 0
  #sendBy: number = Number.POSITIVE_INFINITY

  constructor(server: Http2ServerConnection, id: number) {
    super(server, id)
    this.#server = server
    this.#serving = new Serving(this, server.context)
  }

  // The request.

  onHead(block: FieldBlock, endStream: boolean): void {
    this.onTrailers(block, endStream)
  }

  /** Has the request of this header section served. */
  begin(block: FieldBlock, endStream: boolean): void {
    const flaw =
      requestFlaw(block, true) ??
      (endStream && declaredLength(block) > 0 ? 'a body that is shorter than its Content-Length' : undefined)
    if (flaw !== undefined) {
      this.#server.context.snapshot.refused(malformed(flaw), this.#server.remote)
      this.reset(ErrorCode.PROTOCOL_ERROR)
      this.#server.countReset()
      return
    }
    this.#method = block.method!
    // Also of a request that is answered without being served, its body still comes.
    if (endStream) this.receivedAll()
    else
      this.expectBody(block.protocol === undefined && this.#method !== 'CONNECT' ? declaredLength(block) : -1)
    let request: RequestMessage
    try {
      request = this.#request(block, endStream)
    } catch (thrown) {
      this.#reject(thrown instanceof SyntaxFault ? malformed(thrown.message) : toProxyError(thrown))
      return
    }
    const { clients } = this.#server.context
    this.#serving.begin(request, clients.ofRequest(this.#server.client, request.headers))
  }

  #request(block: FieldBlock, endStream: boolean): RequestMessage {
    const { limits } = this.#server.context
    if (block.tooLarge || block.fields.length > limits.headers) throw new ProxyError('request_head_too_large')
    const { path = '', method = '', protocol } = block
    if (path.length > limits.targetBytes) throw new ProxyError('request_target_too_long')
    const connects = method === 'CONNECT' && protocol === undefined
    if (connects && !this.#server.context.snapshot.connects) throw new ProxyError('method_not_implemented')
    if (connects && !isAuthority(block.authority!)) throw malformed('CONNECT without a host and port')
    const target = connects ? block.authority! : path === '*' ? path : normalizeTarget(path)
    if (target === undefined) throw malformed('a path that can be read in two ways')
    const headers = HeaderList.of(block.fields, block.values)
    // RFC 8441 section 5: it means nothing here, and a service over HTTP/1.1 is given one of our own.
    if (protocol !== undefined) headers.delete('sec-websocket-key')
    const host = checkedHost(block.authority ?? headers.get('host') ?? '')
    // Where filters look for it, also those that were written for HTTP/1.1.
    if (!headers.hasKind(FieldKind.host)) {
      block.fields.unshift(HOST)
      block.values.unshift(block.authority ?? '')
    }
    const expect = headers.get('expect')
    if (expect !== undefined) {
      if (expect.toLowerCase() !== '100-continue') throw new ProxyError('expectation_failed')
      this.#continuePending = !endStream
    }
    const length = declaredLength(block)
    if (length > limits.bodyBytes) throw new ProxyError('request_body_too_large')
    const priority = headers.get('priority')
    if (priority !== undefined) this.urgency = urgencyOf(priority) ?? this.urgency
    this.#connects = connects
    const hasBody = !endStream && protocol === undefined && !connects
    const request = new RequestMessage({
      method: protocol === undefined ? method : 'GET',
      target,
      rawTarget: connects ? target : path,
      host,
      scheme: this.#server.client.scheme,
      version: '2',
      headers,
      ...(hasBody ? { body: new Body(this.body!) } : undefined),
    })
    this.#protocol = protocol
    request.upgrade = protocol
    request.acceptsTrailers = headers.has('te')
    return request
  }

  // Where the response goes.

  send(response: ResponseMessage): void {
    const { body, status } = response
    if (this.#protocol !== undefined && status < 300) {
      // To the client it would say that the tunnel stands.
      throw new ProxyError('upstream_upgrade_failed', { detail: `the status ${status} in place of 101` })
    }
    if (this.#connects && status < 300)
      throw new TypeError('CONNECT is answered with a tunnel, or with a status of at least 300')
    if (responseHasNoBody(status, this.#method)) {
      body.discard()
      this.#writeHead(response, true)
      this.sentAll()
      this.#finish()
      return
    }
    this.#head = response
    const { bytes } = body
    if (bytes !== undefined && bytes.byteLength > 0 && this.fits(bytes)) {
      this.flushHead(false)
      this.sendWhole(bytes)
      this.#finish()
    } else this.startSending(body.take())
  }

  join(response: ResponseMessage, tunnel: Tunnel): void {
    if (this.#server.context.tunnelsEnded) throw new ProxyError('proxy_closed')
    const serving = this.#serving
    const exchange = serving.exchange!
    const { body } = this
    if ((this.#protocol === undefined && !this.#connects) || body === undefined)
      throw new ProxyError('upstream_upgrade_failed', { detail: 'nobody asked for a tunnel' })
    this.#stopWatching()
    this.#head = response
    const wire = new StreamWire(this, body, this.#server.clientWire)
    this.#wire = wire
    this.startSending(wire.outgoing)
    tunnel.join(wire, undefined, (end) => serving.completeTunnel(exchange, end, this.#closedFor))
    wire.start()
  }

  inform(status: number, headers: HeaderList): void {
    if (this.closed) return
    const { writer, encoder } = this.connection
    const out = writer.beginHeaders()
    encoder.begin(out)
    encoder.field(out, ':status', String(status))
    encoder.fields(out, headers, DROPPED)
    writer.endHeaders(this.id, false)
    this.connection.output.flushSoon()
  }

  broke(thrown: unknown): void {
    if (this.#head === undefined) this.cancelSending(toProxyError(thrown))
    this.sendingFailed(thrown)
  }

  cut(reason: ProxyError): void {
    this.#head = undefined
    this.sendingFailed(reason)
  }

  givenUp(): void {}

  breakOff(reason: ProxyError): void {
    this.reset(ErrorCode.INTERNAL_ERROR)
    this.#abandon(reason, 'failed')
  }

  handlerEnded(): void {
    this.#server.handlerEnded(this)
  }

  /** Whether its handler is still at work, also where nobody waits for that any more. */
  get handling(): boolean {
    return this.#serving.handling
  }

  protected flushHead(endStream: boolean): boolean {
    const response = this.#head
    if (response === undefined) return false
    this.#head = undefined
    this.#writeHead(response, endStream)
    return endStream
  }

  #writeHead(response: ResponseMessage, endStream: boolean): void {
    const { writer, encoder } = this.connection
    const { headers, status, body } = response
    const out = writer.beginHeaders()
    encoder.begin(out)
    encoder.field(out, ':status', status === 101 ? '200' : String(status))
    encoder.fields(out, headers, DROPPED)
    if (!headers.hasKind(FieldKind.date)) encoder.field(out, 'date', this.#server.context.date())
    if (this.#connects) for (const value of headers.getAll(CHALLENGE)) encoder.field(out, CHALLENGE, value)
    if (this.#wire === undefined) {
      const length = responseHasNoBody(status, this.#method) ? this.#announced(response) : body.length
      // To a client of gRPC, such a head is the trailers.
      if (length !== undefined && !(endStream && headers.has('grpc-status')))
        encoder.field(out, CONTENT_LENGTH, String(length))
    }
    writer.endHeaders(this.id, endStream)
    this.connection.output.flushSoon()
  }

  #announced(response: ResponseMessage): string | undefined {
    const { status } = response
    return status === 304 || (this.#method === 'HEAD' && status !== 204)
      ? announcedLength(response)
      : undefined
  }

  protected sendingEnded(): void {
    if (this.#wire === undefined) this.#finish()
  }

  protected sendingFailed(thrown: unknown): void {
    const error = toProxyError(thrown)
    const serving = this.#serving
    if (this.#head !== undefined) {
      // Nothing of the response has gone out, so another one can take its place.
      this.#head = undefined
      this.cancelSending(error)
      serving.fail(error)
      return
    }
    if (error.code === 'internal_error') serving.report(serving.exchange, error)
    // The client must see that the response is not whole.
    this.reset(ErrorCode.INTERNAL_ERROR)
    this.#abandon(error, 'failed')
  }

  /** The response is written: ends the exchange. */
  #finish(): void {
    const serving = this.#serving
    const { exchange } = serving
    if (exchange === undefined) return
    this.#stopWatching()
    serving.complete(exchange, 'completed', serving.error, this.bytesSent, this.bytesReceived)
    serving.clear()
    this.#dropRest()
  }

  /**
   * What is left of the request is read and dropped, for a while: a client that is told at once that nobody needs the rest
   * (RFC 9113 section 8.1) may take that for a failure, as curl does, and drop the response.
   */
  #dropRest(): void {
    this.body?.abort(
      new ProxyError('exchange_aborted', { detail: 'the response was finished before the request' }),
    )
    if (!this.receiving) return
    const { lingerMs, drainBytes } = this.#server.context.limits
    this.#dropUpTo = this.bytesReceived + drainBytes
    this.#receiveBy = this.#watch(lingerMs)
  }

  // Ends.

  protected lost(error: Http2Fault | Error | undefined): void {
    this.#abandon(new ProxyError('client_aborted', { cause: error }), 'aborted')
  }

  protected faulted(fault: Http2Fault): void {
    this.#abandon(malformed(fault.message), 'aborted')
    this.#server.countReset()
  }

  /** The stream is closed: everything done for the exchange is cancelled. */
  #abandon(reason: ProxyError, result: 'aborted' | 'failed'): void {
    this.#stopWatching()
    const wire = this.#wire
    if (wire !== undefined) {
      this.cancelSending(reason)
      wire.closed(reason)
      return
    }
    const serving = this.#serving
    const begun = serving.response
    this.#head = undefined
    // First, or it would fail by what follows.
    this.cancelSending(reason)
    const exchange = serving.abandon(reason)
    this.body?.abort(reason)
    if (begun !== undefined && !begun.body.used) dropResponse(begun)
    if (exchange !== undefined) serving.complete(exchange, result, reason, this.bytesSent, this.bytesReceived)
    serving.clear()
  }

  /** Closes it, if it has become a tunnel: now, or when both sides have said goodbye. */
  endTunnel(reason: ProxyError): void {
    if (this.#wire === undefined) return
    const tunnel = this.#serving.response?.tunnel
    if (tunnel?.drain === undefined) this.close(reason)
    else {
      this.#closedFor = reason
      tunnel.drain()
    }
  }

  /** Gives up what runs, for a reason of the proxy's own. */
  close(reason: ProxyError): void {
    this.#closedFor = reason
    if (this.#wire !== undefined) this.#serving.response?.tunnel?.drain?.()
    this.reset(ErrorCode.CANCEL)
    if (this.#wire !== undefined) this.#serving.exchange?.abort(reason)
    this.#abandon(reason, 'failed')
  }

  /** Something is wrong with the request: answers with an error, outside of any filter, if nothing was answered yet. */
  #reject(error: ProxyError): void {
    const serving = this.#serving
    if (error.code === 'internal_error') serving.report(serving.exchange, error)
    if (serving.response !== undefined) {
      this.reset(ErrorCode.INTERNAL_ERROR)
      this.#abandon(error, 'failed')
      return
    }
    const exchange = serving.abandon(error)
    if (exchange === undefined) this.#server.context.snapshot.refused(error, this.#server.remote)
    const answer = exchange === undefined ? problemResponse(error) : errorAnswer(error, exchange)
    serving.answered(answer)
    this.#stopWatching()
    if (this.#method === 'HEAD') {
      this.#writeHead(answer, true)
      this.sentAll()
    } else {
      this.#head = answer
      this.startSending(answer.body.take())
    }
    if (exchange !== undefined)
      serving.complete(exchange, 'completed', error, this.bytesSent, this.bytesReceived)
    serving.clear()
    this.#dropRest()
  }

  // The request body's side, and time.

  override onData(chunk: Buffer): boolean | undefined {
    const use = super.onData(chunk)
    if (this.#dropUpTo !== undefined) {
      // An answer that waits for the client's window would be cut.
      if (this.bytesReceived > this.#dropUpTo && !this.sending) this.reset(ErrorCode.NO_ERROR)
    } else if (
      this.bytesReceived > this.#server.context.limits.bodyBytes &&
      this.#wire === undefined &&
      !this.closed
    )
      this.#reject(new ProxyError('request_body_too_large'))
    return use
  }

  bodyOpened(): void {
    if (this.#wire !== undefined || !this.receiving) return
    if (this.#continuePending) {
      this.#continuePending = false
      if (this.#serving.response === undefined) this.inform(100, NO_FIELDS)
    }
    this.#received = this.bytesReceived
    this.#receiveBy = this.#watch(this.#serving.bodyIdleMs)
  }

  bodyCancelled(): void {
    this.#receiveBy = Number.POSITIVE_INFINITY
  }

  protected sendingBlocked(blocked: boolean): void {
    this.#sent = this.bytesSent
    this.#sendBy = blocked ? this.#watch(this.#server.context.limits.sendIdleMs) : Number.POSITIVE_INFINITY
  }

  check(now: number): void {
    if (this.#sendBy <= now + 1) {
      if (this.bytesSent === this.#sent) {
        this.reset(ErrorCode.CANCEL)
        this.#abandon(new ProxyError('client_stalled'), 'aborted')
        return
      }
      this.sendingBlocked(true)
    }
    if (this.#receiveBy <= now + 1) {
      const { bodyIdleMs, minBodyBytesPerSecond } = this.#serving
      const least = Math.max(1, (minBodyBytesPerSecond * bodyIdleMs) / 1000)
      if (this.#dropUpTo !== undefined) {
        if (!this.sending) {
          this.reset(ErrorCode.NO_ERROR)
          return
        }
        this.#receiveBy = now + this.#server.context.limits.lingerMs
      } else if (this.body?.flowing !== true) this.#receiveBy = Number.POSITIVE_INFINITY
      else if (this.bytesReceived - this.#received >= least) this.bodyOpened()
      else this.#reject(new ProxyError('request_body_timeout'))
    }
    const next = Math.min(this.#sendBy, this.#receiveBy)
    if (next !== Number.POSITIVE_INFINITY && !this.closed) this.connection.watch(this, next - now)
  }

  /** Returns when the time is up. */
  #watch(ms: number): number {
    const at = this.connection.clock.now() + ms
    if (at < this.checkAt && ms !== Number.POSITIVE_INFINITY) this.connection.watch(this, ms)
    return at
  }

  #stopWatching(): void {
    this.#receiveBy = Number.POSITIVE_INFINITY
    this.#sendBy = Number.POSITIVE_INFINITY
    this.checkAt = Number.POSITIVE_INFINITY
  }
}

const NO_FIELDS = new HeaderList()

function malformed(detail: string): ProxyError {
  return new ProxyError('request_malformed', { detail })
}
