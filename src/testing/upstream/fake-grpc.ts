import { integer, invalidOption, knownOptions } from '../../core/options.ts'
import { encodedStatusMessage, framedMessage, type GrpcMessage, messagesOf } from '../grpc/grpc-messages.ts'
import { type FakeAnswer, type FakeReply, type FieldInit, fieldsOf } from './fake-reply.ts'
import type { FakeRequest } from './fake-request.ts'

/** A call of gRPC as a service gets it, when all of its messages have come. */
export interface GrpcCall {
  /** `/package.Service/Method`. */
  readonly method: string
  /** Without their framing. */
  readonly messages: readonly Buffer[]
  readonly request: FakeRequest
}

/** What a service answers to a call of gRPC. */
export interface GrpcReply {
  /** One message, or several: those that come one by one are sent as fast as they are taken. Default none. */
  readonly messages?: GrpcMessage | readonly GrpcMessage[] | AsyncIterable<GrpcMessage> | undefined
  /** `grpc-status`. Default 0, OK. */
  readonly status?: number | undefined
  /** `grpc-message`, encoded as it must be. */
  readonly message?: string | undefined
  /** Fields of the head (initial metadata). */
  readonly headers?: FieldInit | undefined
  /** Fields beside the status (trailing metadata). */
  readonly trailers?: FieldInit | undefined
  /** The status stands in the head, and there is nothing else. Default: where there is no message and the status is not 0. */
  readonly trailersOnly?: boolean | undefined
  /** Waits before anything is sent. */
  readonly delayMs?: number | undefined
}

export type GrpcAnswer = GrpcReply | ((call: GrpcCall) => GrpcReply | Promise<GrpcReply>)

/** What a service says of its health (`grpc.health.v1`). */
export type GrpcServingStatus = (typeof SERVING)[number]

const SERVING = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const
const OPTIONS = ['messages', 'status', 'message', 'headers', 'trailers', 'trailersOnly', 'delayMs']

/** @internal @throws `ERR_OPTION_INVALID` */
export function grpcAnswer(answer: GrpcAnswer): FakeAnswer {
  if (typeof answer !== 'function') return grpcReply(answer)
  return (request) => {
    const made = answer({ method: request.target, messages: messagesOf(request.body), request })
    return made instanceof Promise ? made.then(grpcReply) : grpcReply(made)
  }
}

/** @internal The route of a method. @throws `ERR_OPTION_INVALID` */
export function grpcRoute(method: string): string {
  if (typeof method !== 'string' || !/^\/[^\s/]+\/[^\s/]+$/.test(method))
    throw invalidOption('fakeUpstream.grpc', 'method', '"/package.Service/Method"', method)
  return `POST ${method}`
}

/** @internal Answers `Check` of `grpc.health.v1`. */
export function healthAnswer(
  given: GrpcServingStatus | ((service: string) => GrpcServingStatus | undefined),
): GrpcAnswer {
  if (typeof given !== 'function') servingNumber(given)
  return ({ messages }) => {
    const status = typeof given === 'function' ? given(serviceOf(messages[0])) : given
    if (status === undefined) return { status: NOT_FOUND, message: 'unknown service' }
    const number = servingNumber(status)
    // The default of a field is not written.
    return { messages: number === 0 ? '' : Buffer.of(0x08, number) }
  }
}

/** The one field of a `HealthCheckRequest`: its number and kind, its length (one byte will do), the name. */
function serviceOf(message: Buffer | undefined): string {
  return message === undefined || message[0] !== 0x0a ? '' : message.toString('utf8', 2, 2 + message[1]!)
}

function servingNumber(status: GrpcServingStatus): number {
  const number = SERVING.indexOf(status)
  if (number < 0)
    throw invalidOption('fakeUpstream.grpcHealth', 'status', `one of ${SERVING.join(', ')}`, status)
  return number
}

function grpcReply(reply: GrpcReply): FakeReply {
  const owner = 'fakeUpstream.grpc'
  if (typeof reply !== 'object' || reply === null)
    throw invalidOption(owner, 'answer', 'an object such as { messages: bytes }, or a function', reply)
  knownOptions(owner, reply, OPTIONS)
  const { messages, status = 0, message, delayMs } = reply
  integer(owner, 'status', status)
  if (message !== undefined && typeof message !== 'string')
    throw invalidOption(owner, 'message', 'a text', message)
  const { trailersOnly = messages === undefined && status !== 0 } = reply
  const said: [string, string][] = [['grpc-status', `${status}`]]
  if (message !== undefined) said.push(['grpc-message', encodedStatusMessage(message)])
  const headers: [string, string][] = [['content-type', 'application/grpc'], ...fieldsOf(reply.headers)]
  const trailers = [...said, ...fieldsOf(reply.trailers)]
  if (trailersOnly) return { headers: [...headers, ...trailers], framing: 'chunked', delayMs }
  return { headers, body: framedBody(messages), trailers, delayMs }
}

function framedBody(messages: GrpcReply['messages'] = []): Uint8Array | AsyncIterable<Uint8Array> {
  if (isMessage(messages)) return framedMessage(messages)
  if (Array.isArray(messages) && messages.every(isMessage)) return Buffer.concat(messages.map(framedMessage))
  if (typeof messages === 'object' && messages !== null && Symbol.asyncIterator in messages)
    return framedEach(messages)
  throw invalidOption(
    'fakeUpstream.grpc',
    'messages',
    'bytes or text of a message, a list of these, or an iterable that gives one after the other',
    messages,
  )
}

function isMessage(given: unknown): given is GrpcMessage {
  return typeof given === 'string' || given instanceof Uint8Array
}

async function* framedEach(messages: AsyncIterable<GrpcMessage>): AsyncGenerator<Uint8Array> {
  for await (const message of messages) yield framedMessage(message)
}

const NOT_FOUND = 5
