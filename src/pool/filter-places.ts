import type { Filter } from '../core/handler.ts'
import type { Members } from './members.ts'
import type { PoolDescription } from './pool-description.ts'

/** Some filters, and where they stand. */
export interface FilterPlace {
  /** `proxy`, `connect`, the match of a route, `pool users`, or `pool users, http://u1:8080` of one endpoint. */
  readonly at: string
  readonly filters: readonly Filter[]
}

/** Where the filters of a pool stand: around it, around its attempts, and around those on each endpoint that it has now. */
export function filterPlaces(
  { name, guards, filters, endpointFilters }: PoolDescription,
  { named }: Members,
): FilterPlace[] {
  const at = `pool ${name}`
  const places: FilterPlace[] = [{ at, filters: [...guards, ...filters] }]
  if (endpointFilters.length === 0) return places
  for (const endpoint of named) {
    const own = endpointFilters.flatMap((each) => each.made(endpoint) ?? [])
    places.push({ at: `${at}, ${endpoint.id}`, filters: own })
  }
  return places
}
