import { Body } from '../../core/body.ts'
import { Deadline } from '../../core/clock.ts'
import { ProxyError, toProxyError } from '../../core/errors.ts'
import { FieldKind } from '../../core/field-name.ts'
import type { HeaderList } from '../../core/headers.ts'
import { ResponseMessage } from '../../core/message.ts'
import { type MemoryUse, SMALL_BYTES, type Wire, type WireHandler } from '../../core/network.ts'
import { isWebSocket } from '../../core/upgrade.ts'
import type { Attempt, AttemptCarrier } from '../attempt.ts'
import { incomingResponseFraming, outgoingRequestFraming } from '../framing.ts'
import { allowedUpgrade, requestHead } from '../outgoing-head.ts'
import { WireTunnel } from '../tunnel.ts'
import type { ConnectionOwner, UpstreamConnection } from '../upstream-connection.ts'
import { acceptOf, newKey } from '../websocket-handshake.ts'
import { BodyDecoder, type BodyDecoderOwner, leastFree } from './body-decoder.ts'
import { BodyWriter, type BodyWriterOwner, WHOLE_BELOW } from './body-writer.ts'
import { HeadBuffer } from './head-buffer.ts'
import type { ResponseHead } from './response-head.ts'
import { SyntaxFault } from './syntax.ts'
import { UpstreamBody, type UpstreamBodyOwner } from './upstream-body.ts'

/** Interim responses to one request; more are an attack or a mistake. */
const MAX_INTERIM = 16

/**
 * - `idle`: waits for an attempt.
 * - `head`: an attempt is under way, its response head has not come.
 * - `body`: the response body is coming.
 * - `tunnel`: the wire belongs to a tunnel.
 * - `closed`: over.
 */
type Phase = 'idle' | 'head' | 'body' | 'tunnel' | 'closed'

/** One connection to an endpoint: sends one request at a time and reads its response. */
export class ClientConnection
  implements
    UpstreamConnection,
    WireHandler,
    BodyDecoderOwner,
    BodyWriterOwner,
    UpstreamBodyOwner,
    AttemptCarrier
{
  readonly #wire: Wire
  readonly #owner: ConnectionOwner<ClientConnection>
  readonly #deadline: Deadline
  readonly #headBuffer = new HeadBuffer()
  readonly #decoder: BodyDecoder
  readonly #writer: BodyWriter
  #phase: Phase = 'idle'
  #attempt: Attempt | undefined
  #body: UpstreamBody | undefined
  #tunnel: WireTunnel | undefined
  #requestDone = true
  #reusable = true
  #interim = 0
  /** Of our own making, for a client that has none. */
  #websocketKey: string | undefined
  /** Answered something before the attempt that it has now, which may therefore find it stale. */
  reused = false
  /** When it is closed, if it stays idle. Milliseconds on the clock; kept by the connector. */
  idleUntil = 0
  /** How long it may be idle, as the upstream hints. `Infinity` without a hint. */
  keepAliveHintMs: number = Number.POSITIVE_INFINITY

  constructor(wire: Wire, owner: ConnectionOwner<ClientConnection>) {
    this.#wire = wire
    this.#owner = owner
    this.#decoder = new BodyDecoder(this, owner.limits)
    this.#writer = new BodyWriter(wire, this)
    this.#deadline = new Deadline(owner.clock, () => this.#expired())
    wire.handler = this
  }

  get attempts(): readonly Attempt[] {
    return this.#attempt === undefined ? [] : [this.#attempt]
  }

  /** Sends the attempt's request. */
  start(attempt: Attempt): void {
    const { request } = attempt
    const { body } = request
    this.#attempt = attempt
    attempt.carrier = this
    attempt.httpVersion = '1.1'
    attempt.recording?.connected(this.reused)
    this.#phase = 'head'
    this.#interim = 0
    this.#reusable = true
    try {
      const { length } = body
      const framing = outgoingRequestFraming(request.method, length)
      // A client that speaks HTTP/2 sends none (RFC 8441 section 5).
      const makesKey = request.version === '2' && isWebSocket(request.upgrade)
      this.#websocketKey = makesKey ? newKey(attempt.exchange.random) : undefined
      const head = requestHead(
        request,
        attempt.exchange.client,
        attempt.policy,
        framing,
        length,
        this.#websocketKey,
      )
      const { bytes } = body
      attempt.sent = 'head'
      if (bytes !== undefined && bytes.byteLength <= WHOLE_BELOW) {
        if (bytes.byteLength > 0) attempt.sent = 'body'
        this.#requestDone = true
        this.#writer.writeWhole(head, framing, bytes)
        attempt.recording?.requestSent()
        this.#deadline.arm(this.#idleMs ?? this.#owner.limits.headMs)
      } else {
        this.#requestDone = false
        attempt.bodyBegan()
        this.#writer.start(head, framing, body.take())
      }
    } catch (thrown) {
      this.#fail(toProxyError(thrown))
    }
  }

  /** Ends it: it is idle, or the pool is closed. */
  close(): void {
    if (this.#phase === 'closed' || this.#phase === 'tunnel') return
    if (this.#attempt !== undefined) this.#fail(new ProxyError('proxy_closed', { sent: this.#attempt.sent }))
    else this.#destroy()
  }

  worksFor(attempt: Attempt): boolean {
    // The end of a body that is being passed on may be what ends the exchange; the attempt ends right after it.
    return attempt === this.#attempt && this.#body?.received !== true
  }

  cancelAttempt(attempt: Attempt, reason: ProxyError): void {
    if (attempt !== this.#attempt) return
    this.#attempt = undefined
    this.#body?.fail(reason)
    this.#body = undefined
    this.#writer.cancel(reason)
    if (this.#tunnel === undefined) this.#destroy()
    else this.#tunnel.cut(reason)
  }

  // The wire's side.

  onData(chunk: Buffer): MemoryUse {
    let use: MemoryUse = true
    try {
      let offset = 0
      while (offset < chunk.length) {
        if (this.#phase === 'head') offset = this.#readHead(chunk, offset)
        else if (this.#phase === 'body') {
          offset = this.#decoder.feed(chunk, offset)
          use = leastFree(use, this.#decoder.memoryUse)
          if (this.#decoder.ended && this.#attempt !== undefined) this.#responseEnded(offset === chunk.length)
        } else {
          // Bytes that nobody asked for: whatever they are, they must not be taken for the next response.
          if (this.#phase === 'idle') this.#destroy()
          break
        }
      }
      if (this.#phase === 'body' && this.#body?.stopped !== true)
        this.#deadline.arm(this.#idleMs ?? this.#owner.limits.bodyIdleMs)
    } catch (thrown) {
      // What went before the fault may be held or lent.
      use = undefined
      this.#fail(thrown instanceof SyntaxFault ? this.#responseError(thrown) : toProxyError(thrown))
    }
    return use
  }

  onEnd(): void {
    if (this.#phase === 'body' && this.#decoder.closed()) this.#responseEnded(false)
    else this.#lost(undefined)
  }

  onDrain(): void {
    this.#writer.drained()
  }

  onClose(error: Error | undefined): void {
    this.#lost(error)
    this.#owner.disconnected()
  }

  /** The upstream went away, whatever it owed us. */
  #lost(error: Error | undefined): void {
    if (this.#phase === 'closed') return
    const { sent } = this.#attempt ?? { sent: 'none' as const }
    if (this.#phase === 'body')
      this.#fail(new ProxyError('upstream_response_incomplete', { sent: 'response', cause: error }))
    else if (this.#phase === 'head') {
      const stale = this.reused && this.#headBuffer.empty && this.#interim === 0
      this.#fail(new ProxyError('upstream_reset', { sent, cause: error }), stale)
    } else this.#destroy()
  }

  // Reading the response.

  #readHead(chunk: Buffer, offset: number): number {
    const { limits, parseHead } = this.#owner
    const head = this.#headBuffer.read(chunk, offset, limits.headBytes, parseHead)
    if (head === undefined) return chunk.length
    const rest = this.#headBuffer.rest
    if (head.status === 101) return this.#switchProtocols(head, chunk, rest)
    if (head.status < 200) {
      if (++this.#interim > MAX_INTERIM) throw new SyntaxFault('malformed', 'too many interim responses')
      dropNominated(head)
      // A 100 answers our own framing of the request; the client's expectation was met when its body was first read.
      if (head.status !== 100) this.#attempt!.exchange.inform(head.status, head.headers)
      return rest
    }
    return this.#begin(head, chunk, rest)
  }

  #begin(head: ResponseHead, chunk: Buffer, rest: number): number {
    const attempt = this.#attempt!
    const framing = incomingResponseFraming(head, attempt.request.method)
    dropNominated(head)
    // RFC 7838: it would tell clients to go round this proxy and its filters.
    if (head.headers.hasKind(FieldKind.alternative)) head.headers.delete('Alt-Svc')
    this.#reusable = head.keepAlive && framing !== 'close'
    if (head.keepAliveMs >= 0) this.keepAliveHintMs = head.keepAliveMs
    attempt.sent = 'response'
    this.#deadline.disarm()
    const { headers, status, reason } = head
    if (framing === 'none') {
      attempt.succeed(new ResponseMessage(status, headers, Body.empty(), reason))
      this.#responseEnded(rest === chunk.length)
      return chunk.length
    }
    const length = head.contentLength
    if (
      framing === 'length' &&
      length <= SMALL_BYTES &&
      rest + length <= chunk.length &&
      length <= this.#owner.limits.bodyBytes
    ) {
      const bytes = Buffer.from(chunk.subarray(rest, rest + length))
      attempt.succeed(new ResponseMessage(status, headers, Body.from(bytes).fromUpstream(), reason))
      this.#responseEnded(rest + length === chunk.length)
      return chunk.length
    }
    if (framing === 'length') this.#decoder.expectLength(length)
    else if (framing === 'chunked') this.#decoder.expectChunked()
    else this.#decoder.expectUntilClose()
    this.#phase = 'body'
    this.#body = new UpstreamBody(this, framing === 'length' ? length : undefined)
    attempt.succeed(new ResponseMessage(status, headers, new Body(this.#body).fromUpstream(), reason))
    return rest
  }

  #switchProtocols(head: ResponseHead, chunk: Buffer, rest: number): number {
    const attempt = this.#attempt!
    const offered = allowedUpgrade(attempt.request.upgrade)
      ?.toLowerCase()
      .split(',')
      .map((it) => it.trim())
    const protocol = head.upgrade
    if (protocol === undefined || offered?.includes(protocol.toLowerCase()) !== true || !this.#requestDone) {
      throw new ProxyError('upstream_upgrade_failed', { sent: 'head' })
    }
    dropNominated(head)
    const key = this.#websocketKey
    if (key !== undefined && head.headers.get('sec-websocket-accept') !== acceptOf(key))
      throw new ProxyError('upstream_upgrade_failed', {
        detail: 'a wrong Sec-WebSocket-Accept',
        sent: 'head',
      })
    const owner = this.#owner
    this.#phase = 'tunnel'
    this.#deadline.close()
    attempt.sent = 'response'
    const response = new ResponseMessage(101, head.headers, Body.empty(), head.reason)
    this.#tunnel = new WireTunnel(this.#wire, Buffer.from(chunk.subarray(rest)), {
      protocol,
      clock: owner.clock,
      idleMs: owner.limits.tunnelIdleMs,
      onClose: (error) => {
        this.#phase = 'closed'
        this.#attempt = undefined
        attempt.end(error)
        owner.closed(this)
        owner.disconnected()
      },
    })
    response.tunnel = this.#tunnel
    attempt.succeed(response)
    return chunk.length
  }

  #responseEnded(exactly: boolean): void {
    const attempt = this.#attempt
    const body = this.#body
    this.#attempt = undefined
    this.#body = undefined
    this.#deadline.disarm()
    this.reused = true
    if (this.#reusable && this.#requestDone && exactly && !this.#writer.blocked) {
      // A slow reader may have asked for a pause at the last chunk; the next response must be read all the same.
      if (body?.stopped === true) this.#wire.resume()
      this.#phase = 'idle'
      attempt?.end(undefined)
      this.#owner.released(this)
    } else {
      this.#phase = 'closed'
      this.#writer.cancel(
        new ProxyError('exchange_aborted', { detail: 'the response came before the end of the request' }),
      )
      attempt?.end(undefined)
      this.#deadline.close()
      this.#wire.destroy()
      this.#owner.closed(this)
    }
  }

  #responseError(fault: SyntaxFault): ProxyError {
    const sent = this.#phase === 'body' ? 'response' : (this.#attempt?.sent ?? 'none')
    if (fault.kind !== 'too-large')
      return new ProxyError('upstream_response_malformed', { detail: fault.message, sent })
    return new ProxyError(this.#phase === 'body' ? 'upstream_body_too_large' : 'upstream_head_too_large', {
      detail: fault.message,
      sent,
    })
  }

  #fail(error: ProxyError, stale = false): void {
    const attempt = this.#attempt
    const body = this.#body
    const inBody = this.#phase === 'body'
    this.#attempt = undefined
    this.#body = undefined
    this.#destroy()
    this.#writer.cancel(error)
    if (attempt === undefined) return
    if (inBody) {
      attempt.end(error)
      body?.fail(error)
    } else this.#owner.attemptFailed(attempt, error, stale ? 'idempotent' : 'never')
  }

  #destroy(): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#deadline.close()
    this.#wire.destroy()
    this.#owner.closed(this)
  }

  #expired(): void {
    const sent = this.#attempt?.sent ?? 'none'
    if (this.#phase === 'body') this.#fail(new ProxyError('upstream_body_timeout', { sent }))
    else if (this.#phase === 'head') {
      this.#fail(
        new ProxyError(this.#requestDone ? 'upstream_head_timeout' : 'upstream_write_timeout', { sent }),
      )
    }
  }

  // The response body's side.

  onBodyChunk(chunk: Buffer): MemoryUse {
    return this.#body === undefined ? true : this.#body.push(chunk)
  }

  onBodyEnd(trailers: HeaderList | undefined): void {
    this.#attempt?.recording?.received()
    this.#body?.finish(trailers)
  }

  /** How long the exchange may be silent, where it is not as the pool has it. */
  get #idleMs(): number | undefined {
    return this.#attempt?.exchange.streamIdleMs
  }

  bodyPaused(body: UpstreamBody): void {
    if (body !== this.#body) return
    this.#deadline.disarm()
    this.#wire.pause()
  }

  bodyResumed(body: UpstreamBody): void {
    if (body !== this.#body) return
    this.#deadline.arm(this.#idleMs ?? this.#owner.limits.bodyIdleMs)
    this.#wire.resume()
  }

  /** Nobody wants the rest of the response. */
  bodyCancelled(body: UpstreamBody, reason: ProxyError): void {
    if (body !== this.#body) return
    const attempt = this.#attempt
    this.#attempt = undefined
    this.#body = undefined
    this.#writer.cancel(reason)
    this.#destroy()
    attempt?.end(reason)
  }

  // The request's side.

  onBodyWritten(): void {
    this.#requestDone = true
    this.#attempt?.recording?.requestSent()
    if (this.#attempt !== undefined && this.#phase === 'head') {
      this.#attempt.sent = 'body'
      this.#attempt.bodySent()
      this.#deadline.arm(this.#idleMs ?? this.#owner.limits.headMs)
    }
  }

  onBodyFailed(thrown: unknown): void {
    this.#fail(toProxyError(thrown))
  }

  onBlocked(blocked: boolean): void {
    if (this.#attempt !== undefined && this.#attempt.sent === 'head') this.#attempt.sent = 'body'
    if (this.#phase !== 'head' || this.#requestDone) return
    if (blocked) this.#deadline.arm(this.#owner.limits.sendIdleMs)
    else this.#deadline.disarm()
  }
}

function dropNominated(head: ResponseHead): void {
  if (head.nominated !== undefined) for (const name of head.nominated) head.headers.delete(name)
}
