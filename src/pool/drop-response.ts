import { ProxyError } from '../core/errors.ts'
import type { ResponseMessage } from '../core/message.ts'

/** Made once: nobody is shown it, and a stack of its own would be dear. */
const NOT_TAKEN = new ProxyError('exchange_aborted', { detail: 'the response of another attempt is taken' })

/** Lets go of a response that nobody gets: its connection, and with it its lease. */
export function drop(response: ResponseMessage): void {
  response.body.discard(NOT_TAKEN)
  response.tunnel?.abort()
}
