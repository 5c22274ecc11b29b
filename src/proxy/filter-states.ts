import { stateOf } from '../core/filter-state.ts'
import { matchText } from '../core/match.ts'
import type { FilterStateView } from '../core/proxy-view.ts'
import type { FilterPlace } from '../pool/filter-places.ts'
import type { RunningPool } from '../pool/running-pool.ts'
import type { ProxyDescription } from './description.ts'
import { filterName } from './explanation.ts'

/**
 * How things stand with filters that keep numbers: those of a description, and those of the pools that serve it. One that
 * stands at several places is told of once. No two have the same name at the same place.
 */
export function filterStates(
  { filters, connect, routes }: ProxyDescription,
  pools: readonly RunningPool[],
): FilterStateView[] {
  return viewsAt([
    { at: 'proxy', filters },
    { at: 'connect', filters: connect?.filters ?? [] },
    ...routes.map((route) => ({ at: matchText(route.match), filters: route.filters })),
    ...pools.flatMap((pool) => pool.filterPlaces),
  ])
}

function viewsAt(places: readonly FilterPlace[]): FilterStateView[] {
  const seen = new Set<object>()
  // By name and place: two pools may have one name, two routes one match in words.
  const counts = new Map<string, number>()
  const views: FilterStateView[] = []
  for (const { at, filters } of places)
    for (const filter of filters) {
      const state = seen.has(filter) ? undefined : stateOf(filter)
      if (state === undefined) continue
      seen.add(filter)
      const own = filterName(filter)
      const key = `${at}\n${own}`
      const count = (counts.get(key) ?? 0) + 1
      counts.set(key, count)
      views.push({ name: count === 1 ? own : `${own} #${count}`, at, filter, state })
    }
  return views
}
