import type { Filter } from '../../core/handler.ts'
import type { JsonOptions } from '../../filters/json.ts'
import type { Part } from '../part.ts'
import { moduleValue, size } from '../schema/values.ts'

export const jsonPart: Part<JsonOptions, Filter> = {
  schema: {
    request: moduleValue('a function of a document and the exchange'),
    response: moduleValue('a function of a document and the exchange'),
    maxBytes: size,
  },
  required: [],
  load: async () => (await import('../../filters/json.ts')).json,
}
