import type { ResponseMessage } from '../core/message.ts'

/**
 * How the end of a body is known (RFC 9112 section 6). This is the only place that decides it.
 *
 * - `none`: there is no body, whatever the fields say.
 * - `length`: `Content-Length`.
 * - `chunked`: the chunked transfer coding.
 * - `close`: the end of the connection; responses to HTTP/1.0 clients and from old servers alone.
 */
export type Framing = 'none' | 'length' | 'chunked' | 'close'

interface IncomingHead {
  readonly contentLength: number
  readonly chunked: boolean
}

/** How an incoming request is framed (RFC 9112 section 6.3, rules 3 to 7). */
export function incomingRequestFraming(head: IncomingHead): Framing {
  if (head.chunked) return 'chunked'
  return head.contentLength > 0 ? 'length' : 'none'
}

/** How an incoming response to `method` is framed (RFC 9112 section 6.3). */
export function incomingResponseFraming(
  head: IncomingHead & { readonly status: number },
  method: string,
): Framing {
  if (responseHasNoBody(head.status, method)) return 'none'
  if (head.chunked) return 'chunked'
  if (head.contentLength >= 0) return head.contentLength === 0 ? 'none' : 'length'
  return 'close'
}

/** How an outgoing request is framed, by what is known of its body. */
export function outgoingRequestFraming(method: string, length: number | undefined): Framing {
  if (length === undefined) return 'chunked'
  if (length === 0) return expectsContent(method) ? 'length' : 'none'
  return 'length'
}

/** RFC 9110 section 8.6: a method that gives content a meaning says so even when there is none. */
function expectsContent(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH' || method === 'QUERY'
}

/** How an outgoing response is framed, by what is known of its body and of the client. */
export function outgoingResponseFraming(
  status: number,
  method: string,
  length: number | undefined,
  clientMinor: number,
): Framing {
  if (responseHasNoBody(status, method)) return 'none'
  if (length !== undefined) return 'length'
  return clientMinor === 0 ? 'close' : 'chunked'
}

/** RFC 9110 section 6.4.1. */
export function responseHasNoBody(status: number, method: string): boolean {
  return method === 'HEAD' || status === 204 || status === 304 || status < 200
}

/** What a response without a body says of the length of the one that it stands for; `undefined` where it says nothing. */
export function announcedLength({ body, headers, status }: ResponseMessage): string | undefined {
  if (body.transformed) return undefined
  const announced = headers.get('content-length')
  if (announced !== undefined) return /^\d+$/.test(announced) ? announced : undefined
  return status === 304 || body.length === undefined || body.length === 0 ? undefined : String(body.length)
}
