import { stateOf } from '../core/filter-state.ts'
import type { Filter } from '../core/handler.ts'
import { matchText } from '../core/match.ts'
import type { FilterStateView } from '../core/proxy-view.ts'
import type { ProxyDescription } from './description.ts'
import { filterName } from './explanation.ts'

/** How things stand with the filters of a description that keep numbers. One that stands at several places is told of once. */
export function filterStates({ filters, connect, routes }: ProxyDescription): FilterStateView[] {
  const seen = new Set<object>()
  return [
    ...statesAt('proxy', filters, seen),
    ...statesAt('connect', connect?.filters ?? [], seen),
    ...routes.flatMap((route) => statesAt(matchText(route.match), route.filters, seen)),
  ]
}

function statesAt(at: string, filters: readonly Filter[], seen: Set<object>): FilterStateView[] {
  const counts = new Map<string, number>()
  return filters.flatMap((filter) => {
    if (seen.has(filter)) return []
    const state = stateOf(filter)
    if (state === undefined) return []
    seen.add(filter)
    const own = filterName(filter)
    const count = (counts.get(own) ?? 0) + 1
    counts.set(own, count)
    return [{ name: count === 1 ? own : `${own} #${count}`, at, filter, state }]
  })
}
