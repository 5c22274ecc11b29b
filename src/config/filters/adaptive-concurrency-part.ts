import type { Filter } from '../../core/handler.ts'
import type { AdaptiveConcurrencyOptions } from '../../filters/adaptive-concurrency.ts'
import type { Part } from '../part.ts'
import { choice, duration, integer, moduleValue, text } from '../schema/values.ts'

export const adaptiveConcurrencyPart: Part<AdaptiveConcurrencyOptions, Filter> = {
  schema: {
    algorithm: choice('gradient', 'vegas'),
    min: integer(1),
    max: integer(1),
    initial: integer(1),
    windowMs: duration,
    probeMs: duration,
    priority: moduleValue('a function of the exchange'),
    name: text,
  },
  required: [],
  load: async () => (await import('../../filters/adaptive-concurrency.ts')).adaptiveConcurrency,
}
