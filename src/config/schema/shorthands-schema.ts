import { jwtPart } from '../filters/jwt-part.ts'
import type { Schema } from './schema.ts'
import {
  choice,
  duration,
  either,
  flag,
  integer,
  object,
  oneOrMore,
  optionsObject,
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

export const corsShorthandSchema: Schema = object(
  {
    enabled,
    allowed_origins: oneOrMore(text),
    allowed_methods: texts,
    allowed_headers: either(choice('*'), texts),
    exposed_headers: either(choice('*'), texts),
    credentials: flag,
    max_age: duration,
  },
  { required: ['allowed_origins'] },
)

const { algorithms, jwks, issuer, audience } = optionsObject(jwtPart.schema).properties!

export const jwtShorthandSchema: Schema = object({
  enabled,
  secret,
  jwks: jwks!,
  algorithm: algorithms!.items!,
  algorithms: algorithms!,
  issuer: issuer!,
  audience: audience!,
})

export const securitySchema: Schema = object({ cors: corsShorthandSchema, jwt: jwtShorthandSchema })
