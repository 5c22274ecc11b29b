import { Body } from '../../core/body.ts'
import type { Clock } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { Exchange, Outcome } from '../../core/exchange.ts'
import { HeaderList } from '../../core/headers.ts'
import { ResponseMessage } from '../../core/message.ts'
import type { Observer } from '../../core/observer.ts'
import { BodyBudget } from './body-budget.ts'
import { EndedExchange } from './ended-exchange.ts'
import { OpenTap } from './open-tap.ts'
import { Overheard, overheard } from './overheard.ts'
import { TAP_FIELDS, tapSettings } from './tap-settings.ts'

const MAX_TAPS = 16
/** Of bodies of all exchanges under way. */
const MAX_BODIES_BYTES = 16 * 1_048_576

/**
 * Shows exchanges as they end, to those who ask for it, as a stream of events. While nobody does, an exchange costs it two
 * comparisons; else a record of what is decided for it.
 */
export class Tap {
  readonly observer: Observer = {
    exchangeBegan: (exchange) => {
      if (this.#open.size > 0) this.#began(exchange)
    },
    exchangeAnswered: (exchange, response) => {
      if (this.#overhears) exchange.get(overheard)?.answered(response)
    },
    exchangeEnded: (exchange, outcome) => {
      if (this.#open.size > 0) this.#ended(exchange, outcome)
      // Also where the last tap was closed while it was under way.
      exchange.get(overheard)?.release()
    },
  }
  readonly #clock: Clock
  readonly #open = new Set<OpenTap>()
  readonly #budget = new BodyBudget(MAX_BODIES_BYTES)
  /** Whether anyone wants what is only known while an exchange is under way. */
  #overhears = false
  /** The most that anyone wants of a body. */
  #bodyBytes = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Answers a request for a look: `?where=status >= 500&rate=50&detail=record&headers=true`.
   *
   * - `where`: an expression that says which exchanges. Default: all.
   * - `rate`: how many in a second, at most 500. Default 50. What is dropped is told of by number.
   * - `detail=record`: each with the record of what was decided for it.
   * - `headers=true`: each with the fields of its request and its response, without credentials.
   * - `bodies=1024`: each with so many bytes of its bodies at most, where `showsBodies`. Nothing in them is masked.
   *
   * @throws ProxyError `request_malformed` for a parameter that is wrong, `access_denied` for bodies that are not to be seen,
   * `overloaded` where 16 look already.
   */
  open(exchange: Exchange, showsBodies = false): ResponseMessage {
    const settings = tapSettings(exchange.request.query)
    if (settings.bodyBytes > 0 && !showsBodies)
      throw new ProxyError('access_denied', {
        detail: 'bodies are shown where the option "tapBodies" says so',
      })
    if (this.#open.size >= MAX_TAPS)
      throw new ProxyError('overloaded', { detail: `${MAX_TAPS} taps are open` })
    const tap = new OpenTap(settings, this.#clock)
    this.#open.add(tap)
    this.#noteWishes()
    exchange.onComplete(() => {
      this.#open.delete(tap)
      this.#noteWishes()
      tap.close()
    })
    return new ResponseMessage(200, HeaderList.from(TAP_FIELDS), new Body(tap.source))
  }

  /** Ends all that are open. */
  close(): void {
    for (const tap of this.#open) tap.close()
    this.#open.clear()
    this.#noteWishes()
  }

  #noteWishes(): void {
    const all = [...this.#open].map(({ settings }) => settings)
    this.#bodyBytes = Math.max(0, ...all.map(({ bodyBytes }) => bodyBytes))
    this.#overhears = all.some(({ headers, bodyBytes }) => headers || bodyBytes > 0)
  }

  #began(exchange: Exchange): void {
    exchange.record()
    if (this.#overhears) new Overheard(exchange, this.#bodyBytes, this.#budget)
  }

  #ended(exchange: Exchange, outcome: Outcome): void {
    const ended = new EndedExchange(exchange, outcome)
    for (const tap of this.#open) tap.see(ended)
  }
}
