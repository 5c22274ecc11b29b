import type { Filter } from '../../core/handler.ts'
import type { CircuitBreakerOptions, HalfOpenOptions } from '../../filters/circuit-breaker.ts'
import type { Part } from '../part.ts'
import { duration, integer, listOf, moduleValue, number, optionsObject, text } from '../schema/values.ts'

export const circuitBreakerPart: Part<CircuitBreakerOptions, Filter> = {
  schema: {
    errorRatio: number(0, 1),
    slowMs: duration,
    slowRatio: number(0, 1),
    windowMs: duration,
    minVolume: integer(1),
    openMs: duration,
    maxOpenMs: duration,
    jitter: number(0, 1),
    halfOpen: optionsObject<HalfOpenOptions>({ ramp: listOf(number(0, 1)), trials: integer(1) }),
    isFailure: moduleValue('a function of a result and the exchange'),
    fallback: moduleValue('a handler'),
    onChange: moduleValue('a function of the state and the one before'),
    name: text,
  },
  required: [],
  load: async () => (await import('../../filters/circuit-breaker.ts')).circuitBreaker,
}
