import { ProxyError } from '../../core/errors.ts'
import type { MemoryUse, Wire } from '../../core/network.ts'
import type { Attempt } from '../attempt.ts'
import { allowedUpgrade } from '../outgoing-head.ts'
import type { ConnectionOwner, UpstreamConnection } from '../upstream-connection.ts'
import { Http2ClientStream } from './client-stream.ts'
import { Http2Connection } from './connection.ts'
import { ErrorCode, Http2Fault } from './error-codes.ts'
import { MAX_WINDOW, SettingId } from './settings.ts'

/** How many streams an endpoint is thought to take before it has said so (RFC 9113 section 6.5.2 asks for at least as many). */
const ASSUMED_STREAMS = 100
const SIGN_OF_LIFE = Buffer.from('alive???')
/** `:status`. */
const PSEUDO_FIELDS = 1

/** One connection to an endpoint that speaks HTTP/2: a stream for each attempt. */
export class Http2ClientConnection extends Http2Connection implements UpstreamConnection {
  readonly owner: ConnectionOwner<Http2ClientConnection>
  /** Answered something before the attempts that it has now, which may therefore find it stale. */
  used = false
  /** What went wrong in our own code. */
  failure: unknown
  readonly #scheme: 'http' | 'https'
  /** Attempts that ask for a tunnel before it is known whether the endpoint makes some (RFC 8441). */
  readonly #early: Attempt[] = []
  #settled = false
  /** Takes no further streams, and ends with the last one. */
  #leaving = false
  #gone = false
  /** Times that something came. */
  #reads = 0
  #readsAtNotice = -1
  #pinged = false

  constructor(wire: Wire, owner: ConnectionOwner<Http2ClientConnection>) {
    const { limits } = owner
    super(
      wire,
      'client',
      owner.clock,
      {
        // Each field counts for 32 bytes more than it has (RFC 9113 section 6.5.2).
        listBytes: limits.headBytes + 32 * limits.headers,
        fields: limits.headers + PSEUDO_FIELDS,
        headMs: limits.headMs,
        idleMs: limits.sessionIdleMs,
        sendIdleMs: limits.sendIdleMs,
        lingerMs: LINGER_MS,
        streamWindowBytes: limits.streamWindowBytes,
        connectionWindowBytes: limits.connectionWindowBytes,
      },
      [[SettingId.enablePush, 0]],
    )
    this.owner = owner
    this.#scheme = wire.tls === undefined ? 'http' : 'https'
    wire.handler = this
  }

  get upstreamWire(): Wire {
    return this.wire
  }

  get reads(): number {
    return this.#reads
  }

  get streamCount(): number {
    return this.streams.size + this.#early.length
  }

  /** How many further attempts it takes now. */
  get room(): number {
    if (this.#leaving || this.#pinged || !this.open) return 0
    const allowed = this.#settled ? this.peer.maxConcurrentStreams : ASSUMED_STREAMS
    return Math.min(this.owner.limits.streams, allowed) - this.streamCount
  }

  get attempts(): readonly Attempt[] {
    const attempts = [...this.#early]
    for (const { attempt } of this.streams.values() as Iterable<Http2ClientStream>)
      if (attempt !== undefined) attempts.push(attempt)
    return attempts
  }

  start(attempt: Attempt): void {
    const protocol = allowedUpgrade(attempt.request.upgrade)?.toLowerCase()
    if (protocol !== undefined && !this.#settled) {
      attempt.carrier = this
      this.#early.push(attempt)
      return
    }
    if (protocol !== undefined && (this.peer.enableConnectProtocol !== 1 || protocol.includes(','))) {
      const detail = 'no such tunnel can be asked for over HTTP/2'
      attempt.fail(new ProxyError('upstream_upgrade_failed', { detail }))
      this.#roomMade()
      return
    }
    const id = this.lastId === 0 ? 1 : this.lastId + 2
    this.lastId = id
    if (id > MAX_WINDOW - 2) this.#leaving = true
    const stream = new Http2ClientStream(this, id, attempt, this.#scheme, protocol)
    this.add(stream)
    if (attempt.policy.close === true) this.#leaving = true
    stream.begin()
    if (this.streams.size === 1) this.#watch()
  }

  close(): void {
    if (!this.open) return
    this.#leaving = true
    const error = new ProxyError('proxy_closed')
    for (const attempt of this.#early.splice(0)) attempt.fail(error)
    for (const stream of [...this.streams.values()] as Http2ClientStream[]) stream.close(error)
    this.#end()
  }

  // Attempts that wait for the endpoint's settings.

  worksFor(attempt: Attempt): boolean {
    return this.#early.includes(attempt)
  }

  cancelAttempt(attempt: Attempt): void {
    const at = this.#early.indexOf(attempt)
    if (at < 0) return
    this.#early.splice(at, 1)
    this.#roomMade()
  }

  // The connection's side.

  override onData(chunk: Buffer): MemoryUse {
    this.#reads++
    if (this.#pinged) this.#lives()
    return super.onData(chunk)
  }

  override onEnd(): void {
    this.#closed()
    super.onEnd()
    this.#loseEarly()
  }

  override onSettingsEnd(): void {
    super.onSettingsEnd()
    if (!this.#settled) {
      this.#settled = true
      for (const attempt of this.#early.splice(0)) this.start(attempt)
    }
    this.#roomMade()
  }

  protected override get lastOfPeer(): number {
    // Nothing is pushed to us.
    return 0
  }

  protected isIgnored(): boolean {
    return false
  }

  protected isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || streamId > this.lastId
  }

  protected opened(): void {
    throw new Http2Fault(ErrorCode.PROTOCOL_ERROR, 'a header section of a stream that was never opened')
  }

  protected goneAway(lastStreamId: number): void {
    this.#leaving = true
    for (const stream of [...this.streams.values()] as Http2ClientStream[])
      if (stream.id > lastStreamId) stream.refused()
    if (this.streamCount === 0) this.#end()
  }

  protected settingChanged(): void {
    // What there is room for is asked for at the end of the SETTINGS frame.
  }

  protected streamEnded(): void {
    this.#roomMade()
  }

  protected emptied(): void {
    if (this.#leaving && this.streamCount === 0) this.#end()
  }

  protected idled(): void {
    this.#end()
  }

  #roomMade(): void {
    if (this.open && !this.#leaving) this.owner.released(this)
  }

  /** Nothing is left for it to do. */
  #end(): void {
    if (!this.open) return
    this.#closed()
    this.writer.goaway(0, ErrorCode.NO_ERROR)
    this.finish(undefined)
  }

  #closed(): void {
    this.#leaving = true
    if (this.#gone) return
    this.#gone = true
    this.owner.closed(this)
  }

  // Signs of life.

  /** Nothing came since an attempt was sent, and that was given up. A short silence is no sign of anything. */
  suspect(since: number): void {
    if (this.clock.now() - since >= this.owner.limits.pingTimeoutMs) this.#ping()
  }

  #ping(): void {
    if (!this.open || this.#pinged) return
    this.#pinged = true
    this.writer.ping(SIGN_OF_LIFE, false)
    this.output.flushSoon()
    this.noticeBy(this.owner.limits.pingTimeoutMs)
  }

  #lives(): void {
    this.#pinged = false
    this.#watch()
    this.#roomMade()
  }

  #watch(): void {
    this.#readsAtNotice = this.#reads
    this.noticeBy(this.streams.size > 0 ? this.owner.limits.pingMs : Number.POSITIVE_INFINITY)
  }

  protected ponged(): void {
    // That it came has been taken note of, as of anything that comes.
  }

  protected noticed(): void {
    if (this.#pinged) {
      this.wire.reset()
      this.onClose(new Error('no answer to a ping'))
    } else if (this.streams.size > 0 && this.#reads === this.#readsAtNotice) this.#ping()
    else this.#watch()
  }

  // Ends.

  #loseEarly(cause?: Error): void {
    for (const attempt of this.#early.splice(0))
      this.owner.attemptFailed(attempt, new ProxyError('upstream_reset', { cause }), 'always')
  }

  protected failed(fault: Http2Fault): void {
    this.#closed()
    this.#loseEarly(fault)
  }

  protected report(thrown: unknown): void {
    this.failure = thrown
  }

  protected disconnected(error: Error | undefined): void {
    this.#closed()
    this.#loseEarly(error)
    this.owner.disconnected()
  }
}

/** How long an endpoint may take to close its side. */
const LINGER_MS = 1_000
