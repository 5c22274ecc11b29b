import type { HeaderList } from '../core/headers.ts'
import type { FieldScope, RequestDirectives } from './cache-control.ts'
import { parseContentRange } from './content-range.ts'
import type { LifetimeSource } from './freshness.ts'
import { type ReuseTerms, remainingMs } from './reuse-terms.ts'
import { HEURISTICALLY_CACHEABLE, OF_ONE_REQUEST, UNDERSTOOD } from './status-rules.ts'
import type { EffectiveDirectives } from './targeted-cache-control.ts'
import { varyFields } from './variant.ts'

/** Why a response is not stored: one word for logs and `explain`. */
export type NotStored =
  /** The method is none whose responses are stored. */
  | 'method'
  /** The status is about this request alone, is not final, or `must-understand` is said of one that is not understood. */
  | 'status'
  /** A 206 that is of several parts, does not say which bytes it has, or is not wanted. */
  | 'partial'
  | 'request-no-store'
  | 'no-store'
  | 'private'
  /** The request had `Authorization`, and the response does not say that others may have it. */
  | 'authorization'
  | 'set-cookie'
  /** `Vary: *`, or one that is taken for it: no request can be shown to match. */
  | 'vary'
  /** Nothing says for how long, and the status is none that lets one guess; or the method asks for a lifetime that is named. */
  | 'no-lifetime'
  /** It is stale, must not be used so, and there is nothing to validate it with. */
  | 'of-no-use'

/** Whether that says nothing of what is stored for others. */
export function isOfOneRequest(reason: NotStored): boolean {
  return REASONS_OF_ONE_REQUEST.has(reason)
}

const REASONS_OF_ONE_REQUEST: ReadonlySet<NotStored> = new Set<NotStored>([
  'method',
  'status',
  'request-no-store',
  'authorization',
])

export type Storability =
  /** `without` names the fields, in lower case, that are left out of what is stored. */
  | { readonly store: true; readonly without: readonly string[] }
  | { readonly store: false; readonly reason: NotStored }

export interface StorabilityOptions {
  /** The methods whose responses are stored. Other ones than GET and HEAD need a lifetime that the response names. */
  readonly methods: ReadonlySet<string>
  /** What becomes of a response with `Set-Cookie`: not stored, stored without the field, or stored with it. */
  readonly setCookie: 'refuse' | 'strip' | 'store'
  /** Whether parts of a representation are stored (206). */
  readonly parts: boolean
  /** Whether a client's `no-store` counts. */
  readonly obeyClients: boolean
}

export const DEFAULT_STORABILITY: StorabilityOptions = {
  methods: new Set(['GET', 'HEAD']),
  setCookie: 'refuse',
  parts: true,
  obeyClients: true,
}

export interface StorableRequest {
  readonly method: string
  readonly headers: HeaderList
  readonly directives: RequestDirectives
}

export interface StorableResponse {
  readonly status: number
  readonly headers: HeaderList
  readonly effective: EffectiveDirectives
  readonly terms: ReuseTerms
}

/** Whether a shared cache may store a response to this request, by its head (RFC 9111 section 3), and whether it is of use. */
export function storability(
  request: StorableRequest,
  response: StorableResponse,
  options: StorabilityOptions = DEFAULT_STORABILITY,
): Storability {
  const reason =
    notStoredForRequest(request, options) ??
    notStoredForStatus(response, options) ??
    notStoredForDirectives(request, response) ??
    notStoredForFields(response, options) ??
    notStoredForLifetime(request, response)
  if (reason !== undefined) return { store: false, reason }
  const { directives } = response.effective
  const without = new Set([...namesOf(directives.noCache), ...namesOf(directives.private)])
  if (options.setCookie === 'strip' && response.headers.has('set-cookie')) without.add('set-cookie')
  return { store: true, without: [...without] }
}

function notStoredForRequest(
  { method, directives }: StorableRequest,
  { methods, obeyClients }: StorabilityOptions,
): NotStored | undefined {
  if (!methods.has(method)) return 'method'
  return directives.noStore && obeyClients ? 'request-no-store' : undefined
}

function notStoredForStatus(
  { status, headers, effective }: StorableResponse,
  { parts }: StorabilityOptions,
): NotStored | undefined {
  if (status < 200 || OF_ONE_REQUEST.has(status)) return 'status'
  if (status === 206) return parts && isOnePart(headers) ? undefined : 'partial'
  return effective.directives.mustUnderstand && !UNDERSTOOD.has(status) ? 'status' : undefined
}

function notStoredForDirectives(
  request: StorableRequest,
  { effective: { directives } }: StorableResponse,
): NotStored | undefined {
  // Section 5.2.2.3: beside `must-understand`, `no-store` is meant for those who do not understand the status.
  if (directives.noStore && !directives.mustUnderstand) return 'no-store'
  if (directives.private === 'all') return 'private'
  // Section 3.5.
  const shared = directives.public || directives.mustRevalidate || directives.sMaxage !== undefined
  return request.headers.has('authorization') && !shared ? 'authorization' : undefined
}

function notStoredForFields(
  { headers, effective: { directives } }: StorableResponse,
  { setCookie }: StorabilityOptions,
): NotStored | undefined {
  if (varyFields(headers) === '*') return 'vary'
  if (setCookie !== 'refuse' || !headers.has('set-cookie')) return undefined
  const leftOut = [directives.noCache, directives.private].some((scope) =>
    namesOf(scope).includes('set-cookie'),
  )
  return leftOut ? undefined : 'set-cookie'
}

function notStoredForLifetime(
  { method }: StorableRequest,
  { status, headers, effective: { directives }, terms }: StorableResponse,
): NotStored | undefined {
  const byResponse = NAMED_BY_RESPONSE.has(terms.lifetimeSource)
  const canBeValidated = method === 'GET' || method === 'HEAD'
  if (!byResponse && !canBeValidated) return 'no-lifetime'
  const allowed =
    byResponse ||
    terms.lifetimeSource === 'default' ||
    directives.public ||
    HEURISTICALLY_CACHEABLE.has(status)
  if (!allowed) return 'no-lifetime'
  if (canBeValidated && (headers.has('etag') || headers.has('last-modified'))) return undefined
  if (terms.validateAlways) return 'of-no-use'
  const window = Math.max(terms.staleWhileRevalidateMs, terms.staleIfErrorMs)
  return remainingMs(terms, terms.responseTime) + window > 0 ? undefined : 'of-no-use'
}

const NAMED_BY_RESPONSE: ReadonlySet<LifetimeSource> = new Set<LifetimeSource>([
  's-maxage',
  'max-age',
  'expires',
])

function isOnePart(headers: HeaderList): boolean {
  const type = headers.get('content-type')?.toLowerCase() ?? ''
  return (
    parseContentRange(headers.get('content-range')) !== undefined && !type.startsWith('multipart/byteranges')
  )
}

function namesOf(scope: FieldScope | undefined): readonly string[] {
  return scope === undefined || scope === 'all' ? [] : scope
}
