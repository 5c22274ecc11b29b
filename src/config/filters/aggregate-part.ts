import type { Filter } from '../../core/handler.ts'
import type { AggregateOptions, AggregatePart } from '../../filters/aggregate.ts'
import type { Part } from '../part.ts'
import { callTarget } from '../schema/option-schemas/called-services.ts'
import {
  duration,
  either,
  flag,
  mapOf,
  moduleValue,
  optionsObject,
  size,
  text,
  texts,
} from '../schema/values.ts'

export const aggregatePart: Part<AggregateOptions, Filter> = {
  schema: {
    parts: mapOf(
      optionsObject<AggregatePart>(
        {
          from: callTarget,
          request: either(text, moduleValue('a function of the exchange')),
          required: flag,
          timeoutMs: duration,
          maxBytes: size,
        },
        ['from'],
      ),
    ),
    timeoutMs: duration,
    passHeaders: texts,
    combine: moduleValue('a function of the parts and the exchange'),
  },
  required: ['parts'],
  answers: true,
  load: async () => (await import('../../filters/aggregate.ts')).aggregate,
}
