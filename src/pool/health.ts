import type { EndpointHealth } from '../core/balancer.ts'

/**
 * What is known of an endpoint's health. A count belongs to the state in which it counts, and begins anew with it.
 *
 * - `unknown`: no probe has ended yet, or nothing probes it.
 * - `healthy`: the last probes passed but for `failures` in a row.
 * - `unhealthy`: the last probes failed but for `passes` in a row.
 */
export type Health =
  | { readonly state: 'unknown' }
  | { readonly state: 'healthy'; readonly failures: number }
  | { readonly state: 'unhealthy'; readonly passes: number }

/** How many probes in a row it takes to change what is thought of an endpoint. */
export interface Thresholds {
  /** Passed ones, until an unhealthy endpoint is healthy. */
  readonly rise: number
  /** Failed ones, until a healthy endpoint is unhealthy. */
  readonly fall: number
}

export const UNKNOWN: Health = { state: 'unknown' }
const HEALTHY: Health = { state: 'healthy', failures: 0 }
const UNHEALTHY: Health = { state: 'unhealthy', passes: 0 }

/**
 * The health after one more probe. The first probe decides alone, as with HAProxy and Envoy: there is nothing yet that it
 * could be contradicting. After that, one probe that differs from the others is a hiccup, and `rise` or `fall` of them in a
 * row are a change.
 */
export function afterProbe(health: Health, passed: boolean, { rise, fall }: Thresholds): Health {
  switch (health.state) {
    case 'unknown':
      return passed ? HEALTHY : UNHEALTHY
    case 'healthy': {
      if (passed) return HEALTHY
      const failures = health.failures + 1
      return failures >= fall ? UNHEALTHY : { state: 'healthy', failures }
    }
    case 'unhealthy': {
      if (!passed) return UNHEALTHY
      const passes = health.passes + 1
      return passes >= rise ? HEALTHY : { state: 'unhealthy', passes }
    }
  }
}

/** An endpoint, as far as the choice of candidates goes. */
export interface Judged {
  readonly health: EndpointHealth
  readonly ejected: boolean
}

/** Whether an endpoint is fit to serve: healthy, or not known yet where `initial` trusts it; and not ejected. */
export function isFit({ health, ejected }: Judged, initial: 'healthy' | 'unhealthy'): boolean {
  return !ejected && (health === 'healthy' || (health === 'unknown' && initial === 'healthy'))
}

/**
 * The endpoints that may be chosen: those that are fit to serve.
 *
 * Where these are none, or less than the share `panicThreshold` of all, the others are candidates too (panic): when every
 * probe fails, the probes are as likely to be wrong as the services; an attempt that fails costs no more than a 503 of our
 * own; and few endpoints would only break down under the load of all. Only an endpoint that must pass a probe before it
 * serves stays out even then, for no verdict on it can have been wrong.
 */
export function servingOf<T extends Judged>(
  all: readonly T[],
  initial: 'healthy' | 'unhealthy',
  panicThreshold: number,
): T[] {
  const fit = all.filter((it) => isFit(it, initial))
  if (fit.length > 0 && fit.length >= panicThreshold * all.length) return fit
  return all.filter(({ health }) => health !== 'unknown' || initial === 'healthy')
}
