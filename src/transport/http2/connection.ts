import type { Clock } from '../../core/clock.ts'
import type { MemoryUse, Wire, WireHandler } from '../../core/network.ts'
import { ConnectionOutput, DEFAULT_WINDOW } from './connection-output.ts'
import { Deadlines } from './deadlines.ts'
import { ErrorCode, errorCodeName, Http2Fault } from './error-codes.ts'
import type { FieldBlock } from './field-block.ts'
import { FloodGuard } from './flood-guard.ts'
import type { FrameHandler } from './frame-handler.ts'
import { FrameReader } from './frame-reader.ts'
import type { FrameWriter } from './frame-writer.ts'
import { type FieldBlockLimits, HpackDecoder } from './hpack-decoder.ts'
import { HpackEncoder } from './hpack-encoder.ts'
import { urgencyOf } from './priority.ts'
import { ReceiveWindow } from './receive-window.ts'
import { SettingId, type Settings } from './settings.ts'
import type { Http2Stream } from './stream.ts'

/** What a connection may cost. Sizes in bytes, times in milliseconds. */
export interface Http2ConnectionLimits extends FieldBlockLimits {
  /** Of a stream's body, what may come before it is read. */
  readonly streamWindowBytes: number
  /** The same of all streams of the connection together. */
  readonly connectionWindowBytes: number
  /** How long a frame, a field block, or the first SETTINGS may take to come whole. */
  readonly headMs: number
  /** How long the connection may be without a stream. */
  readonly idleMs: number
  /** How long the peer may take nothing of what waits for it. */
  readonly sendIdleMs: number
  /** How long we wait for the peer to read our last words. */
  readonly lingerMs: number
}

/** What is read and dropped of a peer that does not hear that we have ended. */
const MAX_LINGER_BYTES = 1_048_576
/** How long a peer may take to acknowledge our SETTINGS. */
const SETTINGS_ACK_MS = 10_000
/** Times of a connection: what must have come, or happens, when one of them has. */
const Time = {
  /** A frame, a field block, or the first SETTINGS. */
  head: 0,
  /** The acknowledgement of our SETTINGS. */
  ack: 1,
  /** The end of a connection without a stream. */
  idle: 2,
  /** What the side has asked for. */
  notice: 3,
  /** The end of lingering. */
  linger: 4,
} as const

/** Streams that we have reset, and of which frames may still come that are no fault of the peer's. */
const MAX_RESET_KEPT = 1_000

/**
 * - `open`: frames go both ways.
 * - `lingering`: we have sent our last; what the peer still sends is dropped, so that it gets to read it.
 * - `closed`: over.
 */
type Phase = 'open' | 'lingering' | 'closed'

/**
 * What a connection of either side does beside its streams (RFC 9113): reads and writes frames, keeps the two tables of HPACK,
 * settings and streams, watches over times, and ends.
 */
export abstract class Http2Connection implements WireHandler, FrameHandler {
  readonly output: ConnectionOutput
  readonly writer: FrameWriter
  readonly encoder: HpackEncoder = new HpackEncoder()
  /** What the peer's SETTINGS say. */
  readonly peer: Settings
  readonly clock: Clock
  readonly streamWindow: number
  protected readonly wire: Wire
  protected readonly streams: Map<number, Http2Stream> = new Map()
  protected readonly guard: FloodGuard
  /** The highest id of a stream that was opened. */
  protected lastId = 0
  readonly #limits: Http2ConnectionLimits
  readonly #reader: FrameReader
  readonly #decoder: HpackDecoder
  readonly #times: Deadlines
  #phase: Phase = 'open'
  /** Whether the peer's first SETTINGS have come. */
  #begun = false
  /** What of the peer's must come whole in time: see `FrameReader.unfinished`. */
  #unfinished = -1
  readonly #window: ReceiveWindow
  readonly #resetByUs: Set<number> = new Set()
  /** The stream whose DATA frame comes, and what of the frame has not come. */
  #dataStream: Http2Stream | undefined
  #dataLeft = 0
  #lingered = 0

  constructor(
    wire: Wire,
    side: 'server' | 'client',
    clock: Clock,
    limits: Http2ConnectionLimits,
    settings: readonly (readonly [id: number, value: number])[],
  ) {
    this.wire = wire
    this.clock = clock
    this.#limits = limits
    this.streamWindow = limits.streamWindowBytes
    this.#window = new ReceiveWindow(limits.connectionWindowBytes)
    this.guard = new FloodGuard(clock.now())
    this.output = new ConnectionOutput(wire, this.guard, (thrown) => this.fail(thrown))
    this.writer = this.output.writer
    this.#reader = new FrameReader(this, side, { blockBytes: 2 * limits.listBytes })
    this.peer = this.#reader.peer
    this.#decoder = new HpackDecoder(limits)
    this.#times = new Deadlines(clock, Object.keys(Time).length, (now) => this.#look(now))
    this.#times.start(Time.head, limits.headMs)
    this.#times.start(Time.ack, SETTINGS_ACK_MS)
    if (side === 'client') this.writer.preface()
    this.writer.settings([
      [SettingId.initialWindowSize, limits.streamWindowBytes],
      [SettingId.maxHeaderListSize, limits.listBytes],
      ...settings,
    ])
    if (limits.connectionWindowBytes > DEFAULT_WINDOW)
      this.writer.windowUpdate(0, limits.connectionWindowBytes - DEFAULT_WINDOW)
    this.output.flushSoon()
  }

  // What the two sides do differently.

  /** The header section of a stream that is not open. It was decoded. */
  protected abstract opened(streamId: number, block: FieldBlock, endStream: boolean): void
  /** Whether the stream could be one of the peer's or ours that was never opened. */
  protected abstract isIdle(streamId: number): boolean
  /** Whether the peer has opened the stream after we have said that none is taken any more. */
  protected abstract isIgnored(streamId: number): boolean
  /** The peer answers a ping of ours. */
  protected abstract ponged(data: Buffer): void
  protected abstract goneAway(lastStreamId: number, errorCode: number): void
  /** The peer has changed a setting that matters to the side. */
  protected abstract settingChanged(id: number): void
  /** A stream is over. */
  protected abstract streamEnded(stream: Http2Stream): void
  /** There is no stream any more. */
  protected abstract emptied(): void
  /** It was without a stream for too long. */
  protected abstract idled(): void
  /** The time of `noticeBy` has come. */
  protected abstract noticed(): void
  /** Something is wrong with what the peer sent, or with us; the connection ends for it. */
  protected abstract failed(fault: Http2Fault): void
  /** The wire is closed. */
  protected abstract disconnected(error: Error | undefined): void

  // The wire's side.

  onData(chunk: Buffer): MemoryUse {
    if (this.#phase !== 'open') {
      this.#lingered += chunk.length
      // Closing would reset the connection, and with it our last words.
      if (this.#lingered > MAX_LINGER_BYTES) this.wire.pause()
      return true
    }
    let use: MemoryUse
    this.output.beginEvent()
    try {
      use = this.#reader.read(chunk)
      this.#watchHead()
    } catch (thrown) {
      this.fail(thrown)
    }
    this.output.endEvent()
    return use
  }

  onEnd(): void {
    if (this.#phase === 'closed') return
    this.#loseStreams(undefined)
    this.#linger()
  }

  onDrain(): void {
    this.output.drained()
  }

  onClose(error: Error | undefined): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.output.close()
    this.#times.close()
    this.#reader.stop()
    this.#loseStreams(error)
    this.disconnected(error)
  }

  get open(): boolean {
    return this.#phase === 'open'
  }

  writeReset(streamId: number, code: number): void {
    if (this.#phase !== 'open') return
    this.writer.rstStream(streamId, code)
    if (this.#resetByUs.size >= MAX_RESET_KEPT) {
      const [oldest] = this.#resetByUs
      this.#resetByUs.delete(oldest!)
    }
    this.#resetByUs.add(streamId)
    this.output.flushSoon()
  }

  // Receiving.

  onDataStart(streamId: number, size: number): void {
    if (!this.#window.take(size))
      throw new Http2Fault(ErrorCode.FLOW_CONTROL_ERROR, 'more data than the window of the connection')
    this.#dataLeft = size
    const stream = this.streams.get(streamId)
    this.#dataStream = stream
    if (stream === undefined) this.#ofNoStream(streamId, 'data')
    else stream.onDataStart(size)
  }

  onDataPiece(_: number, piece: Buffer): MemoryUse {
    this.#dataLeft -= piece.length
    const stream = this.#dataStream
    if (stream !== undefined && !stream.closed) {
      this.guard.usefulFrames(1)
      return stream.onData(piece)
    }
    this.consumed(piece.length)
    return true
  }

  onDataEnd(_: number, endStream: boolean): void {
    const stream = this.#dataStream
    const padding = this.#dataLeft
    this.#dataStream = undefined
    if (stream !== undefined && !stream.closed) stream.onDataEnd(padding, endStream)
    else this.consumed(padding)
  }

  /** So many bytes of bodies were read, or will never be. */
  consumed(bytes: number): void {
    if (this.#phase !== 'open') return
    const increment = this.#window.give(bytes)
    if (increment === 0) return
    this.writer.windowUpdate(0, increment)
    this.output.flushSoon()
  }

  onHeaders(streamId: number, block: Buffer, endStream: boolean): void {
    // In any case, or the tables would no longer be in step.
    const decoded = this.#decoder.decode(block)
    const stream = this.streams.get(streamId)
    if (stream === undefined && !this.isIdle(streamId)) {
      this.#ofNoStream(streamId, 'a header section')
      return
    }
    if (this.isIgnored(streamId)) this.#idleFrame()
    else this.guard.usefulFrames(1)
    if (stream !== undefined) stream.onHead(decoded, endStream)
    else this.opened(streamId, decoded, endStream)
  }

  onRstStream(streamId: number, errorCode: number): void {
    const stream = this.streams.get(streamId)
    if (stream === undefined) {
      this.#ofNoStream(streamId, 'RST_STREAM')
      return
    }
    stream.wasLost(new Http2Fault(errorCode, `the stream was reset (${errorCodeName(errorCode)})`, streamId))
  }

  onSetting(id: number, value: number, before: number): void {
    if (id === SettingId.initialWindowSize)
      for (const stream of this.streams.values()) stream.windowChanged(value - before)
    else if (id === SettingId.headerTableSize) this.encoder.limitTable(value)
    // Larger frames would keep the other streams waiting.
    else if (id !== SettingId.maxFrameSize) this.settingChanged(id)
  }

  onSettingsEnd(): void {
    this.#idleFrame()
    this.output.answered()
    this.writer.settingsAck()
    if (this.#begun) return
    this.#begun = true
    if (this.streams.size === 0) this.#beginIdle()
  }

  onSettingsAck(): void {
    if (!this.#times.runs(Time.ack))
      throw new Http2Fault(ErrorCode.PROTOCOL_ERROR, 'an acknowledgement of nothing')
    this.#times.stop(Time.ack)
  }

  onPing(data: Buffer, ack: boolean): void {
    this.#idleFrame()
    if (ack) {
      this.ponged(data)
      return
    }
    this.output.answered()
    this.writer.ping(data, true)
  }

  onGoaway(lastStreamId: number, errorCode: number): void {
    this.#idleFrame()
    this.goneAway(lastStreamId, errorCode)
  }

  onWindowUpdate(streamId: number, increment: number): void {
    this.#idleFrame()
    if (streamId === 0) {
      this.output.grow(increment)
      return
    }
    const stream = this.streams.get(streamId)
    if (stream !== undefined) stream.onWindowUpdate(increment)
    // Of a stream that has ended it is nothing to speak of: the peer had not seen the end.
    else if (this.isIdle(streamId)) this.#ofNoStream(streamId, 'WINDOW_UPDATE')
  }

  onPriorityUpdate(streamId: number, priority: string): void {
    this.#idleFrame()
    const stream = this.streams.get(streamId)
    const urgency = urgencyOf(priority)
    if (stream !== undefined && urgency !== undefined) stream.urgency = urgency
  }

  onIdleFrame(): void {
    this.#idleFrame()
  }

  onStreamFault(fault: Http2Fault): void {
    this.#idleFrame()
    const stream = this.streams.get(fault.streamId)
    if (stream !== undefined) stream.fault(fault.code, fault.message)
    else if (this.isIdle(fault.streamId)) throw new Http2Fault(fault.code, fault.message)
  }

  #idleFrame(): void {
    if (this.guard.idleFrame(this.clock.now()))
      throw new Http2Fault(ErrorCode.ENHANCE_YOUR_CALM, 'too many frames that bring nothing')
  }

  /** A frame of a stream that is not open: no fault where we have reset it, for the peer may not know yet. */
  #ofNoStream(streamId: number, what: string): void {
    if (this.isIdle(streamId))
      throw new Http2Fault(ErrorCode.PROTOCOL_ERROR, `${what} of a stream that was never opened`)
    this.#idleFrame()
    if (!this.#resetByUs.has(streamId) && !this.isIgnored(streamId) && what !== 'RST_STREAM')
      throw new Http2Fault(ErrorCode.STREAM_CLOSED, `${what} of a stream that has ended`)
  }

  // Streams.

  protected add(stream: Http2Stream): void {
    this.streams.set(stream.id, stream)
    this.#times.stop(Time.idle)
  }

  streamClosed(stream: Http2Stream): void {
    this.streams.delete(stream.id)
    this.streamEnded(stream)
    if (this.streams.size > 0 || this.#phase !== 'open') return
    this.#beginIdle()
    this.emptied()
  }

  #loseStreams(reason: Http2Fault | Error | undefined): void {
    for (const stream of [...this.streams.values()]) stream.wasLost(reason)
  }

  // Time.

  /** Looks at a stream when `ms` have passed. */
  watch(stream: Http2Stream, ms: number): void {
    const now = this.clock.now()
    stream.checkAt = now + ms
    this.#times.lookBy(stream.checkAt, now)
  }

  /** A frame, or a field block, that has begun to come must come whole in time. */
  #watchHead(): void {
    if (!this.#begun) return
    const { unfinished } = this.#reader
    if (unfinished === this.#unfinished) return
    this.#unfinished = unfinished
    if (unfinished === 0) this.#times.stop(Time.head)
    else this.#times.start(Time.head, this.#limits.headMs)
  }

  /** Calls `noticed` when `ms` have passed. */
  protected noticeBy(ms: number): void {
    this.#times.start(Time.notice, ms)
  }

  #beginIdle(): void {
    this.#times.start(Time.idle, this.#limits.idleMs)
  }

  /** Some time may have come. Returns when a stream wants to be looked at next. */
  #look(now: number): number {
    if (this.#times.take(Time.linger, now)) {
      if (this.wire.pendingBytes > 0) this.wire.reset()
      else this.wire.destroy()
      return Number.POSITIVE_INFINITY
    }
    this.output.beginEvent()
    try {
      if (this.#phase === 'open') this.#check(now)
    } catch (thrown) {
      this.fail(thrown)
    }
    this.output.endEvent()
    let next = Number.POSITIVE_INFINITY
    for (const { checkAt } of this.streams.values()) if (checkAt < next) next = checkAt
    return next
  }

  #check(now: number): void {
    const times = this.#times
    if (times.take(Time.head, now))
      throw new Http2Fault(ErrorCode.ENHANCE_YOUR_CALM, 'a frame that did not come in time')
    if (times.take(Time.ack, now))
      throw new Http2Fault(ErrorCode.SETTINGS_TIMEOUT, 'settings that were not acknowledged in time')
    if (times.take(Time.idle, now)) this.idled()
    if (times.take(Time.notice, now)) this.noticed()
    for (const stream of [...this.streams.values()]) {
      if (stream.checkAt > now + 1) continue
      stream.checkAt = Number.POSITIVE_INFINITY
      stream.check(now)
    }
  }

  // Ends.

  /** The highest id of a stream that the peer has opened: it learns from that what was not processed. */
  protected get lastOfPeer(): number {
    return this.lastId
  }

  /** Ends the connection for a fault, and all streams with it. */
  fail(thrown: unknown): void {
    if (this.#phase !== 'open') return
    const fault =
      thrown instanceof Http2Fault ? thrown : new Http2Fault(ErrorCode.INTERNAL_ERROR, 'the proxy failed', 0)
    this.#reader.stop()
    this.failed(fault)
    if (!(thrown instanceof Http2Fault)) this.report(thrown)
    this.writer.goaway(this.lastOfPeer, fault.code, fault.message)
    this.finish(fault)
  }

  /** Tells of what is nobody's fault but ours. */
  protected abstract report(thrown: unknown): void

  /** Ends streams and sends what was written; then the end of our side. */
  protected finish(reason: Http2Fault | undefined): void {
    if (this.#phase !== 'open') return
    this.#phase = 'lingering'
    this.#loseStreams(reason)
    this.#linger()
  }

  /** Ends our side, and drops what still comes until the peer ends its own or the time is up. */
  #linger(): void {
    if (this.#phase === 'closed') return
    this.#phase = 'lingering'
    this.output.end()
    const { lingerMs, sendIdleMs } = this.#limits
    this.#times.stopAll()
    // Who is slow still takes the end of what was sent; that is no reason to cut it.
    this.#times.start(Time.linger, this.wire.pendingBytes > 0 ? Math.max(lingerMs, sendIdleMs) : lingerMs)
  }
}
