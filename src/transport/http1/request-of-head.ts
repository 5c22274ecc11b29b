import type { Body } from '../../core/body.ts'
import { ProxyError } from '../../core/errors.ts'
import type { Client } from '../../core/exchange.ts'
import { type HttpVersion, RequestMessage } from '../../core/message.ts'
import { normalizeTarget } from '../request-target.ts'
import type { RequestHead } from './request-head.ts'

/**
 * The target of a request that can be served, in the one form that is matched and sent on. What a head asks for and cannot have
 * throws. From here on the head has no fields that its client has nominated: before any filter, so that what one adds later
 * cannot fall to such a name.
 */
export function servedTarget(head: RequestHead, hasBody: boolean, connects: boolean): string {
  if (head.unknownExpectation) throw new ProxyError('expectation_failed')
  if (head.method === 'CONNECT') {
    if (!connects) throw new ProxyError('method_not_implemented')
    if (hasBody) throw new ProxyError('request_malformed', { detail: 'CONNECT with a body' })
  }
  if (head.method === 'TRACE' && hasBody)
    throw new ProxyError('request_malformed', { detail: 'TRACE with a body' })
  const { form, pathAndQuery } = head
  const isNoPath = form === 'asterisk' || form === 'authority'
  const target = isNoPath ? pathAndQuery : normalizeTarget(pathAndQuery)
  if (target === undefined)
    throw new ProxyError('request_malformed', { detail: 'a path that can be read in two ways' })
  if (head.nominated !== undefined) for (const name of head.nominated) head.headers.delete(name)
  return target
}

/** The request of a head, with the target of `servedTarget`. */
export function requestOfHead(
  head: RequestHead,
  target: string,
  client: Client,
  body: Body | undefined,
  version: HttpVersion = head.minor === 0 ? '1.0' : '1.1',
): RequestMessage {
  const request = new RequestMessage({
    method: head.method,
    target,
    rawTarget: head.target,
    host: head.host,
    scheme: client.scheme,
    version,
    headers: head.headers,
    ...(body && { body }),
  })
  request.acceptsTrailers = head.acceptsTrailers
  return request
}
