import type { Filter } from '../../core/handler.ts'
import type { Duration, Size } from '../../core/options.ts'
import type { CorsOptions } from '../../filters/cors.ts'
import type { JwtAlgorithm, JwtOptions } from '../../filters/jwt.ts'
import { type ConfigNode, child } from '../reading/config-node.ts'
import type { Schema } from '../schema/schema.ts'
import {
  cachingSchema,
  corsShorthandSchema,
  jwtShorthandSchema,
  rateLimitingSchema,
} from '../schema/shorthands-schema.ts'
import type { Building } from './building.ts'

/**
 * The filters of `security`, `rate_limiting` and `caching`, outermost first: CORS, since preflights carry no token; the limit,
 * which is to count those whose tokens are bad; tokens; and the cache, from which whoever has no token gets nothing.
 */
export async function makeShorthands(proxy: ConfigNode, building: Building): Promise<readonly Filter[]> {
  const security = child(proxy, 'security')
  const made = [
    await shorthand(CORS, child(security, 'cors'), building),
    await shorthand(RATE_LIMITING, child(proxy, 'rate_limiting'), building),
    await shorthand(JWT, child(security, 'jwt'), building),
    await shorthand(CACHING, child(proxy, 'caching'), building),
  ]
  return made.filter((filter) => filter !== undefined)
}

interface Shorthand<Given> {
  readonly schema: Schema
  /** Its keys, by the names that the filter has for what they say. */
  readonly keys: Readonly<Record<string, string>>
  readonly load: () => Promise<(given: Given) => Filter>
}

async function shorthand<Given>(
  { schema, keys, load }: Shorthand<Given>,
  node: ConfigNode | undefined,
  building: Building,
): Promise<Filter | undefined> {
  if (node === undefined) return undefined
  const read = await building.read<Given & { readonly enabled?: boolean }>(schema, node)
  if (read === undefined) return undefined
  const make = async () => (await load())(read.value)
  // Also one that is not in use is checked, by being made; it has no place among those that are kept.
  if (read.value.enabled === false) {
    await building.attempt(node, make, keys)
    return undefined
  }
  return building.attempt(node, () => building.memo.make(node.path, read.fingerprint, make), keys)
}

const CORS: Shorthand<{
  readonly allowed_origins: CorsOptions['origins']
  readonly allowed_methods?: readonly string[]
  readonly allowed_headers?: readonly string[] | '*'
  readonly exposed_headers?: readonly string[] | '*'
  readonly credentials?: boolean
  readonly max_age?: Duration
}> = {
  schema: corsShorthandSchema,
  keys: {
    origins: 'allowed_origins',
    methods: 'allowed_methods',
    allowedHeaders: 'allowed_headers',
    exposedHeaders: 'exposed_headers',
  },
  load: async () => {
    const { cors } = await import('../../filters/cors.ts')
    return (given) =>
      cors({
        origins: given.allowed_origins,
        ...(given.allowed_methods && { methods: given.allowed_methods }),
        ...(given.allowed_headers && { allowedHeaders: given.allowed_headers }),
        ...(given.exposed_headers && { exposedHeaders: given.exposed_headers }),
        ...(given.credentials && { credentials: true }),
        ...(given.max_age === undefined ? {} : { maxAge: given.max_age }),
      })
  },
}

const RATE_LIMITING: Shorthand<{ readonly requests_per_minute: number; readonly burst_size?: number }> = {
  schema: rateLimitingSchema,
  keys: { limit: 'requests_per_minute', burst: 'burst_size' },
  load: async () => {
    const { rateLimit } = await import('../../filters/rate-limit.ts')
    return ({ requests_per_minute: limit, burst_size: burst }) =>
      rateLimit({ limit, per: '1m', ...(burst === undefined ? {} : { burst }) })
  },
}

const JWT: Shorthand<{
  readonly secret?: string
  readonly jwks?: NonNullable<JwtOptions['jwks']>
  readonly algorithm?: JwtAlgorithm
  readonly algorithms?: readonly JwtAlgorithm[]
  readonly issuer?: JwtOptions['issuer']
  readonly audience?: JwtOptions['audience']
}> = {
  schema: jwtShorthandSchema,
  keys: { keys: 'secret', algorithms: 'algorithm' },
  load: async () => {
    const { jwt } = await import('../../filters/jwt.ts')
    return ({ secret, jwks, algorithm, algorithms, issuer = false, audience = false }) =>
      jwt({
        algorithms: algorithms ?? (algorithm === undefined ? [] : [algorithm]),
        issuer,
        audience,
        ...(secret === undefined ? {} : { keys: secret }),
        ...(jwks === undefined ? {} : { jwks }),
      })
  },
}

/** Statuses of answers that are no errors and that may be stored without leave (RFC 9110 section 15.1). */
const STORED: readonly number[] = [200, 203, 204, 300, 301, 308]

const CACHING: Shorthand<{ readonly ttl: Duration; readonly max_size?: Size }> = {
  schema: cachingSchema,
  keys: { maxBytes: 'max_size', defaultLifetimes: 'ttl' },
  load: async () => {
    const { cache } = await import('../../cache/index.ts')
    return ({ ttl, max_size: maxBytes }) =>
      cache({
        defaultLifetimes: Object.fromEntries(STORED.map((status) => [status, ttl])),
        ...(maxBytes === undefined ? {} : { maxBytes }),
      })
  },
}
