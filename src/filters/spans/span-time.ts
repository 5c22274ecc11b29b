import type { HrTime } from '@opentelemetry/api'
import type { Clock } from '../../core/clock.ts'
import type { Exchange } from '../../core/exchange.ts'

/** How long the date is reckoned from the engine's time, until it is looked at again: it may be set. */
const KEPT_MS = 1_000

/** Tells the time of spans by the engine's clock, so that they agree with logs and metrics, and can be tested. */
export class SpanTime {
  /** From the engine's time to the date. One of an exchange, so that no setting of the system's clock bends it. */
  readonly #offset: number

  constructor(clock: Clock) {
    this.#offset = clock.wallTime() - clock.now()
  }

  /** A moment on the engine's clock. */
  at(ms: number): HrTime {
    const date = this.#offset + ms
    const seconds = Math.floor(date / 1_000)
    return [seconds, Math.floor((date - seconds * 1_000) * 1e6)]
  }
}

/** The time for each exchange, for which no clock is read most of the time. */
export class SpanTimes {
  #clock: Clock | undefined
  #madeAt = 0
  #time: SpanTime | undefined

  of({ clock, startedAt }: Exchange): SpanTime {
    const age = startedAt - this.#madeAt
    if (this.#time !== undefined && clock === this.#clock && age >= 0 && age < KEPT_MS) return this.#time
    this.#clock = clock
    this.#madeAt = startedAt
    this.#time = new SpanTime(clock)
    return this.#time
  }
}
