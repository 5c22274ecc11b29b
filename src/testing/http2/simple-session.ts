import type { Wire } from '../../core/network.ts'
import { type Http2ErrorCode, http2ErrorName, http2ErrorNumber } from './error-codes.ts'
import {
  Flag,
  FRAME_BYTES,
  FrameType,
  frameBytes,
  type Http2Frame,
  MOST,
  PREFACE,
  Setting,
  SimpleFrameReader,
  sectionBytes,
  settingsBytes,
  uint32,
  WINDOW_BYTES,
} from './simple-frames.ts'
import { encodeFields, type Http2Field, SimpleHpackDecoder } from './simple-hpack.ts'
import { SimpleStream } from './simple-stream.ts'

/** @internal Told of what comes on a session. */
export interface SessionHandler {
  /** The peer has opened a stream: gives who is told of it from then on, the first section included. `undefined`: nobody. */
  onStream(stream: SimpleStream): StreamHandler | undefined
  /** The peer wants no streams above this one. */
  onGoaway(lastStreamId: number, code: Http2ErrorCode): void
  /** The peer's SETTINGS have come. */
  onSettings(): void
  /** A stream is over: it has ended both ways, or was reset. */
  onOver(stream: SimpleStream): void
}

/** @internal Told of what comes on a stream. */
export interface StreamHandler {
  /** A header section: a head, an interim response, trailers. `ended`: nothing follows. */
  onSection(fields: readonly Http2Field[], ended: boolean): void
  onData(bytes: Buffer, ended: boolean): void
  /** The peer has reset it. */
  onReset(code: Http2ErrorCode): void
}

interface SessionOptions {
  readonly side: 'client' | 'server'
  /** Of each stream, what may come before it is given back. */
  readonly windowBytes?: number | undefined
  /** Streams that the peer may have open. Default: as many as it likes. */
  readonly streams?: number | undefined
  /** Takes extended CONNECT (RFC 8441). */
  readonly extendedConnect?: boolean | undefined
}

/**
 * @internal One end of an HTTP/2 connection, done the simple way: for the far ends of a test, which must not share code, and
 * mistakes, with the engine under test. It keeps to the peer's windows, and gives its own back as bytes come; what the
 * peer does is taken if it makes sense at all, and else thrown.
 */
export class SimpleSession {
  readonly wire: Wire
  readonly #handler: SessionHandler
  readonly #options: SessionOptions
  readonly #reader = new SimpleFrameReader()
  readonly #decoder = new SimpleHpackDecoder()
  readonly #streams = new Map<number, SimpleStream>()
  #preface: Buffer | undefined
  /** The header section that is being read. */
  #section: { readonly streamId: number; readonly ended: boolean; readonly parts: Buffer[] } | undefined
  /** The highest stream that the peer, and that we have opened. */
  #lastOfPeer = 0
  #lastOfOurs: number
  #sendWindow = WINDOW_BYTES
  #receiveWindow = WINDOW_BYTES
  #peerWindow = WINDOW_BYTES
  #peerFrame = FRAME_BYTES
  #peerStreams = Number.POSITIVE_INFINITY
  #connects = false
  /** Whether the wire takes no more for now. */
  #full = false
  #waiting: (() => void)[] = []
  /** Whether nothing is written any more. */
  #muted = false
  #over = false

  constructor(wire: Wire, handler: SessionHandler, options: SessionOptions) {
    this.wire = wire
    this.#handler = handler
    this.#options = options
    const client = options.side === 'client'
    this.#preface = client ? undefined : PREFACE
    this.#lastOfOurs = client ? -1 : 0
  }

  /** Says the preface, if it is a client, and SETTINGS. */
  begin(): void {
    const { side, windowBytes = WINDOW_BYTES, streams, extendedConnect = false } = this.#options
    const settings: (readonly [number, number])[] = []
    if (streams !== undefined) settings.push([Setting.MAX_CONCURRENT_STREAMS, streams])
    if (windowBytes !== WINDOW_BYTES) settings.push([Setting.INITIAL_WINDOW_SIZE, windowBytes])
    if (extendedConnect) settings.push([Setting.ENABLE_CONNECT_PROTOCOL, 1])
    const bytes = settingsBytes(settings)
    this.wire.write(side === 'client' ? Buffer.concat([PREFACE, bytes]) : bytes)
  }

  /** Streams that are open. */
  get streams(): Iterable<SimpleStream> {
    return this.#streams.values()
  }

  get openStreams(): number {
    return this.#streams.size
  }

  /** How many of ours the peer takes at a time. */
  get peerStreams(): number {
    return this.#peerStreams
  }

  /** Whether the peer takes extended CONNECT. */
  get peerConnects(): boolean {
    return this.#connects
  }

  /** The highest stream that the peer has opened. */
  get lastStreamId(): number {
    return this.#lastOfPeer
  }

  /** Opens the next stream. */
  open(handler: StreamHandler): SimpleStream {
    this.#lastOfOurs += 2
    return this.#add(this.#lastOfOurs, handler)
  }

  /** Opens none, and takes none that is above this one. */
  goaway(lastStreamId: number, code: Http2ErrorCode): void {
    const payload = Buffer.concat([uint32(lastStreamId), uint32(http2ErrorNumber(code))])
    this.#write(frameBytes(FrameType.GOAWAY, 0, 0, payload))
  }

  /** The connection is over: nothing is written any more, and who waits for room is let go. */
  close(): void {
    this.#over = true
    this.#muted = true
    this.drained()
    for (const stream of this.#streams.values()) stream.letGo()
    this.#streams.clear()
  }

  /** Nothing is written any more; what comes is still read. */
  mute(): void {
    this.#muted = true
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#write(bytes)
  }

  /** There is room on the wire. */
  drained(): void {
    this.#full = false
    for (const wake of this.#waiting.splice(0)) wake()
    this.pump()
  }

  /** Resolves when what was written has left. */
  async flushed(): Promise<void> {
    while (this.#full && !this.#over) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Reads what came. The chunk is the session's from then on. Throws at what makes no sense. */
  push(chunk: Buffer): void {
    let bytes = chunk
    if (this.#preface !== undefined) {
      const common = Math.min(bytes.length, this.#preface.length)
      if (!bytes.subarray(0, common).equals(this.#preface.subarray(0, common)))
        throw new Error('HTTP/2: no preface')
      bytes = bytes.subarray(common)
      this.#preface = common === this.#preface.length ? undefined : this.#preface.subarray(common)
    }
    if (bytes.length > 0) this.#reader.push(bytes)
    for (let frame = this.#reader.next(); frame !== undefined && !this.#over; frame = this.#reader.next())
      this.#read(frame)
  }

  // What streams call.

  sendSection(stream: SimpleStream, fields: readonly Http2Field[], ended: boolean): void {
    this.emit(stream, sectionBytes(stream.id, encodeFields(fields), ended))
  }

  sendReset(streamId: number, code: Http2ErrorCode): void {
    this.#write(frameBytes(FrameType.RST_STREAM, 0, streamId, uint32(http2ErrorNumber(code))))
  }

  /** Gives so much of a window back. */
  grant(streamId: number, bytes: number): void {
    if (streamId === 0) this.#receiveWindow += bytes
    this.#write(frameBytes(FrameType.WINDOW_UPDATE, 0, streamId, uint32(bytes)))
  }

  /** Sends what is queued, as far as there is room. */
  pump(): void {
    for (const stream of this.#streams.values()) {
      while (!this.#muted && !this.#full) {
        const most = Math.min(this.#sendWindow, this.#peerFrame)
        const next = stream.take(most)
        if (next === undefined) break
        this.#sendWindow -= next.bytes.byteLength
        const flags = next.ended ? Flag.END_STREAM : 0
        this.emit(stream, frameBytes(FrameType.DATA, flags, stream.id, next.bytes))
        next.sent()
      }
    }
  }

  /** Writes frames of a stream: those that it has bytes left for. */
  emit(stream: SimpleStream, bytes: Buffer): void {
    this.#write(stream.counted(bytes))
    stream.cutIfDue()
  }

  /** The stream is over. */
  drop(stream: SimpleStream): void {
    if (this.#streams.delete(stream.id)) this.#handler.onOver(stream)
  }

  #write(bytes: Uint8Array): void {
    if (!this.#muted && bytes.byteLength > 0 && !this.wire.write(bytes)) this.#full = true
  }

  #add(id: number, handler: StreamHandler | undefined): SimpleStream {
    const stream = new SimpleStream(this, id, this.#peerWindow, this.#options.windowBytes ?? WINDOW_BYTES)
    stream.handler = handler
    this.#streams.set(id, stream)
    return stream
  }

  // Frames.

  #read(frame: Http2Frame): void {
    const { type, flags, streamId, payload } = frame
    const inSection = this.#section !== undefined
    if (
      inSection !== (type === FrameType.CONTINUATION) ||
      (inSection && this.#section!.streamId !== streamId)
    )
      throw new Error(`HTTP/2: frame ${type} of stream ${streamId} in the wrong place`)
    switch (type) {
      case FrameType.DATA:
        this.#data(frame)
        break
      case FrameType.HEADERS:
        if (streamId === 0) throw new Error('HTTP/2: a header section of no stream')
        this.#section = { streamId, ended: (flags & Flag.END_STREAM) !== 0, parts: [payload] }
        if ((flags & Flag.END_HEADERS) !== 0) this.#sectionEnded()
        break
      case FrameType.CONTINUATION:
        this.#section!.parts.push(payload)
        if ((flags & Flag.END_HEADERS) !== 0) this.#sectionEnded()
        break
      case FrameType.RST_STREAM:
        this.#reset(streamId, http2ErrorName(payload.readUInt32BE(0)))
        break
      case FrameType.SETTINGS:
        if ((flags & Flag.ACK) === 0) this.#settings(payload)
        break
      case FrameType.PING:
        if ((flags & Flag.ACK) === 0) this.#write(frameBytes(FrameType.PING, Flag.ACK, 0, payload))
        break
      case FrameType.GOAWAY:
        this.#handler.onGoaway(payload.readUInt32BE(0) & MOST, http2ErrorName(payload.readUInt32BE(4)))
        break
      case FrameType.WINDOW_UPDATE:
        this.#windowUpdate(streamId, payload.readUInt32BE(0))
        break
      case FrameType.PUSH_PROMISE:
        throw new Error('HTTP/2: a push that nobody wants')
    }
  }

  #sectionEnded(): void {
    const { streamId, ended, parts } = this.#section!
    this.#section = undefined
    // Read in any case: the table goes on.
    const fields = this.#decoder.decode(Buffer.concat(parts))
    let stream = this.#known(streamId)
    if (stream === undefined && this.#isNew(streamId)) {
      this.#lastOfPeer = streamId
      stream = this.#add(streamId, undefined)
      stream.handler = this.#handler.onStream(stream)
      if (stream.handler === undefined) stream.forget()
    }
    stream?.receivedSection(fields, ended)
  }

  #data({ streamId, flags, payload, length }: Http2Frame): void {
    this.#receiveWindow -= length
    if (this.#receiveWindow < 0) throw new Error('HTTP/2: more than the window of the connection')
    const stream = this.#known(streamId)
    if (stream !== undefined) stream.receivedData(payload, length, (flags & Flag.END_STREAM) !== 0)
    else if (length > 0) this.grant(0, length)
  }

  #reset(streamId: number, code: Http2ErrorCode): void {
    this.#known(streamId)?.receivedReset(code)
  }

  #settings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const value = payload.readUInt32BE(at + 2)
      switch (payload.readUInt16BE(at)) {
        case Setting.INITIAL_WINDOW_SIZE:
          for (const stream of this.#streams.values()) stream.widen(value - this.#peerWindow)
          this.#peerWindow = value
          break
        case Setting.MAX_FRAME_SIZE:
          this.#peerFrame = value
          break
        case Setting.MAX_CONCURRENT_STREAMS:
          this.#peerStreams = value
          break
        case Setting.ENABLE_CONNECT_PROTOCOL:
          this.#connects = value === 1
          break
      }
    }
    this.#write(frameBytes(FrameType.SETTINGS, Flag.ACK, 0))
    this.#handler.onSettings()
    this.pump()
  }

  #windowUpdate(streamId: number, increment: number): void {
    if (increment === 0) throw new Error('HTTP/2: a window that grows by nothing')
    if (streamId === 0) this.#sendWindow += increment
    else this.#known(streamId)?.widen(increment)
    this.pump()
  }

  /** `undefined` for one that is over. */
  #known(streamId: number): SimpleStream | undefined {
    const found = this.#streams.get(streamId)
    if (found !== undefined) return found
    const ours = streamId % 2 === (this.#options.side === 'client' ? 1 : 0)
    if (streamId === 0 || streamId > (ours ? this.#lastOfOurs : this.#lastOfPeer)) {
      if (!this.#isNew(streamId)) throw new Error(`HTTP/2: a frame of stream ${streamId}, which is not open`)
    }
    return undefined
  }

  /** Whether the peer may open it now. */
  #isNew(streamId: number): boolean {
    return this.#options.side === 'server' && streamId % 2 === 1 && streamId > this.#lastOfPeer
  }
}
