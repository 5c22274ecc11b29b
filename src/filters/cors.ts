import { addErrorFields } from '../core/error-fields.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, type Handler, named } from '../core/handler.ts'
import { HeaderList } from '../core/headers.ts'
import { ResponseMessage } from '../core/message.ts'
import { type Duration, durationMs, invalidOption, knownOptions } from '../core/options.ts'
import { addVary } from '../core/vary.ts'

/** An origin as browsers write it, `https://shop.example`; or an expression that all of such a text must match. */
export type CorsOrigin = string | RegExp

export interface CorsOptions {
  /**
   * Whose pages may read what is answered: origins, or a function that says so of one. `'*'` is everyone, without
   * credentials. `'null'` (sandboxed frames, files) is allowed only where it is listed as such, since anyone can be that.
   */
  origins:
    | CorsOrigin
    | readonly CorsOrigin[]
    | ((origin: string, exchange: Exchange) => boolean | Promise<boolean>)
  /** Methods that a page may use. Default GET, HEAD, POST, which need no preflight. */
  methods?: readonly string[]
  /** Fields that a page may set, beside those that need no leave; `'*'` is all but `Authorization`. Default none. */
  allowedHeaders?: readonly string[] | '*'
  /** Fields of a response that a page may read, beside those that need no leave; `'*'` is all. Default none. */
  exposedHeaders?: readonly string[] | '*'
  /** Whether requests with cookies or other credentials may be read. Not together with any `'*'`. Default false. */
  credentials?: boolean
  /** How long a browser may keep the answer to a preflight. Browsers cut it at two hours or a day. Default: theirs, 5 s. */
  maxAge?: Duration
  /** Whether public pages may reach this host in a private network (Private Network Access). Default false. */
  privateNetwork?: boolean
}

const OPTIONS: readonly string[] = [
  'origins',
  'methods',
  'allowedHeaders',
  'exposedHeaders',
  'credentials',
  'maxAge',
  'privateNetwork',
] satisfies (keyof CorsOptions)[]

/**
 * Says to browsers which pages of other origins may read what is answered (CORS).
 *
 * As the Fetch standard has it (https://fetch.spec.whatwg.org/#http-cors-protocol): it answers preflights itself, with 204, and
 * says in responses which pages may read them, the proxy's own error answers included. What a service says of that is removed:
 * this filter alone decides.
 *
 * Requests of other origins pass all the same, and their answers cannot be read: CORS protects what browsers show, not
 * services from requests.
 *
 * Traps: a preflight is an `OPTIONS` request, so a route that names methods without it never sees one; place the filter in
 * `proxy().use(...)`, or before filters that ask for a login, since preflights carry none. A function that allows every
 * origin, together with `credentials`, lets any page act as its visitors.
 *
 * @example
 * proxy().use(cors({ origins: ['https://shop.example', /https:\/\/[a-z0-9-]+\.shop\.example/], credentials: true }))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function cors(options: CorsOptions): Filter {
  const policy = new CorsPolicy(options)
  const filter: Filter = (exchange, next) => {
    const origin = exchange.request.headers.get('origin')
    const allowed = policy.allows(origin, exchange)
    if (typeof allowed === 'boolean') return policy.serve(exchange, next, origin, allowed)
    return allowed.then((it) => policy.serve(exchange, next, origin, it))
  }
  return named(filter, 'cors')
}

/** What a service might have said itself. */
const OWN_FIELDS = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-expose-headers',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-max-age',
  'access-control-allow-private-network',
]

/** RFC 6454 section 6.1. Several in one field, or anything else that a page could not have, is none. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@\\,]+$/i

class CorsPolicy {
  readonly #any: boolean
  readonly #exact: ReadonlySet<string>
  readonly #expressions: readonly RegExp[]
  readonly #ask: ((origin: string, exchange: Exchange) => boolean | Promise<boolean>) | undefined
  readonly #credentials: boolean
  readonly #privateNetwork: boolean
  readonly #methods: string
  readonly #allowedHeaders: string
  readonly #exposedHeaders: string
  readonly #maxAge: string | undefined

  constructor(options: CorsOptions) {
    knownOptions('cors', options, OPTIONS)
    const {
      origins,
      methods = ['GET', 'HEAD', 'POST'],
      allowedHeaders = [],
      exposedHeaders = [],
      credentials = false,
      maxAge,
      privateNetwork = false,
    } = options
    for (const [name, value] of Object.entries({ credentials, privateNetwork }))
      if (typeof value !== 'boolean') throw invalidOption('cors', name, 'true or false', value)
    this.#credentials = credentials
    this.#privateNetwork = privateNetwork
    this.#any = origins === '*'
    if (this.#any && credentials)
      throw invalidOption('cors', 'origins', 'a list or a function, where "credentials" is true', origins)
    const listed = this.#any || typeof origins === 'function' ? [] : listOf(origins as CorsOrigin)
    this.#ask = typeof origins === 'function' ? origins : undefined
    if (!this.#any && this.#ask === undefined && listed.length === 0)
      throw invalidOption('cors', 'origins', '"*", a function, or at least one origin', origins)
    this.#exact = new Set(listed.filter((it) => typeof it === 'string').map(checkedOrigin))
    this.#expressions = listed.filter((it) => typeof it !== 'string').map(wholeMatch)
    this.#methods = methodNames(methods)
    this.#allowedHeaders = names('allowedHeaders', allowedHeaders, credentials)
    this.#exposedHeaders = names('exposedHeaders', exposedHeaders, credentials)
    this.#maxAge =
      maxAge === undefined ? undefined : String(Math.floor(durationMs('cors', 'maxAge', maxAge) / 1_000))
  }

  /** Whether pages of this origin may read the answer. */
  allows(origin: string | undefined, exchange: Exchange): boolean | Promise<boolean> {
    // One answer for all is given to all: a cache may have it from a request that named no origin.
    if (this.#any) return true
    if (origin === undefined) return false
    if (this.#exact.has(origin)) return true
    if (!ORIGIN.test(origin)) return false
    if (this.#expressions.some((it) => it.test(origin))) return true
    const answer = this.#ask?.(origin, exchange) ?? false
    // Anything else that counts as true would be a mistake that opens the door.
    return answer instanceof Promise ? answer.then((it) => it === true) : answer === true
  }

  serve(
    exchange: Exchange,
    next: Handler,
    origin: string | undefined,
    allowed: boolean,
  ): Promise<ResponseMessage> | ResponseMessage {
    const { method, headers } = exchange.request
    const fields = this.#fields(this.#any ? '*' : allowed ? origin : undefined)
    if (method === 'OPTIONS' && origin !== undefined && headers.has('access-control-request-method'))
      return this.#preflight(fields, allowed, headers)
    if (allowed && this.#exposedHeaders !== '')
      fields.append('Access-Control-Expose-Headers', this.#exposedHeaders)
    if (fields.size > 0) addErrorFields(exchange, fields)
    const response = next(exchange)
    if (response instanceof ResponseMessage) return withFields(response, fields)
    return response.then((it) => withFields(it, fields))
  }

  #preflight(fields: HeaderList, allowed: boolean, asked: HeaderList): ResponseMessage {
    if (allowed) {
      if (this.#methods !== '') fields.append('Access-Control-Allow-Methods', this.#methods)
      if (this.#allowedHeaders !== '') fields.append('Access-Control-Allow-Headers', this.#allowedHeaders)
      if (this.#maxAge !== undefined) fields.append('Access-Control-Max-Age', this.#maxAge)
      if (this.#privateNetwork && asked.get('access-control-request-private-network') === 'true')
        fields.append('Access-Control-Allow-Private-Network', 'true')
    }
    return new ResponseMessage(204, fields)
  }

  /** Which page may read. Where that depends on the page, caches must know, also of answers to others. */
  #fields(origin: string | undefined): HeaderList {
    const fields = new HeaderList()
    if (origin !== undefined) {
      fields.append('Access-Control-Allow-Origin', origin)
      if (this.#credentials) fields.append('Access-Control-Allow-Credentials', 'true')
    }
    if (!this.#any) fields.append('Vary', 'Origin')
    return fields
  }
}

function withFields(response: ResponseMessage, fields: HeaderList): ResponseMessage {
  const { headers } = response
  for (const name of OWN_FIELDS) if (headers.has(name)) headers.delete(name)
  for (const [name, value] of fields) {
    if (name === 'Vary') addVary(headers, value)
    else headers.append(name, value)
  }
  return response
}

function listOf(origins: CorsOrigin | readonly CorsOrigin[]): readonly CorsOrigin[] {
  const list: readonly CorsOrigin[] = Array.isArray(origins) ? origins : [origins as CorsOrigin]
  for (const one of list)
    if (typeof one !== 'string' && !(one instanceof RegExp))
      throw invalidOption('cors', 'origins', 'origins, expressions, a function or "*"', one)
  return list
}

function checkedOrigin(origin: string): string {
  const isWeb = /^https?:/.test(origin)
  const fits = isWeb ? URL.parse(origin)?.origin === origin : origin === 'null' || ORIGIN.test(origin)
  if (fits) return origin
  throw invalidOption('cors', 'origins', 'origins such as "https://shop.example", without a path', origin)
}

/** `/shop\.example/` must not allow `https://shop.example.evil.test`. */
function wholeMatch(expression: RegExp): RegExp {
  return new RegExp(`^(?:${expression.source})$`, expression.flags.replace(/[gy]/g, ''))
}

const TOKEN = /^[!#$%&'+\-.^_`|~0-9A-Za-z]+$/

function tokens(option: string, list: readonly string[]): string {
  if (!Array.isArray(list) || !list.every((it) => typeof it === 'string' && TOKEN.test(it)))
    throw invalidOption('cors', option, 'a list of names', list)
  return list.join(', ')
}

/** Browsers compare methods as they stand, and send them in capitals. */
function methodNames(list: readonly string[]): string {
  const written = tokens('methods', list)
  if (written !== written.toUpperCase())
    throw invalidOption('cors', 'methods', 'a list of methods in capitals, such as ["PUT"]', list)
  return written
}

function names(option: string, list: readonly string[] | '*', credentials: boolean): string {
  if (list !== '*') return tokens(option, list)
  // With credentials, browsers take it for a field of that name.
  if (credentials) throw invalidOption('cors', option, 'a list of names, where "credentials" is true', list)
  return '*'
}
