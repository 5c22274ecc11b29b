import type { ProxyError } from '../core/errors.ts'
import type { Abortable, Exchange } from '../core/exchange.ts'
import type { SparedResponse } from './drop-response.ts'
import type { PoolEndpoint } from './endpoint.ts'
import { TriedExchange } from './tried-exchange.ts'

/**
 * One try that can be given up while the exchange goes on: another one has won, or the time of all is over. What is done for
 * it, by filters of the pool too, is told as if the exchange had been given up.
 */
export class CancellableTry extends TriedExchange {
  /** The endpoint that it is for. A filter may say otherwise of `endpoint`; this stays. */
  readonly at: PoolEndpoint
  readonly #told: Abortable[] = []
  #cancelled: ProxyError | undefined
  #controller: AbortController | undefined

  constructor(root: Exchange, endpoint: PoolEndpoint, spared?: SparedResponse) {
    super(root, endpoint, spared)
    this.at = endpoint
  }

  /** Gives it up, and nothing else of the exchange. Nothing can be begun for it any more. */
  cancel(reason: ProxyError): void {
    if (this.#cancelled !== undefined || this.abortReason !== undefined) return
    this.#cancelled = reason
    for (const abortable of this.#told.splice(0)) {
      super.removeAbortable(abortable)
      try {
        abortable.abort(reason)
      } catch {
        // A listener that throws must not keep the others from being told, and nobody waits for this try.
      }
    }
  }

  /** Its filters can give up the whole exchange, but no longer than they have a part in it. */
  override abort(reason?: ProxyError): void {
    if (this.#cancelled === undefined) super.abort(reason)
  }

  override get abortReason(): ProxyError | undefined {
    return this.#cancelled ?? super.abortReason
  }

  override get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController()
      this.#controller = controller
      this.onAbort((reason) => controller.abort(reason))
    }
    return this.#controller.signal
  }

  override addAbortable(abortable: Abortable): void {
    if (this.#cancelled !== undefined) {
      abortable.abort(this.#cancelled)
      return
    }
    this.#told.push(abortable)
    super.addAbortable(abortable)
  }

  override removeAbortable(abortable: Abortable): void {
    const at = this.#told.indexOf(abortable)
    if (at >= 0) this.#told.splice(at, 1)
    super.removeAbortable(abortable)
  }
}
