import type { Companion } from '../../core/companion.ts'
import { traceOf } from './exchange-trace.ts'

/**
 * Makes the spans of attempts. One for all filters: what it needs is kept with each exchange. So a proxy that has several, on
 * different routes, is told of each attempt once, and a reload changes nothing of what is in flight.
 */
export const tracingCompanion: Companion = {
  kind: 'tracing',
  observer: {
    attemptBegan: (attempt) => traceOf(attempt.origin)?.attemptBegan(attempt),
    attemptResponded: (attempt, status) => traceOf(attempt.origin)?.attemptResponded(attempt, status),
    attemptEnded: (attempt, error) => traceOf(attempt.origin)?.attemptEnded(attempt, error?.code),
  },
}
