import type { Exchange } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import { log } from '../core/log.ts'
import {
  type Duration,
  durationMs,
  integer,
  invalidOption,
  knownOptions,
  type Size,
  sizeBytes,
} from '../core/options.ts'
import { type CallTarget, withTargets } from '../core/target.ts'
import { checkedRealm } from './identity/challenge.ts'
import { type ServiceEndpointInit, serviceEndpoint } from './identity/service-endpoint.ts'
import { checkedAlgorithms, type JwtAlgorithm } from './jwt/algorithm.ts'
import { ClaimFields } from './jwt/claim-fields.ts'
import type { ClaimPath } from './jwt/claim-path.ts'
import { Entitlement } from './jwt/entitlement.ts'
import { JwtGate } from './jwt/jwt-gate.ts'
import { GivenKeys, type KeySource } from './jwt/key-source.ts'
import { KnownTokens } from './jwt/known-tokens.ts'
import { PublishedKeys } from './jwt/published-keys.ts'
import { type JwtSource, tokenSources } from './jwt/token-source.ts'
import { type JwtClaims, TokenVerifier } from './jwt/token-verifier.ts'
import { givenKeys, type JwtKey } from './jwt/verification-key.ts'

export type { JwtAlgorithm } from './jwt/algorithm.ts'
export type { ClaimPath } from './jwt/claim-path.ts'
export { claims } from './jwt/jwt-gate.ts'
export type { JwtSource } from './jwt/token-source.ts'
export type { JwtClaims, RegisteredClaims } from './jwt/token-verifier.ts'
export type { JsonWebKey, JwtKey } from './jwt/verification-key.ts'

export interface JwtOptions {
  /**
   * The algorithms that tokens may be signed with, such as `['RS256', 'ES256']`. There is no default: what a token says of
   * itself must not decide how it is checked. Either those of a shared secret (`HS…`) or those of public keys, never both.
   */
  algorithms: readonly JwtAlgorithm[]
  /** Who must have issued a token: one of these is its `iss`. `false` takes tokens of everyone who has a key. */
  issuer: string | readonly string[] | false
  /** Whom a token must be for: one of these is its `aud`, or in it. `false` takes tokens that are for others. */
  audience: string | readonly string[] | false
  /**
   * Where the issuer publishes its keys: the `https` address of a JWK set (`http` only for this machine), or a service and the
   * path of the set there. Either this or `keys`.
   */
  jwks?: ServiceEndpointInit
  /**
   * The keys themselves: PEM of a public key or a certificate, a JWK or a set of them, Node's or the Web's object of a key; for
   * `HS…` the secret, as bytes or as text, at least as long as the hash (32, 48 or 64 bytes). Either this or `jwks`.
   */
  keys?: JwtKey | readonly JwtKey[]
  /** Claims that a token must have beside `exp`, and `iss` and `aud` where they are checked. Default none. */
  requiredClaims?: readonly string[]
  /** Whether a token must say when it expires. Default true; without it, one that gets into wrong hands is good for ever. */
  requireExpiry?: boolean
  /** The type that a token's header must name, such as `at+jwt` (RFC 9068). Default: any, also ID tokens. */
  typ?: string
  /** How far the issuer's clock may be off when `exp`, `nbf` and `iat` are compared. Default 5 s. */
  clockToleranceMs?: Duration
  /** Scopes that a token must have, all of them, in `scope` or `scp`; else 403. Default none. */
  scopes?: readonly string[]
  /** Roles of which a token must have one at least; else 403. Default none. */
  roles?: readonly string[]
  /** The claim that lists the roles: its name, or the way to it, such as `['realm_access', 'roles']`. Default `roles`. */
  rolesClaim?: ClaimPath
  /** Says of each request whether the token entitles to it; anything but `true` is 403. Default: it does. */
  allow?: (claims: JwtClaims, exchange: Exchange) => boolean | Promise<boolean>
  /**
   * Says of each request, also of a token that is known, whether it was revoked; anything but `false` is 401. Default: none is.
   * Where it fails, the answer is 503 `identity_unavailable`.
   */
  isRevoked?: (claims: JwtClaims, exchange: Exchange) => boolean | Promise<boolean>
  /**
   * Where the token is looked for: `'authorization'` (`Authorization: Bearer …`), `{ header }` (a field that holds it alone),
   * `{ cookie }`, `{ query }`, or a list of these. A request with two tokens is refused. Default `'authorization'`.
   */
  from?: JwtSource | readonly JwtSource[]
  /** Whether requests without a token pass, without claims. One with a bad token never does. Default false. */
  optional?: boolean
  /** Whether the service gets the token. Default true. */
  forward?: boolean
  /**
   * Fields by which the service is told of claims, such as `{ 'x-user': 'sub' }`; a claim within others is named by a list. What
   * clients send under these names is removed, whatever else happens. Default none.
   */
  claimsToHeaders?: Readonly<Record<string, ClaimPath>>
  /** The `realm` of `WWW-Authenticate`. Default `api`. */
  realm?: string
  /** The longest token that is looked at, in characters. Default 8192. */
  maxTokenLength?: number
  /**
   * What tokens that were verified may take together; those used longest ago go first. A token counts as four times its length
   * and 512 bytes, about what it and its claims take. 0 verifies each time. Default 8 MiB.
   */
  cacheBytes?: Size
  /** How long keys of `jwks` are used before they are fetched again. Default 10 min. */
  refreshMs?: Duration
  /** While this has not gone by since a key that is not known was last asked for, none is asked for again. Default 10 s. */
  coolDownMs?: Duration
  /** How long beyond `refreshMs` keys are used on while there are no new ones to be had. Default 24 h. */
  maxStaleMs?: Duration
  /** How long one fetch of the keys may take. Default 5 s. */
  fetchTimeoutMs?: Duration
  /** Told each time that the keys cannot be fetched. Default: a line on standard error. */
  onFetchFailure?: (error: unknown) => void
  /** What lists of filters show. Default `jwt`. */
  name?: string
}

const OWNER = 'jwt'

const OPTIONS: readonly string[] = [
  'algorithms',
  'issuer',
  'audience',
  'jwks',
  'keys',
  'requiredClaims',
  'requireExpiry',
  'typ',
  'clockToleranceMs',
  'scopes',
  'roles',
  'rolesClaim',
  'allow',
  'isRevoked',
  'from',
  'optional',
  'forward',
  'claimsToHeaders',
  'realm',
  'maxTokenLength',
  'cacheBytes',
  'refreshMs',
  'coolDownMs',
  'maxStaleMs',
  'fetchTimeoutMs',
  'onFetchFailure',
  'name',
] satisfies (keyof JwtOptions)[]

/**
 * Lets through only requests with a JSON Web Token that is good, and tells filters and services what it says.
 *
 * A token is good (RFC 7519, RFC 8725) where its signature is that of one of the keys, by one of `algorithms`; it is of an
 * `issuer` and for an `audience` that is named; and it has not expired, is valid already, and was not issued in the future.
 * Then `exchange.get(claims)` has what it says, for filters behind this one. `claims` comes with this module.
 *
 * - Without a token, or with one that is not good: 401 `unauthenticated`. With one that is good and does not entitle to the
 *   request (`scopes`, `roles`, `allow`): 403 `access_denied`. `WWW-Authenticate` says why, as RFC 6750 has it.
 * - Where nobody can say whether it is good, because there are no keys yet or `isRevoked` has failed: 503
 *   `identity_unavailable`, and never 401, which would send people to log in again.
 * - Of the token's header only `alg` and `kid` are read, to choose among the keys that are there. What it says of keys
 *   elsewhere (`jku`, `x5u`, `jwk`, `x5c`) is passed over; a header with `crit` or `b64`, or with a member twice, is refused.
 *   A token without `kid` is tried with ten keys at most.
 *
 * Keys of `jwks` are fetched when the first token comes, by one request, however many wait for it; then past `refreshMs`, beside
 * the requests. A token whose key is not known has them fetched again, once per `coolDownMs`, so a key that is used the moment
 * it is published is found; and who makes up names of keys gains nothing. An answer that is no set of keys (a redirect, an
 * error, anything but JSON, more than 256 KiB or 100 keys) changes nothing: the old keys are used on, for `maxStaleMs` beyond
 * their time. Keys for something else (`use`, `alg`, `key_ops`) and RSA below 2048 bits are not used. When a key is withdrawn,
 * every token is verified anew.
 *
 * A token that was verified is known by its whole text until it expires, for as many tokens as fit into `cacheBytes`: its
 * requests cost a look-up, and no signature. `isRevoked` and `allow` are asked each time all the same.
 *
 * In fields (`claimsToHeaders`), texts, numbers, truth values, and lists of these with commas between them, can be told;
 * other claims are left out. What cannot stand in a field is percent-encoded as UTF-8, and so are `%` and, in lists, commas: no
 * two users are ever written alike.
 *
 * Traps: a CORS preflight never has a token, so `cors` stands before this. A token in a cookie is sent by browsers on
 * their own, also for pages of others: protect against CSRF. One in a query gets into logs and histories. Someone who was
 * logged out has a good token until it expires: make them short, or use `isRevoked`. Publish a key some minutes before it
 * signs: while someone makes up names of keys, a new one is found only with the next fetch, up to `coolDownMs` later. An ID
 * token is not an access token: tell them apart by `audience`, or by `typ`. Of a certificate only its key is used, not its
 * dates. Trailers of a request are passed on as they are: a service must not take one for a field of the head (RFC 9110
 * section 6.5.1).
 *
 * @example
 * proxy().route('/orders', jwt({
 *   jwks: 'https://id.example.com/jwks.json', algorithms: ['RS256'], issuer: 'https://id.example.com', audience: 'orders',
 * }), pool(['http://orders']))
 *
 * // With a secret that both sides have, of 32 random bytes or more:
 * jwt({ keys: process.env.JWT_SECRET!, algorithms: ['HS256'], issuer: 'https://id.example.com', audience: 'orders' })
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong, and for a key that is too weak or does not fit.
 */
export function jwt(options: JwtOptions): Filter {
  knownOptions(OWNER, options, OPTIONS)
  const { name = OWNER, from = 'authorization', claimsToHeaders, isRevoked, allow, typ } = options
  const { optional = false, forward = true, requireExpiry = true } = options
  for (const [option, value] of Object.entries({ name, typ }))
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      throw invalidOption(OWNER, option, 'a text that is not empty', value)
  for (const [option, value] of Object.entries({ optional, forward, requireExpiry }))
    if (typeof value !== 'boolean') throw invalidOption(OWNER, option, 'true or false', value)
  for (const [option, value] of Object.entries({ isRevoked, allow }))
    if (value !== undefined && typeof value !== 'function')
      throw invalidOption(OWNER, option, 'a function of the claims and the exchange', value)

  const algorithms = checkedAlgorithms(OWNER, options.algorithms)
  const requiredClaims = names('requiredClaims', options.requiredClaims ?? [])
  const known = new KnownTokens(sizeBytes(OWNER, 'cacheBytes', options.cacheBytes ?? 8_388_608))
  const [keys, targets] = keySource(options, algorithms, known)
  const verifier = new TokenVerifier(keys, {
    algorithms,
    issuer: acceptedNames('issuer', options.issuer),
    audience: acceptedNames('audience', options.audience),
    requiredClaims: requireExpiry ? ['exp', ...requiredClaims] : requiredClaims,
    typ,
    clockToleranceMs: durationMs(OWNER, 'clockToleranceMs', options.clockToleranceMs ?? 5_000),
  })
  const gate = new JwtGate({
    name,
    sources: tokenSources(OWNER, from),
    maxTokenLength: integer(OWNER, 'maxTokenLength', options.maxTokenLength ?? 8_192, {
      min: 1,
      max: 65_536,
    }),
    known,
    keys,
    verifier,
    entitlement: new Entitlement(OWNER, options.scopes, options.roles, options.rolesClaim),
    fields: claimsToHeaders === undefined ? undefined : new ClaimFields(OWNER, claimsToHeaders),
    isRevoked,
    allow,
    optional,
    forward,
    realm: checkedRealm(OWNER, options.realm ?? 'api'),
  })
  const filter: Filter = (exchange, next) => gate.enter(exchange, next)
  return withTargets(named(filter, name), targets)
}

/** Options that mean something for keys that are fetched. */
const FETCH_OPTIONS = ['refreshMs', 'coolDownMs', 'maxStaleMs', 'fetchTimeoutMs', 'onFetchFailure'] as const

function keySource(
  options: JwtOptions,
  algorithms: ReadonlySet<JwtAlgorithm>,
  known: KnownTokens,
): [keys: KeySource, targets: readonly CallTarget[]] {
  const { jwks, keys, onFetchFailure = reported } = options
  if ((jwks === undefined) === (keys === undefined))
    throw invalidOption(OWNER, 'jwks', 'given, or "keys", and not both', jwks)
  if (keys !== undefined) {
    for (const option of FETCH_OPTIONS)
      if (options[option] !== undefined)
        throw invalidOption(OWNER, option, 'left out where "keys" are given', options[option])
    return [new GivenKeys(givenKeys(OWNER, keys, algorithms)), []]
  }
  if ([...algorithms].some((it) => it.startsWith('HS')))
    throw invalidOption(OWNER, 'algorithms', 'those of public keys where "jwks" is given', options.algorithms)
  if (typeof onFetchFailure !== 'function')
    throw invalidOption(OWNER, 'onFetchFailure', 'a function of the error', onFetchFailure)
  const { target, path } = serviceEndpoint(OWNER, 'jwks', jwks!)
  const published = new PublishedKeys({
    target,
    path,
    algorithms,
    refreshMs: durationMs(OWNER, 'refreshMs', options.refreshMs ?? 600_000, { min: 1_000 }),
    coolDownMs: durationMs(OWNER, 'coolDownMs', options.coolDownMs ?? 10_000, { min: 1_000 }),
    maxStaleMs: durationMs(OWNER, 'maxStaleMs', options.maxStaleMs ?? 86_400_000),
    timeoutMs: durationMs(OWNER, 'fetchTimeoutMs', options.fetchTimeoutMs ?? 5_000, { min: 1 }),
    onFailure: told(onFetchFailure),
    onWithdrawn: () => known.forget(),
  })
  return [published, [target]]
}

function reported(error: unknown): void {
  const why = error instanceof Error ? error.message : String(error)
  log.warn(`jwt: the keys cannot be fetched: ${why}`)
}

/** One who only looks on must not keep keys from being fetched. */
function told(onFetchFailure: (error: unknown) => void): typeof onFetchFailure {
  return (error) => {
    try {
      onFetchFailure(error)
    } catch (thrown) {
      log.error('jwt.onFetchFailure threw', thrown)
    }
  }
}

function acceptedNames(
  option: 'issuer' | 'audience',
  given: string | readonly string[] | false,
): readonly string[] | undefined {
  if (given === false) return undefined
  const list = names(option, typeof given === 'string' ? [given] : given)
  if (list.length > 0) return list
  throw invalidOption(OWNER, option, 'at least one, or false where any will do', given)
}

function names(option: string, given: readonly string[]): readonly string[] {
  if (Array.isArray(given) && given.every((it) => typeof it === 'string' && it !== '')) return given
  const also = option === 'requiredClaims' ? '' : ', a text, or false where any will do'
  throw invalidOption(OWNER, option, `a list of texts that are not empty${also}`, given)
}
