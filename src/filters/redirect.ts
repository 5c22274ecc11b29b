import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Handler, named } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { normalizePath } from '../core/path.ts'
import { parseTemplate } from '../core/path-template.ts'

export interface RedirectOptions {
  /**
   * 308 and 307 keep the method, permanently and for now; 301 and 302 let clients make a GET of a POST; 303 asks for a GET.
   * Default 308.
   */
  status?: 301 | 302 | 303 | 307 | 308
  /** Whether the query of the request is added, where the new address has none of its own. Default true. */
  preserveQuery?: boolean
}

/**
 * Sends the client elsewhere.
 *
 * `to` is a path or an `http` or `https` address, in which `:name` and `*` stand for the parameters of the route, encoded; or
 * a function that makes the address. It stands in the place of a target or of a filter, and nothing behind it is asked.
 *
 * What a client sends cannot choose the host: a parameter stands behind the host only, and a path never begins with two
 * slashes. A path that parameters make unsafe is refused with 400 `request_malformed`.
 *
 * Traps: a function answers for its result itself: one that returns what stands in the query makes an open redirect. 301 and
 * 308 are kept by browsers, for as long as they like.
 *
 * @example
 * proxy().route('/old/:id', redirect('/new/:id'))
 * proxy().route('/', redirect(({ request }) => `https://example.com${request.target}`, { preserveQuery: false }))
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong; for each exchange, where the route lacks a parameter of `to`, or
 * a function gives no address.
 */
export function redirect(
  to: string | ((exchange: Exchange) => string),
  options: RedirectOptions = {},
): Handler {
  knownOptions('redirect', options, ['status', 'preserveQuery'])
  const { status = 308, preserveQuery = true } = options
  if (![301, 302, 303, 307, 308].includes(status)) {
    throw invalidOption('redirect', 'status', '301, 302, 303, 307 or 308', status)
  }
  const locationOf = typeof to === 'function' ? called(to) : filledIn(to)
  const answer: Handler = (exchange) => {
    const { query } = exchange.request
    const location = locationOf(exchange)
    return respond(status, undefined, {
      Location: preserveQuery && query !== '' ? withQuery(location, query) : location,
    })
  }
  return named(answer, 'redirect')
}

const ORIGIN = /^https?:\/\/[^/?#]+/i

function filledIn(to: string): (exchange: Exchange) => string {
  const origin = typeof to === 'string' ? (ORIGIN.exec(to)?.[0] ?? '') : ''
  if (typeof to !== 'string' || (origin === '' && !/^\/(?![/\\])/.test(to))) {
    throw invalidOption(
      'redirect',
      'to',
      'a path, an http or https address, or a function that makes one',
      to,
    )
  }
  if (parseTemplate(origin).names.length > 0 || /[@\\]/.test(origin) || !URL.canParse(origin || 'http://x')) {
    throw invalidOption('redirect', 'to', 'an address whose host is a host and holds no parameters', to)
  }
  const [, path, rest] = /^([^?#]*)(.*)$/s.exec(to.slice(origin.length))!
  const pathTemplate = parseTemplate(path === '' ? '/' : path!)
  const restTemplate = parseTemplate(rest!)
  return ({ params }) => {
    const value = (name: string, wildcard: boolean): string => {
      const param = params[name]
      if (param === undefined) {
        throw invalidOption(
          'redirect',
          'to',
          `an address with parameters of the route only, not "${name}"`,
          to,
        )
      }
      return wildcard ? param.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(param)
    }
    // Merges the slashes of "/*" with a wildcard that begins with an encoded one: "//host" would be another host.
    const newPath = normalizePath(pathTemplate.fill(value))
    if (newPath === undefined) throw new ProxyError('request_malformed', { detail: 'the new path is unsafe' })
    return origin + newPath + restTemplate.fill((name) => value(name, false))
  }
}

function called(to: (exchange: Exchange) => string): (exchange: Exchange) => string {
  return (exchange) => {
    const location: unknown = to(exchange)
    if (typeof location === 'string' && /^[\x21-\x7e]+$/.test(location)) return location
    throw invalidOption('redirect', 'to', 'a function that returns a percent-encoded address', location)
  }
}

function withQuery(location: string, query: string): string {
  const fragmentAt = location.indexOf('#')
  const address = fragmentAt < 0 ? location : location.slice(0, fragmentAt)
  if (address.includes('?')) return location
  return `${address}?${query}${location.slice(address.length)}`
}
