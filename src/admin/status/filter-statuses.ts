import type { FilterStateView } from '../../core/proxy-view.ts'
import type { FilterStatus } from '../api.ts'

/** A filter with the id that it is told of by. */
export interface IdentifiedFilter {
  readonly id: string
  readonly view: FilterStateView
}

/** By place and name, which a reload keeps. Where two have the same, the second gets a number. */
export function identifiedFilters(views: readonly FilterStateView[]): IdentifiedFilter[] {
  const counts = new Map<string, number>()
  return views.map((view) => {
    const place = `${view.at} > ${view.name}`
    const count = (counts.get(place) ?? 0) + 1
    counts.set(place, count)
    return { id: count === 1 ? place : `${place} (${count})`, view }
  })
}

export function filterStatuses(views: readonly FilterStateView[]): FilterStatus[] {
  return identifiedFilters(views).map(({ id, view: { name, at, state } }) => ({ id, name, at, state }))
}
