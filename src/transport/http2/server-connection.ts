import { ProxyError } from '../../core/errors.ts'
import type { Client } from '../../core/exchange.ts'
import { type Address, peerOf, type Wire } from '../../core/network.ts'
import type { ListenerContext } from '../listener-context.ts'
import { Http2Connection } from './connection.ts'
import { ErrorCode, errorCodeName, Http2Fault } from './error-codes.ts'
import type { FieldBlock } from './field-block.ts'
import type { Http2Settings } from './http2-options.ts'
import { Http2ServerStream } from './server-stream.ts'
import { MAX_WINDOW, SettingId } from './settings.ts'
import type { Http2Stream } from './stream.ts'

/** How long a client may take to hear of a drain before the streams that it opens are no longer taken. */
const NOTICE_MS = 1_000
const DRAIN_PING = Buffer.from('draining')

/** One client connection that speaks HTTP/2: has the request of each stream served. */
export class Http2ServerConnection extends Http2Connection {
  readonly context: ListenerContext
  readonly client: Client
  readonly remote: Address
  readonly #maxStreams: number
  /** Streams that are closed, and whose handlers are still at work. */
  readonly #left: Set<Http2Stream> = new Set()
  /** Streams above this one are no longer taken. */
  #lastTaken: number = MAX_WINDOW
  /** The last one that was not taken, of which more may come. */
  #lastIgnored = 0
  #draining = false

  constructor(wire: Wire, context: ListenerContext, settings: Http2Settings) {
    const { headBytes, headers, headMs, keepAliveMs, sendIdleMs, lingerMs } = context.limits
    super(
      wire,
      'server',
      context.clock,
      {
        // Each field counts for 32 bytes more than it has (RFC 9113 section 6.5.2).
        listBytes: headBytes + 32 * headers,
        fields: headers + PSEUDO_FIELDS,
        headMs,
        idleMs: keepAliveMs,
        sendIdleMs,
        lingerMs,
        ...settings,
      },
      [
        [SettingId.maxConcurrentStreams, settings.streams],
        [SettingId.enableConnectProtocol, 1],
        [SettingId.noRfc7540Priorities, 1],
      ],
    )
    this.context = context
    this.#maxStreams = settings.streams
    this.remote = peerOf(wire)
    this.client = context.clients.ofConnection(wire)
  }

  /** The wire of the client, for what is said of it. */
  get clientWire(): Wire {
    return this.wire
  }

  /** Takes no further streams, lets those that run finish, and ends. */
  drain(): void {
    if (this.#draining || !this.open) return
    this.#draining = true
    // RFC 9113 section 6.8: first a word that no stream is lost by, then, when the client has heard of it, the last one.
    this.writer.goaway(MAX_WINDOW, ErrorCode.NO_ERROR)
    this.writer.ping(DRAIN_PING, false)
    this.noticeBy(NOTICE_MS)
    this.output.flushSoon()
  }

  endTunnel(reason: ProxyError): void {
    for (const stream of [...this.streams.values()] as Http2ServerStream[]) stream.endTunnel(reason)
  }

  /** Ends it now. Running exchanges are given up. */
  close(reason: ProxyError): void {
    if (!this.open) return
    for (const stream of [...this.streams.values()] as Http2ServerStream[]) stream.close(reason)
    this.writer.goaway(this.lastId, ErrorCode.NO_ERROR)
    this.finish(undefined)
  }

  protected ponged(data: Buffer): void {
    if (this.#draining && data.equals(DRAIN_PING)) this.#goAway()
  }

  protected noticed(): void {
    this.#goAway()
  }

  #goAway(): void {
    if (this.#lastTaken !== MAX_WINDOW) return
    this.#lastTaken = this.lastId
    this.writer.goaway(this.lastId, ErrorCode.NO_ERROR)
    this.output.flushSoon()
    if (this.streams.size === 0) this.finish(undefined)
  }

  // Streams.

  protected isIdle(streamId: number): boolean {
    return streamId > Math.max(this.lastId, this.#lastIgnored)
  }

  protected opened(streamId: number, block: FieldBlock, endStream: boolean): void {
    if (streamId > this.#lastTaken) {
      // The client has opened it before it heard of the end (RFC 9113 section 6.8), and opens it anew elsewhere.
      this.#lastIgnored = streamId
      return
    }
    this.lastId = streamId
    if (this.streams.size + this.#left.size >= this.#maxStreams) {
      this.writeReset(streamId, ErrorCode.REFUSED_STREAM)
      this.countReset()
      return
    }
    const stream = new Http2ServerStream(this, streamId)
    this.add(stream)
    stream.begin(block, endStream)
  }

  protected isIgnored(streamId: number): boolean {
    return streamId > this.#lastTaken
  }

  protected streamEnded(stream: Http2Stream): void {
    if ((stream as Http2ServerStream).handling) this.#left.add(stream)
    if (this.context.draining) this.drain()
  }

  /** The handler of a stream has ended, whether or not somebody waited for that. */
  handlerEnded(stream: Http2ServerStream): void {
    this.#left.delete(stream)
  }

  override onRstStream(streamId: number, errorCode: number): void {
    super.onRstStream(streamId, errorCode)
    this.countReset()
  }

  /**
   * The client has opened a stream for nothing: it has reset it, or made us do that (CVE-2023-44487, CVE-2025-8671). Throws where it
   * has done so too often.
   */
  countReset(): void {
    if (this.guard.reset(this.clock.now()))
      throw new Http2Fault(ErrorCode.ENHANCE_YOUR_CALM, 'too many streams that were reset')
  }

  protected emptied(): void {
    if (this.#draining && this.#lastTaken !== MAX_WINDOW) this.finish(undefined)
  }

  protected idled(): void {
    this.#goAway()
  }

  protected goneAway(): void {
    // A client opens no further streams then; those that are open go on.
  }

  protected settingChanged(): void {
    // None matters to a server beside those that the connection looks after.
  }

  // Ends.

  protected failed(fault: Http2Fault): void {
    if (fault.code !== ErrorCode.INTERNAL_ERROR)
      this.context.snapshot.refused(
        new ProxyError('request_malformed', { detail: `${errorCodeName(fault.code)}: ${fault.message}` }),
        this.remote,
      )
  }

  protected report(thrown: unknown): void {
    this.context.snapshot.report(new ProxyError('internal_error', { cause: thrown }), undefined)
  }

  protected disconnected(): void {
    this.context.closed(this)
  }
}

/** `:method`, `:scheme`, `:authority`, `:path`, `:protocol`. */
const PSEUDO_FIELDS = 5
