import type { HeaderList, HeadersInit } from '../../core/headers.ts'
import { decodedStatusMessage, framedMessage, type GrpcMessage, messagesOf } from '../grpc/grpc-messages.ts'
import type { ClientRequest } from './client-request.ts'
import type { SimulatedResponse } from './simulated-response.ts'

/** What may be said beside method and messages. */
export interface ClientGrpcOptions {
  /** Metadata, and what else the head is to have, such as `grpc-timeout`. */
  readonly headers?: HeadersInit | undefined
}

/** What came of a call of gRPC. */
export interface SimulatedGrpcResponse {
  /**
   * `grpc-status`; where there is none, what a client makes of the HTTP status, 2 (UNKNOWN) where that stands for nothing, and
   * 13 (INTERNAL) where the response broke off.
   */
  readonly status: number
  /** `grpc-message`, decoded. */
  readonly message: string
  /** Those that came whole, without their framing. */
  readonly messages: readonly Buffer[]
  readonly headers: HeaderList
  readonly trailers: HeaderList
  /** The response underneath, and its exchange. */
  readonly response: SimulatedResponse
}

/** @internal */
export function grpcRequest(
  method: string,
  messages: GrpcMessage | readonly GrpcMessage[] | AsyncIterable<GrpcMessage>,
  headers: readonly (readonly [string, string])[],
): ClientRequest {
  const several = typeof messages === 'string' || messages instanceof Uint8Array ? [messages] : messages
  return {
    method: 'POST',
    url: method,
    headers: [['content-type', 'application/grpc'], ['te', 'trailers'], ...headers],
    body: Symbol.asyncIterator in several ? framedEach(several) : Buffer.concat(several.map(framedMessage)),
  }
}

/** @internal */
export function grpcResponse(response: SimulatedResponse): SimulatedGrpcResponse {
  const { headers, trailers, complete, body } = response
  const said = trailers.get('grpc-status') ?? headers.get('grpc-status')
  const message = trailers.get('grpc-message') ?? headers.get('grpc-message') ?? ''
  return {
    status: said === undefined ? guessedStatus(response.status, complete) : Number(said),
    message: decodedStatusMessage(message),
    messages: messagesOf(body),
    headers,
    trailers,
    response,
  }
}

async function* framedEach(messages: AsyncIterable<GrpcMessage>): AsyncGenerator<Uint8Array> {
  for await (const message of messages) yield framedMessage(message)
}

/** What an HTTP status stands for, by gRPC's own list (http-grpc-status-mapping). */
function guessedStatus(status: number, complete: boolean): number {
  if (status === 200) return complete ? UNKNOWN : INTERNAL
  return MEANINGS.get(status) ?? UNKNOWN
}

const UNKNOWN = 2
const INTERNAL = 13
const MEANINGS: ReadonlyMap<number, number> = new Map([
  [400, INTERNAL],
  [401, 16],
  [403, 7],
  [404, 12],
  [429, 14],
  [502, 14],
  [503, 14],
  [504, 14],
])
