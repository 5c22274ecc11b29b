import type { Sent } from '../core/errors.ts'
import { AttemptExchange, type Exchange } from '../core/exchange.ts'
import type { Attempt } from '../transport/attempt.ts'
import type { SparedResponse } from './drop-response.ts'
import type { PoolEndpoint } from './endpoint.ts'

const ORDER: readonly Sent[] = ['none', 'head', 'body', 'response']

/** The one that is further. */
export function further(one: Sent, other: Sent): Sent {
  return ORDER.indexOf(one) >= ORDER.indexOf(other) ? one : other
}

/**
 * An exchange as the filters of a pool that retries see it: with a body of the attempt's own too, so that what one attempt
 * does to it is not done to the next one's. It remembers what was sent for it, whatever error a filter makes of that.
 */
export class TriedExchange extends AttemptExchange {
  readonly #attempts: Attempt[] = []

  readonly #spared: SparedResponse | undefined

  /** `spared` is the response of an attempt before, until one begins for this exchange. */
  constructor(root: Exchange, endpoint: PoolEndpoint, spared: SparedResponse | undefined) {
    super(root, endpoint)
    this.#spared = spared
    const { body } = root.request
    if (body.resendable) this.request.body = body.again()
  }

  /** An attempt has begun for it: one, unless a filter calls `next` again. */
  began(attempt: Attempt): void {
    this.#attempts.push(attempt)
    this.#spared?.letGo()
  }

  /** How far its request has got. */
  get sent(): Sent {
    return this.#attempts.reduce<Sent>((furthest, attempt) => further(furthest, attempt.sent), 'none')
  }
}
