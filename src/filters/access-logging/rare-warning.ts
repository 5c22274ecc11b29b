import type { Clock } from '../../core/clock.ts'
import { log } from '../../core/log.ts'

const EVERY_MS = 60_000

/** Warns of something that may go wrong with every line, at most once a minute. */
export class RareWarning {
  readonly #message: string
  #warnedAt = Number.NEGATIVE_INFINITY

  constructor(message: string) {
    this.#message = message
  }

  warn(clock: Clock, cause?: unknown): void {
    const now = clock.now()
    // Of another clock, as where the filter is in two proxies, the time may be an earlier one.
    if (Math.abs(now - this.#warnedAt) < EVERY_MS) return
    this.#warnedAt = now
    log.warn(this.#message, cause)
  }
}
