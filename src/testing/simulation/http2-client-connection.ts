import type { MemoryUse, Wire, WireHandler } from '../../core/network.ts'
import type { Http2ErrorCode } from '../http2/error-codes.ts'
import type { Http2Field } from '../http2/simple-hpack.ts'
import { type SessionHandler, SimpleSession, type StreamHandler } from '../http2/simple-session.ts'
import type { SimpleStream } from '../http2/simple-stream.ts'
import type { SimpleMessage } from '../network/simple-http1.ts'
import type {
  ClientConnection,
  ClientTunnel,
  ClientTunnelPeer,
  ConnectionOwner,
  PendingCall,
} from './client-connections.ts'
import { bytesOf } from './client-request.ts'

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

/** One request on a stream, and what comes of it. */
class Http2Call implements StreamHandler {
  readonly call: PendingCall
  nth: number
  readonly #connection: Http2ClientConnection
  #stream: SimpleStream | undefined
  readonly #informational: SimpleMessage[] = []
  #tunnel: ClientTunnel | undefined
  #head: { readonly status: number; readonly fields: readonly Http2Field[] } | undefined
  readonly #parts: Buffer[] = []
  readonly #sizes: number[] = []
  #trailers: readonly Http2Field[] = []

  constructor(connection: Http2ClientConnection, call: PendingCall, nth: number) {
    this.#connection = connection
    this.call = call
    this.nth = nth
  }

  get streamId(): number {
    return this.#stream!.id
  }

  begin(stream: SimpleStream): void {
    this.#stream = stream
    const { fields, whole, chunks, trailers } = this.call.request.http2()
    if (this.call.tunnel !== undefined) {
      stream.section(fields, false)
      return
    }
    const nothing = chunks === undefined && trailers.length === 0
    stream.section(fields, nothing && (whole === undefined || whole.byteLength === 0))
    if (!stream.closedForSending) void this.#sendBody(stream, whole, chunks, trailers)
  }

  leave(code: Http2ErrorCode): void {
    this.#stream!.reset(code)
    this.end({ kind: 'left' })
  }

  /** The proxy has refused the stream, or not processed it. */
  refused(why: string): void {
    this.#connection.uncount(this)
    this.#connection.over(this)
    this.#stream!.forget()
    if (this.#connection.again(this.call)) return
    this.call.onResult({ kind: 'failed', error: new Error(`no response: the stream was refused (${why})`) })
  }

  broke(error: Error): void {
    if (this.#tunnel !== undefined) this.end({ kind: 'failed', error })
    else if (this.#head === undefined) this.end({ kind: 'failed', error })
    else this.#respond(false)
  }

  end(result: Parameters<PendingCall['onResult']>[0]): void {
    this.#connection.over(this)
    if (this.#tunnel !== undefined) {
      this.#tunnel.onClose()
      return
    }
    // Taken in any case, so that it is not kept for somebody who asks.
    this.#connection.recordOf(this.nth)
    this.call.onResult(result)
  }

  onSection(fields: readonly Http2Field[], ended: boolean): void {
    if (this.#head === undefined) {
      const status = Number(fields.find(([name]) => name === ':status')?.[1])
      if (status < 200) {
        this.#informational.push(messageOf(status, fields))
        return
      }
      this.#head = { status, fields }
      if (this.call.tunnel !== undefined && status < 300 && !ended) {
        this.#tunnel = this.call.tunnel(this.#peer(), regular(fields), this.#connection.recordOf(this.nth))
        return
      }
    } else this.#trailers = fields
    if (ended) this.#respond(true)
  }

  onData(bytes: Buffer, ended: boolean): void {
    if (this.#tunnel !== undefined) {
      if (bytes.length > 0) this.#tunnel.onData(bytes)
      if (!ended) return
      this.#tunnel.onEnd()
      this.end({ kind: 'left' })
      return
    }
    if (bytes.length > 0) {
      this.#parts.push(bytes)
      this.#sizes.push(bytes.length)
    }
    if (ended) this.#respond(true)
  }

  onReset(code: Http2ErrorCode): void {
    if (code === 'REFUSED_STREAM' && this.#head === undefined) this.refused(code)
    else this.broke(new Error(`no response: the proxy has reset the stream (${code})`))
  }

  #peer(): ClientTunnelPeer {
    const stream = this.#stream!
    return {
      write: (bytes) => void stream.data(bytes, false),
      end: () => void stream.data(NOTHING, true),
      reset: () => this.leave('CANCEL'),
    }
  }

  #respond(complete: boolean): void {
    const { status, fields } = this.#head!
    this.#connection.over(this)
    this.call.onResult({
      kind: 'response',
      message: {
        ...messageOf(status, fields),
        body: Buffer.concat(this.#parts),
        trailers: this.#trailers,
        framing: this.#parts.length === 0 ? 'none' : 'frames',
        chunkSizes: this.#sizes,
        complete,
      },
      status,
      informational: this.#informational,
      exchange: this.#connection.recordOf(this.nth),
    })
  }

  async #sendBody(
    stream: SimpleStream,
    whole: Uint8Array | undefined,
    chunks: AsyncIterable<string | Uint8Array> | undefined,
    trailers: readonly Http2Field[],
  ): Promise<void> {
    const last = trailers.length === 0
    if (chunks === undefined) await stream.data(whole ?? NOTHING, last)
    else {
      try {
        for await (const chunk of chunks) {
          if (stream.closedForSending) return
          await stream.data(bytesOf(chunk), false)
        }
      } catch (error) {
        // The test's own generator has failed: so does the request, as when a client breaks off.
        stream.reset('CANCEL')
        this.end({ kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) })
        return
      }
      if (last) await stream.data(NOTHING, true)
    }
    if (!last) stream.section(trailers, true)
  }
}

function regular(fields: readonly Http2Field[]): readonly Http2Field[] {
  return fields.filter(([name]) => !name.startsWith(':'))
}

/** As one of HTTP/1 would be. */
function messageOf(status: number, fields: readonly Http2Field[]): SimpleMessage {
  const headers = regular(fields)
  const startLine = `HTTP/2 ${status}`
  const head = `${startLine}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  return {
    startLine,
    head,
    headers,
    body: NOTHING,
    trailers: [],
    framing: 'none',
    chunkSizes: [],
    complete: true,
  }
}

const NOTHING = Buffer.alloc(0)
