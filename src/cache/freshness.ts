import type { HeaderList } from '../core/headers.ts'
import { dateOf } from './age.ts'
import { MAX_DELTA_SECONDS } from './delta-seconds.ts'
import { parseHttpDate } from './http-date.ts'
import { singleValue } from './single-value.ts'
import { HEURISTICALLY_CACHEABLE } from './status-rules.ts'
import type { EffectiveDirectives } from './targeted-cache-control.ts'

/** What says how long a response stays fresh. */
export type LifetimeSource = 's-maxage' | 'max-age' | 'expires' | 'default' | 'heuristic' | 'none'

export interface Lifetime {
  /** From the moment at which the response's age is 0. */
  readonly lifetimeMs: number
  readonly lifetimeSource: LifetimeSource
}

export interface FreshnessOptions {
  /** Lifetimes of responses that name none, by status, in ms: they come before a guess. */
  readonly defaultLifetimesMs: ReadonlyMap<number, number>
  /** Which part of the time since `Last-Modified` a response is guessed to stay fresh; 0 for no guess. */
  readonly heuristicFraction: number
  /** The longest lifetime that is guessed, in ms. */
  readonly heuristicMaxMs: number
}

export const DEFAULT_FRESHNESS: FreshnessOptions = {
  defaultLifetimesMs: new Map(),
  heuristicFraction: 0.1,
  heuristicMaxMs: 86_400_000,
}

const MAX_LIFETIME_MS = MAX_DELTA_SECONDS * 1_000

/**
 * How long a response stays fresh in a shared cache (RFC 9111 section 4.2.1): `s-maxage`, else `max-age`, else `Expires`,
 * else what the options say of its status, else a guess. One that cannot be read is 0, and the next is not asked.
 */
export function freshnessLifetime(
  response: { readonly status: number; readonly headers: HeaderList },
  effective: EffectiveDirectives,
  responseTime: number,
  options: FreshnessOptions = DEFAULT_FRESHNESS,
): Lifetime {
  const { status, headers } = response
  const { sMaxage, maxAge } = effective.directives
  if (sMaxage !== undefined) return { lifetimeMs: sMaxage * 1_000, lifetimeSource: 's-maxage' }
  if (maxAge !== undefined) return { lifetimeMs: maxAge * 1_000, lifetimeSource: 'max-age' }
  if (effective.target === undefined && headers.has('expires'))
    return { lifetimeMs: expiresLifetimeMs(headers, responseTime), lifetimeSource: 'expires' }
  const byStatus = options.defaultLifetimesMs.get(status)
  if (byStatus !== undefined) return { lifetimeMs: byStatus, lifetimeSource: 'default' }
  const guess = heuristicLifetimeMs(response, effective, responseTime, options)
  return { lifetimeMs: guess ?? 0, lifetimeSource: guess === undefined ? 'none' : 'heuristic' }
}

function expiresLifetimeMs(headers: HeaderList, responseTime: number): number {
  const field = singleValue(headers, 'expires')
  const expires = field === undefined ? undefined : parseHttpDate(field, responseTime)
  return expires === undefined ? 0 : withinBounds(expires - dateOf(headers, responseTime))
}

/** RFC 9111 section 4.2.2. */
function heuristicLifetimeMs(
  { status, headers }: { readonly status: number; readonly headers: HeaderList },
  { directives }: EffectiveDirectives,
  responseTime: number,
  { heuristicFraction, heuristicMaxMs }: FreshnessOptions,
): number | undefined {
  if (!HEURISTICALLY_CACHEABLE.has(status) && !directives.public) return undefined
  const field = singleValue(headers, 'last-modified')
  const modified = field === undefined ? undefined : parseHttpDate(field, responseTime)
  if (modified === undefined) return undefined
  const unchangedFor = withinBounds(dateOf(headers, responseTime) - modified)
  return Math.min(unchangedFor * heuristicFraction, heuristicMaxMs)
}

function withinBounds(ms: number): number {
  return Math.min(Math.max(0, ms), MAX_LIFETIME_MS)
}
