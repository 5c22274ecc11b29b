import type { SharedPlace } from '../core/shared-state.ts'
import type { RunningPool } from '../pool/running-pool.ts'
import type { ProxyDescription } from './description.ts'
import { filterStates } from './filter-states.ts'

/** What several processes with the same proxy may share: filters that keep numbers, and what pools know of their endpoints. */
export function sharedPlaces(description: ProxyDescription, pools: readonly RunningPool[]): SharedPlace[] {
  const filters = filterStates(description, pools)
  return [
    ...filters.map(({ at, name, filter }) => ({ at, name, thing: filter })),
    ...pools.map(({ handle }) => ({ at: `pool ${handle.name}`, name: 'endpoints', thing: handle })),
  ]
}
