import { ProxyError, toProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { answeredByFallback } from '../core/fallback-answer.ts'
import type { Handler } from '../core/handler.ts'
import { ResponseMessage } from '../core/message.ts'
import { describeTarget, isCompilable, type Runtime } from '../transport/runtime.ts'
import { drop } from './drop-response.ts'
import type { FallbackSettings } from './fallback-options.ts'
import { PrimaryExchange } from './primary-exchange.ts'
import { isRefusal } from './refusal.ts'
import { isRepeatable } from './repeatable.ts'
import { inRanges } from './status-range.ts'

/** Made once: nobody is shown it, and a stack of its own would be dear. */
const NOT_READ_AGAIN = new ProxyError('exchange_aborted', { detail: 'nobody will read the body again' })

/** Answers in the place of a pool that has failed, from another pool or by a handler. */
export class Fallback {
  readonly handler: Handler
  readonly #settings: FallbackSettings
  readonly #poolName: string
  readonly #name: string
  readonly #primary: Handler
  readonly #runtime: Runtime
  /** Whether it is another pool, which is sent the request itself. */
  readonly #isPool: boolean
  readonly #answer: Handler

  /** `primary` is the pool with its guards. */
  constructor(settings: FallbackSettings, poolName: string, primary: Handler, runtime: Runtime) {
    const { target } = settings
    this.#settings = settings
    this.#poolName = poolName
    this.#name = describeTarget(target).name
    this.#primary = primary
    this.#runtime = runtime
    this.#isPool = isCompilable(target)
    this.#answer = isCompilable(target) ? runtime.targets.running(target).handler : target
    this.handler = (exchange) => this.#serve(exchange)
  }

  async #serve(exchange: Exchange): Promise<ResponseMessage> {
    this.#keepBody(exchange)
    const first = new PrimaryExchange(exchange, this.#settings.statuses.length > 0)
    let response: ResponseMessage | undefined
    let thrown: unknown
    try {
      try {
        response = await this.#primary(first)
        // What is no response at all is named by whoever called the pool.
        if (!(response instanceof ResponseMessage)) return response
      } catch (error) {
        thrown = error
      }
      const reason = this.#reasonToFallBack(exchange, first, response, thrown)
      if (reason === undefined) {
        if (response === undefined) throw thrown
        return response
      }
      if (response !== undefined) drop(response)
      exchange.set(answeredByFallback, { insteadOf: this.#poolName, by: this.#name, reason })
      this.#runtime.observer?.fellBack?.(exchange.origin, this.#poolName, this.#name, reason)
      return await this.#answer(exchange)
    } finally {
      exchange.request.body.settle(NOT_READ_AGAIN)
    }
  }

  #keepBody({ request }: Exchange): void {
    if (!request.body.resendable) return
    const keeps = !this.#isPool || isRepeatable(request, this.#settings)
    // Even where nothing is kept: it must be known whether someone has read of it.
    request.body.replay({ maxBytes: keeps ? this.#settings.replayBytes : 0 })
  }

  #reasonToFallBack(
    exchange: Exchange,
    first: PrimaryExchange,
    response: ResponseMessage | undefined,
    thrown: unknown,
  ): string | undefined {
    // The client has left, or someone has answered it already.
    if (exchange.abortReason !== undefined || exchange.over) return undefined
    const reason =
      response === undefined ? reasonOf(toProxyError(thrown)) : this.#reasonOfStatus(response.status)
    if (reason === undefined || !this.#isPool) return reason
    const { request } = exchange
    if (!request.body.resendable) return undefined
    return first.sent === 'none' || isRepeatable(request, this.#settings) ? reason : undefined
  }

  #reasonOfStatus(status: number): string | undefined {
    return inRanges(this.#settings.statuses, status) ? `status ${status}` : undefined
  }
}

/** What a pool fails with. Errors of the client, and of filters that do not work, are not its failures. */
function reasonOf(error: ProxyError): string | undefined {
  return error.side === 'upstream' || isRefusal(error) ? error.code : undefined
}
