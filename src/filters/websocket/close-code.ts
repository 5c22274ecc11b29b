import { invalidOption } from '../../core/options.ts'

/** Why a WebSocket connection is closed, as RFC 6455 section 7.4 and its registry have it. */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  /** Sent by nobody: the peer gave no code. */
  none: 1005,
  invalidData: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
  internalError: 1011,
  badGateway: 1014,
} as const

/** The code for what `ws` says is wrong with what a peer sent. Its error codes are part of its documentation. */
export function closeCodeOf(error: Error): number {
  const { code } = error as NodeJS.ErrnoException
  switch (code) {
    case 'WS_ERR_INVALID_UTF8':
      return CloseCode.invalidData
    case 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH':
    case 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH':
      return CloseCode.messageTooBig
    case 'WS_ERR_TOO_MANY_BUFFERED_PARTS':
      return CloseCode.policyViolation
  }
  if (code?.startsWith('WS_ERR_') === true) return CloseCode.protocolError
  // What cannot be expanded, by zlib's word.
  return code?.startsWith('Z_') === true ? CloseCode.invalidData : CloseCode.internalError
}

const MAX_REASON_BYTES = 123

/** The content of a close frame. Throws for what may not stand in one. */
export function closePayload(owner: string, code: number, reason: string): Buffer {
  const sendable =
    (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || isOwn(code)
  if (!Number.isInteger(code) || !sendable)
    throw invalidOption(
      owner,
      'code',
      'a close code that may be sent: 1000 to 1003, 1007 to 1014, 3000 to 4999',
      code,
    )
  if (typeof reason !== 'string' || Buffer.byteLength(reason) > MAX_REASON_BYTES)
    throw invalidOption(owner, 'reason', `a text of at most ${MAX_REASON_BYTES} bytes`, reason)
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason))
  payload.writeUInt16BE(code)
  payload.write(reason, 2)
  return payload
}

/** Codes of libraries and applications. */
function isOwn(code: number): boolean {
  return code >= 3000 && code <= 4999
}
