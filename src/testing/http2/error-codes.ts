/** The error codes of RFC 9113 section 7 by name. */
export type Http2ErrorCode = (typeof HTTP2_ERROR_CODES)[number]

/** @internal In the order of their numbers; the first is 0. */
export const HTTP2_ERROR_CODES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
] as const

/** @internal The name of a number; for one that has none, what it stands for by default (RFC 9113 section 7). */
export function http2ErrorName(code: number): Http2ErrorCode {
  return HTTP2_ERROR_CODES[code] ?? 'INTERNAL_ERROR'
}

/** @internal */
export function http2ErrorNumber(name: Http2ErrorCode): number {
  return HTTP2_ERROR_CODES.indexOf(name)
}
