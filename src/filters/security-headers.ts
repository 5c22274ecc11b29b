import { type Attribute, attribute } from '../core/attribute.ts'
import { addErrorFields } from '../core/error-fields.ts'
import { type Filter, named } from '../core/handler.ts'
import { HeaderList, isFieldName } from '../core/headers.ts'
import { ResponseMessage } from '../core/message.ts'
import { invalidOption, knownOptions } from '../core/options.ts'
import { secretBytes } from '../core/secret.ts'
import { isEngineField, ToldFields } from './fields/told-fields.ts'

export interface SecurityHeadersOptions {
  /**
   * `Content-Security-Policy`. Where it holds `{nonce}`, as in `script-src 'nonce-{nonce}'`, each request gets a nonce of its
   * own, which the service is told in `nonceHeader`. Default: none but for what `frame` adds.
   */
  contentSecurityPolicy?: string | false
  /** `Content-Security-Policy-Report-Only`: what would be broken is reported, and nothing is. With `{nonce}` too. Default none. */
  contentSecurityPolicyReportOnly?: string | false
  /** The field of the request that tells the service the nonce. What a client sends in it is removed. Default `X-CSP-Nonce`. */
  nonceHeader?: string
  /**
   * Who may show the pages in a frame: nobody (`deny`), pages of the same origin, or a list of origins. It becomes
   * `frame-ancestors` of the policy, and `X-Frame-Options` where that has a word for it. `false`: not said. Default `same-origin`.
   */
  frame?: 'deny' | 'same-origin' | readonly string[] | false
  /** `X-Content-Type-Options: nosniff`: browsers believe the `Content-Type`. Default true. */
  noSniff?: boolean
  /** `Referrer-Policy`. Default `strict-origin-when-cross-origin`, which says so to old browsers too. */
  referrerPolicy?: string | false
  /** `Permissions-Policy`, such as `camera=(), geolocation=(self)`. Default none. */
  permissionsPolicy?: string | false
  /** `Cross-Origin-Opener-Policy`. `same-origin` breaks log-ins that open a window of another site. Default none. */
  openerPolicy?: 'same-origin' | 'same-origin-allow-popups' | 'noopener-allow-popups' | 'unsafe-none' | false
  /** `Cross-Origin-Embedder-Policy`. Default none. */
  embedderPolicy?: 'require-corp' | 'credentialless' | 'unsafe-none' | false
  /** `Cross-Origin-Resource-Policy`: which sites may have the content as an image or a script. Default none. */
  resourcePolicy?: 'same-origin' | 'same-site' | 'cross-origin' | false
  /** Fields of the service that are removed. Default `Server`, `X-Powered-By`, `X-AspNet-Version`, `X-AspNetMvc-Version`. */
  remove?: readonly string[]
  /** Whether a field that the service has set itself is replaced. Default false: what it says of its own pages counts. */
  override?: boolean
}

const OWNER = 'securityHeaders'

const OPTIONS: readonly string[] = [
  'contentSecurityPolicy',
  'contentSecurityPolicyReportOnly',
  'nonceHeader',
  'frame',
  'noSniff',
  'referrerPolicy',
  'permissionsPolicy',
  'openerPolicy',
  'embedderPolicy',
  'resourcePolicy',
  'remove',
  'override',
] satisfies (keyof SecurityHeadersOptions)[]

/** The nonce of the exchange's `Content-Security-Policy`, where that has one. */
export const cspNonce: Attribute<string> = attribute<string>('cspNonce')

const NONCE = '{nonce}'

/**
 * Says to browsers what pages may do and who may frame them, and removes what tells attackers about the service.
 *
 * Without options it sends `X-Content-Type-Options: nosniff`, `X-Frame-Options: SAMEORIGIN` with `Content-Security-Policy:
 * frame-ancestors 'self'`, and `Referrer-Policy: strict-origin-when-cross-origin`: fields that break next to nothing. The rest
 * is for who knows the pages. Error answers of the proxy have the fields as well.
 *
 * A field that the service has set is left as it is, unless `override` is true. That goes for a whole `Content-Security-Policy`:
 * a service's own is not added to.
 *
 * `{nonce}` in a policy stands for 128 random bits, new for each request, from the system's source of secrets (so two runs of a
 * simulation differ in it). The service finds them in `X-CSP-Nonce` and writes them into its pages; filters find them with
 * `exchange.get(cspNonce)`. Pages with a nonce must not be cached.
 *
 * Traps: a `Content-Security-Policy` that does not fit the pages breaks them; begin with `contentSecurityPolicyReportOnly`.
 * `Strict-Transport-Security` is a filter of its own: `hsts`.
 *
 * @example
 * proxy().use(hsts(), securityHeaders({ contentSecurityPolicy: "default-src 'self'", frame: 'deny' })).route('/', app)
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong.
 */
export function securityHeaders(options: SecurityHeadersOptions = {}): Filter {
  knownOptions(OWNER, options, OPTIONS)
  const {
    nonceHeader = 'X-CSP-Nonce',
    remove = ['Server', 'X-Powered-By', 'X-AspNet-Version', 'X-AspNetMvc-Version'],
    override = false,
  } = options
  if (typeof override !== 'boolean') throw invalidOption(OWNER, 'override', 'true or false', override)
  if (!Array.isArray(remove) || !remove.every(isFieldName))
    throw invalidOption(OWNER, 'remove', 'a list of names of fields', remove)
  if (!isFieldName(nonceHeader) || isEngineField(nonceHeader))
    throw invalidOption(OWNER, 'nonceHeader', 'the name of a field without a meaning of its own', nonceHeader)
  const fields = fieldsOf(options)
  const withNonce = [...fields].some(([, value]) => value.includes(NONCE))
  if (options.nonceHeader !== undefined && !withNonce)
    throw invalidOption(OWNER, 'nonceHeader', 'left out where no policy holds {nonce}', nonceHeader)

  const told = new ToldFields([nonceHeader])
  const finish = (response: ResponseMessage, ours: HeaderList): ResponseMessage => {
    const { headers } = response
    for (const name of remove) if (headers.has(name)) headers.delete(name)
    for (const [name, value] of ours)
      if (!headers.has(name)) headers.append(name, value)
      else if (override) headers.set(name, value)
    return response
  }
  const filter: Filter = (exchange, next) => {
    let ours = fields
    if (withNonce) {
      const nonce = secretBytes(16).toString('base64')
      const { headers } = exchange.request
      told.removeFrom(headers)
      headers.append(nonceHeader, nonce)
      exchange.set(cspNonce, nonce)
      ours = new HeaderList()
      for (const [name, value] of fields) ours.append(name, value.replaceAll(NONCE, nonce))
    }
    addErrorFields(exchange, ours)
    const response = next(exchange)
    return response instanceof ResponseMessage
      ? finish(response, ours)
      : response.then((it) => finish(it, ours))
  }
  return named(filter, OWNER)
}

function fieldsOf(options: SecurityHeadersOptions): HeaderList {
  const {
    frame = 'same-origin',
    noSniff = true,
    referrerPolicy = 'strict-origin-when-cross-origin',
  } = options
  const fields = new HeaderList()
  const add = (name: string, option: keyof SecurityHeadersOptions, value: unknown): void => {
    if (value === undefined || value === false) return
    fields.append(name, checkedText(option, value))
  }
  if (typeof noSniff !== 'boolean') throw invalidOption(OWNER, 'noSniff', 'true or false', noSniff)
  add('X-Content-Type-Options', 'noSniff', noSniff && 'nosniff')
  add('X-Frame-Options', 'frame', frame === 'deny' ? 'DENY' : frame === 'same-origin' && 'SAMEORIGIN')
  add('Content-Security-Policy', 'contentSecurityPolicy', policy(options, frameAncestors(frame)))
  add(
    'Content-Security-Policy-Report-Only',
    'contentSecurityPolicyReportOnly',
    options.contentSecurityPolicyReportOnly,
  )
  add('Referrer-Policy', 'referrerPolicy', referrerPolicy)
  add('Permissions-Policy', 'permissionsPolicy', options.permissionsPolicy)
  for (const [name, option, known] of CROSS_ORIGIN) {
    const value = options[option]
    if (value !== undefined && value !== false && !known.includes(value))
      throw invalidOption(OWNER, option, `false, ${known.map((it) => `"${it}"`).join(' or ')}`, value)
    add(name, option, value)
  }
  return fields
}

const CROSS_ORIGIN: readonly (readonly [
  name: string,
  option: 'openerPolicy' | 'embedderPolicy' | 'resourcePolicy',
  known: readonly string[],
])[] = [
  [
    'Cross-Origin-Opener-Policy',
    'openerPolicy',
    ['same-origin', 'same-origin-allow-popups', 'noopener-allow-popups', 'unsafe-none'],
  ],
  ['Cross-Origin-Embedder-Policy', 'embedderPolicy', ['require-corp', 'credentialless', 'unsafe-none']],
  ['Cross-Origin-Resource-Policy', 'resourcePolicy', ['same-origin', 'same-site', 'cross-origin']],
]

function checkedText(option: keyof SecurityHeadersOptions, value: unknown): string {
  if (typeof value === 'string' && /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) return value
  throw invalidOption(OWNER, option, 'false or the text of the field, on one line', value)
}

/** The policy with what `frame` says in it. */
function policy(
  { contentSecurityPolicy: given }: SecurityHeadersOptions,
  ancestors: string | undefined,
): string | false {
  const before =
    given === undefined || given === false
      ? ''
      : checkedText('contentSecurityPolicy', given).replace(/[;\s]*$/, '; ')
  if (ancestors !== undefined && !/(?:^|;)\s*frame-ancestors[\s;]/i.test(before))
    return `${before}frame-ancestors ${ancestors}`
  return given ?? false
}

const FRAME_SOURCE = /^(?:'self'|[a-z][a-z0-9+.-]*:(?:\/\/[a-z0-9.*[\]:-]+)?|[a-z0-9.*[\]:-]+)$/i

/** What `frame-ancestors` lists. */
function frameAncestors(frame: SecurityHeadersOptions['frame']): string | undefined {
  if (frame === false) return undefined
  if (frame === 'deny') return "'none'"
  if (frame === undefined || frame === 'same-origin') return "'self'"
  if (
    Array.isArray(frame) &&
    frame.length > 0 &&
    frame.every((it) => typeof it === 'string' && FRAME_SOURCE.test(it))
  )
    return frame.join(' ')
  throw invalidOption(
    OWNER,
    'frame',
    '"deny", "same-origin", false, or origins such as ["https://shop.example"]',
    frame,
  )
}
