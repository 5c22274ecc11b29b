import type { Filter } from '../../core/handler.ts'
import type { LoadSheddingOptions } from '../../filters/load-shedding.ts'
import type { Part } from '../part.ts'
import { duration, moduleValue, text } from '../schema/values.ts'

export const loadSheddingPart: Part<LoadSheddingOptions, Filter> = {
  schema: {
    targetMs: duration,
    intervalMs: duration,
    priority: moduleValue('a function of the exchange'),
    delayMs: moduleValue('a function that gives milliseconds'),
    name: text,
  },
  required: [],
  load: async () => (await import('../../filters/load-shedding.ts')).loadShedding,
}
