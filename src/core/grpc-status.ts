import type { ProxyError } from './errors.ts'

/** The status codes of gRPC, by name (https://grpc.io/docs/guides/status-codes/). */
export const GRPC_STATUS = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const

/** The name of a status code of gRPC. */
export type GrpcStatus = keyof typeof GRPC_STATUS

const NAMES = Object.keys(GRPC_STATUS) as GrpcStatus[]

/** The status that a `grpc-status` field stands for; `undefined` for what is none. */
export function namedGrpcStatus(code: string | undefined): GrpcStatus | undefined {
  return code !== undefined && /^(?:\d|1[0-6])$/.test(code) ? NAMES[Number(code)] : undefined
}

const BY_STATUS: Readonly<Record<number, GrpcStatus>> = {
  400: 'INTERNAL',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  405: 'UNIMPLEMENTED',
  408: 'DEADLINE_EXCEEDED',
  413: 'RESOURCE_EXHAUSTED',
  414: 'RESOURCE_EXHAUSTED',
  415: 'INTERNAL',
  422: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  431: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  501: 'UNIMPLEMENTED',
}

/**
 * What a client of gRPC is told of an error of the proxy's. By its status, as gRPC has clients read those
 * (https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md); but more exactly where the proxy knows more. A
 * client takes `UNAVAILABLE` for leave to try again, so that is said only of what may be over the next time.
 */
export function grpcStatusOf({ status, retry }: Pick<ProxyError, 'status' | 'retry'>): GrpcStatus {
  // It was given up, by a filter or in favour of another attempt.
  if (status === 503) return retry === 'never' ? 'CANCELLED' : 'UNAVAILABLE'
  // The service has spoken, and what it said made no sense.
  if (status === 502) return retry === 'never' ? 'INTERNAL' : 'UNAVAILABLE'
  // Where there was no connection in time, nobody has worked at it.
  if (status === 504) return retry === 'always' ? 'UNAVAILABLE' : 'DEADLINE_EXCEEDED'
  return BY_STATUS[status] ?? (status < 500 ? 'UNKNOWN' : 'INTERNAL')
}

/** A text as `grpc-message` has it: UTF-8, of which all but printable ASCII, and the percent sign, is percent-encoded. */
export function grpcMessage(text: string): string {
  let message = ''
  for (const byte of Buffer.from(text, 'utf8')) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25
    message += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return message
}
