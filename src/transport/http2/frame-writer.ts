import { SMALL_BYTES, type Wire } from '../../core/network.ts'
import { CLIENT_PREFACE, Flag, FRAME_HEAD_BYTES, FrameType } from './frame-types.ts'
import { OutputBuffer } from './output-buffer.ts'
import { MIN_MAX_FRAME_SIZE } from './settings.ts'

/** Where frames go: a wire, as far as it is written to. */
export type FrameSink = Pick<Wire, 'write' | 'cork' | 'uncork' | 'pendingBytes'>

/** More than this is not collected: it is sent without being asked for. */
const COLLECTED_BYTES = 65_536
/** Diagnostics that a GOAWAY may have. Nobody needs more. */
const MAX_DEBUG_BYTES = 256

/**
 * Writes the frames of one connection (RFC 9113 section 6). They are collected until `flush`, so that what belongs together
 * leaves in one write: a response's head, its body and its end; or what several streams have to say in one event. Large pieces
 * of bodies are not copied; they go to the wire at once, behind what was collected.
 *
 * It writes what it is told: whether a stream may send, and how much, is for whoever calls.
 */
export class FrameWriter {
  readonly #wire: FrameSink
  #out: OutputBuffer | undefined
  /** The last write was not sent at once, as is usual with TLS: the wire keeps the memory of what it is given. */
  #copies = false
  #more = true
  /** Where the HEADERS frame that is being written begins; -1 for none. */
  #headersAt = -1
  /** The peer's SETTINGS_MAX_FRAME_SIZE. */
  maxFrameBytes: number = MIN_MAX_FRAME_SIZE

  constructor(wire: FrameSink) {
    this.#wire = wire
  }

  /** Bytes that are collected. */
  get collectedBytes(): number {
    return this.#out?.length ?? 0
  }

  /** What a client sends first. */
  preface(): void {
    const out = this.#reserve(CLIENT_PREFACE.length)
    out.length += CLIENT_PREFACE.copy(out.bytes, out.length)
  }

  settings(settings: readonly (readonly [id: number, value: number])[]): void {
    const out = this.#frame(settings.length * 6, FrameType.SETTINGS, 0, 0)
    for (const [id, value] of settings) {
      out.bytes[out.length++] = id >> 8
      out.bytes[out.length++] = id
      writeUint32(out, value)
    }
  }

  settingsAck(): void {
    this.#frame(0, FrameType.SETTINGS, Flag.ACK, 0)
  }

  /** `data` has eight bytes, which are copied. */
  ping(data: Uint8Array, ack: boolean): void {
    const out = this.#frame(8, FrameType.PING, ack ? Flag.ACK : 0, 0)
    for (let i = 0; i < 8; i++) out.bytes[out.length++] = data[i]!
  }

  rstStream(streamId: number, errorCode: number): void {
    writeUint32(this.#frame(4, FrameType.RST_STREAM, 0, streamId), errorCode)
  }

  /** `debug` is for those who read the peer's logs; it must hold nothing of the inside. Cut off after 256 characters. */
  goaway(lastStreamId: number, errorCode: number, debug: string = ''): void {
    const length = Math.min(debug.length, MAX_DEBUG_BYTES)
    const out = this.#frame(8 + length, FrameType.GOAWAY, 0, 0)
    writeUint32(out, lastStreamId)
    writeUint32(out, errorCode)
    for (let i = 0; i < length; i++) out.bytes[out.length++] = debug.charCodeAt(i)
  }

  /** `streamId` 0 is the connection. */
  windowUpdate(streamId: number, increment: number): void {
    writeUint32(this.#frame(4, FrameType.WINDOW_UPDATE, 0, streamId), increment)
  }

  /** Begins a HEADERS frame. The encoder writes the block into what is returned, and nothing else is written until `endHeaders`. */
  beginHeaders(): OutputBuffer {
    const out = this.#reserve(FRAME_HEAD_BYTES)
    this.#headersAt = out.length
    out.length += FRAME_HEAD_BYTES
    return out
  }

  /** Ends the frame, and goes on with CONTINUATION where the block is larger than a frame may be. */
  endHeaders(streamId: number, endStream: boolean): void {
    const out = this.#out!
    const at = this.#headersAt
    this.#headersAt = -1
    const length = out.length - at - FRAME_HEAD_BYTES
    const flags = endStream ? Flag.END_STREAM : 0
    if (length <= this.maxFrameBytes) {
      writeHead(out.bytes, at, length, FrameType.HEADERS, flags | Flag.END_HEADERS, streamId)
      return
    }
    this.#splitHeaders(out, at, length, flags, streamId)
  }

  /** Makes room for the heads of CONTINUATION frames, from the last to the first. */
  #splitHeaders(out: OutputBuffer, at: number, length: number, flags: number, streamId: number): void {
    const max = this.maxFrameBytes
    const frames = Math.ceil(length / max)
    out.reserve((frames - 1) * FRAME_HEAD_BYTES)
    const { bytes } = out
    const block = at + FRAME_HEAD_BYTES
    for (let i = frames - 1; i > 0; i--) {
      const size = Math.min(max, length - i * max)
      const head = at + i * (FRAME_HEAD_BYTES + max)
      bytes.copyWithin(head + FRAME_HEAD_BYTES, block + i * max, block + i * max + size)
      writeHead(bytes, head, size, FrameType.CONTINUATION, i === frames - 1 ? Flag.END_HEADERS : 0, streamId)
    }
    writeHead(bytes, at, max, FrameType.HEADERS, flags, streamId)
    out.length += (frames - 1) * FRAME_HEAD_BYTES
  }

  /**
   * Writes a piece of a body, in as many frames as it takes; an empty one makes sense only where it ends the stream. Returns
   * whether the memory of `chunk` is free: a large piece that the wire has not sent yet is lent to it.
   */
  data(streamId: number, chunk: Uint8Array, endStream: boolean): boolean {
    const size = chunk.byteLength
    if (size > SMALL_BYTES) return this.#sendData(streamId, chunk, endStream)
    const max = this.maxFrameBytes
    let at = 0
    do {
      const part = Math.min(max, size - at)
      const last = at + part === size
      const out = this.#frame(part, FrameType.DATA, endStream && last ? Flag.END_STREAM : 0, streamId)
      out.bytes.set(part === size ? chunk : chunk.subarray(at, at + part), out.length)
      out.length += part
      at += part
    } while (at < size)
    if (this.#out!.length > COLLECTED_BYTES) this.#send()
    return true
  }

  /** Sends what is collected. Returns `false` where the wire wants to be written to no more, until it says so. */
  flush(): boolean {
    if (this.#out !== undefined) this.#send()
    const more = this.#more
    this.#more = true
    return more
  }

  #sendData(streamId: number, chunk: Uint8Array, endStream: boolean): boolean {
    const wire = this.#wire
    const max = this.maxFrameBytes
    const size = chunk.byteLength
    const frames = Math.ceil(size / max)
    const heads = Buffer.allocUnsafe(frames * FRAME_HEAD_BYTES)
    const out = this.#out
    this.#out = undefined
    wire.cork()
    if (out !== undefined) wire.write(out.bytes.subarray(0, out.length))
    for (let i = 0; i < frames; i++) {
      const from = i * max
      const to = Math.min(size, from + max)
      const head = i * FRAME_HEAD_BYTES
      writeHead(
        heads,
        head,
        to - from,
        FrameType.DATA,
        endStream && to === size ? Flag.END_STREAM : 0,
        streamId,
      )
      wire.write(heads.subarray(head, head + FRAME_HEAD_BYTES))
      this.#more = wire.write(chunk.subarray(from, to))
    }
    wire.uncork()
    if (wire.pendingBytes > 0) return false
    this.#more = true
    out?.giveBack()
    return true
  }

  #send(): void {
    const out = this.#out!
    this.#out = undefined
    const wire = this.#wire
    const bytes = out.bytes.subarray(0, out.length)
    const copies = this.#copies || wire.pendingBytes > 0
    this.#more = wire.write(copies ? Buffer.from(bytes) : bytes)
    // What the wire still has is lost for us; the next time, a copy of just the bytes is cheaper.
    this.#copies = wire.pendingBytes > 0
    if (copies || !this.#copies) out.giveBack()
  }

  #reserve(bytes: number): OutputBuffer {
    this.#out ??= OutputBuffer.take()
    this.#out.reserve(bytes)
    return this.#out
  }

  /** Writes the head of a frame, and makes room for its payload. */
  #frame(length: number, type: number, flags: number, streamId: number): OutputBuffer {
    const out = this.#reserve(FRAME_HEAD_BYTES + length)
    writeHead(out.bytes, out.length, length, type, flags, streamId)
    out.length += FRAME_HEAD_BYTES
    return out
  }
}

function writeHead(
  bytes: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  bytes[at] = length >> 16
  bytes[at + 1] = length >> 8
  bytes[at + 2] = length
  bytes[at + 3] = type
  bytes[at + 4] = flags
  bytes[at + 5] = streamId >> 24
  bytes[at + 6] = streamId >> 16
  bytes[at + 7] = streamId >> 8
  bytes[at + 8] = streamId
}

/** The room is reserved. */
function writeUint32(out: OutputBuffer, value: number): void {
  const { bytes } = out
  bytes[out.length++] = value >>> 24
  bytes[out.length++] = value >>> 16
  bytes[out.length++] = value >>> 8
  bytes[out.length++] = value
}
