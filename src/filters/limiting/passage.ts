import { type ProxyError, toProxyError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Handler } from '../../core/handler.ts'
import { ResponseMessage } from '../../core/message.ts'

/**
 * One exchange on its way through a filter that counts what is under way.
 *
 * `next` ends with the head of the response, but a place is taken until the last byte has gone. So the end is that of
 * the exchange; in the filters of a pool it is that of the attempt, whose response body ends earlier when another
 * attempt follows.
 */
export abstract class Passage {
  #over = false

  /** The head of the response is there; its body is not. */
  protected abstract responded(response: ResponseMessage): void

  /** Called once: the response has been sent (or dropped), or there was none. `error` says why it failed. */
  protected abstract ended(error: ProxyError | undefined): void

  /** Calls `next` and follows what becomes of it. */
  through(exchange: Exchange, next: Handler): Promise<ResponseMessage> | ResponseMessage {
    exchange.onComplete(({ error }) => this.#end(error))
    let response: Promise<ResponseMessage> | ResponseMessage
    try {
      response = next(exchange)
    } catch (thrown) {
      throw this.#failed(exchange, thrown)
    }
    if (response instanceof ResponseMessage) return this.#head(exchange, response)
    return response.then(
      (it) => this.#head(exchange, it),
      (thrown: unknown) => {
        throw this.#failed(exchange, thrown)
      },
    )
  }

  #head(exchange: Exchange, response: ResponseMessage): ResponseMessage {
    this.responded(response)
    // Only where it must: listening to the body of every response would cost the short ones their one write.
    if (exchange.replaceable && response.tunnel === undefined && !response.body.used)
      response.body.onClose((error) => this.#end(error === undefined ? undefined : toProxyError(error)))
    return response
  }

  #failed(exchange: Exchange, thrown: unknown): unknown {
    // Whoever was told to stop may put it in words of its own.
    this.#end(exchange.abortReason ?? toProxyError(thrown))
    return thrown
  }

  #end(error: ProxyError | undefined): void {
    if (this.#over) return
    this.#over = true
    this.ended(error)
  }
}
