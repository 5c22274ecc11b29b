import { ProxyError } from '../core/errors.ts'
import type { RequestMessage } from '../core/message.ts'
import { ResponseMessage } from '../core/message.ts'

/**
 * Counts `Max-Forwards` down for the methods that heed it (RFC 9110 section 7.6.2). Where it has come to 0, this proxy is
 * the last recipient and must answer: that is returned.
 */
export function lastRecipientAnswer(request: RequestMessage): ResponseMessage | undefined {
  const { method, headers } = request
  if (method !== 'OPTIONS' && method !== 'TRACE') return undefined
  const value = headers.get('max-forwards')
  if (value === undefined || !/^\d{1,9}$/.test(value)) return undefined
  const left = Number(value)
  if (left > 0) {
    headers.set('Max-Forwards', String(left - 1))
    return undefined
  }
  // What TRACE would give back may hold the client's credentials.
  if (method === 'TRACE')
    throw new ProxyError('method_not_implemented', { detail: 'TRACE is not answered here' })
  return new ResponseMessage(204)
}
