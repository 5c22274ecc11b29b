import { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, named, onRequest } from '../core/handler.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { normalizePath } from '../core/path.ts'
import {
  matchesPath,
  newParams,
  parsePathPattern,
  pathParams,
  rawParams,
  segmentsEnd,
} from '../core/path-pattern.ts'
import { parseTemplate } from '../core/path-template.ts'

/**
 * Makes the new path. The values of `params` are as they stand in the path, percent-encoded, so that they can be put into
 * the new one as they are.
 */
export type RewritePath = (params: Readonly<Record<string, string>>, exchange: Exchange) => string

export interface RewriteOptions {
  /** Whether `/V1` and `/v1` are two paths. Set it as it is set for the routes. Default true. */
  caseSensitive?: boolean
}

/**
 * Gives the service another path than the client has asked for.
 *
 * `from` is a pattern as in a route; a path that it does not match stays as it is. In `to`, `:name` and `*` stand for what
 * `from` has found there, and what follows a `from` without `*` follows `to` as well. The query stays. The new path is
 * normalized; one that could be read in two ways, which hostile parameters can make of `/x/.:name`, is refused with 400
 * `request_malformed`.
 *
 * Traps: the route is chosen already, by the path as it came, and its `:params` stay what they were. A service that names its
 * own paths in answers names those of behind: see `rewriteLocation`.
 *
 * @example
 * rewrite('/v1', '/v2')                          // /v1/users/7 -> /v2/users/7
 * rewrite('/u/:id/*', '/users/:id/files/*')      // /u/7/a/b -> /users/7/files/a/b
 * rewrite('/u/:id', ({ id }) => `/users/${id}`)
 *
 * @throws `ERR_OPTION_INVALID` for a pattern or a path that is none, for a parameter that `from` does not have, and, for each
 * exchange, where a function gives no path.
 */
export function rewrite(from: string, to: string | RewritePath, options: RewriteOptions = {}): Filter {
  knownOptions('rewrite', options, ['caseSensitive'])
  const { caseSensitive = true } = options
  const pattern = parsePathPattern('rewrite', 'from', from, { caseSensitive })
  const params = pathParams(pattern)
  const make = typeof to === 'function' ? called(to) : filledIn(to, new Set(params.map(({ name }) => name)))

  const step = onRequest((exchange) => {
    const { request } = exchange
    const { path } = request
    if (path === '*' || !matchesPath(pattern, path, { caseSensitive })) return
    const values = newParams()
    rawParams(params, path, values)
    const remainder =
      typeof to === 'function' || pattern.rest !== undefined
        ? ''
        : path.slice(segmentsEnd(path, pattern.segments.length))
    request.path = make(values, remainder, exchange)
  })
  return named(step, 'rewrite')
}

type Make = (params: Record<string, string>, remainder: string, exchange: Exchange) => string

function filledIn(to: string, names: ReadonlySet<string>): Make {
  if (typeof to !== 'string' || !to.startsWith('/') || /[?#]/.test(to)) {
    throw invalidOption('rewrite', 'to', 'a path that begins with "/", or a function that makes one', to)
  }
  const template = parseTemplate(to)
  for (const name of template.names) {
    if (names.has(name)) continue
    throw invalidOption('rewrite', 'to', `a path with parameters of "from" only, not "${name}"`, to)
  }
  if (normalizePath(template.fill(() => 'x')) === undefined) {
    throw invalidOption('rewrite', 'to', 'a path that a request can have', to)
  }
  return (params, remainder) => {
    const path = normalizePath(template.fill((name) => params[name]!) + remainder)
    // "/x/.:name" with ".x" or ";x" for the name, for example.
    if (path === undefined)
      throw new ProxyError('request_malformed', { detail: 'the rewritten path is unsafe' })
    return path
  }
}

function called(to: RewritePath): Make {
  return (params, _remainder, exchange) => {
    const made: unknown = to(params, exchange)
    const path = typeof made === 'string' ? normalizePath(made) : undefined
    if (path === undefined) {
      throw invalidOption(
        'rewrite',
        'to',
        'a function that returns a percent-encoded path without query',
        made,
      )
    }
    return path
  }
}
