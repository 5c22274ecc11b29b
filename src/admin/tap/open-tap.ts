import type { Clock, Timer } from '../../core/clock.ts'
import { printable } from '../printable.ts'
import type { EndedExchange } from './ended-exchange.ts'
import { EventStream } from './event-stream.ts'
import { holds } from './expression.ts'
import type { TapSettings } from './tap-settings.ts'

const TICK_MS = 1_000
/** After so many ticks without anything, a sign of life is sent. */
const QUIET_TICKS = 15

/** A tap that someone looks at. */
export class OpenTap {
  readonly source: EventStream = new EventStream()
  readonly settings: TapSettings
  readonly #clock: Clock
  readonly #timer: Timer
  /** How many more may be shown until the next tick. */
  #left: number
  /** Those that should have been shown, and of which nothing was told yet. */
  #dropped = 0
  #quietTicks = 0

  constructor(settings: TapSettings, clock: Clock) {
    this.settings = settings
    this.#clock = clock
    this.#left = settings.rate
    this.#timer = clock.setTimeout(() => this.#tick(), TICK_MS)
    this.source.send(': open\n\n')
  }

  see(exchange: EndedExchange): void {
    if (!holds(this.settings.where, exchange)) return
    // What would be dropped anyway is not written down first.
    if (this.#left > 0 && !this.source.full && this.#show(exchange)) this.#left--
    else this.#dropped++
  }

  close(): void {
    this.#timer.clear()
    this.source.end()
  }

  #show(exchange: EndedExchange): boolean {
    return this.#send('exchange', exchange.shown(Math.round(this.#clock.wallTime()), this.settings))
  }

  #tick(): void {
    this.#timer.refresh()
    this.#left = this.settings.rate
    this.#quietTicks++
    if (this.#dropped > 0 && this.#send('dropped', { count: this.#dropped })) this.#dropped = 0
    if (this.#quietTicks >= QUIET_TICKS && this.source.send(': quiet\n\n')) this.#quietTicks = 0
  }

  #send(event: string, data: object): boolean {
    const sent = this.source.send(`event: ${event}\ndata: ${printable(JSON.stringify(data))}\n\n`)
    if (sent) this.#quietTicks = 0
    return sent
  }
}
