import type { Client } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import type { RequestMessage } from '../core/message.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { refusal } from './identity/refusal.ts'

export interface CsrfOptions {
  /** Origins whose pages may send requests that change something: `https://shop.example`, as browsers write them. Default none. */
  trustedOrigins?: readonly string[]
  /**
   * What becomes of a request with neither `Sec-Fetch-Site` nor `Origin`: `pass`, since it comes from a program or a browser from
   * before 2020, or `refuse`, where no program may come. Default `pass`.
   */
  unmarked?: 'pass' | 'refuse'
}

const OPTIONS: readonly string[] = ['trustedOrigins', 'unmarked'] satisfies (keyof CsrfOptions)[]

/** RFC 9110 section 9.2.1, but for TRACE, which no browser sends. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses requests that a foreign page has made a visitor's browser send (403 `access_denied`), by what browsers say of them.
 *
 * Browsers send cookies and passwords along with requests that other sites make. Since 2023 all of them say where a request
 * comes from, so that no token in forms is needed: the way is that of Go's `http.CrossOriginProtection`. A request passes if
 *
 * 1. its method is GET, HEAD or OPTIONS, and it does not ask for another protocol: opening a WebSocket is looked at too;
 * 2. `Sec-Fetch-Site` is `same-origin` or `none` (typed, or a bookmark);
 * 3. its `Origin` is one of `trustedOrigins`;
 * 4. it has no `Sec-Fetch-Site`, and its `Origin` has the host that the request is for (as trusted proxies say it);
 * 5. it has neither of them, unless `unmarked` is `refuse`.
 *
 * All others are refused: those of other sites, those of other subdomains of the same site, and those with an `Origin` of `null`.
 *
 * Traps: nothing that GET does may change anything. Step 4 compares the host without the scheme, which a proxy in front may have
 * changed; `hsts` closes what that leaves open. It protects credentials that browsers send by themselves, and is of no use for
 * a bearer token. Where pages of other origins use the API, it is not enough that `cors` allows them: list them here as well.
 *
 * @example
 * proxy().use(csrf({ trustedOrigins: ['https://admin.example'] })).route('/', app)
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function csrf(options: CsrfOptions = {}): Filter {
  knownOptions('csrf', options, OPTIONS)
  const { trustedOrigins = [], unmarked = 'pass' } = options
  if (!Array.isArray(trustedOrigins))
    throw invalidOption('csrf', 'trustedOrigins', 'a list of origins', trustedOrigins)
  if (unmarked !== 'pass' && unmarked !== 'refuse')
    throw invalidOption('csrf', 'unmarked', '"pass" or "refuse"', unmarked)
  const trusted = new Set(trustedOrigins.map(checkedOrigin))

  const filter: Filter = (exchange, next) => {
    const { request, client } = exchange
    if (SAFE.has(request.method) && request.upgrade === undefined) return next(exchange)
    const site = request.headers.get('sec-fetch-site')
    const origin = request.headers.get('origin')
    const fits =
      site === 'same-origin' ||
      site === 'none' ||
      (origin !== undefined && trusted.has(origin)) ||
      (site === undefined && (origin === undefined ? unmarked === 'pass' : isOwn(origin, request, client)))
    if (!fits)
      throw refusal(exchange, 'csrf', 'access_denied', { detail: 'the request comes from another origin' })
    return next(exchange)
  }
  return named(filter, 'csrf')
}

/** Whether it is the host that the request is for. `null` and anything else that is no origin is not. */
function isOwn(origin: string, { host }: RequestMessage, { forwarding }: Client): boolean {
  const url = /^https?:\/\//i.test(origin) ? URL.parse(origin) : null
  if (url === null || url.host === '') return false
  const asked = (forwarding.host ?? host).toLowerCase()
  return asked === url.host || asked === `${url.host}:${url.protocol === 'https:' ? 443 : 80}`
}

function checkedOrigin(origin: unknown): string {
  if (typeof origin === 'string' && /^[a-z][a-z0-9+.-]*:\/\//.test(origin)) {
    const url = URL.parse(origin)
    // Of schemes that the standard does not know, such as extensions of browsers have, `origin` is "null".
    if (
      url !== null &&
      (url.origin === origin || (url.origin === 'null' && `${url.protocol}//${url.host}` === origin))
    )
      return origin
  }
  throw invalidOption(
    'csrf',
    'trustedOrigins',
    'origins such as "https://shop.example", without a path',
    origin,
  )
}
