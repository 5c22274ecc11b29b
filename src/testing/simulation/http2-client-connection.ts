import type { MemoryUse, Wire, WireHandler } from '../../core/network.ts'
import type { Http2ErrorCode } from '../http2/error-codes.ts'
import { type SessionHandler, SimpleSession } from '../http2/simple-session.ts'
import type { ClientConnection, ConnectionOwner, PendingCall } from './client-connections.ts'
import { Http2Call } from './http2-call.ts'

/** @internal How a client speaks HTTP/2. */
export interface ClientVersion {
  readonly windowBytes: number
  readonly reads: boolean
}

/** @internal A connection of a simulated client by HTTP/2: many requests at a time. */
export class Http2ClientConnection implements ClientConnection, WireHandler, SessionHandler {
  readonly wire: Wire
  readonly session: SimpleSession
  readonly #owner: ConnectionOwner
  readonly #version: ClientVersion
  readonly #calls = new Set<Http2Call>()
  /** Requests that were sent and not refused. */
  #sent = 0
  /** What must wait for the proxy's SETTINGS. */
  readonly #held: PendingCall[] = []
  #settled = false
  #gone = false
  #ended = false

  constructor(owner: ConnectionOwner, wire: Wire, version: ClientVersion) {
    this.#owner = owner
    this.wire = wire
    this.#version = version
    this.session = new SimpleSession(wire, this, { side: 'client', windowBytes: version.windowBytes })
    wire.handler = this
    this.session.begin()
  }

  /** Whether it takes another request. */
  get takes(): boolean {
    return !this.#gone && !this.#ended && this.session.openStreams < this.session.peerStreams
  }

  send(call: PendingCall): void {
    call.connection = this
    // RFC 8441 section 3: the proxy must have said that it takes them.
    if (call.tunnel !== undefined && !this.#settled) {
      this.#held.push(call)
      return
    }
    if (call.tunnel !== undefined && !this.session.peerConnects) {
      call.onResult({ kind: 'failed', error: new Error('the proxy takes no extended CONNECT (RFC 8441)') })
      return
    }
    const sent = new Http2Call(this, call, this.#sent++)
    this.#calls.add(sent)
    const stream = this.session.open(sent)
    stream.stalled = !this.#version.reads
    sent.begin(stream)
  }

  leave(call: PendingCall, code: Http2ErrorCode = 'CANCEL'): void {
    for (const sent of this.#calls) if (sent.call === call) sent.leave(code)
    const at = this.#held.indexOf(call)
    if (at < 0) return
    this.#held.splice(at, 1)
    call.onResult({ kind: 'left' })
  }

  close(): void {
    for (const sent of [...this.#calls]) sent.end({ kind: 'left' })
    for (const call of this.#held.splice(0)) call.onResult({ kind: 'left' })
    this.wire.destroy()
  }

  /** Opens no more streams, and says so. Those that are open go on. */
  goaway(code: Http2ErrorCode): void {
    this.#gone = true
    this.session.goaway(0, code)
    this.#endIfDone()
  }

  // The wire's side.

  onData(chunk: Buffer): MemoryUse {
    try {
      this.session.push(chunk)
    } catch (error) {
      this.session.goaway(0, 'PROTOCOL_ERROR')
      this.#failAll(error instanceof Error ? error : new Error(String(error)))
      this.wire.destroy()
    }
    return undefined
  }

  onEnd(): void {
    this.#ended = true
    this.wire.end()
  }

  onDrain(): void {
    this.session.drained()
  }

  onClose(error: Error | undefined): void {
    this.#ended = true
    this.session.close()
    const why = error?.message ?? 'the proxy closed the connection'
    const broken = new Error(`no response: ${why}`, { cause: error })
    for (const sent of [...this.#calls]) sent.broke(broken)
    for (const call of this.#held.splice(0)) call.onResult({ kind: 'failed', error: broken })
    this.#owner.closed(this, this.wire.local)
  }

  // The session's side.

  onStream(): undefined {
    // A client takes none.
  }

  onGoaway(lastStreamId: number): void {
    this.#gone = true
    for (const sent of [...this.#calls]) if (sent.streamId > lastStreamId) sent.refused('GOAWAY')
    this.#endIfDone()
  }

  onSettings(): void {
    this.#settled = true
    for (const call of this.#held.splice(0)) this.send(call)
  }

  onOver(): void {
    this.#endIfDone()
  }

  // What calls say.

  /** The exchange of the n-th request that was not refused. */
  recordOf(nth: number): ReturnType<ConnectionOwner['recordOf']> {
    return this.#owner.recordOf(this.wire.local, nth)
  }

  over(sent: Http2Call): void {
    this.#calls.delete(sent)
    if (!sent.call.keepAlive) this.wire.destroy()
  }

  /** The proxy has not looked at it: it counts for nothing. */
  uncount(sent: Http2Call): void {
    this.#sent--
    for (const later of this.#calls) if (later.streamId > sent.streamId) later.nth--
  }

  again(call: PendingCall): boolean {
    return this.#owner.again(call)
  }

  #endIfDone(): void {
    if (this.#gone && this.session.openStreams === 0) this.wire.end()
  }

  #failAll(error: Error): void {
    for (const sent of [...this.#calls]) sent.end({ kind: 'failed', error })
  }
}
