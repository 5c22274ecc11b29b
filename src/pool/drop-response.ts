import { ProxyError } from '../core/errors.ts'
import type { ResponseMessage } from '../core/message.ts'

/** Made once: nobody is shown it, and a stack of its own would be dear. */
const NOT_TAKEN = new ProxyError('exchange_aborted', { detail: 'the response of another attempt is taken' })

/** Lets go of a response that nobody gets: its connection, and with it its lease. */
export function drop(response: ResponseMessage): void {
  response.body.discard(NOT_TAKEN)
  response.tunnel?.abort()
}

/**
 * The response of an attempt that is to be followed by another one: kept until that has begun, in case that nothing lets it
 * through.
 */
export class SparedResponse {
  #response: ResponseMessage | undefined

  constructor(response: ResponseMessage) {
    this.#response = response
  }

  /** It is passed on after all; `undefined` where it has been let go of. */
  take(): ResponseMessage | undefined {
    const response = this.#response
    this.#response = undefined
    return response
  }

  letGo(): void {
    const response = this.take()
    if (response !== undefined) drop(response)
  }
}
