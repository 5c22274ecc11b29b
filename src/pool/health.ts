import { type Kept, stateOf } from './endpoint-state.ts'

/**
 * What is known of an endpoint's health. A count belongs to the state in which it counts, and begins anew with it.
 *
 * - `unknown`: no probe has ended yet, or nothing probes it. Where it is not `trusted`, it must pass one before it serves.
 * - `healthy`: the last probes passed but for `failures` in a row.
 * - `unhealthy`: the last probes failed but for `passes` in a row.
 */
export type Health =
  | { readonly state: 'unknown'; readonly trusted: boolean }
  | { readonly state: 'healthy'; readonly failures: number }
  | { readonly state: 'unhealthy'; readonly passes: number }

/** How many probes in a row it takes to change what is thought of an endpoint. */
export interface Thresholds {
  /** Passed ones, until an unhealthy endpoint is healthy. */
  readonly rise: number
  /** Failed ones, until a healthy endpoint is unhealthy. */
  readonly fall: number
}

export const UNKNOWN: Health = { state: 'unknown', trusted: true }
export const UNPROVEN: Health = { state: 'unknown', trusted: false }
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

/** Whether an endpoint is fit to serve: nothing that is known of it speaks against it. */
export function isFit(endpoint: Kept): boolean {
  const state = stateOf(endpoint)
  return state === 'serving' || state === 'warming'
}

/** The endpoints that may be chosen, and whether some of them are not fit to serve. */
export interface Serving<T> {
  readonly endpoints: readonly T[]
  readonly panic: boolean
}

/**
 * The endpoints that may be chosen: those that are fit to serve.
 *
 * Where these are none, or less than the share `panicThreshold` of all, the others are candidates too (panic): when every
 * probe fails, the probes are as likely to be wrong as the services; an attempt that fails costs no more than a 503 of our
 * own; and few endpoints would only break down under the load of all. Two kinds stay out even then. For one that must pass a
 * probe before it serves, no verdict on it can have been wrong. And one that someone drains is to get nothing; it does not
 * count among all, as if the pool did not have it.
 */
export function servingOf<T extends Kept>(all: readonly T[], panicThreshold: number): Serving<T> {
  const admitted = all.filter(({ admission }) => admission === 'admitted')
  const fit = admitted.filter(isFit)
  if (fit.length > 0 && fit.length >= panicThreshold * admitted.length)
    return { endpoints: fit, panic: false }
  const endpoints = admitted.filter(({ unproven }) => !unproven)
  return { endpoints, panic: endpoints.length > fit.length }
}
