import type { EndpointHealth } from './balancer.ts'
import type { ProxyErrorCode } from './errors.ts'

/** What is known of an endpoint of a running pool, at one moment. */
export interface EndpointSnapshot {
  readonly id: string
  readonly url: string
  /** What balancers go by: less than `fullWeight` during a slow start. */
  readonly weight: number
  /** As it was given. */
  readonly fullWeight: number
  readonly zone: string | undefined
  /** What becomes of it, in a word: see `EndpointState`. */
  readonly state: EndpointState
  /** By its probes; `unknown` where nothing probes it. */
  readonly health: EndpointHealth
  /** By its traffic; `undefined` while it is not. */
  readonly ejected: EndpointEjection | undefined
  /** Whether someone has it drained, be it at an end or not. */
  readonly draining: boolean
  /** Attempts that have begun and whose response body, or tunnel, has not ended. */
  readonly inFlight: number
  /** Connections that are open or being made. Of all pools that share them, as the next two are. */
  readonly connections: number
  /** Those of them that nothing runs on. */
  readonly idle: number
  /** Attempts that wait for a connection. */
  readonly queued: number
  /** As balancers see it: see `Endpoint`. */
  readonly responseTimeMs: number
  /** Responses that were received whole. */
  readonly successes: number
  /** Attempts that have failed by the upstream's fault, for each code. */
  readonly failures: Readonly<Partial<Record<ProxyErrorCode, number>>>
}

export interface EndpointEjection {
  /** When it ends, in milliseconds since 1970 UTC. */
  readonly untilMs: number
  /** Such as `5 errors in a row`. */
  readonly reason: string
}

/**
 * What becomes of an endpoint, in a word. Four things are kept of it, each with changes of its own: its admission, its
 * ejection (by its traffic), its health (by its probes) and its slow start. The word is the first of these that is true:
 *
 * - `removed`: the pool names it no more, and attempts still run on it.
 * - `draining`: it is chosen no more, and attempts still run on it. `drained`: none does.
 * - `ejected`: it is left alone for a time, because attempts have failed.
 * - `unhealthy`: its probes fail.
 * - `unproven`: it must pass a probe before it serves.
 * - `warming`: it serves, with a part of its weight.
 * - `serving`: it serves.
 *
 * How they meet: the last two alone are fit to be chosen. In a panic `ejected` and `unhealthy` are chosen too; the others
 * never are. Probes and ejections go on beneath a drain, so that an endpoint which is readmitted is known. A slow start begins
 * when it comes to serve from any other state, and ends when it goes.
 */
export type EndpointState =
  | 'removed'
  | 'draining'
  | 'drained'
  | 'ejected'
  | 'unhealthy'
  | 'unproven'
  | 'warming'
  | 'serving'
