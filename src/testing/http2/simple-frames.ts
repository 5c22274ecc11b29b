/** @internal RFC 9113 section 6. */
export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const

/** @internal ACK and END_STREAM are the same bit, on different frames. */
export const Flag = { ACK: 1, END_STREAM: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 0x20 } as const

/** @internal RFC 9113 section 6.5.2, and RFC 8441 section 3. */
export const Setting = {
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  ENABLE_CONNECT_PROTOCOL: 8,
} as const

/** What a client says before its first frame (RFC 9113 section 3.4). */
export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

/** The largest frame, for as long as nobody asks for larger ones. */
export const FRAME_BYTES = 16_384
/** What a window holds at first. */
export const WINDOW_BYTES = 65_535
/** What a window holds at most; also the highest number of a stream. */
export const MOST: number = 2 ** 31 - 1

/** @internal A frame as it came. The payload is without padding, and without the fields of PRIORITY. */
export interface Http2Frame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly payload: Buffer
  /** With the padding: what counts in windows. */
  readonly length: number
}

/** @internal A frame as bytes, whether it makes sense or not. */
export function frameBytes(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = NOTHING,
): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + payload.byteLength)
  bytes.writeUIntBE(payload.byteLength, 0, 3)
  bytes[3] = type
  bytes[4] = flags
  bytes.writeUInt32BE(streamId, 5)
  bytes.set(payload, HEAD_BYTES)
  return bytes
}

/** @internal The frames of one header section. */
export function sectionBytes(streamId: number, block: Buffer, endStream: boolean): Buffer {
  const frames: Buffer[] = []
  for (let at = 0; at === 0 || at < block.length; at += FRAME_BYTES) {
    const end = at + FRAME_BYTES >= block.length ? Flag.END_HEADERS : 0
    const type = at === 0 ? FrameType.HEADERS : FrameType.CONTINUATION
    const flags = end | (at === 0 && endStream ? Flag.END_STREAM : 0)
    frames.push(frameBytes(type, flags, streamId, block.subarray(at, at + FRAME_BYTES)))
  }
  return Buffer.concat(frames)
}

/** @internal */
export function settingsBytes(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(settings.length * 6)
  settings.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, i * 6)
    payload.writeUInt32BE(value, i * 6 + 2)
  })
  return frameBytes(FrameType.SETTINGS, 0, 0, payload)
}

/** @internal Four bytes. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** @internal Cuts what comes into frames. Throws at one that is too large, or of which the padding is more than all. */
export class SimpleFrameReader {
  #bytes: Buffer = NOTHING

  /** The chunk is the reader's from then on. */
  push(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
  }

  /** The next one, if it is whole. */
  next(): Http2Frame | undefined {
    const bytes = this.#bytes
    if (bytes.length < HEAD_BYTES) return undefined
    const length = bytes.readUIntBE(0, 3)
    if (length > FRAME_BYTES) throw new Error(`HTTP/2: a frame of ${length} bytes`)
    const end = HEAD_BYTES + length
    if (bytes.length < end) return undefined
    this.#bytes = bytes.length === end ? NOTHING : bytes.subarray(end)
    const type = bytes[3]!
    const flags = bytes[4]!
    const streamId = bytes.readUInt32BE(5) & MOST
    return { type, flags, streamId, length, payload: content(type, flags, bytes.subarray(HEAD_BYTES, end)) }
  }
}

function content(type: number, flags: number, payload: Buffer): Buffer {
  if (type !== FrameType.DATA && type !== FrameType.HEADERS) return payload
  let start = 0
  let end = payload.length
  if ((flags & Flag.PADDED) !== 0) {
    end -= payload[0] ?? 0
    start = 1
  }
  if (type === FrameType.HEADERS && (flags & Flag.PRIORITY) !== 0) start += 5
  if (end < start) throw new Error('HTTP/2: a frame that is shorter than its padding')
  return payload.subarray(start, end)
}

const NOTHING = Buffer.alloc(0)
const HEAD_BYTES = 9
