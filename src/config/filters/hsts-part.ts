import type { Filter } from '../../core/handler.ts'
import type { HstsOptions } from '../../filters/hsts.ts'
import type { Part } from '../part.ts'
import { duration, flag } from '../schema/values.ts'

export const hstsPart: Part<HstsOptions, Filter> = {
  schema: {
    maxAge: duration,
    includeSubDomains: flag,
    preload: flag,
  },
  required: [],
  load: async () => (await import('../../filters/hsts.ts')).hsts,
}
