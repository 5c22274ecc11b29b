import type { Filter } from '../../core/handler.ts'
import type { BodyLimitOptions } from '../../filters/body-limit.ts'
import type { Part } from '../part.ts'
import { size } from '../schema/values.ts'

export const bodyLimitPart: Part<BodyLimitOptions, Filter> = {
  schema: {
    request: size,
    response: size,
  },
  required: [],
  load: async () => (await import('../../filters/body-limit.ts')).bodyLimit,
}
