import { hash } from 'node:crypto'
import { type Attribute, attribute } from '../core/attribute.ts'
import type { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import {
  type Duration,
  durationMs,
  integer,
  invalidOption,
  invalidSecret,
  knownOptions,
} from '../core/options.ts'
import { secretBytes } from '../core/secret.ts'
import { type Answer, AnswerCache } from './identity/answer-cache.ts'
import { MalformedCredentials } from './identity/bearer-token.ts'
import { challenge, checkedRealm } from './identity/challenge.ts'
import {
  type CredentialSource,
  isCredentialSource,
  readCredential,
  removeCredential,
} from './identity/credential-source.ts'
import { refusal } from './identity/refusal.ts'

/** Where keys stand: `{ header: 'X-Api-Key' }`, `{ query: 'api_key' }` or `{ cookie: 'key' }`. */
export type ApiKeySource = CredentialSource

/** Whose key it is. */
export interface ApiKeyIdentity {
  /** A name for logs, limits and services. No secret. */
  readonly id: string
  /** What else is known: a plan, scopes, a tenant. */
  readonly attributes?: Readonly<Record<string, unknown>> | undefined
}

/** A key, or its hash, and whose it is. */
export interface ApiKeyEntry extends ApiKeyIdentity {
  /** The key itself, at least 16 characters. It is hashed at the call, and not kept. */
  readonly key?: string
  /** The SHA-256 of the key as 64 hexadecimal digits, in place of `key`: `printf %s "$KEY" | sha256sum`. */
  readonly sha256?: string
}

export interface ApiKeyOptions {
  /** The keys that are known beforehand. Beside or in place of `lookup`. */
  keys?: readonly ApiKeyEntry[]
  /**
   * Finds a key that is not in `keys` by its SHA-256 in hexadecimal; `undefined` for a key that there is not. What it throws is
   * 503 `identity_unavailable`. It is asked once for requests that come together, so it gets no exchange.
   */
  lookup?: (sha256: string) => Promise<ApiKeyIdentity | undefined> | ApiKeyIdentity | undefined
  /** Where keys may stand: one place, or a list. Default `{ header: 'X-Api-Key' }`. */
  from?: ApiKeySource | readonly ApiKeySource[]
  /** Whether the key goes on to the service. Default false: it is taken out of the request. */
  forward?: boolean
  /** Of the challenge in a refusal. Default `api`. */
  realm?: string
  /** How long an answer of `lookup` is kept: so long a key that was taken back goes on working. Default 1 minute. */
  cacheMs?: Duration
  /** How long it is kept that there is no such key. Default 5 s. */
  cacheUnknownMs?: Duration
  /** Answers of `lookup` that are kept. Default 10 000. */
  cacheMax?: number
  /** How long `lookup` may take. Default 5 s. */
  timeoutMs?: Duration
}

const OWNER = 'apiKey'

const OPTIONS: readonly string[] = [
  'keys',
  'lookup',
  'from',
  'forward',
  'realm',
  'cacheMs',
  'cacheUnknownMs',
  'cacheMax',
  'timeoutMs',
] satisfies (keyof ApiKeyOptions)[]

const LOOKUP_OPTIONS = ['cacheMs', 'cacheUnknownMs', 'cacheMax', 'timeoutMs'] as const

/** Whose key the request has come with, as `apiKey` has found. */
export const apiKeyIdentity: Attribute<ApiKeyIdentity> = attribute<ApiKeyIdentity>('apiKey')

/** Longer keys are nobody's, and are not hashed. */
const MAX_LENGTH = 1_024
const MAX_OPEN = 1_000

/**
 * Lets requests pass that carry a known key, and refuses all others with 401 `unauthenticated`.
 *
 * Keys are kept as SHA-256 hashes alone, so that neither a heap dump nor a file of hashes gives one away; that is enough for
 * keys that are long and random, and for no others, so short ones are refused at the call. How long a comparison takes says
 * nothing of any key: it is made with a hash that is secret to the process. Later filters find whose key it is with
 * `exchange.get(apiKeyIdentity)`. The service does not get the key, unless `forward` is true.
 *
 * With `lookup`, keys come from a database or a service. It is asked for hashes, never for keys. Its answers are kept for
 * `cacheMs`, requests with the same key that come together ask once, and at most 1 000 questions are open: more are 503
 * `identity_unavailable`, as are a `lookup` that fails and one that takes longer than `timeoutMs`.
 *
 * A request with two keys, in one place or in two, is refused: services disagree about which counts. `X_Api_Key` counts as
 * `X-Api-Key`, as it does for many of them.
 *
 * Traps: a key in the query is in every log and history on its way. A key names a program, not a person; pages in a browser
 * cannot keep one. With a key in a cookie, put `csrf` before it.
 *
 * @example
 * apiKey({ keys: [{ id: 'shop', sha256: process.env.SHOP_KEY_SHA256, attributes: { plan: 'pro' } }] })
 * apiKey({ lookup: (sha256) => database.findKey(sha256), from: [{ header: 'X-Api-Key' }, { query: 'api_key' }] })
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong; keys are never in its message.
 */
export function apiKey(options: ApiKeyOptions): Filter & Disposable {
  knownOptions(OWNER, options, OPTIONS)
  const { lookup, forward = false } = options
  if (typeof forward !== 'boolean') throw invalidOption(OWNER, 'forward', 'true or false', forward)
  if (lookup !== undefined && typeof lookup !== 'function')
    throw invalidOption(OWNER, 'lookup', 'a function of a hash that gives whose key it is', lookup)
  const known = new KnownKeys(options.keys ?? [])
  if (known.size === 0 && lookup === undefined)
    throw invalidOption(OWNER, 'keys', 'at least one key, unless "lookup" is given', options.keys)
  const sources = sourcesOf(options.from)
  const asked = new LookedUpKeys(options)
  const challenged = {
    'WWW-Authenticate': challenge({ scheme: 'ApiKey', realm: checkedRealm(OWNER, options.realm ?? 'api') }),
  }
  const refused = (exchange: Exchange, detail: string): ProxyError =>
    refusal(exchange, OWNER, 'unauthenticated', { detail, headers: challenged })

  const filter: Filter = (exchange, next) => {
    const { request } = exchange
    const key = theKey(sources, exchange)
    if (key === undefined) throw refused(exchange, 'there is no API key')
    if (key instanceof MalformedCredentials) throw refused(exchange, key.reason)
    if (key === '' || key.length > MAX_LENGTH) throw refused(exchange, 'the API key is not known')
    const passed = (identity: ApiKeyIdentity | undefined) => {
      if (identity === undefined) throw refused(exchange, 'the API key is not known')
      exchange.set(apiKeyIdentity, identity)
      if (!forward) for (const source of sources) removeCredential(request, source)
      return next(exchange)
    }
    const sha256 = hash('sha256', key, 'hex')
    const found = known.find(sha256) ?? asked.find(exchange, sha256)
    return found instanceof Promise ? found.then(passed) : passed(found)
  }
  return Object.assign(named(filter, OWNER), { [Symbol.dispose]: () => asked[Symbol.dispose]() })
}

/** What stands in one of the places; nothing certain where there is something in two. */
function theKey(
  sources: readonly ApiKeySource[],
  { request }: Exchange,
): string | MalformedCredentials | undefined {
  let found: string | MalformedCredentials | undefined
  for (const source of sources) {
    const key = readCredential(request, source)
    if (key !== undefined && found !== undefined) return SEVERAL
    found ??= key
  }
  return found
}

const SEVERAL = new MalformedCredentials('there is more than one API key')

function sourcesOf(from: ApiKeyOptions['from'] = { header: 'X-Api-Key' }): readonly ApiKeySource[] {
  const sources: readonly unknown[] = Array.isArray(from) ? from : [from]
  if (sources.length > 0 && sources.every(isCredentialSource)) return sources
  throw invalidOption(
    OWNER,
    'from',
    '{ header }, { query } or { cookie } with a name, or a list of these',
    from,
  )
}

class KnownKeys {
  /**
   * Hashed once more with what nobody outside knows. Else the time that it takes to find a key would tell, bit by bit, hashes
   * that there are.
   */
  readonly #salt = secretBytes(32).toString('hex')
  readonly #identities = new Map<string, ApiKeyIdentity>()

  constructor(keys: readonly ApiKeyEntry[]) {
    if (!Array.isArray(keys)) throw invalidSecret(OWNER, 'keys', 'a list of keys', keys)
    keys.forEach((entry, i) => {
      const at = this.#indexOf(hashOf(entry, i))
      if (this.#identities.has(at))
        throw invalidSecret(OWNER, `keys[${i}]`, 'a key that no other entry has', entry)
      this.#identities.set(at, checkedIdentity(entry, `keys[${i}]`))
    })
  }

  get size(): number {
    return this.#identities.size
  }

  find(sha256: string): ApiKeyIdentity | undefined {
    return this.#identities.size === 0 ? undefined : this.#identities.get(this.#indexOf(sha256))
  }

  #indexOf(sha256: string): string {
    return hash('sha256', this.#salt + sha256, 'hex')
  }
}

function hashOf(entry: ApiKeyEntry, i: number): string {
  const where = `${OWNER}: keys[${i}]`
  if (typeof entry !== 'object' || entry === null)
    throw invalidSecret(OWNER, `keys[${i}]`, 'an object', entry)
  for (const name of Object.keys(entry))
    if (!['id', 'attributes', 'key', 'sha256'].includes(name))
      throw invalidSecret(where, name, 'one of id, attributes, key, sha256', undefined)
  const { key, sha256 } = entry
  if ((key === undefined) === (sha256 === undefined))
    throw invalidSecret(where, 'key', 'given, or "sha256" in its place', key)
  if (sha256 !== undefined) {
    if (typeof sha256 === 'string' && /^[0-9a-f]{64}$/i.test(sha256)) return sha256.toLowerCase()
    throw invalidSecret(where, 'sha256', '64 hexadecimal digits', sha256)
  }
  if (typeof key === 'string' && key.length >= 16 && key.length <= MAX_LENGTH)
    return hash('sha256', key, 'hex')
  throw invalidSecret(where, 'key', `a random text of 16 to ${MAX_LENGTH} characters`, key)
}

function checkedIdentity({ id, attributes }: ApiKeyIdentity, where: string): ApiKeyIdentity {
  if (typeof id !== 'string' || id === '')
    throw invalidOption(`${OWNER}: ${where}`, 'id', 'a text that is not empty', id)
  if (attributes !== undefined && (typeof attributes !== 'object' || attributes === null))
    throw invalidOption(`${OWNER}: ${where}`, 'attributes', 'an object', attributes)
  return Object.freeze({ id, attributes })
}

/** Those that `lookup` knows. */
class LookedUpKeys implements Disposable {
  readonly #lookup: ApiKeyOptions['lookup']
  readonly #answers: AnswerCache<ApiKeyIdentity | undefined>
  readonly #keepMs: number
  readonly #keepUnknownMs: number

  constructor(options: ApiKeyOptions) {
    const { lookup, cacheMs = 60_000, cacheUnknownMs = 5_000, cacheMax = 10_000, timeoutMs = 5_000 } = options
    for (const name of LOOKUP_OPTIONS)
      if (options[name] !== undefined && lookup === undefined)
        throw invalidOption(OWNER, name, 'left out, or given together with "lookup"', options[name])
    this.#lookup = lookup
    this.#keepMs = durationMs(OWNER, 'cacheMs', cacheMs)
    this.#keepUnknownMs = durationMs(OWNER, 'cacheUnknownMs', cacheUnknownMs)
    this.#answers = new AnswerCache({
      max: integer(OWNER, 'cacheMax', cacheMax, { min: 1, max: 1_000_000 }),
      maxOpen: MAX_OPEN,
      timeoutMs: durationMs(OWNER, 'timeoutMs', timeoutMs, { min: 1 }),
    })
  }

  find(exchange: Exchange, sha256: string): Promise<ApiKeyIdentity | undefined> | ApiKeyIdentity | undefined {
    const lookup = this.#lookup
    if (lookup === undefined) return undefined
    const known = this.#answers.known(exchange, sha256)
    return known === undefined
      ? this.#answers.ask(exchange, sha256, () => this.#ask(lookup, sha256))
      : known.value
  }

  async #ask(
    lookup: NonNullable<ApiKeyOptions['lookup']>,
    sha256: string,
  ): Promise<Answer<ApiKeyIdentity | undefined>> {
    const found = await lookup(sha256)
    if (found === undefined) return { value: undefined, keepMs: this.#keepUnknownMs, bytes: 0 }
    if (typeof found !== 'object' || found === null)
      throw invalidOption(OWNER, 'lookup', 'a function that gives { id } or undefined', found)
    // What else stands in its attributes is not a client's to choose, and may be shared.
    return { value: checkedIdentity(found, 'lookup'), keepMs: this.#keepMs, bytes: 2 * found.id.length }
  }

  [Symbol.dispose](): void {
    this.#answers[Symbol.dispose]()
  }
}
