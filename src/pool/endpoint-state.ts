import type { EndpointHealth } from '../core/balancer.ts'

/**
 * Whether whoever steers the pool lets an endpoint be chosen.
 *
 * ```
 *             drain              the last attempt has ended
 * admitted ----------> draining ----------------------------> drained
 *    ^                    |                                      |
 *    +------ readmit -----+--------------- readmit --------------+
 * ```
 *
 * `removed` follows on each of them, and is the end: the pool does not name it any more. What runs on it finishes.
 */
export type Admission = 'admitted' | 'draining' | 'drained' | 'removed'

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

/** What is kept of an endpoint, as far as its state goes. */
export interface Kept {
  readonly admission: Admission
  readonly ejected: boolean
  readonly health: EndpointHealth
  /** Nothing is known of it, and it is not trusted without. */
  readonly unproven: boolean
  readonly warming: boolean
}

export function stateOf({ admission, ejected, health, unproven, warming }: Kept): EndpointState {
  if (admission !== 'admitted') return admission
  if (ejected) return 'ejected'
  if (health === 'unhealthy') return 'unhealthy'
  if (unproven) return 'unproven'
  return warming ? 'warming' : 'serving'
}
