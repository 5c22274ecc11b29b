import type { HeaderList } from '../core/headers.ts'
import { currentAgeMs, initialAgeMs, type ResponseTimes } from './age.ts'
import {
  DEFAULT_FRESHNESS,
  type FreshnessOptions,
  freshnessLifetime,
  type LifetimeSource,
} from './freshness.ts'
import type { EffectiveDirectives } from './targeted-cache-control.ts'

/**
 * All that decides whether a stored response may be used, worked out once, when it is stored or was validated: what a hit
 * costs is arithmetic. It is plain data, so that a store can keep it beside the head. Times are in ms; moments since 1970.
 */
export interface ReuseTerms {
  readonly initialAgeMs: number
  readonly responseTime: number
  readonly lifetimeMs: number
  readonly lifetimeSource: LifetimeSource
  /** `no-cache`: not without being validated, fresh or not. */
  readonly validateAlways: boolean
  /** `immutable`: while fresh, a client's reload is no reason to validate (RFC 8246). */
  readonly immutable: boolean
  /** Whether clients or the operator may have it stale, where the response itself says nothing of that. */
  readonly staleAllowed: boolean
  /** For how long after its lifetime it may be used while it is validated in the background (RFC 5861 section 3). */
  readonly staleWhileRevalidateMs: number
  /** For how long after its lifetime it may be used in place of an error (RFC 5861 section 4). */
  readonly staleIfErrorMs: number
}

export interface ReuseTermsOptions extends FreshnessOptions {
  /** For responses that do not say, and do not forbid it. */
  readonly staleWhileRevalidateMs: number
  /** For responses that do not say, and do not forbid it. */
  readonly staleIfErrorMs: number
}

export const DEFAULT_REUSE_TERMS: ReuseTermsOptions = {
  ...DEFAULT_FRESHNESS,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
}

/**
 * `no-cache`, `must-revalidate` and `proxy-revalidate` forbid all stale use. `s-maxage` does too (RFC 9111 section
 * 4.2.4), unless the same response has a window of RFC 5861: who sends both has said what is meant by it.
 */
export function reuseTerms(
  response: { readonly status: number; readonly headers: HeaderList },
  effective: EffectiveDirectives,
  times: ResponseTimes,
  options: ReuseTermsOptions = DEFAULT_REUSE_TERMS,
): ReuseTerms {
  const { directives } = effective
  const { responseTime } = times
  const { lifetimeMs, lifetimeSource } = freshnessLifetime(response, effective, responseTime, options)
  const validateAlways = directives.noCache === 'all'
  const never = validateAlways || directives.mustRevalidate || directives.proxyRevalidate
  const staleAllowed = !never && directives.sMaxage === undefined
  const window = (seconds: number | undefined, byDefault: number) => {
    if (never) return 0
    return seconds === undefined ? (staleAllowed ? byDefault : 0) : seconds * 1_000
  }
  return {
    initialAgeMs: initialAgeMs(response.headers, times),
    responseTime,
    lifetimeMs,
    lifetimeSource,
    validateAlways,
    immutable: directives.immutable,
    staleAllowed,
    staleWhileRevalidateMs: window(directives.staleWhileRevalidate, options.staleWhileRevalidateMs),
    staleIfErrorMs: window(directives.staleIfError, options.staleIfErrorMs),
  }
}

/** How much longer a response is fresh, in ms; how long it has been stale, where that is negative. */
export function remainingMs(terms: ReuseTerms, now: number): number {
  return terms.lifetimeMs - currentAgeMs(terms, now)
}

/** The same terms, of a response that is stale from now on: what a soft purge leaves of it. */
export function staleFromNow(terms: ReuseTerms, now: number): ReuseTerms {
  return { ...terms, lifetimeMs: Math.min(terms.lifetimeMs, currentAgeMs(terms, now)) }
}
