import type { Filter } from '../../core/handler.ts'
import type { BasicAuthOptions } from '../../filters/basic-auth.ts'
import type { Part } from '../part.ts'
import { duration, flag, integer, mapOf, moduleValue, secret, text } from '../schema/values.ts'

export const basicAuthPart: Part<BasicAuthOptions, Filter> = {
  schema: {
    users: mapOf(secret),
    htpasswd: secret,
    verify: moduleValue('a function of a name and a password'),
    realm: text,
    forward: flag,
    cacheMs: duration,
    cacheMax: integer(0),
    concurrency: integer(1),
    maxWaiting: integer(0),
    timeoutMs: duration,
  },
  required: [],
  load: async () => (await import('../../filters/basic-auth.ts')).basicAuth,
}
