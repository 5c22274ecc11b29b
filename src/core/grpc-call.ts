import { type Attribute, attribute } from './attribute.ts'
import type { Exchange } from './exchange.ts'
import type { HeaderList } from './headers.ts'

const GRPC = /^application\/grpc(?:[+;\t ]|$)/i
const GRPC_WEB = /^application\/grpc-web(?:-text)?(?:\+[a-z0-9.+-]{1,64})?(?=[;\t ]|$)/i

/** Whether a message is one of gRPC, not of gRPC-Web. */
export function isGrpc(headers: HeaderList): boolean {
  const type = headers.get('content-type')
  return type !== undefined && GRPC.test(type)
}

/** The media type of a message of gRPC-Web, in lower case and without parameters; `undefined` where it is none. */
export function grpcWebType(headers: HeaderList): string | undefined {
  const type = headers.get('content-type')
  return type === undefined ? undefined : GRPC_WEB.exec(type)?.[0].toLowerCase()
}

/** The type of what a client of gRPC-Web has sent, where its request goes on as one of gRPC. */
export const clientGrpcWebType: Attribute<string> = attribute<string>('clientGrpcWebType')

/**
 * The content type of an error answer to a call of gRPC or gRPC-Web; `undefined` where the request is neither. Every call is a
 * POST: to a GET, whatever its type says, an error with the status 200 could be kept by a cache.
 */
export function grpcAnswerType(exchange: Exchange): string | undefined {
  const { method, headers } = exchange.request
  if (method !== 'POST') return undefined
  const web = exchange.get(clientGrpcWebType) ?? grpcWebType(headers)
  return web ?? (isGrpc(headers) ? 'application/grpc' : undefined)
}
