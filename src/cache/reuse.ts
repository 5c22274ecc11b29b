import { currentAgeMs } from './age.ts'
import type { RequestDirectives } from './cache-control.ts'
import { type ReuseTerms, remainingMs } from './reuse-terms.ts'

/** Why a stored response is used as it is. */
export type ReuseReason = 'fresh' | 'stale-while-revalidate' | 'max-stale' | 'stale-if-error'

/** That nothing matches: where it is known, nothing of the URI or only other variants of it. */
export type MissReason = 'miss' | 'uri-miss' | 'vary-miss'

/** Why it is not used without asking the service. */
export type ForwardReason =
  /** Nothing that matches is stored. */
  | MissReason
  /** Its lifetime is over. */
  | 'stale'
  /** The response said `no-cache`. */
  | 'no-cache'
  /** The client's directives. */
  | 'request-no-cache'
  | 'request-max-age'
  | 'request-min-fresh'

export type Reuse =
  /** It answers. With `refresh`, it is validated in the background meanwhile. Times are in ms; `remainingMs` may be negative. */
  | {
      readonly use: 'answer'
      readonly reason: ReuseReason
      readonly ageMs: number
      readonly remainingMs: number
      readonly refresh: boolean
    }
  /** The service is asked: with the validators of what is stored, if something is. */
  | { readonly use: 'forward'; readonly reason: ForwardReason }
  /** The client wants a stored response or none: it gets 504 (RFC 9111 section 5.2.1.7). */
  | { readonly use: 'refuse'; readonly reason: ForwardReason }

export interface ReuseOptions {
  /** Whether clients may ask for a fresher response than they would get: `no-cache`, `max-age`, `min-fresh`, `Pragma`. */
  readonly obeyClients: boolean
}

export const DEFAULT_REUSE: ReuseOptions = { obeyClients: true }

/** Whether a stored response answers a request without being validated (RFC 9111 section 4), at the moment `now`. */
export function reuse(
  terms: ReuseTerms | undefined,
  request: RequestDirectives,
  now: number,
  { obeyClients }: ReuseOptions = DEFAULT_REUSE,
): Reuse {
  if (terms === undefined) return otherwise(request, 'miss')
  if (terms.validateAlways) return otherwise(request, 'no-cache')
  const ageMs = currentAgeMs(terms, now)
  const remaining = terms.lifetimeMs - ageMs
  const refused = obeyClients ? refusedByClient(terms, request, ageMs, remaining) : undefined
  if (refused !== undefined) return otherwise(request, refused)
  const reason = reasonToUse(terms, request, remaining)
  if (reason === undefined) return otherwise(request, 'stale')
  return {
    use: 'answer',
    reason,
    ageMs,
    remainingMs: remaining,
    refresh: reason === 'stale-while-revalidate',
  }
}

/**
 * Whether a stored response is used in place of an error: the service could not be reached, or answered 500, 502, 503 or 504
 * (RFC 5861 section 4). The client's own `stale-if-error` counts too, unless the response forbids that.
 */
export function reuseOnError(
  terms: ReuseTerms,
  request: RequestDirectives,
  now: number,
): Extract<Reuse, { use: 'answer' }> | undefined {
  const remaining = remainingMs(terms, now)
  const byClient = terms.staleAllowed ? (request.staleIfError ?? 0) * 1_000 : 0
  const windowMs = Math.max(terms.staleIfErrorMs, byClient)
  // Without a window, one that is fresh is not used either: the client has asked for it to be validated.
  if (terms.validateAlways || windowMs === 0 || -remaining >= windowMs) return undefined
  const ageMs = currentAgeMs(terms, now)
  return { use: 'answer', reason: 'stale-if-error', ageMs, remainingMs: remaining, refresh: false }
}

export function isMiss(reason: ForwardReason): reason is MissReason {
  return reason === 'miss' || reason === 'uri-miss' || reason === 'vary-miss'
}

const STALE_IF_ERROR_STATUSES: ReadonlySet<number> = new Set([500, 502, 503, 504])

/** Whether a response is one of those in whose place a stale one may be used (RFC 5861 section 4). */
export function isErrorForReuse(status: number): boolean {
  return STALE_IF_ERROR_STATUSES.has(status)
}

/** RFC 9111 section 5.2.1. */
function refusedByClient(
  { immutable }: ReuseTerms,
  { noCache, maxAge, minFresh }: RequestDirectives,
  ageMs: number,
  remaining: number,
): ForwardReason | undefined {
  if (noCache) return 'request-no-cache'
  // RFC 8246 section 2.1: browsers reload with `max-age=0`, which says nothing new of what does not change.
  if (maxAge === 0 && !(immutable && remaining > 0)) return 'request-max-age'
  if (maxAge !== undefined && maxAge > 0 && ageMs > maxAge * 1_000) return 'request-max-age'
  return minFresh !== undefined && remaining < minFresh * 1_000 ? 'request-min-fresh' : undefined
}

function reasonToUse(
  { staleWhileRevalidateMs, staleAllowed }: ReuseTerms,
  { maxStale }: RequestDirectives,
  remaining: number,
): ReuseReason | undefined {
  if (remaining > 0) return 'fresh'
  if (-remaining < staleWhileRevalidateMs) return 'stale-while-revalidate'
  return maxStale !== undefined && staleAllowed && -remaining <= maxStale * 1_000 ? 'max-stale' : undefined
}

function otherwise({ onlyIfCached }: RequestDirectives, reason: ForwardReason): Reuse {
  return { use: onlyIfCached ? 'refuse' : 'forward', reason }
}
