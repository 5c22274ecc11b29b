import type { Clock } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { LifecyclePhase } from '../../core/lifecycle.ts'
import type { ResponseMessage } from '../../core/message.ts'
import type { Observer } from '../../core/observer.ts'

/** Shows exchanges as they end, to those who ask for them: `GET /api/tap?where=...`. */
export class Tap {
  readonly observer: Observer = {}
  readonly #clock: Clock
  #proxy: { readonly phase: LifecyclePhase } | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whose drain ends what is open, within a second. */
  follow(proxy: { readonly phase: LifecyclePhase }): void {
    this.#proxy = proxy
  }

  /**
   * Answers the request of one who wants to look.
   *
   * @throws `request_malformed` for parameters that are wrong, `overloaded` where 16 look already.
   */
  open(_exchange: Exchange): ResponseMessage {
    throw new ProxyError('overloaded', { cause: [this.#clock, this.#proxy] })
  }

  /** Ends all that are open. */
  close(): void {}
}
