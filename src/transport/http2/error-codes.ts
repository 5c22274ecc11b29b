/** Why a stream or a connection ends, as RST_STREAM and GOAWAY say it (RFC 9113 section 7). */
export const ErrorCode = {
  NO_ERROR: 0x00,
  PROTOCOL_ERROR: 0x01,
  INTERNAL_ERROR: 0x02,
  FLOW_CONTROL_ERROR: 0x03,
  SETTINGS_TIMEOUT: 0x04,
  STREAM_CLOSED: 0x05,
  FRAME_SIZE_ERROR: 0x06,
  REFUSED_STREAM: 0x07,
  CANCEL: 0x08,
  COMPRESSION_ERROR: 0x09,
  CONNECT_ERROR: 0x0a,
  ENHANCE_YOUR_CALM: 0x0b,
  INADEQUATE_SECURITY: 0x0c,
  HTTP_1_1_REQUIRED: 0x0d,
} as const

const NAMES = new Map<number, string>(Object.entries(ErrorCode).map(([name, code]) => [code, name]))

/** The name of an error code, for logs; its number where it has none. A peer may send any. */
export function errorCodeName(code: number): string {
  return NAMES.get(code) ?? `0x${code.toString(16)}`
}

/**
 * What is wrong with what a peer sent. A fault of the connection leaves nothing to be read any more: GOAWAY, then close. A
 * fault of a stream ends that stream alone: RST_STREAM.
 */
export class Http2Fault extends Error {
  /** One of `ErrorCode`. */
  readonly code: number
  /** The stream whose fault it is; 0 for the connection's. */
  readonly streamId: number

  constructor(code: number, message: string, streamId: number = 0) {
    super(message)
    this.name = 'Http2Fault'
    this.code = code
    this.streamId = streamId
  }

  get scope(): 'connection' | 'stream' {
    return this.streamId === 0 ? 'connection' : 'stream'
  }
}
