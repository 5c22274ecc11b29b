import { isGrpc } from '../core/grpc-call.ts'
import { GRPC_STATUS, type GrpcStatus, namedGrpcStatus } from '../core/grpc-status.ts'
import type { ResponseMessage } from '../core/message.ts'
import { invalidOption } from '../core/options.ts'

/** Whether a text names a status of gRPC that says that something is wrong. */
export function isGrpcFailure(name: unknown): name is GrpcStatus {
  return typeof name === 'string' && name !== 'OK' && Object.hasOwn(GRPC_STATUS, name)
}

/** Checks a list of such names. */
export function grpcStatuses(
  owner: string,
  option: string,
  given: readonly GrpcStatus[],
): ReadonlySet<GrpcStatus> {
  if (!Array.isArray(given) || !given.every(isGrpcFailure))
    throw invalidOption(owner, option, 'a list of statuses of gRPC such as "UNAVAILABLE"', given)
  return new Set(given)
}

/**
 * The status in the head of a response of gRPC that is trailers alone; `undefined` for every other response. What comes in
 * trailers behind a body has come too late for whoever decides by the head.
 */
export function grpcStatusInHead({ status, headers }: ResponseMessage): GrpcStatus | undefined {
  if (status !== 200 || !isGrpc(headers)) return undefined
  return namedGrpcStatus(headers.get('grpc-status'))
}
