import type { WireHandler } from '../../src/core/network.ts'
import { PREFACE } from '../../src/testing/http2/simple-frames.ts'
import {
  type SessionHandler,
  SimpleSession,
  type StreamHandler,
} from '../../src/testing/http2/simple-session.ts'
import type { SimpleStream } from '../../src/testing/http2/simple-stream.ts'
import { webSocketAccept } from '../../src/testing/websocket/websocket-key.ts'
import type { CutWire } from './cut-wire.ts'

export type Version = 'HTTP/1.1' | 'HTTP/2'

/** What can be done to an end between two of its frames: over HTTP/1.1, nothing. */
export type StreamFault = 'RST_STREAM' | 'GOAWAY' | 'GOAWAY that refuses'

/**
 * One end of a WebSocket. It does one thing after the other, as `step` asks for it: the handshake as soon as that can be,
 * then each frame, then the end of its side.
 */
export interface TunnelEnd {
  /** The path of the request that it was asked for by; '' as long as none has come. */
  readonly path: string
  /** Of the response that came; 0: none. */
  readonly status: number
  /** What came through the tunnel. */
  readonly heard: Buffer
  /** Bytes that went out for the tunnel. */
  readonly said: number
  /** Whether it has said, in order, that no more comes. */
  readonly saidEnd: boolean
  /** How the other side of the tunnel has ended, as seen from here. */
  readonly over: 'ended' | 'reset' | undefined
  /** Does the next thing. `false`: nothing can be done now. */
  step(): boolean
  /** Fails before its n-th step; the first is 0. */
  failAt(step: number, fault: StreamFault): void
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

/** What all have in common. */
abstract class End implements TunnelEnd {
  path = ''
  status = 0
  saidEnd = false
  over: 'ended' | 'reset' | undefined
  protected open = false
  protected ready = false
  readonly #frames: readonly Buffer[]
  readonly #heard: Buffer[] = []
  #step = 0
  #fault: { readonly step: number; readonly fault: StreamFault } | undefined

  constructor(frames: readonly Buffer[]) {
    this.#frames = frames
  }

  abstract get said(): number
  protected abstract handshake(): void
  protected abstract say(frame: Buffer): void
  protected abstract end(): void
  protected abstract fail(fault: StreamFault): void

  get heard(): Buffer {
    return Buffer.concat(this.#heard)
  }

  failAt(step: number, fault: StreamFault): void {
    this.#fault = { step, fault }
  }

  step(): boolean {
    const frame = this.#step - 1
    if (!this.ready || frame > this.#frames.length || (frame >= 0 && !this.open)) return false
    const fault = this.#fault
    if (fault?.step === this.#step) {
      this.#fault = undefined
      this.fail(fault.fault)
      return true
    }
    this.#step++
    if (frame < 0) this.handshake()
    else if (frame < this.#frames.length) this.say(this.#frames[frame]!)
    else this.end()
    return true
  }

  protected hear(bytes: Buffer): void {
    this.#heard.push(Buffer.from(bytes))
  }
}

/** Over HTTP/1.1. */
abstract class Http1End extends End implements WireHandler {
  protected readonly wire: CutWire
  #head = ''
  #headBytes = 0

  constructor(wire: CutWire, frames: readonly Buffer[]) {
    super(frames)
    this.wire = wire
    wire.handler = this
  }

  get said(): number {
    return Math.max(0, this.wire.passed - this.#headBytes)
  }

  protected sendHead(head: string): void {
    this.#headBytes += head.length
    this.wire.write(head)
    this.#noteEnd()
  }

  protected say(frame: Buffer): void {
    this.wire.write(frame)
    this.#noteEnd()
  }

  protected end(): void {
    this.wire.end()
    this.#noteEnd()
  }

  protected fail(): void {
    throw new Error('HTTP/1.1 has no streams')
  }

  protected abstract gotHead(head: string): void

  onData(chunk: Buffer): undefined {
    if (this.open) {
      this.hear(chunk)
      return
    }
    this.#head += chunk.toString('latin1')
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return
    const rest = Buffer.from(this.#head.slice(end + 4), 'latin1')
    this.gotHead(this.#head.slice(0, end))
    this.hear(rest)
  }

  onEnd(): void {
    this.over ??= 'ended'
  }

  onDrain(): void {}

  onClose(error: Error | undefined): void {
    const itself = this.wire.cut && this.wire.how === 'reset'
    this.over ??= error === undefined && !itself ? 'ended' : 'reset'
  }

  #noteEnd(): void {
    if (this.wire.cut && this.wire.how === 'end') this.saidEnd = true
  }
}

export class Http1Client extends Http1End {
  constructor(wire: CutWire, frames: readonly Buffer[], path: string) {
    super(wire, frames)
    this.path = path
    this.ready = true
  }

  protected handshake(): void {
    this.sendHead(
      `GET ${this.path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`,
    )
  }

  protected gotHead(head: string): void {
    this.status = Number(head.split(' ')[1])
    this.open = this.status === 101
  }
}

class Http1Service extends Http1End {
  #key = ''

  protected handshake(): void {
    this.sendHead(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${webSocketAccept(this.#key)}\r\n\r\n`,
    )
    this.open = true
  }

  protected gotHead(head: string): void {
    this.path = head.split(' ')[1]!
    this.#key = /^sec-websocket-key: (.*)$/im.exec(head)![1]!
    this.ready = true
  }
}

/** Over HTTP/2. */
abstract class Http2End extends End implements StreamHandler {
  protected stream: SimpleStream | undefined
  protected readonly session: SimpleSession
  readonly #wire: CutWire
  #said = 0

  constructor(session: SimpleSession, wire: CutWire, frames: readonly Buffer[]) {
    super(frames)
    this.session = session
    this.#wire = wire
  }

  get said(): number {
    return this.#said
  }

  protected say(frame: Buffer): void {
    void this.stream!.data(frame, false)
    if (!this.#wire.cut) this.#said += frame.length
  }

  protected end(): void {
    const before = this.#wire.passed
    void this.stream!.data(Buffer.alloc(0), true)
    this.saidEnd = this.#wire.passed - before === 9
  }

  protected fail(fault: StreamFault): void {
    if (fault === 'RST_STREAM') {
      this.stream?.reset('CANCEL')
      if (this.stream !== undefined) this.over ??= 'reset'
    } else this.session.goaway(fault === 'GOAWAY' ? this.session.lastStreamId : 0, 'NO_ERROR')
  }

  onData(bytes: Buffer, ended: boolean): void {
    this.hear(bytes)
    if (ended) this.over ??= 'ended'
  }

  onReset(): void {
    this.over ??= 'reset'
  }

  abstract onSection(fields: readonly (readonly [string, string])[], ended: boolean): void

  /** The connection is gone. */
  lost(): void {
    this.over ??= 'reset'
  }
}

/** The side of a connection that all its streams share. */
abstract class Http2Connection implements WireHandler, SessionHandler {
  readonly wire: CutWire
  readonly session: SimpleSession
  readonly ends: Http2End[] = []
  /** What the proxy has sent that makes no sense. */
  fault: unknown

  constructor(wire: CutWire, side: 'client' | 'server') {
    this.wire = wire
    this.session = new SimpleSession(wire, this, { side, extendedConnect: side === 'server' })
    wire.handler = this
    this.session.begin()
  }

  onData(chunk: Buffer): undefined {
    try {
      this.session.push(chunk)
    } catch (thrown) {
      this.fault ??= thrown
      this.wire.destroy()
    }
  }

  onEnd(): void {
    this.wire.end()
  }

  onDrain(): void {
    this.session.drained()
  }

  onClose(): void {
    this.session.close()
    for (const end of this.ends) end.lost()
  }

  onGoaway(): void {}
  onOver(): void {}
  onSettings(): void {}
  abstract onStream(stream: SimpleStream): StreamHandler | undefined
}

export class Http2Client extends Http2Connection {
  /** Begins a WebSocket on it. */
  begin(frames: readonly Buffer[], path: string): TunnelEnd {
    const end = new Http2ClientEnd(this.session, this.wire, frames, path)
    this.ends.push(end)
    return end
  }

  override onSettings(): void {
    for (const end of this.ends) (end as Http2ClientEnd).settled()
  }

  onStream(): undefined {}

  override onData(chunk: Buffer): undefined {
    // One that goes in the midst of its preface has not said yet that it speaks HTTP/2.
    if (this.wire.passed >= PREFACE.length) super.onData(chunk)
  }
}

class Http2ClientEnd extends Http2End {
  constructor(session: SimpleSession, wire: CutWire, frames: readonly Buffer[], path: string) {
    super(session, wire, frames)
    this.path = path
    this.ready = session.peerConnects
  }

  /** RFC 8441 section 3: the proxy has said that it takes them. */
  settled(): void {
    this.ready = this.session.peerConnects
  }

  protected handshake(): void {
    this.stream = this.session.open(this)
    this.stream.section(
      [
        [':method', 'CONNECT'],
        [':protocol', 'websocket'],
        [':scheme', 'http'],
        [':path', this.path],
        [':authority', 'a'],
        ['sec-websocket-version', '13'],
      ],
      false,
    )
  }

  onSection(fields: readonly (readonly [string, string])[], ended: boolean): void {
    this.status = Number(fields.find(([name]) => name === ':status')?.[1])
    this.open = this.status === 200 && !ended
    if (ended) this.over ??= 'ended'
  }
}

class Http2Service extends Http2Connection {
  readonly #begin: (end: TunnelEnd) => void
  readonly #frames: readonly Buffer[]

  constructor(wire: CutWire, frames: readonly Buffer[], begin: (end: TunnelEnd) => void) {
    super(wire, 'server')
    this.#frames = frames
    this.#begin = begin
  }

  onStream(stream: SimpleStream): StreamHandler {
    const end = new Http2ServiceEnd(this.session, this.wire, this.#frames, stream)
    this.ends.push(end)
    this.#begin(end)
    return end
  }
}

class Http2ServiceEnd extends Http2End {
  constructor(session: SimpleSession, wire: CutWire, frames: readonly Buffer[], stream: SimpleStream) {
    super(session, wire, frames)
    this.stream = stream
  }

  protected handshake(): void {
    this.stream!.section([[':status', '200']], false)
    this.open = true
  }

  onSection(fields: readonly (readonly [string, string])[]): void {
    if (this.path !== '') return
    this.path = fields.find(([name]) => name === ':path')![1]
    this.ready = true
  }
}

/** A connection that has come to a service. `begin` is given each WebSocket that is asked for on it. */
export function serve(
  version: Version,
  wire: CutWire,
  frames: readonly Buffer[],
  begin: (end: TunnelEnd) => void,
): Http2Connection | undefined {
  if (version === 'HTTP/2') return new Http2Service(wire, frames, begin)
  begin(new Http1Service(wire, frames))
  return undefined
}
