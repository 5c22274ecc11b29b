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
  const { status, title, code, detail, side, proxyStatus } = error
  const headers = HeaderList.from(error.headers).append('Content-Type', 'application/problem+json')
  if (proxyStatus !== undefined && side !== 'downstream')
    headers.append('Proxy-Status', `gatewright; error=${proxyStatus}`)
  if (status === 503 && !headers.has('Retry-After')) headers.append('Retry-After', '1')
  const problem = {
    type: PROBLEM_TYPE + code,
    title,
    status,
    code,
    // What the proxy or a service did is no business of the client's.
    ...(side === 'downstream' && detail !== undefined ? { detail } : {}),
  }
  return new ResponseMessage(status, headers, Body.from(`${JSON.stringify(problem)}\n`))
}
