import { toProxyError } from '../core/errors.ts'
import type { Wire } from '../core/network.ts'
import { ErrorCode, Http2Fault } from '../transport/http2/error-codes.ts'
import type { FieldBlock } from '../transport/http2/field-block.ts'
import type { FrameHandler } from '../transport/http2/frame-handler.ts'
import { FrameReader } from '../transport/http2/frame-reader.ts'
import { protocolFault } from '../transport/http2/frame-rules.ts'
import { FrameWriter } from '../transport/http2/frame-writer.ts'
import { HpackDecoder } from '../transport/http2/hpack-decoder.ts'
import { HpackEncoder } from '../transport/http2/hpack-encoder.ts'
import { responseFlaw, trailersFlaw } from '../transport/http2/message-rules.ts'
import { SettingId } from '../transport/http2/settings.ts'
import { healthCheckRequest, servingStatus } from './grpc-health-message.ts'
import { grpcTimeout } from './grpc-timeout.ts'
import type { ProbeVerdict } from './probe.ts'
import { failure, PASSED, type ProbeTalk } from './wire-probe.ts'

/** What is asked. */
export interface GrpcHealthQuestion {
  readonly service: string
  readonly authority: string
  readonly timeoutMs: number
}

/** The only stream that there is. */
const STREAM = 1
/** All that is read: head, message, trailers, and what else a server says. None of it is long. */
const READ_BYTES = 65_536
/** A `HealthCheckResponse` has two bytes, and some room for fields that are not known yet. */
const MESSAGE_BYTES = 1_024
const FIELD_LIMITS = { listBytes: 8_192, fields: 64 }

/**
 * - `head`: nothing of the response has come, but interim ones perhaps.
 * - `message`: its head is there; the message and the trailers follow.
 */
type Phase = 'head' | 'message'

/** One call of `grpc.health.v1.Health/Check`, by a client of HTTP/2 that knows one stream and sends all it has at once. */
export class GrpcHealthCall implements ProbeTalk, FrameHandler {
  readonly #question: GrpcHealthQuestion
  readonly #decoder = new HpackDecoder(FIELD_LIMITS)
  readonly #reader: FrameReader
  #writer: FrameWriter | undefined
  #phase: Phase = 'head'
  #read = 0
  #message: Buffer = Buffer.alloc(0)
  #verdict: ProbeVerdict | undefined

  constructor(question: GrpcHealthQuestion) {
    this.#question = question
    this.#reader = new FrameReader(this, 'client')
  }

  begin(wire: Wire): ProbeVerdict | undefined {
    // RFC 9113 section 3.3: over TLS, HTTP/2 is what was agreed on or it is not spoken.
    if (wire.tls !== undefined && wire.tls.alpn !== 'h2') return failure('alpn')
    const { service, authority, timeoutMs } = this.#question
    const writer = new FrameWriter(wire)
    this.#writer = writer
    writer.preface()
    writer.settings([
      [SettingId.enablePush, 0],
      [SettingId.maxHeaderListSize, FIELD_LIMITS.listBytes],
    ])
    const out = writer.beginHeaders()
    const encoder = new HpackEncoder()
    encoder.begin(out)
    for (const [name, value] of [
      [':method', 'POST'],
      [':scheme', wire.tls === undefined ? 'http' : 'https'],
      [':path', '/grpc.health.v1.Health/Check'],
      [':authority', authority],
      ['te', 'trailers'],
      ['grpc-timeout', grpcTimeout(timeoutMs)],
      ['content-type', 'application/grpc'],
      ['user-agent', 'gatewright-probe'],
    ] as const)
      encoder.field(out, name, value)
    writer.endHeaders(STREAM, false)
    writer.data(STREAM, healthCheckRequest(service), true)
    writer.flush()
    return undefined
  }

  heard(chunk: Buffer): ProbeVerdict | undefined {
    this.#read += chunk.length
    if (this.#read > READ_BYTES) return failure('upstream_response_malformed')
    let code: number = ErrorCode.NO_ERROR
    try {
      this.#reader.read(chunk)
    } catch (thrown) {
      const fault = thrown instanceof Http2Fault ? thrown : undefined
      code = fault?.code ?? ErrorCode.INTERNAL_ERROR
      this.#judge(failure(fault === undefined ? toProxyError(thrown).code : 'upstream_response_malformed'))
    }
    if (this.#verdict !== undefined) this.#writer?.goaway(0, code)
    this.#writer?.flush()
    return this.#verdict
  }

  ended(): ProbeVerdict {
    return failure(this.#read === 0 ? 'upstream_reset' : 'upstream_response_incomplete')
  }

  // The frames' side.

  onHeaders(streamId: number, block: Buffer, endStream: boolean): void {
    checkStream(streamId)
    const fields = this.#decoder.decode(block)
    if (fields.tooLarge) this.#judge(failure('upstream_head_too_large'))
    else if (this.#phase === 'head') this.#onHead(fields, endStream)
    else this.#onTrailers(fields, endStream)
  }

  onDataStart(streamId: number): void {
    checkStream(streamId)
    if (this.#phase === 'head') throw protocolFault('DATA before HEADERS')
  }

  onDataPiece(_streamId: number, chunk: Buffer): true {
    if (this.#message.length + chunk.length > MESSAGE_BYTES) this.#malformed()
    else this.#message = Buffer.concat([this.#message, chunk])
    return true
  }

  onDataEnd(_streamId: number, endStream: boolean): void {
    // The status of a call stands in its trailers.
    if (endStream) this.#malformed()
  }

  onRstStream(streamId: number): void {
    checkStream(streamId)
    this.#judge(failure('upstream_reset'))
  }

  onGoaway(lastStreamId: number, errorCode: number): void {
    // A server that only takes no further calls still answers this one.
    if (lastStreamId < STREAM || errorCode !== ErrorCode.NO_ERROR) this.#judge(failure('upstream_reset'))
  }

  onSettingsEnd(): void {
    this.#writer?.settingsAck()
  }

  onPing(data: Buffer, ack: boolean): void {
    if (!ack) this.#writer?.ping(data, true)
  }

  onStreamFault(): void {
    this.#malformed()
  }

  /** Of no account: all that is sent was sent before anything could be heard. */
  onSetting(): void {}
  onSettingsAck(): void {}
  onWindowUpdate(): void {}
  onPriorityUpdate(): void {}
  onIdleFrame(): void {}

  #onHead(fields: FieldBlock, endStream: boolean): void {
    const { status } = fields
    const interim = status < 200
    if (responseFlaw(fields) !== undefined || (interim && endStream)) this.#malformed()
    else if (interim) return
    else if (status !== 200) this.#judge({ passed: false, reason: `status ${status}`, status })
    else if (!isGrpc(onlyValue(fields, 'content-type'))) this.#judge(failure('content-type'))
    else if (endStream) this.#judgeCall(fields)
    else this.#phase = 'message'
  }

  #onTrailers(fields: FieldBlock, endStream: boolean): void {
    if (trailersFlaw(fields) !== undefined || !endStream) this.#malformed()
    else this.#judgeCall(fields)
  }

  /** The call is over: what came of it stands in the trailers, or in a head that is all of a response. */
  #judgeCall(fields: FieldBlock): void {
    const code = onlyValue(fields, 'grpc-status')
    if (code === undefined || !/^\d{1,2}$/.test(code)) this.#malformed()
    else if (code !== '0') this.#judge(failure(grpcStatus(Number(code))))
    else {
      const serving = servingStatus(this.#message)
      if (serving === undefined) this.#malformed()
      else this.#judge(serving === 'SERVING' ? PASSED : failure(serving))
    }
  }

  #malformed(): void {
    this.#judge(failure('upstream_response_malformed'))
  }

  #judge(verdict: ProbeVerdict): void {
    this.#verdict ??= verdict
    this.#reader.stop()
  }
}

/** No other stream was opened, and a server may open none. */
function checkStream(streamId: number): void {
  if (streamId !== STREAM) throw protocolFault(`a frame of stream ${streamId}, which is idle`)
}

/** The value of a field of which there is one; `undefined` where there are several. */
function onlyValue({ fields, values }: FieldBlock, name: string): string | undefined {
  const at = fields.findIndex(({ lower }) => lower === name)
  return at < 0 || fields.some(({ lower }, i) => i > at && lower === name) ? undefined : values[at]
}

function isGrpc(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/grpc(?:[+;]|$)/i.test(contentType)
}

function grpcStatus(code: number): string {
  const name = STATUS_NAMES[code]
  return name === undefined ? `grpc-status ${code}` : `grpc-status ${code} ${name}`
}

/** Of the statuses of gRPC, by their numbers. */
const STATUS_NAMES: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
]
