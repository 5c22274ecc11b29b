import type { Exchange } from './exchange.ts'
import type { Labels } from './labels.ts'
import type { Random } from './random.ts'

/** What is known of an endpoint's health. `unknown`: nothing probes it, or no probe has ended yet. */
export type EndpointHealth = 'unknown' | 'healthy' | 'unhealthy'

/** One address in a pool, as balancers see it. The numbers are live. */
export interface Endpoint {
  /** Stable across reloads. Default: the url. Hashing balancers go by it. */
  readonly id: string
  readonly url: string
  /** A positive number. Default 1. Smaller during a slow start; it changes only with the snapshot. */
  readonly weight: number
  readonly zone: string | undefined
  /** The tier that it is of: 0 serves first, and the next one what that cannot carry. Default 0. */
  readonly priority: number
  /** What its pool's subsets go by. Empty where none were given. */
  readonly labels: Labels
  /** Attempts that have begun and whose response body has not ended. */
  readonly inFlight: number
  /**
   * Smoothed time to the response head, in milliseconds: the peak-sensitive moving average that
   * `leastResponseTime` describes. A newcomer has its pool's average; 0 while nothing was timed in the pool.
   */
  readonly responseTimeMs: number
  /** What its probes say of it. */
  readonly health: EndpointHealth
}

/**
 * The endpoints to choose from, in the order of the pool; never empty. A snapshot, replaced and never changed, so that a
 * balancer may keep what it computed for it (see `perCandidates` of `gatewright/balancers`).
 */
export type Candidates = readonly Endpoint[]

/**
 * Chooses one of the candidates. Synchronous; takes chance from `random` alone. It must return a member of
 * `candidates`: the pool refuses anything else.
 */
export interface Balancer {
  (candidates: Candidates, exchange: Exchange, random: Random): Endpoint
  /**
   * Of balancers that go by a key: its hash, 32 bits; `undefined` where the exchange has none. A pool that has tiers, or
   * prefers a zone, leaves requests of one key in one of them by it.
   */
  readonly keyHash?: (exchange: Exchange) => number | undefined
  /**
   * What it makes of one candidate: the lowest is best. For records of decisions (`exchange.record()`), so it is called for
   * those exchanges alone, after the choice. It must be the figure that the choice goes by, and change nothing.
   */
  readonly score?: BalancerScore
}

/** `undefined` where a choice does not go by a figure: a request without a key, say. */
export type BalancerScore = (
  endpoint: Endpoint,
  candidates: Candidates,
  exchange: Exchange,
) => number | undefined

/** @internal Which endpoint an exchange is to have, of those that serve it. */
export interface EndpointPreference {
  /** Whether no other one will do, also when an attempt there has failed. */
  readonly strict: boolean
  /**
   * The endpoint, as candidates of which there is one: the same array for the same snapshot, for the sake of balancers.
   * None where it is not among them and no other will do; `undefined` where any will.
   */
  among(serving: Candidates): Candidates | undefined
}

/** Keeps one value for each snapshot of candidates: a ring, a counter. It goes when the snapshot goes. */
export function perCandidates<T>(build: (candidates: Candidates) => T): (candidates: Candidates) => T {
  const kept = new WeakMap<Candidates, T>()
  // Nearly always the snapshot of the last call; this saves the look-up in the map.
  let last: { readonly key: Candidates; readonly value: T } | undefined
  return (candidates) => {
    if (last !== undefined && last.key === candidates) return last.value
    let value = kept.get(candidates)
    if (value === undefined) {
      value = build(candidates)
      kept.set(candidates, value)
    }
    last = { key: candidates, value }
    return value
  }
}
