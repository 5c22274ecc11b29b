import type { EndpointHealth } from '../core/balancer.ts'
import type { EndpointState } from '../core/endpoint-snapshot.ts'

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
