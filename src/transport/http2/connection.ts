import { type Clock, Deadline } from '../../core/clock.ts'
import { type MemoryUse, SMALL_BYTES, type Wire, type WireHandler } from '../../core/network.ts'
import { ErrorCode, errorCodeName, Http2Fault } from './error-codes.ts'
import type { FieldBlock } from './field-block.ts'
import { FloodGuard } from './flood-guard.ts'
import type { FrameHandler } from './frame-handler.ts'
import { FrameReader } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import { type FieldBlockLimits, HpackDecoder } from './hpack-decoder.ts'
import { HpackEncoder } from './hpack-encoder.ts'
import { urgencyOf } from './priority.ts'
import { SendQueue } from './send-queue.ts'
import { MAX_WINDOW, SettingId, type Settings } from './settings.ts'
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

/** What every endpoint has before anyone says otherwise (RFC 9113 section 6.9.2). */
export const DEFAULT_WINDOW = 65_535
/** More than this is not given to a wire that has not sent it. */
const MAX_UNSENT_BYTES = 65_536
/** With so much unsent, nothing more is read: a peer that does not read either must not be answered without an end. */
const MAX_UNREAD_BYTES = 262_144
/** Answers that the peer asked for, while it does not read what we send. */
const MAX_UNREAD_ANSWERS = 1_000
/** What is read and dropped of a peer that does not hear that we have ended. */
const MAX_LINGER_BYTES = 1_048_576
/** How long a peer may take to acknowledge our SETTINGS. */
const SETTINGS_ACK_MS = 10_000
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
 * settings and flow-control windows, lets streams take turns, and ends.
 *
 * What is written in one event leaves in one write, at its end.
 */
export abstract class Http2Connection implements WireHandler, FrameHandler {
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
  readonly #queue = new SendQueue()
  readonly #deadline: Deadline
  /** When the deadline looks at the connection next. */
  #checkAt: number = Number.POSITIVE_INFINITY
  #phase: Phase = 'open'
  /** Whether the peer's first SETTINGS have come. */
  #begun = false
  #inEvent = false
  #flushAwaited = false
  #blocked = false
  #paused = false
  #unreadAnswers = 0
  #sendWindow = DEFAULT_WINDOW
  #receiveWindow: number
  #unacknowledged = 0
  readonly #resetByUs: Set<number> = new Set()
  /** The stream whose DATA frame comes, and what of the frame has not come. */
  #dataStream: Http2Stream | undefined
  #dataLeft = 0
  /** When what has to come must have come. */
  #headBy: number
  #ackBy: number
  #idleBy: number = Number.POSITIVE_INFINITY
  #noticeBy: number = Number.POSITIVE_INFINITY
  #lingerBy: number = Number.POSITIVE_INFINITY
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
    this.#receiveWindow = limits.connectionWindowBytes
    this.writer = new FrameWriter(wire)
    this.#reader = new FrameReader(this, side, { blockBytes: 2 * limits.listBytes })
    this.peer = this.#reader.peer
    this.#decoder = new HpackDecoder(limits)
    const now = clock.now()
    this.guard = new FloodGuard(now)
    this.#deadline = new Deadline(clock, () => this.#expired())
    this.#headBy = now + limits.headMs
    this.#ackBy = now + SETTINGS_ACK_MS
    if (side === 'client') this.writer.preface()
    this.writer.settings([
      [SettingId.initialWindowSize, limits.streamWindowBytes],
      [SettingId.maxHeaderListSize, limits.listBytes],
      ...settings,
    ])
    if (limits.connectionWindowBytes > DEFAULT_WINDOW)
      this.writer.windowUpdate(0, limits.connectionWindowBytes - DEFAULT_WINDOW)
    this.#checkBy(Math.min(this.#headBy, this.#ackBy), now)
    this.flushSoon()
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
    this.#inEvent = true
    try {
      use = this.#reader.read(chunk)
      this.#watchHead()
    } catch (thrown) {
      this.fail(thrown)
    }
    this.#inEvent = false
    this.#flush()
    return use
  }

  onEnd(): void {
    if (this.#phase === 'closed') return
    this.#loseStreams(undefined)
    this.wire.end()
    this.linger()
  }

  onDrain(): void {
    this.#blocked = false
    this.#unreadAnswers = 0
    this.#readOn()
    this.#flush()
  }

  onClose(error: Error | undefined): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#deadline.close()
    this.#reader.stop()
    this.#loseStreams(error)
    this.disconnected(error)
  }

  get open(): boolean {
    return this.#phase === 'open'
  }

  // Sending.

  /** Bytes of bodies that may be written now. */
  get sendRoom(): number {
    return this.#blocked || this.wire.pendingBytes > MAX_UNSENT_BYTES ? 0 : Math.max(0, this.#sendWindow)
  }

  /** Writes a piece of a body that is within the windows. Returns whether its memory is free. */
  sendData(streamId: number, chunk: Uint8Array, endStream: boolean): boolean {
    this.#sendWindow -= chunk.byteLength
    this.guard.usefulFrames(Math.ceil(chunk.byteLength / this.writer.maxFrameBytes))
    const free = this.writer.data(streamId, chunk, endStream)
    if (chunk.byteLength > SMALL_BYTES) this.#noteBlocked(this.writer.flush())
    else this.flushSoon()
    return free
  }

  /** The stream has something to send that the connection did not take. */
  waitsToSend(stream: Http2Stream): void {
    this.#queue.add(stream)
    this.flushSoon()
  }

  writeReset(streamId: number, code: number): void {
    if (this.#phase !== 'open') return
    this.writer.rstStream(streamId, code)
    if (this.#resetByUs.size >= MAX_RESET_KEPT) {
      const [oldest] = this.#resetByUs
      this.#resetByUs.delete(oldest!)
    }
    this.#resetByUs.add(streamId)
    this.flushSoon()
  }

  /** Sees to it that what was written leaves, at the end of this event. */
  flushSoon(): void {
    if (this.#inEvent || this.#flushAwaited) return
    this.#flushAwaited = true
    queueMicrotask(this.#flushLater)
  }

  readonly #flushLater = (): void => {
    this.#flushAwaited = false
    this.#flush()
  }

  #flush(): void {
    if (this.#phase === 'closed') return
    this.#inEvent = true
    try {
      while (this.#queue.size > 0) {
        const room = this.sendRoom
        const stream = room > 0 ? this.#queue.next() : undefined
        if (stream === undefined) break
        stream.sendNext(Math.min(room, this.peer.maxFrameSize))
      }
    } catch (thrown) {
      this.fail(thrown)
    }
    this.#inEvent = false
    this.#noteBlocked(this.writer.flush())
  }

  #noteBlocked(more: boolean): void {
    if (more || this.wire.pendingBytes === 0) return
    this.#blocked = true
    if (this.#phase !== 'open' || this.#paused || this.wire.pendingBytes < MAX_UNREAD_BYTES) return
    this.#paused = true
    this.wire.pause()
  }

  #readOn(): void {
    if (!this.#paused) return
    this.#paused = false
    this.wire.resume()
  }

  /** Answers that a peer asks for must not pile up where it does not read them. */
  #answered(): void {
    if (this.#blocked && ++this.#unreadAnswers > MAX_UNREAD_ANSWERS)
      throw new Http2Fault(ErrorCode.ENHANCE_YOUR_CALM, 'answers that nobody reads')
  }

  // Receiving.

  onDataStart(streamId: number, size: number): void {
    this.#receiveWindow -= size
    if (this.#receiveWindow < 0)
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
    this.#unacknowledged += bytes
    if (this.#unacknowledged * 2 < this.#limits.connectionWindowBytes) return
    this.writer.windowUpdate(0, this.#unacknowledged)
    this.#receiveWindow += this.#unacknowledged
    this.#unacknowledged = 0
    this.flushSoon()
  }

  onHeaders(streamId: number, block: Buffer, endStream: boolean): void {
    // In any case, or the tables would no longer be in step.
    const decoded = this.#decoder.decode(block)
    this.guard.usefulFrames(1)
    const stream = this.streams.get(streamId)
    if (stream !== undefined) stream.onHead(decoded, endStream)
    else if (this.isIdle(streamId)) this.opened(streamId, decoded, endStream)
    else this.#ofNoStream(streamId, 'a header section')
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
    this.#answered()
    this.writer.settingsAck()
    if (this.#begun) return
    this.#begun = true
    if (this.streams.size === 0) this.#beginIdle()
  }

  onSettingsAck(): void {
    if (this.#ackBy === Number.POSITIVE_INFINITY)
      throw new Http2Fault(ErrorCode.PROTOCOL_ERROR, 'an acknowledgement of nothing')
    this.#ackBy = Number.POSITIVE_INFINITY
  }

  onPing(data: Buffer, ack: boolean): void {
    this.#idleFrame()
    if (ack) {
      this.ponged(data)
      return
    }
    this.#answered()
    this.writer.ping(data, true)
  }

  onGoaway(lastStreamId: number, errorCode: number): void {
    this.#idleFrame()
    this.goneAway(lastStreamId, errorCode)
  }

  onWindowUpdate(streamId: number, increment: number): void {
    this.#idleFrame()
    if (streamId === 0) {
      this.#sendWindow += increment
      if (this.#sendWindow > MAX_WINDOW)
        throw new Http2Fault(ErrorCode.FLOW_CONTROL_ERROR, 'a window of more than 2^31 - 1')
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
    this.#idleBy = Number.POSITIVE_INFINITY
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
    this.#checkBy(stream.checkAt, now)
  }

  /** A frame, or a field block, that has begun to come must come whole in time. */
  #watchHead(): void {
    if (!this.#begun) return
    if (this.#reader.heldBytes === 0) this.#headBy = Number.POSITIVE_INFINITY
    else if (this.#headBy === Number.POSITIVE_INFINITY) {
      const now = this.clock.now()
      this.#headBy = now + this.#limits.headMs
      this.#checkBy(this.#headBy, now)
    }
  }

  /** Calls `noticed` when `ms` have passed. */
  protected noticeBy(ms: number): void {
    const now = this.clock.now()
    this.#noticeBy = now + ms
    this.#checkBy(this.#noticeBy, now)
  }

  #beginIdle(): void {
    const now = this.clock.now()
    this.#idleBy = now + this.#limits.idleMs
    this.#checkBy(this.#idleBy, now)
  }

  #checkBy(at: number, now: number): void {
    if (at >= this.#checkAt) return
    this.#checkAt = at
    this.#deadline.arm(at - now)
  }

  #expired(): void {
    const now = this.clock.now()
    // Timers may come up to one millisecond early.
    const due = now + 1
    this.#checkAt = Number.POSITIVE_INFINITY
    if (this.#lingerBy <= due) {
      if (this.wire.pendingBytes > 0) this.wire.reset()
      else this.wire.destroy()
      return
    }
    this.#inEvent = true
    try {
      if (this.#phase === 'open') this.#checkAll(now, due)
    } catch (thrown) {
      this.fail(thrown)
    }
    this.#inEvent = false
    this.#flush()
    let next = Math.min(this.#headBy, this.#ackBy, this.#idleBy, this.#noticeBy, this.#lingerBy)
    for (const { checkAt } of this.streams.values()) if (checkAt < next) next = checkAt
    this.#checkBy(next, now)
  }

  #checkAll(now: number, due: number): void {
    if (this.#headBy <= due)
      throw new Http2Fault(ErrorCode.ENHANCE_YOUR_CALM, 'a frame that did not come in time')
    if (this.#ackBy <= due)
      throw new Http2Fault(ErrorCode.SETTINGS_TIMEOUT, 'settings that were not acknowledged in time')
    if (this.#idleBy <= due) {
      this.#idleBy = Number.POSITIVE_INFINITY
      this.idled()
    }
    if (this.#noticeBy <= due) {
      this.#noticeBy = Number.POSITIVE_INFINITY
      this.noticed()
    }
    for (const stream of [...this.streams.values()]) {
      if (stream.checkAt > due) continue
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
    this.writer.flush()
    this.wire.end()
    this.linger()
  }

  /** Drops what still comes, until the peer ends its side or the time is up. */
  protected linger(): void {
    if (this.#phase === 'closed') return
    this.#phase = 'lingering'
    this.#headBy = Number.POSITIVE_INFINITY
    this.#ackBy = Number.POSITIVE_INFINITY
    this.#idleBy = Number.POSITIVE_INFINITY
    this.#noticeBy = Number.POSITIVE_INFINITY
    this.#readOn()
    const now = this.clock.now()
    const { lingerMs, sendIdleMs } = this.#limits
    // Who is slow still takes the end of what was sent; that is no reason to cut it.
    this.#lingerBy = now + (this.wire.pendingBytes > 0 ? Math.max(lingerMs, sendIdleMs) : lingerMs)
    this.#checkAt = Number.POSITIVE_INFINITY
    this.#checkBy(this.#lingerBy, now)
  }
}
