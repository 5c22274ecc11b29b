import type { WireHandler } from '../../src/core/network.ts'
import { PREFACE } from '../../src/testing/http2/simple-frames.ts'
import {
  type SessionHandler,
  SimpleSession,
  type StreamHandler,
} from '../../src/testing/http2/simple-session.ts'
import type { SimpleStream } from '../../src/testing/http2/simple-stream.ts'
import type { CutWire } from './cut-wire.ts'
import { End, type FarEnd, type StreamFault } from './far-end.ts'

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
export abstract class Http2Connection implements WireHandler, SessionHandler {
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
  begin(frames: readonly Buffer[], path: string): FarEnd {
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

export class Http2Service extends Http2Connection {
  readonly #begin: (end: FarEnd) => void
  readonly #frames: readonly Buffer[]

  constructor(wire: CutWire, frames: readonly Buffer[], begin: (end: FarEnd) => void) {
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
