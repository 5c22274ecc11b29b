import { type Filter, named, onRequest } from '../core/handler.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { matchesPath, parsePathPattern, segmentsEnd } from '../core/path-pattern.ts'

export interface StripPrefixOptions {
  /** Whether `/API` and `/api` are two paths. Set it as it is set for the routes. Default true. */
  caseSensitive?: boolean
}

/**
 * Takes a prefix off the path that the service sees.
 *
 * By segment: with `/api`, `/api/users` becomes `/users` and `/api` becomes `/`, while `/apix` stays as it is. The prefix may hold
 * parameters: `/:tenant/api`. What is left begins with one slash, never with two, which would name a host. The query stays.
 *
 * Traps: the service does not learn of the prefix. Paths in its redirects and cookies lack it: see `rewriteLocation` and
 * `cookies`; so do links in its pages.
 *
 * @example proxy().route('/api', stripPrefix('/api'), users)
 *
 * @throws `ERR_OPTION_INVALID` for a prefix that is no path, or has a `*`.
 */
export function stripPrefix(prefix: string, options: StripPrefixOptions = {}): Filter {
  knownOptions('stripPrefix', options, ['caseSensitive'])
  const { caseSensitive = true } = options
  const pattern = parsePathPattern('stripPrefix', 'prefix', prefix, { caseSensitive })
  if (pattern.rest !== undefined) throw invalidOption('stripPrefix', 'prefix', 'a path without "*"', prefix)
  const count = pattern.segments.length
  const step = onRequest(({ request }) => {
    const { path } = request
    if (count === 0 || !matchesPath(pattern, path, { caseSensitive })) return
    // An earlier filter may have put several slashes there. At the front they would make a host of what follows.
    request.path = path.slice(segmentsEnd(path, count)).replace(/^\/*/, '/')
  })
  return named(step, 'stripPrefix')
}
