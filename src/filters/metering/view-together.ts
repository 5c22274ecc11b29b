import type { FilterStateView, ProxyView } from '../../core/proxy-view.ts'

/** Proxies that one `metrics()` is in, as one. What cannot be put together is that of the one that was started last. */
export function viewTogether(views: readonly ProxyView[]): ProxyView | undefined {
  const last = views.at(-1)
  if (last === undefined || views.length === 1) return last
  return {
    clock: last.clock,
    startedAt: last.startedAt,
    get phase() {
      return last.phase
    },
    get readiness() {
      return last.readiness
    },
    get listeners() {
      return views.flatMap(({ listeners }) => listeners)
    },
    get pools() {
      return views.flatMap(({ pools }) => pools)
    },
    get filterStates() {
      return eachFilterOnce(views.flatMap(({ filterStates }) => filterStates))
    },
    get expositions() {
      return last.expositions
    },
  }
}

/** One that is in several proxies has one state. */
function eachFilterOnce(states: readonly FilterStateView[]): FilterStateView[] {
  const seen = new Set<object>()
  return states.filter(({ filter }) => {
    const isNew = !seen.has(filter)
    seen.add(filter)
    return isNew
  })
}
