import type { Filter } from '../../core/handler.ts'
import type { ConcurrencyLimitOptions, ConcurrencyQueueOptions } from '../../filters/concurrency-limit.ts'
import type { Part } from '../part.ts'
import { choice, duration, integer, moduleValue, optionsObject, text } from '../schema/values.ts'

export const concurrencyLimitPart: Part<ConcurrencyLimitOptions, Filter> = {
  schema: {
    limit: integer(1),
    per: moduleValue('a function of the exchange'),
    maxKeys: integer(1),
    queue: optionsObject<ConcurrencyQueueOptions>(
      {
        max: integer(1),
        timeoutMs: duration,
        order: choice('fifo', 'lifo', 'adaptive'),
        targetMs: duration,
        intervalMs: duration,
      },
      ['max'],
    ),
    name: text,
  },
  required: ['limit'],
  load: async () => (await import('../../filters/concurrency-limit.ts')).concurrencyLimit,
}
