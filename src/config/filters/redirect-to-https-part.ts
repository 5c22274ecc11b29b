import type { Filter } from '../../core/handler.ts'
import type { RedirectToHttpsOptions } from '../../filters/redirect-to-https.ts'
import type { Part } from '../part.ts'
import { choice, integer } from '../schema/values.ts'

export const redirectToHttpsPart: Part<RedirectToHttpsOptions, Filter> = {
  schema: {
    port: integer(1, 65_535),
    status: choice(301, 302, 307, 308),
  },
  required: [],
  load: async () => (await import('../../filters/redirect-to-https.ts')).redirectToHttps,
}
