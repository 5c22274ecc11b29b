import type { Filter } from '../../core/handler.ts'
import type { CsrfOptions } from '../../filters/csrf.ts'
import type { Part } from '../part.ts'
import { choice, texts } from '../schema/values.ts'

export const csrfPart: Part<CsrfOptions, Filter> = {
  schema: {
    trustedOrigins: texts,
    unmarked: choice('pass', 'refuse'),
  },
  required: [],
  load: async () => (await import('../../filters/csrf.ts')).csrf,
}
