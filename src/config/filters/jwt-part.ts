import type { Filter } from '../../core/handler.ts'
import type { JwtOptions } from '../../filters/jwt.ts'
import type { Part } from '../part.ts'
import { serviceEndpoint } from '../schema/option-schemas/called-services.ts'
import { credentialSource } from '../schema/option-schemas/credential-source.ts'
import type { Schema } from '../schema/schema.ts'
import {
  choice,
  duration,
  either,
  flag,
  freeObject,
  integer,
  listOf,
  mapOf,
  moduleValue,
  oneOrMore,
  secret,
  size,
  text,
  texts,
} from '../schema/values.ts'

const algorithm = choice(
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
)

/** A secret, PEM, a JWK or a set of them. */
const key: Schema = either(secret, moduleValue('a key'), freeObject('a JWK, or a set of them'))

const claimPath = oneOrMore(text)

export const jwtPart: Part<JwtOptions, Filter> = {
  schema: {
    algorithms: listOf(algorithm, 1),
    issuer: either(oneOrMore(text), choice(false)),
    audience: either(oneOrMore(text), choice(false)),
    jwks: serviceEndpoint,
    keys: oneOrMore(key),
    requiredClaims: texts,
    requireExpiry: flag,
    typ: text,
    clockToleranceMs: duration,
    scopes: texts,
    roles: texts,
    rolesClaim: claimPath,
    allow: moduleValue('a function of the claims and the exchange'),
    isRevoked: moduleValue('a function of the claims and the exchange'),
    from: oneOrMore(either(choice('authorization'), credentialSource)),
    optional: flag,
    forward: flag,
    claimsToHeaders: mapOf(claimPath),
    realm: text,
    maxTokenLength: integer(1),
    cacheBytes: size,
    refreshMs: duration,
    coolDownMs: duration,
    maxStaleMs: duration,
    fetchTimeoutMs: duration,
    onFetchFailure: moduleValue('a function of an error'),
    name: text,
  },
  required: ['algorithms', 'issuer', 'audience'],
  load: async () => (await import('../../filters/jwt.ts')).jwt,
}
