import { corsPart } from '../filters/cors-part.ts'
import { jwtPart } from '../filters/jwt-part.ts'
import type { Schema } from './schema.ts'
import {
  duration,
  either,
  flag,
  integer,
  listOf,
  object,
  oneOrMore,
  secret,
  size,
  text,
  texts,
} from './values.ts'

/** `enabled: false` leaves it out. */
const enabled = flag

export const rateLimitingSchema: Schema = object(
  { enabled, requests_per_minute: integer(1), burst_size: integer(1) },
  { required: ['requests_per_minute'] },
)

export const cachingSchema: Schema = object({ enabled, ttl: duration, max_size: size }, { required: ['ttl'] })

const { methods, allowedHeaders, exposedHeaders, credentials, maxAge } = corsPart.schema

export const securitySchema: Schema = object({
  cors: object(
    {
      enabled,
      allowed_origins: oneOrMore(text),
      allowed_methods: methods!,
      allowed_headers: allowedHeaders!,
      exposed_headers: exposedHeaders!,
      credentials: credentials!,
      max_age: maxAge!,
    },
    { required: ['allowed_origins'] },
  ),
  jwt: object({
    enabled,
    secret,
    jwks: jwtPart.schema.jwks!,
    algorithm: jwtPart.schema.algorithms?.items ?? text,
    algorithms: jwtPart.schema.algorithms ?? listOf(text, 1),
    issuer: jwtPart.schema.issuer ?? either(text, texts),
    audience: jwtPart.schema.audience ?? either(text, texts),
  }),
})
