import type { MemoryUse, Wire, WireHandler } from '../../src/core/network.ts'
import type { Http2Fault } from '../../src/transport/http2/error-codes.ts'
import type { FrameHandler } from '../../src/transport/http2/frame-handler.ts'
import { FrameReader } from '../../src/transport/http2/frame-reader.ts'
import { FrameWriter } from '../../src/transport/http2/frame-writer.ts'
import { HpackDecoder } from '../../src/transport/http2/hpack-decoder.ts'
import { HpackEncoder } from '../../src/transport/http2/hpack-encoder.ts'
import { type Field, fieldsOf } from './field-lists.ts'

/** A call as a service for health has it. */
export interface HealthCall {
  readonly fields: readonly Field[]
  /** The bytes of the request, with gRPC's framing. */
  readonly message: Buffer
}

/** The head of a response by gRPC. */
export const GRPC_HEAD: readonly Field[] = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
]

/** A message in gRPC's framing. */
export function framed(message: Uint8Array, compressed: number = 0): Buffer {
  const framing = Buffer.alloc(5)
  framing[0] = compressed
  framing.writeUInt32BE(message.length, 1)
  return Buffer.concat([framing, message])
}

/**
 * The service's end of a connection by HTTP/2: reads one call after the other, and answers as the test says, byte for byte if
 * need be. Gives up where the client breaks a rule.
 */
export class GrpcHealthPeer implements WireHandler, FrameHandler {
  readonly writer: FrameWriter
  /** What the client has said of itself and of us: `settings-ack`, `ping-ack ...`, `goaway ...`, `closed`. */
  readonly seen: string[] = []
  readonly #wire: Wire
  readonly #onCall: (peer: GrpcHealthPeer, call: HealthCall) => void
  readonly #reader = new FrameReader(this, 'server')
  readonly #encoder = new HpackEncoder()
  readonly #decoder = new HpackDecoder({ listBytes: 65_536, fields: 100 })
  #fields: readonly Field[] = []
  #message: Buffer[] = []
  fault: unknown

  constructor(wire: Wire, onCall: (peer: GrpcHealthPeer, call: HealthCall) => void) {
    this.#wire = wire
    this.#onCall = onCall
    this.writer = new FrameWriter(wire)
    wire.handler = this
    this.writer.settings([])
    this.writer.flush()
  }

  /** Writes a header or a trailer section. */
  section(fields: readonly Field[], endStream: boolean, streamId: number = 1): this {
    const out = this.writer.beginHeaders()
    this.#encoder.begin(out)
    for (const [name, value] of fields) this.#encoder.field(out, name, value)
    this.writer.endHeaders(streamId, endStream)
    return this
  }

  data(bytes: Uint8Array, endStream: boolean = false): this {
    this.writer.data(1, bytes, endStream)
    return this
  }

  /** The bytes as they are. */
  raw(bytes: Uint8Array): this {
    this.writer.flush()
    this.#wire.write(bytes)
    return this
  }

  /** Answers as a service does that is in this state: 1 is `SERVING`. */
  serving(status: number): this {
    return this.section(GRPC_HEAD, false)
      .data(framed(status === 0 ? Buffer.alloc(0) : Buffer.of(0x08, status)))
      .section([['grpc-status', '0']], true)
  }

  end(): void {
    this.writer.flush()
    this.#wire.end()
  }

  destroy(): void {
    this.#wire.destroy()
  }

  // The wire's side.

  onData(chunk: Buffer): MemoryUse {
    try {
      this.#reader.read(chunk)
    } catch (fault) {
      this.fault = fault
      this.#wire.reset()
    }
    this.writer.flush()
    return true
  }

  onEnd(): void {
    this.#wire.end()
  }

  onDrain(): void {}

  onClose(): void {
    this.seen.push('closed')
  }

  // The frames' side.

  onHeaders(_: number, block: Buffer): void {
    this.#fields = fieldsOf(this.#decoder.decode(block))
    this.#message = []
  }

  onDataStart(): void {}

  onDataPiece(_: number, piece: Buffer): MemoryUse {
    this.#message.push(Buffer.from(piece))
    return true
  }

  onDataEnd(_: number, endStream: boolean): void {
    if (endStream) this.#onCall(this, { fields: this.#fields, message: Buffer.concat(this.#message) })
  }

  onSettingsEnd(): void {
    this.writer.settingsAck()
  }

  onSettingsAck(): void {
    this.seen.push('settings-ack')
  }

  onPing(data: Buffer, ack: boolean): void {
    this.seen.push(`ping${ack ? '-ack' : ''} ${data.toString('latin1')}`)
  }

  onGoaway(lastStreamId: number, errorCode: number): void {
    this.seen.push(`goaway ${lastStreamId} ${errorCode}`)
  }

  onStreamFault(fault: Http2Fault): void {
    throw fault
  }

  onRstStream(): void {}
  onSetting(): void {}
  onWindowUpdate(): void {}
  onPriorityUpdate(): void {}
  onIdleFrame(): void {}
}
