import type { Filter } from '../../core/handler.ts'
import type { CorsOptions } from '../../filters/cors.ts'
import type { Part } from '../part.ts'
import {
  choice,
  duration,
  either,
  expression,
  flag,
  moduleValue,
  oneOrMore,
  text,
  texts,
} from '../schema/values.ts'

export const corsPart: Part<CorsOptions, Filter> = {
  schema: {
    origins: either(
      oneOrMore(either(text, expression)),
      moduleValue('a function of an origin and the exchange'),
    ),
    methods: texts,
    allowedHeaders: either(choice('*'), texts),
    exposedHeaders: either(choice('*'), texts),
    credentials: flag,
    maxAge: duration,
    privateNetwork: flag,
  },
  required: ['origins'],
  load: async () => (await import('../../filters/cors.ts')).cors,
}
