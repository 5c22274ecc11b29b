import type { Filter } from '../../core/handler.ts'
import type { BodyTransformOptions } from '../../filters/body-transform.ts'
import type { Part } from '../part.ts'
import { moduleValue, oneOrMore, text } from '../schema/values.ts'

export const bodyTransformPart: Part<BodyTransformOptions, Filter> = {
  schema: {
    request: moduleValue('a function of the chunks and the exchange'),
    response: moduleValue('a function of the chunks and the exchange'),
    types: oneOrMore(text),
  },
  required: [],
  load: async () => (await import('../../filters/body-transform.ts')).bodyTransform,
}
