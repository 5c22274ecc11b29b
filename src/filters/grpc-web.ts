import { Body } from '../core/body.ts'
import { clientGrpcWebType, grpcWebType, isGrpc } from '../core/grpc-call.ts'
import { type Filter, named } from '../core/handler.ts'
import { ResponseMessage } from '../core/message.ts'
import { Base64Source } from './grpc-framing/base64-source.ts'
import { WebResponseSource } from './grpc-framing/web-response-source.ts'

/** What `cors` must let through for gRPC-Web. Add `origins`, and metadata of your own to the two lists of fields. */
export const grpcWebCors: {
  readonly methods: readonly string[]
  readonly allowedHeaders: readonly string[]
  readonly exposedHeaders: readonly string[]
} = {
  methods: ['POST'],
  allowedHeaders: ['Content-Type', 'Grpc-Timeout', 'X-Grpc-Web', 'X-User-Agent'],
  exposedHeaders: ['Grpc-Status', 'Grpc-Message', 'Grpc-Status-Details-Bin'],
}

/**
 * Lets browsers call services of gRPC, by translating gRPC-Web.
 *
 * A request of gRPC-Web, binary or as base64 text, goes on as one of gRPC, and its response comes back with the trailers as the last frame of its body. Everything else passes as it is, calls of gRPC
 * included. The pool behind it speaks HTTP/2 (`http2: true`). Bodies are translated as they come, and nothing of them is
 * collected.
 *
 * Trap: a page of another origin needs `cors({ ...grpcWebCors, origins })` in front of it.
 *
 * The protocol is [PROTOCOL-WEB](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md).
 *
 * @example
 * proxy().route('/shop.Orders', grpcWeb(), pool(['http://10.0.0.7:50051'], { http2: true }))
 */
export function grpcWeb(): Filter {
  const filter: Filter = (exchange, next) => {
    const { request } = exchange
    const { headers } = request
    const type = grpcWebType(headers)
    if (type === undefined || request.method !== 'POST') return next(exchange)
    // 1. The request becomes one of gRPC.
    const answerType = acceptedType(headers.get('accept')) ?? type
    exchange.set(clientGrpcWebType, answerType)
    headers.set('content-type', grpcType(type)).delete('accept')
    request.acceptsTrailers = true
    if (isText(type)) request.body = new Body(new Base64Source(request.body.take()))
    // 2. The response becomes one of gRPC-Web.
    const response = next(exchange)
    if (response instanceof ResponseMessage) return translated(response, answerType)
    return response.then((it) => translated(it, answerType))
  }
  return named(filter, 'grpcWeb')
}

function translated(response: ResponseMessage, answerType: string): ResponseMessage {
  const { headers, body } = response
  // What is no answer of gRPC says by its status what is wrong.
  if (!isGrpc(headers)) return response
  headers.set('content-type', answerType)
  // Trailers alone are a head here too.
  const statusInHead = headers.has('grpc-status')
  if (statusInHead && body.length === 0) return response
  response.body = new Body(new WebResponseSource(body.take(), isText(answerType), statusInHead))
  return response
}

function isText(type: string): boolean {
  return type.startsWith('application/grpc-web-text')
}

/** Only a single type that is of gRPC-Web is heeded: browsers' own values name many. */
function acceptedType(accept: string | undefined): string | undefined {
  return accept === undefined ? undefined : ACCEPTED.exec(accept)?.[0].toLowerCase()
}

const ACCEPTED = /^application\/grpc-web(?:-text)?(?:\+[a-z0-9.+-]{1,64})?$/i

function grpcType(type: string): string {
  return type.replace(/^application\/grpc-web(?:-text)?/, 'application/grpc')
}
