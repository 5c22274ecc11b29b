/** A frame of WebSocket (RFC 6455 section 5.2). What it says is not checked for sense, so that wrong ones can be sent. */
export interface WebSocketFrame {
  readonly opcode: number
  /** A string goes as UTF-8. Default none. */
  readonly payload?: string | Uint8Array | undefined
  /** Default `true`: it is the last of its message. */
  readonly fin?: boolean | undefined
  /** The three reserved bits, as a number. Default 0. */
  readonly rsv?: number | undefined
  /** Default: as the side must. */
  readonly masked?: boolean | undefined
}

/** @internal */
export const Opcode = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const

/** @internal A frame as it came, unmasked. */
export interface ReadFrame {
  readonly opcode: number
  readonly fin: boolean
  readonly rsv: number
  readonly masked: boolean
  readonly payload: Buffer
}

/** The same for all frames: chance would make two runs of one seed differ. It is that of the examples of RFC 6455. */
const MASK = Buffer.of(0x37, 0xfa, 0x21, 0x3d)

/** @internal */
export function webSocketFrame({
  opcode,
  payload = '',
  fin = true,
  rsv = 0,
  masked = false,
}: WebSocketFrame): Buffer {
  const bytes = Buffer.from(payload as string)
  const head = Buffer.of((fin ? 0x80 : 0) | (rsv << 4) | opcode, masked ? 0x80 : 0)
  const size = sizeBytes(bytes.length)
  head[1]! |= size.length === 0 ? bytes.length : size.length === 2 ? 126 : 127
  return masked
    ? Buffer.concat([head, size, MASK, unmasked(bytes, MASK)])
    : Buffer.concat([head, size, bytes])
}

/** @internal Cuts what comes into frames. */
export class WebSocketFrameReader {
  #bytes: Buffer = Buffer.alloc(0)

  push(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
  }

  /** The next one, if it is whole. */
  next(): ReadFrame | undefined {
    const bytes = this.#bytes
    if (bytes.length < 2) return undefined
    const short = bytes[1]! & 0x7f
    const sizeBytes = short < 126 ? 0 : short === 126 ? 2 : 8
    const masked = bytes[1]! >= 0x80
    const start = 2 + sizeBytes + (masked ? 4 : 0)
    if (bytes.length < start) return undefined
    const size =
      sizeBytes === 0 ? short : sizeBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
    if (bytes.length < start + size) return undefined
    const payload = bytes.subarray(start, start + size)
    this.#bytes = bytes.subarray(start + size)
    return {
      opcode: bytes[0]! & 0xf,
      fin: bytes[0]! >= 0x80,
      rsv: (bytes[0]! >> 4) & 7,
      masked,
      payload: masked ? unmasked(payload, bytes.subarray(start - 4, start)) : Buffer.from(payload),
    }
  }
}

function sizeBytes(length: number): Buffer {
  if (length < 126) return Buffer.alloc(0)
  const bytes = Buffer.alloc(length < 65_536 ? 2 : 8)
  bytes.writeUIntBE(length, Math.max(0, bytes.length - 6), Math.min(6, bytes.length))
  return bytes
}

/** Masking twice is no masking. */
function unmasked(bytes: Buffer, mask: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, i) => byte ^ mask[i % 4]!))
}
