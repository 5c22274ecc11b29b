import type { Filter } from '../../core/handler.ts'
import type { RequestIdOptions } from '../../filters/request-id.ts'
import type { Part } from '../part.ts'
import { choice, flag, integer, moduleValue, text } from '../schema/values.ts'

export const requestIdPart: Part<RequestIdOptions, Filter> = {
  schema: {
    header: text,
    accept: choice('trusted', 'anyone', 'nobody'),
    maxLength: integer(1),
    generate: moduleValue('a function of the exchange'),
    respond: flag,
  },
  required: [],
  load: async () => (await import('../../filters/request-id.ts')).requestId,
}
