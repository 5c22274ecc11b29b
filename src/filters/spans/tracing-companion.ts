import type { Companion } from '../../core/companion.ts'
import { exchangeTrace } from './exchange-trace.ts'

/**
 * Makes the spans of attempts. One for all filters: what it needs is kept with each exchange. So a proxy that has several, on
 * different routes, is told of each attempt once, and a reload changes nothing of what is in flight.
 */
export const tracingCompanion: Companion = {
  kind: 'tracing',
  observer: {
    attemptBegan: (attempt) => attempt.origin.get(exchangeTrace)?.attemptBegan(attempt),
    attemptResponded: (attempt, status) =>
      attempt.origin.get(exchangeTrace)?.attemptResponded(attempt, status),
    attemptEnded: (attempt, error) => attempt.origin.get(exchangeTrace)?.attemptEnded(attempt, error?.code),
  },
}
