import { hash } from 'node:crypto'
import { Body } from '../core/body.ts'
import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import { HeaderList, isFieldName } from '../core/headers.ts'
import { RequestMessage, type ResponseMessage } from '../core/message.ts'
import {
  type Duration,
  durationMs,
  integer,
  invalidOption,
  invalidSecret,
  knownOptions,
} from '../core/options.ts'
import { withTargets } from '../core/target.ts'
import { isEngineField, ToldFields } from './fields/told-fields.ts'
import { KeptAnswers } from './identity/kept-answers.ts'
import {
  type ServiceEndpoint,
  type ServiceEndpointInit,
  serviceEndpoint,
} from './identity/service-endpoint.ts'

export interface ForwardAuthOptions {
  /**
   * Who decides: an `https` address (`http` only for this machine), or `{ service, path }` with a pool, a handler or an address.
   */
  endpoint: ServiceEndpointInit
  /** Fields of the request that the service gets. Default `Authorization`, `Cookie`, `Accept`, `X-Requested-With`. */
  requestHeaders?: readonly string[]
  /**
   * Fields of its 2xx answer that are put into the request, `X-User` for example. What a client has sent under these names is
   * removed, also where the answer does not have them. Default none.
   */
  identityHeaders?: readonly string[]
  /** Fields of its 2xx answer that are put into the response, `Set-Cookie` of a session that goes on, for example. Default none. */
  clientHeaders?: readonly string[]
  /**
   * What a 2xx answer holds good for: requests of the same key are not asked about again for `cacheMs`. It must hold all that the
   * service decides by: the credentials, and the method and the path unless they make no difference. `undefined`: not kept.
   * Default: each request is asked about.
   */
  cacheKey?: (exchange: Exchange) => string | undefined
  /** How long it is kept. Default 10 s. */
  cacheMs?: Duration
  /** Answers that are kept, of 2 KiB on average: fewer where they are larger. Default 10 000. */
  cacheMax?: number
  /** How long the service may take, to the end of its answer. Default 5 s. */
  timeoutMs?: Duration
}

const OWNER = 'forwardAuth'

const OPTIONS: readonly string[] = [
  'endpoint',
  'requestHeaders',
  'identityHeaders',
  'clientHeaders',
  'cacheKey',
  'cacheMs',
  'cacheMax',
  'timeoutMs',
] satisfies (keyof ForwardAuthOptions)[]

/**
 * Has another service decide of each request: Authelia, oauth2-proxy, or one of yours, as with `auth_request` of nginx and
 * `forwardAuth` of Traefik.
 *
 * The service is asked with `GET`, without the body. It gets the fields of `requestHeaders`, and what it needs to know of the
 * request: `X-Forwarded-Method`, `X-Forwarded-Uri` (path and query as they are at this filter), `X-Forwarded-Host`, `-Proto`,
 * `-Port` and `-For`. What a client has sent under these names does not reach it, but as far as the client is a trusted proxy.
 *
 * A 2xx answer lets the request pass, with the fields of `identityHeaders` from the answer and from nowhere else: a client's own
 * are removed, those written with `_` for `-` too, which many services take for the same. Any other answer below 500 goes to
 * the client as it is, with its fields and its body: a redirect to a log-in, its `Set-Cookie`, a challenge. A service that is
 * down, slow, or answers with 5xx, with half an answer or with more than 1 MiB is 503 `identity_unavailable`.
 *
 * With `cacheKey`, 2xx answers are kept, under a hash of the key; not those with a field of `clientHeaders`, which is for one
 * client alone. Refusals are never kept.
 *
 * Traps: a key that lacks something which the service decides by lets in who should not be. A filter that changes path or method
 * belongs behind this one, else the service decides of another request. Trailers of a request are passed on as they are: a
 * service must not take one for a field of the head (RFC 9110 section 6.5.1). A `Location` without a host is relative to your host.
 *
 * @example
 * forwardAuth({ endpoint: { service: 'http://authelia:9091', path: '/api/authz/forward-auth' }, identityHeaders: ['Remote-User'] })
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function forwardAuth(options: ForwardAuthOptions): Filter {
  knownOptions(OWNER, options, OPTIONS)
  const service = new AuthService(serviceEndpoint(OWNER, 'endpoint', options.endpoint), options)
  const identityHeaders = names('identityHeaders', options.identityHeaders ?? [])
  const clientHeaders = names('clientHeaders', options.clientHeaders ?? [])
  const passes = new KeptPasses(options)
  const told = new ToldFields(identityHeaders)
  const tell = ({ request: { headers } }: Exchange, identity: HeaderList): void => {
    told.removeFrom(headers)
    for (const [name, value] of identity) headers.append(name, value)
  }

  const filter: Filter = (exchange, next) => {
    const key = passes.keyOf(exchange)
    const kept = key === undefined ? undefined : passes.get(exchange, key)
    if (kept !== undefined) {
      tell(exchange, kept)
      return next(exchange)
    }
    return ask(exchange, next, key)
  }
  const ask = async (
    exchange: Exchange,
    next: Parameters<Filter>[1],
    key: string | undefined,
  ): Promise<ResponseMessage> => {
    const answer = await service.ask(exchange)
    const { status, headers } = answer
    if (status < 200 || status > 299) {
      exchange.recording?.refused(
        OWNER,
        status === 401 ? 'unauthenticated' : 'access_denied',
        `it was answered ${status}`,
      )
      return answer
    }
    const identity = fieldsOf(headers, identityHeaders)
    const forClient = fieldsOf(headers, clientHeaders)
    if (key !== undefined && forClient.size === 0) passes.keep(exchange, key, identity)
    tell(exchange, identity)
    const response = await next(exchange)
    for (const [name, value] of forClient) response.headers.append(name, value)
    return response
  }
  return withTargets(named(filter, OWNER), [service.endpoint.target])
}

/** The one who decides. */
class AuthService {
  readonly endpoint: ServiceEndpoint
  readonly #requestHeaders: readonly string[]
  readonly #timeoutMs: number

  constructor(
    endpoint: ServiceEndpoint,
    { requestHeaders = DEFAULT_HEADERS, timeoutMs = 5_000 }: ForwardAuthOptions,
  ) {
    this.endpoint = endpoint
    this.#requestHeaders = names('requestHeaders', requestHeaders)
    this.#timeoutMs = durationMs(OWNER, 'timeoutMs', timeoutMs, { min: 1 })
  }

  async ask(exchange: Exchange): Promise<ResponseMessage> {
    const { method, target, headers } = exchange.request
    const sent = fieldsOf(headers, this.#requestHeaders)
      .append('X-Forwarded-Method', method)
      .append('X-Forwarded-Uri', target)
    const question = new RequestMessage({ target: this.endpoint.path, headers: sent })
    try {
      const answer = await exchange.call(this.endpoint.target, question, { timeoutMs: this.#timeoutMs })
      if (answer.status >= 500) {
        answer.body.discard()
        throw new Error(`the service has answered ${answer.status}`)
      }
      // Whole before it is judged: the time of the call is not a slow client's to use up, and half a log-in is none.
      answer.body = Body.from(await answer.body.buffer({ maxBytes: MAX_ANSWER_BYTES }))
      return answer
    } catch (cause) {
      if (exchange.abortReason !== undefined) throw exchange.abortReason
      const detail = 'the service that decides has no answer'
      exchange.recording?.refused(OWNER, 'identity_unavailable', detail)
      throw new ProxyError('identity_unavailable', { detail, cause })
    }
  }
}

const MAX_ANSWER_BYTES = 1_048_576

const DEFAULT_HEADERS = ['Authorization', 'Cookie', 'Accept', 'X-Requested-With']

/** What was let through lately. */
class KeptPasses {
  readonly #keyOf: ForwardAuthOptions['cacheKey']
  readonly #ms: number
  readonly #fields: KeptAnswers<HeaderList>

  constructor(options: ForwardAuthOptions) {
    const { cacheKey, cacheMs = 10_000, cacheMax = 10_000 } = options
    if (cacheKey !== undefined && typeof cacheKey !== 'function')
      throw invalidOption(OWNER, 'cacheKey', 'a function of the exchange that gives a key', cacheKey)
    for (const name of ['cacheMs', 'cacheMax'] as const)
      if (options[name] !== undefined && cacheKey === undefined)
        throw invalidOption(OWNER, name, 'left out, or given together with "cacheKey"', options[name])
    this.#keyOf = cacheKey
    this.#ms = durationMs(OWNER, 'cacheMs', cacheMs)
    this.#fields = new KeptAnswers(integer(OWNER, 'cacheMax', cacheMax, { min: 1, max: 1_000_000 }))
  }

  keyOf(exchange: Exchange): string | undefined {
    const key: unknown = this.#keyOf?.(exchange)
    if (key === undefined) return undefined
    // A promise, as a text, would be the same key for everyone.
    if (typeof key !== 'string')
      throw invalidSecret(OWNER, 'cacheKey', 'a function that gives a text or undefined at once', key)
    // Keys hold credentials, and may be long. As UTF-8, texts that are not well-formed would be alike.
    return hash('sha256', Buffer.from(key, 'utf16le'), 'base64')
  }

  get({ clock }: Exchange, key: string): HeaderList | undefined {
    return this.#fields.get(clock, key)?.value
  }

  keep({ clock }: Exchange, key: string, fields: HeaderList): void {
    const kept = new HeaderList()
    let bytes = 0
    for (const [name, value] of fields) {
      // A text that was cut out of an answer's head keeps all of that in memory; this one is its own.
      kept.append(name, Buffer.from(value, 'latin1').toString('latin1'))
      bytes += name.length + value.length
    }
    this.#fields.keep(clock, key, kept, this.#ms, bytes)
  }
}

/** Beside those that mean something to the engine: they are dropped, or written by the proxy itself. */
const NOT_TO_COPY = /^(?:trailer|x-forwarded-.*)$/i

function names(option: string, list: readonly string[]): readonly string[] {
  const fits = (it: unknown): boolean => isFieldName(it) && !isEngineField(it) && !NOT_TO_COPY.test(it)
  if (Array.isArray(list) && list.every(fits)) return list
  throw invalidOption(
    OWNER,
    option,
    'a list of names of fields, without those of the connection and those that the proxy writes itself',
    list,
  )
}

function fieldsOf(headers: HeaderList, wanted: readonly string[]): HeaderList {
  const found = new HeaderList()
  for (const name of wanted) for (const value of headers.getAll(name)) found.append(name, value)
  return found
}
