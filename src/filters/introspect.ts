import { hash } from 'node:crypto'
import { type Attribute, attribute } from '../core/attribute.ts'
import { Body } from '../core/body.ts'
import type { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import { HeaderList } from '../core/headers.ts'
import { RequestMessage } from '../core/message.ts'
import {
  type Duration,
  durationMs,
  integer,
  invalidOption,
  invalidSecret,
  knownOptions,
} from '../core/options.ts'
import { withTargets } from '../core/target.ts'
import { type Answer, AnswerCache } from './identity/answer-cache.ts'
import { bearerToken, MalformedCredentials } from './identity/bearer-token.ts'
import { type Challenge, challenge, checkedRealm } from './identity/challenge.ts'
import { refusal } from './identity/refusal.ts'
import {
  type ServiceEndpoint,
  type ServiceEndpointInit,
  serviceEndpoint,
} from './identity/service-endpoint.ts'

/** What the authorization server says of a token that is active (RFC 7662 section 2.2). */
export type TokenIntrospection = Readonly<Record<string, unknown>> & {
  readonly active: true
  /** Scopes, with spaces between. */
  readonly scope?: string
  readonly client_id?: string
  readonly username?: string
  readonly token_type?: string
  /** When it expires, in seconds since 1970. */
  readonly exp?: number
  readonly iat?: number
  readonly nbf?: number
  readonly sub?: string
  readonly aud?: string | readonly string[]
  readonly iss?: string
  readonly jti?: string
}

export interface IntrospectOptions {
  /**
   * The introspection endpoint: an `https` address (`http` only for this machine), or `{ service, path }` with a pool or a handler.
   */
  endpoint: ServiceEndpointInit
  /**
   * How the proxy shows who it is: by `clientId` and `clientSecret` (RFC 6749 section 2.3.1), as `Basic` or, with `method:
   * 'post'`, within the form; or by a `bearer` token of its own. Left out where the pool's TLS certificate says it. Default none.
   */
  auth?:
    | { readonly clientId: string; readonly clientSecret: string; readonly method?: 'basic' | 'post' }
    | { readonly bearer: string }
  /** Scopes that a token must have, all of them, else 403 `access_denied`. Default none. */
  scopes?: readonly string[]
  /** Whom a token must be for: one of these is its `aud`, or in it; else 401. Default: it is not looked at. */
  audience?: string | readonly string[]
  /** Whether the token goes on to the service. Default true. */
  forward?: boolean
  /** Of the challenge in a refusal. Default `api`. */
  realm?: string
  /** The longest token that is looked at, in characters. Default 4096. */
  maxTokenLength?: number
  /** How long an answer is kept, at most until `exp`: so long a token that was revoked goes on working. Default 1 minute. */
  cacheMs?: Duration
  /** How long it is kept that a token is not active. Default 10 s. */
  cacheInactiveMs?: Duration
  /** Answers that are kept, of 2 KiB on average: fewer where they are larger. Default 10 000. */
  cacheMax?: number
  /** How long the endpoint may take. Default 5 s. */
  timeoutMs?: Duration
}

const OWNER = 'introspect'

const OPTIONS: readonly string[] = [
  'endpoint',
  'auth',
  'scopes',
  'audience',
  'forward',
  'realm',
  'maxTokenLength',
  'cacheMs',
  'cacheInactiveMs',
  'cacheMax',
  'timeoutMs',
] satisfies (keyof IntrospectOptions)[]

/** What the authorization server has said of the exchange's token. */
export const introspection: Attribute<TokenIntrospection> = attribute<TokenIntrospection>('introspection')

const MAX_OPEN = 1_000
const MAX_ANSWER_BYTES = 65_536
/** Objects are larger than the text that they are made of. */
const BYTES_PER_CHARACTER = 4

/**
 * Asks the authorization server whether a bearer token is good (RFC 7662), and refuses all requests without a good one.
 *
 * For opaque tokens, and for those that must be revocable at once; for tokens that say of themselves what they are, `jwt` needs
 * to ask nobody. No token, one that is not active or has expired, and one for another audience are 401 `unauthenticated`; one that
 * lacks a scope is 403 `access_denied`; each with the challenge of RFC 6750. Later filters find the answer with
 * `exchange.get(introspection)`.
 *
 * The endpoint that is down, slow, or answers anything but 200 with JSON is 503 `identity_unavailable`: a token that cannot be
 * checked does not pass, and is not told that it is bad. Requests that come together with the same token ask once. Answers are
 * kept for `cacheMs` and never beyond the token's `exp`, under the token's hash: the token itself is not kept. At most
 * 1 000 questions are open; more are 503.
 *
 * Traps: `cacheMs` is how long a revoked token lives on. Everyone can make the proxy ask, by making up tokens: put a limit by
 * address before it. Without `audience`, a token that was made for another service is good here too.
 *
 * @example
 * introspect({ endpoint: 'https://id.example.com/oauth2/introspect', auth: { clientId: 'gateway', clientSecret }, audience: 'orders' })
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong; secrets are never in its message.
 */
export function introspect(options: IntrospectOptions): Filter & Disposable {
  knownOptions(OWNER, options, OPTIONS)
  const { forward = true } = options
  if (typeof forward !== 'boolean') throw invalidOption(OWNER, 'forward', 'true or false', forward)
  const realm = checkedRealm(OWNER, options.realm ?? 'api')
  const scopes = texts('scopes', options.scopes ?? [])
  const audience = options.audience === undefined ? undefined : texts('audience', [options.audience].flat())
  const maxTokenLength = integer(OWNER, 'maxTokenLength', options.maxTokenLength ?? 4_096, {
    min: 1,
    max: 65_536,
  })
  const server = new AuthorizationServer(serviceEndpoint(OWNER, 'endpoint', options.endpoint), options)

  const refused = (
    exchange: Exchange,
    detail: string,
    error?: Challenge['error'],
    code: 'unauthenticated' | 'access_denied' = 'unauthenticated',
  ): ProxyError => {
    const errorDescription = error === undefined ? undefined : detail
    const scope = error === 'insufficient_scope' ? scopes : undefined
    const value = challenge({ scheme: 'Bearer', realm, error, errorDescription, scope })
    return refusal(exchange, OWNER, code, { detail, headers: { 'WWW-Authenticate': value } })
  }
  const filter: Filter = (exchange, next) => {
    const { headers } = exchange.request
    const token = bearerToken(headers, maxTokenLength)
    if (token === undefined) throw refused(exchange, 'the request needs a token')
    if (token instanceof MalformedCredentials) throw refused(exchange, token.reason, 'invalid_request')
    const passed = (found: TokenIntrospection | undefined) => {
      if (found === undefined || !isCurrent(found, exchange.clock.wallTime()))
        throw refused(exchange, 'the token is not active', 'invalid_token')
      if (audience !== undefined && !isFor(found, audience))
        throw refused(exchange, 'the token is for someone else', 'invalid_token')
      if (!hasScopes(found, scopes))
        throw refused(exchange, 'the token lacks a scope', 'insufficient_scope', 'access_denied')
      exchange.set(introspection, found)
      if (!forward) headers.delete('authorization')
      return next(exchange)
    }
    const found = server.ask(exchange, token)
    return found instanceof Promise ? found.then(passed) : passed(found)
  }
  const disposable = Object.assign(named(filter, OWNER), { [Symbol.dispose]: () => server[Symbol.dispose]() })
  return withTargets(disposable, [server.endpoint.target])
}

/** The one who has issued the tokens. */
class AuthorizationServer implements Disposable {
  readonly endpoint: ServiceEndpoint
  readonly #authorization: string | undefined
  /** What is in the form beside the token. */
  readonly #form: Readonly<Record<string, string>>
  readonly #answers: AnswerCache<TokenIntrospection | undefined>
  readonly #cacheMs: number
  readonly #cacheInactiveMs: number
  readonly #timeoutMs: number

  constructor(endpoint: ServiceEndpoint, options: IntrospectOptions) {
    const { cacheMs = 60_000, cacheInactiveMs = 10_000, cacheMax = 10_000, timeoutMs = 5_000 } = options
    this.endpoint = endpoint
    const { authorization, form } = authOf(options.auth)
    this.#authorization = authorization
    this.#form = form
    this.#cacheMs = durationMs(OWNER, 'cacheMs', cacheMs)
    this.#cacheInactiveMs = durationMs(OWNER, 'cacheInactiveMs', cacheInactiveMs)
    this.#timeoutMs = durationMs(OWNER, 'timeoutMs', timeoutMs, { min: 1 })
    this.#answers = new AnswerCache({
      max: integer(OWNER, 'cacheMax', cacheMax, { min: 1, max: 1_000_000 }),
      maxOpen: MAX_OPEN,
      timeoutMs: this.#timeoutMs,
    })
  }

  /** What it says of a token; `undefined` for one that is not active. */
  ask(
    exchange: Exchange,
    token: string,
  ): Promise<TokenIntrospection | undefined> | TokenIntrospection | undefined {
    const key = hash('sha256', token, 'base64')
    const known = this.#answers.known(exchange, key)
    return known === undefined
      ? this.#answers.ask(exchange, key, () => this.#ask(exchange, token))
      : known.value
  }

  async #ask(exchange: Exchange, token: string): Promise<Answer<TokenIntrospection | undefined>> {
    const form = new URLSearchParams({ token, token_type_hint: 'access_token', ...this.#form })
    const headers = HeaderList.from({
      Accept: 'application/json',
      'Content-Type': 'application/x-www-form-urlencoded',
    })
    if (this.#authorization !== undefined) headers.append('Authorization', this.#authorization)
    const body = Body.from(form.toString())
    const request = new RequestMessage({ method: 'POST', target: this.endpoint.path, headers, body })
    // Others may wait for the same answer, and need it although this client has left.
    const options = { detached: true, onBehalf: false, timeoutMs: this.#timeoutMs }
    const response = await exchange.call(this.endpoint.target, request, options)
    if (response.status !== 200) {
      response.body.discard()
      throw new Error(`the introspection endpoint has answered ${response.status}`)
    }
    const text = await response.body.text({ maxBytes: MAX_ANSWER_BYTES })
    return this.#answerOf(text, exchange)
  }

  #answerOf(text: string, { clock }: Exchange): Answer<TokenIntrospection | undefined> {
    const said = JSON.parse(text) as { readonly active?: unknown; readonly exp?: unknown } | null
    if (typeof said !== 'object' || said === null || typeof said.active !== 'boolean')
      throw new Error('the introspection endpoint has not said whether the token is active')
    if (!said.active) return { value: undefined, keepMs: this.#cacheInactiveMs, bytes: 0 }
    const { exp } = said
    if (exp !== undefined && (typeof exp !== 'number' || !Number.isFinite(exp)))
      throw new Error('the introspection endpoint has named no time as "exp"')
    const leftMs = exp === undefined ? Number.POSITIVE_INFINITY : exp * 1_000 - clock.wallTime()
    return {
      value: Object.freeze(said) as TokenIntrospection,
      keepMs: Math.min(this.#cacheMs, leftMs),
      bytes: BYTES_PER_CHARACTER * text.length,
    }
  }

  [Symbol.dispose](): void {
    this.#answers[Symbol.dispose]()
  }
}

function authOf(auth: IntrospectOptions['auth']): {
  readonly authorization?: string
  readonly form: Readonly<Record<string, string>>
} {
  if (auth === undefined) return { form: {} }
  if (typeof auth !== 'object' || auth === null)
    throw invalidSecret(OWNER, 'auth', '{ clientId, clientSecret } or { bearer }', auth)
  if ('bearer' in auth) {
    if (typeof auth.bearer !== 'string' || !/^[A-Za-z0-9\-._~+/]+=*$/.test(auth.bearer))
      throw invalidSecret(OWNER, 'auth.bearer', 'a token', auth.bearer)
    return { authorization: `Bearer ${auth.bearer}`, form: {} }
  }
  const { clientId, clientSecret, method = 'basic' } = auth
  if (typeof clientId !== 'string' || clientId === '')
    throw invalidSecret(OWNER, 'auth.clientId', 'a text that is not empty', clientId)
  if (typeof clientSecret !== 'string' || clientSecret === '')
    throw invalidSecret(OWNER, 'auth.clientSecret', 'a text that is not empty', clientSecret)
  if (method === 'post') return { form: { client_id: clientId, client_secret: clientSecret } }
  if (method !== 'basic') throw invalidOption(OWNER, 'auth.method', '"basic" or "post"', method)
  // Each encoded as in a form before it is joined (RFC 6749 section 2.3.1).
  const encoded = [clientId, clientSecret]
    .map((it) => new URLSearchParams({ it }).toString().slice(3))
    .join(':')
  return { authorization: `Basic ${Buffer.from(encoded).toString('base64')}`, form: {} }
}

function texts(option: string, list: readonly string[]): readonly string[] {
  if (Array.isArray(list) && list.every((it) => typeof it === 'string' && it !== '')) return list
  throw invalidOption(OWNER, option, 'a list of texts', list)
}

function isCurrent({ exp }: TokenIntrospection, nowMs: number): boolean {
  return exp === undefined || nowMs < exp * 1_000
}

function isFor({ aud }: TokenIntrospection, audience: readonly string[]): boolean {
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return audience.some((it) => named.includes(it))
}

function hasScopes({ scope }: TokenIntrospection, scopes: readonly string[]): boolean {
  if (scopes.length === 0) return true
  const has = typeof scope === 'string' ? scope.split(' ') : []
  return scopes.every((it) => has.includes(it))
}
