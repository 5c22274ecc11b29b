import type { Filter } from '../core/handler.ts'
import { corsPart } from './filters/cors-part.ts'
import { jwtPart } from './filters/jwt-part.ts'
import { rateLimitPart } from './filters/rate-limit-part.ts'
import type { NamedPart } from './part.ts'

/** The filters that a configuration can name, by their names in the builder: `rateLimit` is `rate_limit` in a file. */
export const filterParts: Readonly<Record<string, NamedPart<Filter>>> = {
  cors: corsPart,
  jwt: jwtPart,
  rateLimit: rateLimitPart,
}
