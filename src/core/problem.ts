import { Body } from './body.ts'
import type { ProxyError } from './errors.ts'
import { HeaderList } from './headers.ts'
import { ResponseMessage } from './message.ts'
import { usualStatusMember } from './proxy-status.ts'

/** What the `type` of our problem documents begins with; the code follows. The errors page explains each. */
export const PROBLEM_TYPE = 'urn:gatewright:error:'

/** What clients are told of an error (RFC 9457). */
export interface Problem {
  readonly type?: string
  readonly title?: string
  readonly status: number
  readonly detail?: string
  /** What else is told of it: the `code` of an error of the proxy's own, for example. */
  readonly [member: string]: unknown
}

/** An error as a problem, with nothing of the inside in it. */
export function problemOf(error: ProxyError): Problem {
  const { status, title, code, side } = error
  const detail = publicDetail(error)
  const problem = {
    type: PROBLEM_TYPE + code,
    title,
    status,
    code,
    ...(detail === undefined ? {} : { detail }),
  }
  // What is ours comes first, and is not replaced.
  return side === 'downstream' ? { ...problem, ...error.members, ...problem } : problem
}

/**
 * The answer to a client for an error: a problem document (RFC 9457) with nothing of the inside in it, and, when the
 * fault is not the client's, a `Proxy-Status` field (RFC 9209).
 */
export function problemResponse(error: ProxyError): ResponseMessage {
  return errorResponse(error, 'application/problem+json', Body.from(`${JSON.stringify(problemOf(error))}\n`))
}

/** What may be told of an error beside its row of the table: what the proxy or a service did is no business of the client's. */
export function publicDetail({ side, detail }: ProxyError): string | undefined {
  return side === 'downstream' ? detail : undefined
}

/** An answer of any type, with the status and the fields that belong to the error. */
export function errorResponse(error: ProxyError, contentType: string, body: Body): ResponseMessage {
  const { status } = error
  const headers = HeaderList.from(error.headers).append('Content-Type', contentType)
  const member = usualStatusMember(error)
  if (member !== undefined) headers.append('Proxy-Status', member)
  if (status === 503 && !headers.has('Retry-After')) headers.append('Retry-After', '1')
  return new ResponseMessage(status, headers, body)
}
