import type { Sent } from '../core/errors.ts'
import { type Abortable, AttemptExchange, type Exchange } from '../core/exchange.ts'
import { PooledAttempt } from './pooled-attempt.ts'
import { further } from './tried-exchange.ts'

/**
 * An exchange as a pool with a fallback has it, from its guards to its attempts: with a request of its own, so that the
 * fallback is given the one that came. It remembers what was sent for it, whatever error a filter makes of that.
 */
export class PrimaryExchange extends AttemptExchange {
  readonly #root: Exchange
  readonly #mayBeReplaced: boolean
  readonly #attempts: PooledAttempt[] = []

  /** `mayBeReplaced`: a response is dropped for its status. Otherwise the one that there is goes to the client. */
  constructor(root: Exchange, mayBeReplaced: boolean) {
    super(root)
    this.#root = root
    this.#mayBeReplaced = mayBeReplaced
    const { body } = root.request
    if (body.resendable) this.request.body = body.again()
  }

  override get replaceable(): boolean {
    return this.#mayBeReplaced || this.#root.replaceable
  }

  /** How far its request has got, by the attempt that got furthest. */
  get sent(): Sent {
    return this.#attempts.reduce<Sent>((furthest, attempt) => further(furthest, attempt.sent), 'none')
  }

  /** Every attempt comes by here, by whatever way it was made. */
  override addAbortable(abortable: Abortable): void {
    if (abortable instanceof PooledAttempt) {
      this.#attempts.push(abortable)
      this.origin.endpoint = abortable.endpoint
    }
    super.addAbortable(abortable)
  }
}
