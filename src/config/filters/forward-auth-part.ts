import type { Filter } from '../../core/handler.ts'
import type { ForwardAuthOptions } from '../../filters/forward-auth.ts'
import type { Part } from '../part.ts'
import { serviceEndpoint } from '../schema/option-schemas/called-services.ts'
import { duration, integer, moduleValue, texts } from '../schema/values.ts'

export const forwardAuthPart: Part<ForwardAuthOptions, Filter> = {
  schema: {
    endpoint: serviceEndpoint,
    requestHeaders: texts,
    identityHeaders: texts,
    clientHeaders: texts,
    cacheKey: moduleValue('a function of the exchange'),
    cacheMs: duration,
    cacheMax: integer(0),
    timeoutMs: duration,
  },
  required: ['endpoint'],
  load: async () => (await import('../../filters/forward-auth.ts')).forwardAuth,
}
