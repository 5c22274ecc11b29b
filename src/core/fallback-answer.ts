import { type Attribute, attribute } from './attribute.ts'

/** That one was asked in the place of another, which had failed. */
export interface FallbackAnswer {
  /** Who failed: the name of a pool, or of a circuit breaker. */
  readonly insteadOf: string
  /** Who was asked then: the name of a pool, or of a handler. */
  readonly by: string
  /** Why: an error's code, such as `circuit_open`, or `status 503`. */
  readonly reason: string
}

/**
 * Says of an exchange that a fallback was asked: that of a pool (`pool.fallback`) or of a circuit breaker. Where several
 * were, one behind the other, it is the last one.
 *
 * @example exchange.onComplete(() => log(exchange.get(answeredByFallback)?.reason))
 */
export const answeredByFallback: Attribute<FallbackAnswer> = attribute<FallbackAnswer>('answeredByFallback')
