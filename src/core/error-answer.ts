import { Body } from './body.ts'
import { withErrorFields } from './error-fields.ts'
import type { ProxyError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { grpcAnswerType } from './grpc-call.ts'
import { GRPC_STATUS, grpcMessage, grpcStatusOf } from './grpc-status.ts'
import type { ResponseMessage } from './message.ts'
import { errorResponse, problemResponse, publicDetail } from './problem.ts'

/** The proxy's own answer for an error, in the form that the client understands: a problem document, or what gRPC has. */
export function errorAnswer(error: ProxyError, exchange: Exchange): ResponseMessage {
  const grpcType = grpcAnswerType(exchange)
  return withErrorFields(
    grpcType === undefined ? problemResponse(error) : trailersOnly(error, grpcType),
    error,
    exchange,
  )
}

/** A response of gRPC without a message: its head is its trailers, and its status is always 200. */
function trailersOnly(error: ProxyError, contentType: string): ResponseMessage {
  const detail = publicDetail(error)
  const response = errorResponse(error, contentType, Body.empty())
  response.status = 200
  response.headers
    .set('grpc-status', String(GRPC_STATUS[grpcStatusOf(error)]))
    .set('grpc-message', grpcMessage(detail === undefined ? error.title : `${error.title}: ${detail}`))
  return response
}
