import type { Filter } from '../../core/handler.ts'
import type { ValidateOptions } from '../../filters/validate.ts'
import type { Part } from '../part.ts'
import { either, flag, freeObject, integer, size } from '../schema/values.ts'

const jsonSchema = either(flag, freeObject('a JSON Schema'))

export const validatePart: Part<ValidateOptions, Filter> = {
  schema: {
    body: jsonSchema,
    query: jsonSchema,
    params: jsonSchema,
    headers: jsonSchema,
    maxBytes: size,
    maxFaults: integer(1),
  },
  required: [],
  load: async () => (await import('../../filters/validate.ts')).validate,
}
