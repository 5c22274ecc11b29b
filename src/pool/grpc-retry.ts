import { isGrpc } from '../core/grpc-call.ts'
import type { GrpcStatus } from '../core/grpc-status.ts'
import type { HeaderList } from '../core/headers.ts'
import type { ResponseMessage } from '../core/message.ts'
import { grpcStatusInHead } from './grpc-answer.ts'

/** Why a call is sent again, where one of these statuses of gRPC has answered it: `grpc UNAVAILABLE`. */
export function grpcReason(
  response: ResponseMessage | undefined,
  statuses: ReadonlySet<GrpcStatus>,
): string | undefined {
  if (statuses.size === 0 || response === undefined) return undefined
  const status = grpcStatusInHead(response)
  return status !== undefined && statuses.has(status) ? `grpc ${status}` : undefined
}

const ATTEMPTS = 'grpc-previous-rpc-attempts'

/**
 * How long a server of gRPC wants a retry to wait, in milliseconds: `undefined` where it says nothing, `Infinity` where it wants
 * none, which a number below zero and what is no number say too (gRFC A6, "Pushback").
 */
export function pushbackMs(headers: HeaderList): number | undefined {
  const value = headers.get('grpc-retry-pushback-ms')
  if (value === undefined) return undefined
  return /^\d{1,10}$/.test(value) ? Number(value) : Number.POSITIVE_INFINITY
}

/** Tells the server how many attempts at a call of gRPC there were before, those that the client says it has made included. */
export class PreviousAttempts {
  readonly #headers: HeaderList
  readonly #ofClient: number

  constructor(headers: HeaderList) {
    this.#headers = headers
    const value = headers.get(ATTEMPTS)
    this.#ofClient = value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) : 0
  }

  /** So many were made here. */
  made(count: number): void {
    this.#headers.set(ATTEMPTS, String(this.#ofClient + count))
  }

  /** For a request that is none of gRPC there is nobody to tell. */
  static of(headers: HeaderList): PreviousAttempts | undefined {
    return isGrpc(headers) ? new PreviousAttempts(headers) : undefined
  }
}
