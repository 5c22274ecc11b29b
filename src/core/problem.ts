import { Body } from './body.ts'
import type { ProxyError } from './errors.ts'
import { HeaderList } from './headers.ts'
import { ResponseMessage } from './message.ts'

/** What the `type` of our problem documents begins with; the code follows. The errors page explains each. */
export const PROBLEM_TYPE = 'urn:gatewright:error:'

/**
 * The answer to a client for an error: a problem document (RFC 9457) with nothing of the inside in it, and, when the
 * fault is not the client's, a `Proxy-Status` field (RFC 9209).
 */
export function problemResponse(error: ProxyError): ResponseMessage {
  const { status, title, code } = error
  const detail = publicDetail(error)
  const problem = {
    type: PROBLEM_TYPE + code,
    title,
    status,
    code,
    ...(detail === undefined ? {} : { detail }),
  }
  // What is ours comes first, and is not replaced.
  const whole = error.side === 'downstream' ? { ...problem, ...error.members, ...problem } : problem
  return errorResponse(error, 'application/problem+json', Body.from(`${JSON.stringify(whole)}\n`))
}

/** What may be told of an error beside its row of the table: what the proxy or a service did is no business of the client's. */
export function publicDetail({ side, detail }: ProxyError): string | undefined {
  return side === 'downstream' ? detail : undefined
}

/** An answer of any type, with the status and the fields that belong to the error. */
export function errorResponse(error: ProxyError, contentType: string, body: Body): ResponseMessage {
  const { status, side, proxyStatus } = error
  const headers = HeaderList.from(error.headers).append('Content-Type', contentType)
  if (proxyStatus !== undefined && side !== 'downstream')
    headers.append('Proxy-Status', `gatewright; error=${proxyStatus}`)
  if (status === 503 && !headers.has('Retry-After')) headers.append('Retry-After', '1')
  return new ResponseMessage(status, headers, body)
}
