import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import { HeaderList, isFieldName } from '../core/headers.ts'
import { ResponseMessage } from '../core/message.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { cookieName, cookiePairs, replaceCookies } from '../core/request-cookies.ts'
import { type CookieName, nameTest } from './fields/cookie-name.ts'
import { type CookieRewriting, cookieRewriter } from './fields/cookie-rewriter.ts'
import { type FieldValue, type ValueMaker, valueMaker } from './fields/field-value.ts'

export interface CookiesOptions {
  /** What is changed in the `Cookie` fields of requests. Default nothing. */
  request?: RequestCookies
  /** What is changed in the `Set-Cookie` fields of responses. Default nothing. */
  response?: CookieRewriting
}

export interface RequestCookies {
  /** Cookies that services do not get: names, case counts, or expressions that all of a name must match. Default none. */
  remove?: readonly CookieName[]
  /**
   * Cookies that services get, in the place of those that the client has sent under these names: values as `headers` has
   * them. One whose value is missing is taken away. Default none.
   */
  set?: Readonly<Record<string, FieldValue>>
}

/**
 * Changes cookies on their way: which ones services get, and where browsers keep and send those that services set.
 *
 * Each `Set-Cookie` line is taken by itself. Attributes that are not spoken of stay as they are, unknown ones too, and a line
 * that needs no change stays to the byte. A line that names no cookie (`=value`, or no `=` at all) is dropped: what is
 * promised here of a cookie could not be kept for it.
 *
 * Nothing is written that browsers would refuse: a cookie called `__Host-...` keeps its path, domain and `Secure`, one called
 * `__Secure-...` its `Secure`, one called `__Http-...` or `__Host-Http-...` its `HttpOnly` too. `Secure` stays where `SameSite=None`
 * or `Partitioned` need it, and is added together with these.
 *
 * A request for which a value would have to be written that no cookie can hold is refused with 400 `request_malformed`. All
 * `Cookie` lines of a request become one.
 *
 * Traps: `httpOnly: false` lets scripts of a page read the cookie. To add cookies to responses, use `headers`. Cookies in the
 * proxy's own error answers are not seen.
 *
 * @example
 * cookies({ request: { remove: ['_ga', '_gid'] }, response: { domain: false, path: { '/': '/shop' }, secure: true, sameSite: 'lax' } })
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong, and for flags that browsers refuse together.
 */
export function cookies(options: CookiesOptions): Filter {
  knownOptions('cookies', options, ['request', 'response'] satisfies (keyof CookiesOptions)[])
  const { request, response } = options
  if (request === undefined && response === undefined)
    throw invalidOption('cookies', 'options', 'at least one of "request" and "response"', options)
  const onRequest = request === undefined ? undefined : requestRewriter(request)
  const rewrite = response === undefined ? undefined : cookieRewriter('cookies', response)

  const rewritten = (answer: ResponseMessage): ResponseMessage => {
    if (answer.headers.has('set-cookie')) answer.headers = withLines(answer.headers, rewrite!)
    return answer
  }
  const filter: Filter = (exchange, next) => {
    onRequest?.(exchange)
    const answer = next(exchange)
    if (rewrite === undefined) return answer
    return answer instanceof ResponseMessage ? rewritten(answer) : answer.then(rewritten)
  }
  return named(filter, 'cookies')
}

/** The same fields, each in its place; `Set-Cookie` lines as they are made, without those that are dropped. */
function withLines(headers: HeaderList, rewrite: (line: string) => string | undefined): HeaderList {
  const { fields, values } = headers
  const lines = values.map((value, i) => (fields[i]!.lower === 'set-cookie' ? rewrite(value) : value))
  return HeaderList.of(
    fields.filter((_, i) => lines[i] !== undefined),
    lines.filter((line) => line !== undefined),
  )
}

/** RFC 6265 section 4.1.1, `cookie-octet`. */
const COOKIE_VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/

function requestRewriter(options: RequestCookies): (exchange: Exchange) => void {
  knownOptions('cookies: request', options, ['remove', 'set'] satisfies (keyof RequestCookies)[])
  const { remove = [], set = {} } = options
  const isRemoved = nameTest('cookies', 'request.remove', remove)
  if (typeof set !== 'object' || set === null || Array.isArray(set))
    throw invalidOption('cookies', 'request.set', 'an object of cookies', set)
  const made = Object.entries(set).map(([name, value]) => madeCookie(name, value))
  const names = new Set(made.map(({ name }) => name))
  return (exchange) => {
    const { headers } = exchange.request
    if (made.length === 0 && !headers.has('cookie')) return
    const kept = cookiePairs(headers).filter((pair) => {
      const name = cookieName(pair)
      return name === '' || !(names.has(name) || isRemoved(name))
    })
    for (const { name, make } of made) {
      const value: unknown = typeof make === 'string' ? make : make(exchange)
      if (value === undefined) continue
      if (typeof value !== 'string' || !COOKIE_VALUE.test(value))
        throw new ProxyError('request_malformed', {
          detail: `what it asks for cannot stand in the cookie ${name}`,
        })
      kept.push(`${name}=${value}`)
    }
    replaceCookies(headers, kept)
  }
}

function madeCookie(name: string, value: FieldValue): { name: string; make: string | ValueMaker } {
  if (!isFieldName(name)) throw invalidOption('cookies', 'request.set', 'names of cookies (tokens)', name)
  const option = `request.set: ${name}`
  const make = valueMaker('cookies', option, value)
  if (typeof make === 'string' && !COOKIE_VALUE.test(make))
    throw invalidOption('cookies', option, 'a value that a cookie can hold (RFC 6265 section 4.1.1)', make)
  return { name, make }
}
