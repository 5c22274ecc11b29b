import { Body } from '../../core/body.ts'
import type { RequestMessage, ResponseMessage } from '../../core/message.ts'
import type { Transform } from '../../core/transformed-source.ts'
import { contentChanged, notModified } from './changed-content.ts'
import type { TypeList } from './type-list.ts'
import { UndigestedSource } from './undigested-source.ts'

/** What a client has said of a response that is going to be changed. */
export interface AskedOf {
  readonly head: boolean
  readonly ifNoneMatch: string | undefined
}

export function askedOf({ method, headers }: RequestMessage): AskedOf {
  return { head: method === 'HEAD', ifNoneMatch: headers.get('if-none-match') }
}

/** Whether the content is there as such: not coded, not a part, and of one of the types. */
export function hasPlainContent(
  { headers }: RequestMessage | ResponseMessage,
  types: TypeList | undefined,
): boolean {
  if (headers.has('content-encoding') || headers.has('content-range')) return false
  return types === undefined || types.has(headers)
}

/** Sends the content of a request through a step. */
export function transformRequest(request: RequestMessage, step: Transform): void {
  if (request.body.length === 0) return
  contentChanged(request.headers)
  request.body = new Body(new UndigestedSource(request.body.take())).transform(step)
}

/**
 * Sends the content of a response through a step; where there is none, as in the answer to HEAD, the head still tells what that
 * to GET would tell.
 */
export function transformResponse(response: ResponseMessage, { head }: AskedOf, step: Transform): void {
  const { headers, body } = response
  if (!head && body.length === 0) return
  contentChanged(headers)
  if (!head) response.body = new Body(new UndigestedSource(body.take())).fromUpstream().transform(step)
}

/** Whether the response is one whose content can be changed. A 304 stands for one that was. */
export function canBeTransformed(response: ResponseMessage, { ifNoneMatch }: AskedOf): boolean {
  const { status, headers, tunnel } = response
  if (status === 304) notModified(headers, ifNoneMatch)
  return (
    status >= 200 &&
    status !== 204 &&
    status !== 205 &&
    status !== 206 &&
    status !== 304 &&
    tunnel === undefined
  )
}
