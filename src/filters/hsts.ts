import { type Filter, named, onResponse } from '../core/handler.ts'
import { type Duration, durationMs, invalidOption, knownOptions } from '../core/options.ts'

export interface HstsOptions {
  /** How long clients remember it. 0 makes them forget. Default two years, as Mozilla recommends. */
  maxAge?: Duration
  /** Whether it is so for all names below this one as well. Default false. */
  includeSubDomains?: boolean
  /**
   * Whether browsers may have the name built in. Default false. Needs `includeSubDomains` and a year, and cannot be taken
   * back for months: see hstspreload.org.
   */
  preload?: boolean
}

const YEAR_MS = 365 * 86_400_000

/**
 * Tells clients to use nothing but HTTPS with this host from now on.
 *
 * That is `Strict-Transport-Security` (RFC 6797). It is said over HTTPS only, since anyone could have put it into a plain
 * response (section 7.2), and takes the place of a service's own. Error answers of the proxy do not have it.
 *
 * Traps: whoever has seen it once cannot be served without TLS any more, on no port. Begin with a short `maxAge`.
 *
 * @example proxy().use(redirectToHttps(), hsts({ maxAge: '1d' })).route('/', app)
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function hsts(options: HstsOptions = {}): Filter {
  knownOptions('hsts', options, ['maxAge', 'includeSubDomains', 'preload'])
  const { maxAge = 2 * YEAR_MS, includeSubDomains = false, preload = false } = options
  const maxAgeMs = durationMs('hsts', 'maxAge', maxAge)
  for (const [name, value] of Object.entries({ includeSubDomains, preload }))
    if (typeof value !== 'boolean') throw invalidOption('hsts', name, 'true or false', value)
  if (preload && (!includeSubDomains || maxAgeMs < YEAR_MS))
    throw invalidOption(
      'hsts',
      'preload',
      'false, unless "includeSubDomains" is true and "maxAge" a year',
      preload,
    )
  const field = `max-age=${Math.floor(maxAgeMs / 1_000)}${includeSubDomains ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}`
  const step = onResponse((response, { client }) => {
    if (client.scheme === 'https') response.headers.set('Strict-Transport-Security', field)
  })
  return named(step, 'hsts')
}
