import type { MemoryUse } from '../../core/network.ts'
import { leastFree } from '../http1/body-decoder.ts'
import { GrowingBuffer } from '../http1/growing-buffer.ts'
import { BlockAssembly } from './block-assembly.ts'
import { ErrorCode, Http2Fault } from './error-codes.ts'
import type { FrameHandler } from './frame-handler.ts'
import { CLIENT_PREFACE, Flag, FRAME_HEAD_BYTES, FrameType } from './frame-head.ts'
import {
  checkFrameHead,
  excessFault,
  PRIORITY_BYTES,
  protocolFault,
  SETTING_BYTES,
  type Side,
  sizeFault,
} from './frame-rules.ts'
import { latin1Text } from './latin1.ts'
import { MIN_MAX_FRAME_SIZE, Settings } from './settings.ts'

/** What a peer may make us hold. */
export interface FrameLimits {
  /** Payload of a frame: our SETTINGS_MAX_FRAME_SIZE. Default 16 384, the least that there may be. */
  readonly frameBytes?: number
  /**
   * A field block with all its parts, compressed. Past it the connection ends, since what is not read cannot be decoded. So this
   * should be well above what a field section may have. Default 65 536.
   */
  readonly blockBytes?: number
  /** CONTINUATION frames of one field block. Default 8, as in nghttp2. */
  readonly continuations?: number
  /** Settings in one frame. Default 32, as in nghttp2. */
  readonly settings?: number
}

/**
 * - `preface`: the client's first bytes.
 * - `head`: the nine bytes of a frame's head.
 * - `payload`: a payload that is read as a whole.
 * - `skip`: a payload that nobody wants.
 * - `pad-length`, `data`, `padding`: a DATA frame, which is handed out as it comes.
 * - `stopped`: nothing more is read.
 */
type State = 'preface' | 'head' | 'payload' | 'skip' | 'pad-length' | 'data' | 'padding' | 'stopped'

/**
 * Reads the frames of one connection (RFC 9113 sections 4 and 6), strictly. What breaks a rule is an `Http2Fault` of the
 * connection, which `read` throws, or of a stream, of which the handler is told. Rules that depend on the state of a stream are
 * for the handler.
 */
export class FrameReader {
  readonly #handler: FrameHandler
  readonly #side: Side
  readonly #maxFrameBytes: number
  readonly #maxSettings: number
  /** What the peer has told of itself so far. */
  readonly peer: Settings
  #state: State
  /** Bytes that are still to come of what the state is about. */
  #left: number
  /** A head or a payload that comes in pieces. */
  readonly #held = new GrowingBuffer()
  readonly #block: BlockAssembly
  /** Whether the first SETTINGS frame has come. */
  #begun = false
  /** Frames whose heads have come; those that go on with a field block are not counted. */
  #begunFrames = 0
  #type = 0
  #flags = 0
  #streamId = 0
  #length = 0
  /** Bytes behind the data of this DATA frame. */
  #padding = 0

  /** `side` is ours: a server reads what a client sends, and begins with the client's preface. */
  constructor(
    handler: FrameHandler,
    side: Side,
    {
      frameBytes = MIN_MAX_FRAME_SIZE,
      blockBytes = 65_536,
      continuations = 8,
      settings = 32,
    }: FrameLimits = {},
  ) {
    this.#handler = handler
    this.#side = side
    this.#maxFrameBytes = frameBytes
    this.#maxSettings = settings
    this.#block = new BlockAssembly(blockBytes, continuations)
    this.peer = new Settings(side === 'server' ? 'client' : 'server')
    this.#state = side === 'server' ? 'preface' : 'head'
    this.#left = side === 'server' ? CLIENT_PREFACE.length : FRAME_HEAD_BYTES
  }

  /** Bytes that are held because what they belong to has not come whole. */
  get heldBytes(): number {
    return this.#held.length + this.#block.length
  }

  /** The frame, or the field block, that has begun to come and is not whole: a number for each; 0 for none. Of DATA, its head. */
  get unfinished(): number {
    const state = this.#state
    if (this.#block.streamId !== 0 || state === 'payload' || state === 'skip') return this.#begunFrames
    return this.heldBytes > 0 ? this.#begunFrames + 1 : 0
  }

  /** Ends reading, whatever else comes. The handler may call it. */
  stop(): void {
    this.#state = 'stopped'
    this.#held.clear()
    this.#block.clear()
  }

  /** Reads a chunk from `from` on, and returns what became of its memory. An `Http2Fault` that it throws ends reading. */
  read(chunk: Buffer, from: number = 0): MemoryUse {
    try {
      return this.#read(chunk, from)
    } catch (thrown) {
      this.stop()
      throw thrown
    }
  }

  #read(chunk: Buffer, from: number): MemoryUse {
    let use: MemoryUse = true
    let at = from
    while (at < chunk.length) {
      const end = Math.min(chunk.length, at + this.#left)
      this.#left -= end - at
      switch (this.#state) {
        case 'head':
        case 'payload':
          this.#collect(chunk, at, end)
          break
        case 'data': {
          const part = at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end)
          use = leastFree(use, this.#handler.onDataPiece(this.#streamId, part))
          if (this.#left === 0) this.#endData()
          break
        }
        case 'pad-length':
          this.#readPadLength(chunk[at]!)
          break
        case 'padding':
          checkPadding(chunk, at, end)
          if (this.#left === 0) this.#endDataFrame()
          break
        case 'skip':
          if (this.#left === 0) this.#awaitHead()
          break
        case 'preface':
          this.#checkPreface(chunk, at, end)
          break
        case 'stopped':
          return use
      }
      at = end
    }
    return use
  }

  /** Reads a head or a payload, where it lies if it is there whole. */
  #collect(chunk: Buffer, from: number, to: number): void {
    let bytes = chunk
    let start = from
    let end = to
    if (this.#held.length > 0 || this.#left > 0) {
      this.#held.append(chunk, from, to)
      if (this.#left > 0) return
      bytes = this.#held.take()
      start = 0
      end = bytes.length
    }
    if (this.#state === 'head') this.#readHead(bytes, start)
    else this.#readPayload(bytes, start, end)
  }

  #awaitHead(): void {
    this.#state = 'head'
    this.#left = FRAME_HEAD_BYTES
  }

  #checkPreface(chunk: Buffer, from: number, to: number): void {
    const first = CLIENT_PREFACE.length - this.#left - (to - from)
    for (let i = from; i < to; i++) {
      if (chunk[i] !== CLIENT_PREFACE[first + i - from])
        throw protocolFault('a connection that does not begin with the preface of HTTP/2')
    }
    if (this.#left === 0) this.#awaitHead()
  }

  #readHead(bytes: Buffer, at: number): void {
    const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
    const type = bytes[at + 3]!
    const flags = bytes[at + 4]!
    const streamId = uint32(bytes, at + 5) & 0x7fff_ffff
    this.#type = type
    this.#flags = flags
    this.#streamId = streamId
    this.#length = length
    if (length > this.#maxFrameBytes) throw sizeFault('a frame', length)
    if (!this.#begun && (type !== FrameType.SETTINGS || (flags & Flag.ACK) !== 0))
      throw protocolFault('a connection whose first frame is not SETTINGS')
    this.#begun = true
    const block = this.#block
    if (type === FrameType.CONTINUATION) {
      if (streamId === 0 || streamId !== block.streamId) throw protocolFault('CONTINUATION of nothing')
    } else if (block.streamId !== 0) throw protocolFault('a frame in the middle of a field block')
    else this.#begunFrames++
    checkFrameHead(type, flags, streamId, length, this.#side)
    switch (type) {
      case FrameType.DATA:
        this.#beginData(length)
        return
      case FrameType.HEADERS:
        block.expectHeaders(length)
        break
      case FrameType.CONTINUATION:
        block.expectContinuation(length)
        break
      case FrameType.SETTINGS:
        if (length > this.#maxSettings * SETTING_BYTES)
          throw excessFault(`a frame with more than ${this.#maxSettings} settings`)
        break
      case FrameType.PRIORITY:
        this.#skip(length)
        if (length === PRIORITY_BYTES) this.#handler.onIdleFrame(type)
        else this.#handler.onStreamFault(sizeFault('PRIORITY', length, streamId))
        return
      case FrameType.RST_STREAM:
      case FrameType.PING:
      case FrameType.GOAWAY:
      case FrameType.WINDOW_UPDATE:
      case FrameType.PRIORITY_UPDATE:
        break
      default:
        this.#skip(length)
        this.#handler.onIdleFrame(type)
        return
    }
    this.#state = 'payload'
    this.#left = length
    if (length === 0) this.#readPayload(bytes, at, at)
  }

  #skip(length: number): void {
    this.#state = length === 0 ? 'head' : 'skip'
    this.#left = length === 0 ? FRAME_HEAD_BYTES : length
  }

  // DATA.

  #beginData(length: number): void {
    const padded = this.#hasFlag(Flag.PADDED)
    this.#state = padded ? 'pad-length' : 'data'
    this.#left = padded ? 1 : length
    this.#padding = 0
    this.#handler.onDataStart(this.#streamId, length, this.#hasFlag(Flag.END_STREAM))
    if (length === 0) this.#endWithoutData()
  }

  #readPadLength(padding: number): void {
    if (padding >= this.#length) throw protocolFault('padding that is longer than its frame')
    this.#padding = padding
    this.#left = this.#length - 1 - padding
    if (this.#left > 0) this.#state = 'data'
    else this.#endWithoutData()
  }

  #endWithoutData(): void {
    if (this.#state !== 'stopped' && !this.#hasFlag(Flag.END_STREAM))
      this.#handler.onIdleFrame(FrameType.DATA)
    this.#endData()
  }

  /** The data of a DATA frame is over; padding may follow. The handler that had it may have ended reading. */
  #endData(): void {
    if (this.#state === 'stopped') return
    if (this.#padding === 0) {
      this.#endDataFrame()
      return
    }
    this.#state = 'padding'
    this.#left = this.#padding
  }

  #endDataFrame(): void {
    this.#awaitHead()
    this.#handler.onDataEnd(this.#streamId, this.#hasFlag(Flag.END_STREAM))
  }

  // What is read as a whole.

  #readPayload(bytes: Buffer, from: number, to: number): void {
    this.#awaitHead()
    const handler = this.#handler
    switch (this.#type) {
      case FrameType.HEADERS:
        this.#readHeaders(bytes, from, to)
        return
      case FrameType.CONTINUATION: {
        const block = this.#block
        block.append(bytes, from, to)
        const { endStream } = block
        if (this.#hasFlag(Flag.END_HEADERS)) handler.onHeaders(this.#streamId, block.take(), endStream)
        return
      }
      case FrameType.RST_STREAM:
        handler.onRstStream(this.#streamId, uint32(bytes, from))
        return
      case FrameType.SETTINGS:
        if (this.#hasFlag(Flag.ACK)) handler.onSettingsAck()
        else this.#readSettings(bytes, from, to)
        return
      case FrameType.PING:
        handler.onPing(bytes.subarray(from, to), this.#hasFlag(Flag.ACK))
        return
      case FrameType.GOAWAY:
        handler.onGoaway(
          uint32(bytes, from) & 0x7fff_ffff,
          uint32(bytes, from + 4),
          bytes.subarray(from + 8, to),
        )
        return
      case FrameType.WINDOW_UPDATE:
        this.#readWindowUpdate(uint32(bytes, from) & 0x7fff_ffff)
        return
      case FrameType.PRIORITY_UPDATE: {
        const streamId = uint32(bytes, from) & 0x7fff_ffff
        // RFC 9218 section 7.1: neither the connection nor a stream that would have to be pushed.
        if (streamId % 2 === 0) throw protocolFault('PRIORITY_UPDATE for a stream that there cannot be')
        handler.onPriorityUpdate(streamId, latin1Text(bytes, from + 4, to))
      }
    }
  }

  #readHeaders(bytes: Buffer, from: number, to: number): void {
    let start = from
    let end = to
    if (this.#hasFlag(Flag.PADDED)) {
      end -= bytes[start++]!
      if (end < start) throw protocolFault('padding that is longer than its frame')
    }
    // RFC 9113 section 5.3.2: deprecated, and without effect here.
    if (this.#hasFlag(Flag.PRIORITY)) start += PRIORITY_BYTES
    if (end < start) throw protocolFault('padding that is longer than its frame')
    checkPadding(bytes, end, to)
    const endStream = this.#hasFlag(Flag.END_STREAM)
    if (this.#hasFlag(Flag.END_HEADERS))
      this.#handler.onHeaders(this.#streamId, bytes.subarray(start, end), endStream)
    else this.#block.begin(this.#streamId, endStream, bytes, start, end)
  }

  #readSettings(bytes: Buffer, from: number, to: number): void {
    for (let at = from; at < to; at += SETTING_BYTES) {
      const id = (bytes[at]! << 8) | bytes[at + 1]!
      const value = uint32(bytes, at + 2)
      const before = this.peer.apply(id, value)
      if (before !== undefined) this.#handler.onSetting(id, value, before)
      if (this.#state === 'stopped') return
    }
    this.#handler.onSettingsEnd()
  }

  #readWindowUpdate(increment: number): void {
    if (increment > 0) this.#handler.onWindowUpdate(this.#streamId, increment)
    else {
      const fault = new Http2Fault(ErrorCode.PROTOCOL_ERROR, 'a WINDOW_UPDATE of nothing', this.#streamId)
      if (fault.scope === 'connection') throw fault
      this.#handler.onStreamFault(fault)
    }
  }

  #hasFlag(flag: number): boolean {
    return (this.#flags & flag) !== 0
  }
}

/** Section 6.1 allows a receiver to refuse padding that is not all zeros, which could carry anything past us. */
function checkPadding(bytes: Buffer, from: number, to: number): void {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) throw protocolFault('padding that is not zero')
}

function uint32(bytes: Buffer, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}
