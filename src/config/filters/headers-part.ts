import type { Filter } from '../../core/handler.ts'
import type { FieldChanges } from '../../filters/fields/field-changes.ts'
import type { HeadersOptions, ResponseFieldChanges } from '../../filters/headers.ts'
import type { Part } from '../part.ts'
import { fieldValue } from '../schema/option-schemas/field-value.ts'
import type { OptionsSchema } from '../schema/schema.ts'
import { flag, mapOf, oneOrMore, optionsObject, text, texts } from '../schema/values.ts'

const changes: OptionsSchema<FieldChanges> = {
  remove: texts,
  rename: mapOf(text),
  set: mapOf(fieldValue),
  add: mapOf(oneOrMore(fieldValue)),
}

export const headersPart: Part<HeadersOptions, Filter> = {
  schema: {
    request: optionsObject<FieldChanges>(changes),
    response: optionsObject<ResponseFieldChanges>({ ...changes, onErrors: flag }),
  },
  required: [],
  load: async () => (await import('../../filters/headers.ts')).headers,
}
