import type { Filter } from '../../core/handler.ts'
import type { IpFilterOptions } from '../../filters/ip-filter.ts'
import type { Part } from '../part.ts'
import { moduleValue, texts } from '../schema/values.ts'

export const ipFilterPart: Part<IpFilterOptions, Filter> = {
  schema: {
    allow: texts,
    deny: texts,
    address: moduleValue('a function of the exchange'),
  },
  required: [],
  load: async () => (await import('../../filters/ip-filter.ts')).ipFilter,
}
