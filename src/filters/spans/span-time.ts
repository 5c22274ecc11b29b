import type { HrTime } from '@opentelemetry/api'
import type { Clock } from '../../core/clock.ts'

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
    return [seconds, Math.min(Math.round((date - seconds * 1_000) * 1e6), 999_999_999)]
  }
}
