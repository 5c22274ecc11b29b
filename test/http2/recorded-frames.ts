import type { MemoryUse } from '../../src/core/network.ts'
import { Http2Fault } from '../../src/transport/http2/error-codes.ts'
import type { FrameHandler } from '../../src/transport/http2/frame-handler.ts'
import { CLIENT_PREFACE, Flag, FrameType } from '../../src/transport/http2/frame-head.ts'
import { type FrameLimits, FrameReader } from '../../src/transport/http2/frame-reader.ts'

/** Something that a reader has told. The pieces of a DATA frame are one event. */
export type FrameEvent = readonly (string | number | boolean)[]

/** Writes down what it is told. Copies what it is lent. */
export class FrameRecorder implements FrameHandler {
  readonly events: FrameEvent[] = []
  #data = ''
  /** What `onDataPiece` answers. */
  use: MemoryUse = true

  onDataStart(streamId: number, size: number, endStream: boolean): void {
    this.events.push(['data-start', streamId, size, endStream])
    this.#data = ''
  }

  onDataPiece(streamId: number, chunk: Buffer): MemoryUse {
    if (chunk.length === 0) throw new Error('an empty piece of data')
    const last = this.events.at(-1)!
    if (last[0] === 'data') this.events.pop()
    this.#data += chunk.toString('latin1')
    this.events.push(['data', streamId, this.#data])
    return this.use
  }

  onDataEnd(streamId: number, endStream: boolean): void {
    this.events.push(['data-end', streamId, endStream])
  }

  onHeaders(streamId: number, block: Buffer, endStream: boolean): void {
    this.events.push(['headers', streamId, block.toString('latin1'), endStream])
  }

  onRstStream(streamId: number, errorCode: number): void {
    this.events.push(['rst-stream', streamId, errorCode])
  }

  onSetting(id: number, value: number, before: number): void {
    this.events.push(['setting', id, value, before])
  }

  onSettingsEnd(): void {
    this.events.push(['settings'])
  }

  onSettingsAck(): void {
    this.events.push(['settings-ack'])
  }

  onPing(data: Buffer, ack: boolean): void {
    this.events.push(['ping', data.toString('hex'), ack])
  }

  onGoaway(lastStreamId: number, errorCode: number, debugData: Buffer): void {
    this.events.push(['goaway', lastStreamId, errorCode, debugData.toString('latin1')])
  }

  onWindowUpdate(streamId: number, increment: number): void {
    this.events.push(['window-update', streamId, increment])
  }

  onPriorityUpdate(streamId: number, priority: string): void {
    this.events.push(['priority-update', streamId, priority])
  }

  onIdleFrame(type: number): void {
    this.events.push(['idle', type])
  }

  onStreamFault({ streamId, code, message }: Http2Fault): void {
    this.events.push(['stream-fault', streamId, code, message])
  }
}

export interface FrameReading {
  readonly events: readonly FrameEvent[]
  /** That of the connection, if it ended in one. */
  readonly fault: { readonly code: number; readonly message: string } | undefined
}

/** Reads frames that come in these pieces, each of which is overwritten once read, as a socket's buffer is. */
export function readFrames(
  pieces: readonly Buffer[],
  side: 'server' | 'client' = 'client',
  limits?: FrameLimits,
): FrameReading {
  const recorder = new FrameRecorder()
  const reader = new FrameReader(recorder, side, limits)
  try {
    for (const piece of pieces) {
      reader.read(piece)
      piece.fill(0x21)
    }
  } catch (thrown) {
    if (!(thrown instanceof Http2Fault) || thrown.scope !== 'connection') throw thrown
    // Nothing is read afterwards.
    const before = recorder.events.length
    reader.read(frame(FrameType.PING, 0, 0, Buffer.alloc(8)))
    if (recorder.events.length > before || reader.heldBytes > 0) throw new Error('reading went on')
    return { events: recorder.events, fault: { code: thrown.code, message: thrown.message } }
  }
  return { events: recorder.events, fault: undefined }
}

/** A frame, well-formed or not. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array | string = '',
  length?: number,
): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload
  const head = Buffer.alloc(9)
  head.writeUIntBE(length ?? bytes.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(streamId, 5)
  return Buffer.concat([head, bytes])
}

/** Four bytes. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function setting(id: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([id >> 8, id & 0xff]), uint32(value)])
}

/** What the other side begins with. */
export const SETTINGS: Buffer = frame(FrameType.SETTINGS, 0, 0)
export const CLIENT_START: Buffer = Buffer.concat([CLIENT_PREFACE, SETTINGS])

/** DATA or HEADERS with padding: all zeros unless another is given. */
export function padded(
  type: number,
  flags: number,
  streamId: number,
  payload: string,
  padding: Uint8Array,
): Buffer {
  return frame(
    type,
    flags | Flag.PADDED,
    streamId,
    Buffer.concat([Buffer.from([padding.length]), Buffer.from(payload, 'latin1'), padding]),
  )
}
