import { Body } from '../../core/body.ts'
import type { Clock } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { Exchange, Outcome } from '../../core/exchange.ts'
import { HeaderList } from '../../core/headers.ts'
import { ResponseMessage } from '../../core/message.ts'
import type { Observer } from '../../core/observer.ts'
import { EndedExchange } from './ended-exchange.ts'
import { OpenTap } from './open-tap.ts'
import { tapSettings } from './tap-settings.ts'

const MAX_TAPS = 16

/**
 * Shows exchanges as they end, to those who ask for it, as a stream of events. While nobody does, an exchange costs it two
 * comparisons; else a record of what is decided for it.
 */
export class Tap {
  readonly observer: Observer = {
    exchangeBegan: (exchange) => {
      if (this.#open.size > 0) exchange.record()
    },
    exchangeEnded: (exchange, outcome) => {
      if (this.#open.size > 0) this.#ended(exchange, outcome)
    },
  }
  readonly #clock: Clock
  readonly #open = new Set<OpenTap>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Answers a request for a look: `?where=status >= 500&rate=50&detail=record&headers=true`.
   *
   * - `where`: an expression that says which exchanges. Default: all.
   * - `rate`: how many in a second, at most 500. Default 50. What is dropped is told of by number.
   * - `detail=record`: each with the record of what was decided for it.
   * - `headers=true`: each with the fields of its request, without credentials.
   *
   * @throws ProxyError `request_malformed` for a parameter that is wrong, `overloaded` where 16 look already.
   */
  open(exchange: Exchange): ResponseMessage {
    const settings = tapSettings(exchange.request.query)
    if (this.#open.size >= MAX_TAPS)
      throw new ProxyError('overloaded', { detail: `${MAX_TAPS} taps are open` })
    const tap = new OpenTap(settings, this.#clock)
    this.#open.add(tap)
    exchange.onComplete(() => {
      this.#open.delete(tap)
      tap.close()
    })
    return new ResponseMessage(200, HeaderList.from(FIELDS), new Body(tap.source))
  }

  /** Ends all that are open. */
  close(): void {
    for (const tap of this.#open) tap.close()
    this.#open.clear()
  }

  #ended(exchange: Exchange, outcome: Outcome): void {
    const ended = new EndedExchange(exchange, outcome)
    for (const tap of this.#open) tap.see(ended)
  }
}

const FIELDS = {
  'Content-Type': 'text/event-stream',
  // Who stands between is neither to keep it nor to hold it back.
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
}
