import { Body } from '../../core/body.ts'
import { Deadline } from '../../core/clock.ts'
import { errorAnswer } from '../../core/error-answer.ts'
import { ProxyError, toProxyError } from '../../core/errors.ts'
import type { Client } from '../../core/exchange.ts'
import { FieldKind } from '../../core/field-name.ts'
import type { HeaderList } from '../../core/headers.ts'
import type { ResponseMessage } from '../../core/message.ts'
import {
  type MemoryUse,
  peerOf,
  SMALL_BYTES,
  type Tunnel,
  type Wire,
  type WireHandler,
} from '../../core/network.ts'
import { problemResponse } from '../../core/problem.ts'
import { announcedLength, incomingRequestFraming, outgoingResponseFraming } from '../framing.ts'
import type { ListenerContext } from '../listener-context.ts'
import { dropResponse, type ResponseChannel, Serving } from '../serving.ts'
import { BodyDecoder, type BodyDecoderOwner } from './body-decoder.ts'
import { BodyWriter, type BodyWriterOwner, WHOLE_BELOW } from './body-writer.ts'
import { GrowingBuffer } from './growing-buffer.ts'
import { HeadBuffer } from './head-buffer.ts'
import { RESPONSE_DROPPED, statusLine } from './head-writer.ts'
import { RequestBody, type RequestBodyOwner } from './request-body.ts'
import type { RequestHead } from './request-head.ts'
import { requestOfHead, servedTarget } from './request-of-head.ts'
import { SyntaxFault } from './syntax.ts'

/**
 * - `idle`: waits for a request; nothing of it has come.
 * - `head`: a part of a head has come.
 * - `exchange`: a request is being served. Its body may still be coming.
 * - `draining`: the response is finished; what is left of the request's body is read and dropped.
 * - `lingering`: we have sent our last; what the client still sends is dropped, so that it gets to read our answer.
 * - `tunnel`: the wire belongs to a tunnel.
 * - `closed`: over.
 */
type Phase = 'idle' | 'head' | 'exchange' | 'draining' | 'lingering' | 'tunnel' | 'closed'

/** One client connection: reads requests one after another, has each served, and writes the responses in that order. */
export class ServerConnection
  implements WireHandler, BodyDecoderOwner, BodyWriterOwner, RequestBodyOwner, ResponseChannel
{
  readonly #wire: Wire
  readonly #context: ListenerContext
  readonly #serving: Serving
  readonly #deadline: Deadline
  #phase: Phase = 'idle'
  #headBuffer: HeadBuffer | undefined
  #decoder: BodyDecoder | undefined
  #writer: BodyWriter | undefined
  #client: Client | undefined
  /** Bytes that cannot be dealt with yet: the next requests, or a body that nobody has opened. */
  #stash: GrowingBuffer | undefined
  #stashPaused = false
  #processing = false
  #head: RequestHead | undefined
  #body: RequestBody | undefined
  #keepAlive = true
  /** Why its tunnel was closed, by us. */
  #closedFor: ProxyError | undefined
  /** Bytes of the body at the last look at its progress. */
  #progress = 0
  #heldBackMs = 0
  #pausedAt = 0
  #lingered = 0
  #received = 0

  constructor(wire: Wire, context: ListenerContext) {
    this.#wire = wire
    this.#context = context
    this.#serving = new Serving(this, context)
    this.#deadline = new Deadline(context.clock, () => this.#expired())
    this.#deadline.arm(context.limits.headMs)
  }

  /** Nobody new is accepted any more: ends it when it idles, but for a request that may be on its way. */
  drain(): void {
    if (this.#phase === 'idle') this.#deadline.shorten(LAST_REQUEST_MS)
  }

  /** Ends it if it has become a tunnel: now, or when both sides have said goodbye. */
  endTunnel(reason: ProxyError): void {
    if (this.#phase !== 'tunnel') return
    const tunnel = this.#serving.response?.tunnel
    if (tunnel?.drain === undefined) this.close(reason)
    else {
      this.#closedFor = reason
      tunnel.drain()
    }
  }

  /** Ends it now. A running exchange is given up. */
  close(reason: ProxyError): void {
    if (this.#phase === 'closed') return
    if (this.#phase === 'tunnel') {
      // Its end, with the bytes that went through, comes when both wires are closed.
      this.#closedFor = reason
      this.#serving.response?.tunnel?.drain?.()
      this.#serving.exchange?.abort(reason)
      this.#wire.destroy()
    } else this.#breakOff(reason)
  }

  /** The client speaks another protocol: nothing was read here, and another handler has the wire now. */
  retire(): void {
    this.#phase = 'closed'
    this.#deadline.close()
  }

  // The wire's side.

  onData(chunk: Buffer): MemoryUse {
    switch (this.#phase) {
      case 'closed':
      case 'tunnel':
        return undefined
      case 'lingering':
        this.#lingered += chunk.length
        // Closing now would reset the connection, and with it our answer, before the client could read it.
        if (this.#lingered > this.#context.limits.lingerBytes) this.#wire.pause()
        return undefined
    }
    if (this.#stash !== undefined) {
      this.#hold(chunk, 0)
      return undefined
    }
    const body = this.#body
    this.#process(chunk)
    // All of it went to one body: whoever took that has said what became of it. Of a head, parts may be held.
    const allBody = body !== undefined && body === this.#body && body.flowing && this.#stash === undefined
    return allBody ? this.#decoder!.memoryUse : undefined
  }

  onEnd(): void {
    switch (this.#phase) {
      case 'exchange':
        // Whoever half-closes while a response is due is taken to have left; so do nginx and Node.
        this.#breakOff(new ProxyError('client_aborted'))
        return
      case 'tunnel':
      case 'closed':
        return
      default:
        this.#phase = 'lingering'
        this.#armLinger()
        this.#wire.end()
    }
  }

  onDrain(): void {
    this.#writer?.drained()
  }

  onClose(error: Error | undefined): void {
    if (this.#serving.exchange !== undefined)
      this.#abandon(new ProxyError('client_aborted', { cause: error }))
    this.#phase = 'closed'
    this.#deadline.close()
    this.#stash = undefined
    this.#context.closed(this)
  }

  // Reading.

  #process(chunk: Buffer): void {
    this.#processing = true
    try {
      let offset = 0
      while (offset < chunk.length) {
        const next = this.#read(chunk, offset)
        if (next < 0) {
          this.#hold(chunk, offset)
          break
        }
        offset = next
      }
    } catch (thrown) {
      this.#fault(thrown)
    }
    this.#processing = false
  }

  /** Reads what the phase wants. Returns the place behind it, or -1 when nothing can be read now. */
  #read(chunk: Buffer, offset: number): number {
    switch (this.#phase) {
      case 'idle':
      case 'head':
        // A client that does not read its responses gets no further ones.
        return this.#writer?.blocked === true ? -1 : this.#readHead(chunk, offset)
      case 'exchange':
        return this.#body?.flowing === true ? this.#decoder!.feed(chunk, offset) : -1
      case 'draining': {
        const behind = this.#decoder!.feed(chunk, offset)
        if (this.#decoder!.ended) this.#nextRequest()
        return behind
      }
      case 'tunnel':
        this.#wire.handler.onData(chunk.subarray(offset))
        return chunk.length
      default:
        return chunk.length
    }
  }

  #readHead(chunk: Buffer, offset: number): number {
    this.#headBuffer ??= new HeadBuffer()
    const head = this.#headBuffer.read(chunk, offset, this.#context.limits.headBytes, this.#context.parseHead)
    if (head !== undefined) {
      return this.#begin(head, chunk, this.#headBuffer.rest)
    }
    // An empty line that some clients send behind a body is no head yet: a 408 for it could be taken for the answer to
    // their next request.
    if (this.#phase === 'idle' && this.#headBuffer.length > EMPTY_LINE_BYTES) {
      this.#phase = 'head'
      this.#deadline.arm(this.#context.limits.headMs)
    }
    return chunk.length
  }

  /** Keeps bytes for later; past a limit the wire is paused, so that the client cannot fill our memory. */
  #hold(chunk: Buffer, offset: number): void {
    this.#stash ??= new GrowingBuffer()
    this.#stash.append(chunk, offset)
    if (this.#stash.length > this.#context.limits.readAheadBytes && !this.#stashPaused) {
      this.#stashPaused = true
      this.#wire.pause()
    }
  }

  /** Goes on with what was held, after something has changed that makes it readable. */
  #readOn(): void {
    if (this.#processing || this.#phase === 'closed' || this.#phase === 'tunnel') return
    const held = this.#stash
    if (held !== undefined) {
      this.#stash = undefined
      this.#process(held.take())
    }
    if (
      this.#stashPaused &&
      (this.#stash === undefined || this.#stash.length <= this.#context.limits.readAheadBytes)
    ) {
      this.#stashPaused = false
      if (this.#body?.paused !== true) this.#wire.resume()
    }
  }

  // One exchange.

  /** Has a request served. Returns the place behind what was taken of the chunk. */
  #begin(head: RequestHead, chunk: Buffer, rest: number): number {
    const context = this.#context
    this.#deadline.disarm()
    this.#phase = 'exchange'
    this.#head = head
    this.#received = 0
    this.#keepAlive = head.keepAlive

    const framing = incomingRequestFraming(head)
    let body: RequestBody | undefined
    let whole: Buffer | undefined
    let behind = rest
    const length = head.contentLength
    if (
      framing === 'length' &&
      length <= SMALL_BYTES &&
      rest + length <= chunk.length &&
      length <= context.limits.bodyBytes
    ) {
      // All of it is here: no source, no decoder, and an attempt can send it again.
      behind = rest + length
      whole = Buffer.from(chunk.subarray(rest, behind))
      this.#received = length
    } else if (framing !== 'none') {
      this.#decoder ??= new BodyDecoder(this, context.limits)
      body = new RequestBody(this, framing === 'length' ? length : undefined, head.expectsContinue)
      this.#body = body
      if (framing === 'length') this.#decoder.expectLength(length)
      else this.#decoder.expectChunked()
    }
    const target = servedTarget(head, framing !== 'none', context.snapshot.connects)
    this.#client ??= context.clients.ofConnection(this.#wire)
    const client = context.clients.ofRequest(this.#client, head.headers)
    const content = body !== undefined ? new Body(body) : whole !== undefined ? Body.from(whole) : undefined
    const request = requestOfHead(head, target, client, content)
    request.upgrade = framing === 'none' ? head.upgrade : undefined
    this.#serving.begin(request, client)
    return behind
  }

  // Where the response goes.

  get sending(): boolean {
    return this.#writer?.active === true
  }

  send(response: ResponseMessage): void {
    const head = this.#head!
    const { body } = response
    const framing = outgoingResponseFraming(response.status, head.method, body.length, head.minor)
    const refused = head.method === 'CONNECT'
    if (refused && response.status < 300)
      throw new TypeError('CONNECT is answered with a tunnel, or with a status of at least 300')
    // Behind a CONNECT, a client may have sent already what was meant for the tunnel: it must not be read as a request.
    this.#keepAlive &&= framing !== 'close' && !refused && !this.#context.draining && !this.#mustCloseAfter()
    const text = this.#responseHead(
      response,
      framing === 'length' ? body.length : undefined,
      framing === 'chunked',
    )
    const writer = this.#ownWriter()
    if (framing === 'none') {
      body.discard()
      writer.writeWhole(text, framing, NO_BYTES)
      this.#finish()
      return
    }
    const { bytes } = body
    if (bytes !== undefined && bytes.byteLength <= WHOLE_BELOW) {
      writer.writeWhole(text, framing, bytes)
      this.#finish()
      return
    }
    writer.start(text, framing, body.take())
  }

  #responseHead(response: ResponseMessage, length: number | undefined, chunked: boolean): string {
    const head = this.#head!
    const { headers, status } = response
    let text = statusLine(status, response.reason) + headers.lines(RESPONSE_DROPPED)
    if (!headers.hasKind(FieldKind.date)) text += this.#context.dateLine()
    // To whoever asked this proxy for a tunnel, the field is from this proxy.
    if (head.method === 'CONNECT')
      for (const value of headers.getAll(CHALLENGE)) text += `Proxy-Authenticate: ${value}\r\n`
    if (length !== undefined) text += `Content-Length: ${length}\r\n`
    else if (chunked) text += 'Transfer-Encoding: chunked\r\n'
    // The length of what a GET would have brought is no framing here, and worth passing on.
    else if (status === 304 || (head.method === 'HEAD' && status !== 204)) {
      const announced = announcedLength(response)
      if (announced !== undefined) text += `Content-Length: ${announced}\r\n`
    }
    if (!this.#keepAlive) text += 'Connection: close\r\n'
    else if (head.minor === 0) text += 'Connection: keep-alive\r\n'
    return `${text}\r\n`
  }

  /** Whether what the client has yet to send of its request is more than we are willing to read and drop. */
  #mustCloseAfter(): boolean {
    const body = this.#body
    if (body === undefined || body.flowing || this.#decoder!.ended) return false
    return body.continuePending || this.#decoder!.remaining > this.#context.limits.drainBytes
  }

  join(response: ResponseMessage, tunnel: Tunnel): void {
    if (this.#context.tunnelsEnded) throw new ProxyError('proxy_closed')
    const serving = this.#serving
    const exchange = serving.exchange!
    const isConnect = this.#head!.method === 'CONNECT'
    if (isConnect === (response.status === 101))
      throw new TypeError('a tunnel follows a 101, or a response to CONNECT')
    const early = this.#stash?.take()
    this.#stash = undefined
    this.#phase = 'tunnel'
    this.#deadline.close()
    const upgrade = isConnect ? '' : `Connection: Upgrade\r\nUpgrade: ${tunnel.protocol}\r\n`
    this.#wire.write(
      `${statusLine(response.status, response.reason)}${response.headers.lines(RESPONSE_DROPPED)}${upgrade}\r\n`,
    )
    tunnel.join(this.#wire, early, (end) => {
      this.#phase = 'closed'
      this.#context.closed(this)
      serving.completeTunnel(exchange, end, this.#closedFor)
    })
    if (this.#stashPaused) this.#wire.resume()
  }

  inform(status: number, headers: HeaderList): void {
    if (this.#head?.minor !== 1 || this.#writer?.blocked === true) return
    this.#ownWriter().writeWhole(
      `${statusLine(status, undefined)}${headers.lines(RESPONSE_DROPPED)}\r\n`,
      'none',
      NO_BYTES,
    )
  }

  broke(thrown: unknown): void {
    const writer = this.#writer!
    if (writer.headSent) writer.cancel(toProxyError(thrown))
    this.onBodyFailed(thrown)
  }

  cut(reason: ProxyError): void {
    this.#keepAlive = false
    this.#writer!.cancel(reason)
    this.onBodyFailed(reason)
  }

  givenUp(): void {
    // Its handler may still be at work, and what that returns must not be taken for the answer to another request.
    this.#keepAlive = false
  }

  breakOff(reason: ProxyError): void {
    this.#abandon(reason)
    this.#wire.reset()
  }

  handlerEnded(): void {}

  /** The response is written: ends the exchange, and the connection if it must end. */
  #finish(): void {
    const serving = this.#serving
    const body = this.#body
    serving.complete(
      serving.exchange!,
      'completed',
      serving.error,
      this.#writer!.written,
      this.#bytesReceived(),
    )
    if (body !== undefined && !this.#decoder!.ended) {
      const { limits } = this.#context
      const stopped = body.continuePending || this.#decoder!.remaining > limits.drainBytes
      body.drop()
      this.#clearExchange()
      if (!this.#keepAlive || stopped) this.#linger()
      else {
        this.#phase = 'draining'
        this.#deadline.arm(limits.lingerMs)
        this.#wire.resume()
        this.#readOn()
      }
      return
    }
    this.#clearExchange()
    if (this.#keepAlive) this.#nextRequest()
    else this.#linger()
  }

  #nextRequest(): void {
    this.#phase = 'idle'
    if (!this.#keepAlive) this.#linger()
    else {
      const { limits, accepting } = this.#context
      this.#deadline.arm(limits.keepAliveMs)
      // Its response had begun before the drain, and could not say that it is the last.
      if (!accepting) this.#deadline.shorten(LAST_REQUEST_MS)
      if (this.#stash !== undefined) this.#readOn()
    }
  }

  #bytesReceived(): number {
    return this.#body === undefined ? this.#received : this.#decoder!.received
  }

  #clearExchange(): void {
    this.#serving.clear()
    this.#head = undefined
    this.#body = undefined
  }

  // Ends.

  /** Something in what the client sent is wrong, or a limit was passed. */
  #fault(thrown: unknown): void {
    this.#reject(thrown instanceof SyntaxFault ? requestError(thrown) : toProxyError(thrown))
  }

  /** Answers with an error, outside of any filter, and reads no further request. */
  #reject(error: ProxyError): void {
    const serving = this.#serving
    if (error.code === 'internal_error') serving.report(serving.exchange, error)
    const begun = serving.response
    const exchange = serving.abandon(error)
    if (exchange === undefined) this.#context.snapshot.refused(error, peerOf(this.#wire))
    this.#body?.fail(error)
    if (begun !== undefined) {
      this.#writer?.cancel(error)
      if (!begun.body.used) dropResponse(begun)
    } else {
      this.#keepAlive = false
      const answer = exchange === undefined ? problemResponse(error) : errorAnswer(error, exchange)
      const bytes = this.#head?.method === 'HEAD' ? NO_BYTES : answer.body.bytes!
      this.#head ??= UNREAD_HEAD
      serving.answered(answer)
      this.#ownWriter().writeWhole(this.#responseHead(answer, answer.body.length, false), 'length', bytes)
    }
    if (exchange !== undefined) {
      const result = begun === undefined ? 'completed' : 'failed'
      serving.complete(exchange, result, error, this.#writer!.written, this.#bytesReceived())
    }
    this.#clearExchange()
    this.#linger()
  }

  /** Sends the end of our side, and drops what still comes, until the client ends its side or the time is up. */
  #linger(): void {
    this.#phase = 'lingering'
    this.#stash = undefined
    this.#lingered = 0
    this.#armLinger()
    this.#wire.end()
    this.#wire.resume()
  }

  /** A slow client still takes the end of its response; that it is slow is no reason to cut it. */
  #armLinger(): void {
    const { lingerMs, sendIdleMs } = this.#context.limits
    this.#deadline.arm(this.#wire.pendingBytes > 0 ? Math.max(lingerMs, sendIdleMs) : lingerMs)
  }

  /** Ends the connection in the middle of an exchange, in such a way that half a response cannot be taken for a whole one. */
  #breakOff(reason: ProxyError): void {
    const endsByClosing = this.#serving.response !== undefined && this.#head?.minor === 0
    this.#abandon(reason)
    this.#cut(endsByClosing)
  }

  /** Closes at once. Bytes that have not left are dropped, so an orderly end would lie where the end is what frames them. */
  #cut(truncates: boolean): void {
    if (truncates || this.#wire.pendingBytes > 0) this.#wire.reset()
    else this.#wire.destroy()
  }

  /** Nobody is there any more to answer: everything done for the exchange is cancelled. */
  #abandon(reason: ProxyError): void {
    const serving = this.#serving
    const begun = serving.response !== undefined
    this.#phase = 'closed'
    const exchange = serving.abandon(reason)
    this.#body?.fail(reason)
    const written = this.#writer?.written ?? 0
    this.#writer?.cancel(reason)
    if (exchange !== undefined) {
      const result = reason.side === 'downstream' ? 'aborted' : 'failed'
      serving.complete(exchange, result, reason, begun ? written : 0, this.#bytesReceived())
    }
    this.#clearExchange()
  }

  #expired(): void {
    switch (this.#phase) {
      case 'idle':
        this.#linger()
        return
      case 'head':
        this.#reject(new ProxyError('request_head_timeout'))
        return
      case 'exchange':
        if (this.#writer?.blocked === true) {
          this.#abandon(new ProxyError('client_stalled'))
          this.#wire.reset()
        } else this.#checkProgress()
        return
      case 'draining':
      case 'lingering':
        this.#cut(false)
        return
    }
  }

  /** A body must come at a minimum rate, or a few slow clients could hold many resources. As in Kestrel. */
  #checkProgress(): void {
    const body = this.#body
    if (body === undefined || !body.flowing) return
    const { bodyIdleMs, minBodyBytesPerSecond } = this.#serving
    const received = this.#decoder!.received
    // While we have held it back, the client could not be faster.
    const ownMs = bodyIdleMs - this.#pausedMs(body)
    const least = Math.max(1, (minBodyBytesPerSecond * ownMs) / 1000)
    if (ownMs < bodyIdleMs * LEAST_OWN_SHARE || received - this.#progress >= least) this.#watchBody()
    else this.#reject(new ProxyError('request_body_timeout'))
  }

  #watchBody(): void {
    this.#heldBackMs = 0
    this.#pausedAt = this.#context.clock.now()
    this.#progress = this.#decoder!.received
    this.#deadline.arm(this.#serving.bodyIdleMs)
  }

  // The request body's side.

  /** Someone wants the body now. */
  bodyOpened(body: RequestBody): void {
    if (body !== this.#body) return
    if (body.continuePending) {
      body.continuePending = false
      if (this.#serving.response === undefined)
        this.#ownWriter().writeWhole('HTTP/1.1 100 Continue\r\n\r\n', 'none', NO_BYTES)
    }
    this.#watchBody()
    this.#readOn()
  }

  bodyPaused(body: RequestBody): void {
    if (body !== this.#body) return
    this.#pausedAt = this.#context.clock.now()
    this.#wire.pause()
  }

  bodyResumed(body: RequestBody): void {
    if (body !== this.#body) return
    this.#heldBackMs += this.#context.clock.now() - this.#pausedAt
    if (!this.#stashPaused) this.#wire.resume()
  }

  /** How long we have held the body back since the last look at its progress. */
  #pausedMs(body: RequestBody): number {
    return body.paused ? this.#heldBackMs + this.#context.clock.now() - this.#pausedAt : this.#heldBackMs
  }

  bodyCancelled(body: RequestBody): void {
    if (body !== this.#body) return
    if (body.paused && !this.#stashPaused) this.#wire.resume()
  }

  onBodyChunk(chunk: Buffer): boolean | undefined {
    return this.#body?.push(chunk)
  }

  onBodyEnd(trailers: HeaderList | undefined): void {
    if (this.#phase === 'exchange' && this.#writer?.blocked !== true) this.#deadline.disarm()
    const body = this.#body
    if (body === undefined) return
    // A slow reader may have asked for a pause at the last chunk; the next request must be read all the same.
    if (body.paused) {
      body.paused = false
      if (!this.#stashPaused) this.#wire.resume()
    }
    body.finish(trailers)
  }

  // The writer's side.

  onBodyWritten(): void {
    this.#deadline.disarm()
    this.#finish()
  }

  onBodyFailed(thrown: unknown): void {
    const error = toProxyError(thrown)
    const writer = this.#writer!
    if (!writer.headSent && this.#phase === 'exchange') {
      // Nothing of the response has gone out, so another one can take its place.
      writer.cancel(error)
      this.#serving.fail(error)
      return
    }
    const serving = this.#serving
    if (error.code === 'internal_error') serving.report(serving.exchange, error)
    const truncatable = this.#head?.minor === 1
    const exchange = serving.abandon(error)
    if (exchange === undefined) return
    this.#body?.fail(error)
    serving.complete(exchange, 'failed', error, this.#writer!.written, this.#bytesReceived())
    this.#clearExchange()
    // The client must see that the response is not whole: by its framing, or where that is the end of the connection, by
    // a reset.
    if (truncatable) this.#linger()
    else {
      this.#phase = 'closed'
      this.#wire.reset()
    }
  }

  onBlocked(blocked: boolean): void {
    if (this.#phase === 'exchange') {
      if (blocked) this.#deadline.arm(this.#context.limits.sendIdleMs)
      else if (this.#body?.flowing === true) this.#watchBody()
      else this.#deadline.disarm()
    } else if (!blocked && this.#phase === 'idle') this.#readOn()
  }

  #ownWriter(): BodyWriter {
    this.#writer ??= new BodyWriter(this.#wire, this)
    return this.#writer
  }
}

const CHALLENGE = 'proxy-authenticate'
const NO_BYTES = new Uint8Array(0)
const EMPTY_LINE_BYTES = 2
/**
 * A connection that was used so short a time ago may be used again at this moment, and closing it would lose the request: a
 * client may send it anew only if it is idempotent (RFC 9110 section 9.2.2), and not all do. So it is kept for a last one,
 * whose response says so. In nginx this is `keepalive_min_timeout`, in HAProxy `option idle-close-on-response`.
 */
const LAST_REQUEST_MS = 1_000
/** When the client had less than this share of the time, its progress says nothing. */
const LEAST_OWN_SHARE = 0.1
/** Stands in for the head of a request that could not be read. */
const UNREAD_HEAD = { method: 'GET', minor: 1 } as RequestHead

export function requestError(fault: SyntaxFault): ProxyError {
  const detail = fault.message
  switch (fault.kind) {
    case 'too-large':
      return new ProxyError(
        detail.startsWith('a body') ? 'request_body_too_large' : 'request_head_too_large',
        { detail },
      )
    case 'target-too-long':
      return new ProxyError('request_target_too_long', { detail })
    case 'version':
      return new ProxyError('request_version_unsupported', { detail })
    case 'coding':
      return new ProxyError('request_coding_unsupported', { detail })
    default:
      return new ProxyError('request_malformed', { detail })
  }
}
