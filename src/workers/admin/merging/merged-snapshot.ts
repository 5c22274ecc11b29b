import type { AdminSnapshot, ExchangesStatus, ProxyStatus } from '../../../admin/api.ts'
import type { AdminShare } from '../../../admin/share.ts'
import { mergedFilters } from './merged-filters.ts'
import { mergedListeners } from './merged-listeners.ts'
import { mergedPools } from './merged-pools.ts'
import { mergedRoutes } from './merged-routes.ts'
import { mergedTraffic } from './merged-traffic.ts'
import { sum } from './summed.ts'

const MAX_FAILURES = 100

/** What several workers show, as one. `proxy` is the supervisor's to say. */
export function mergedSnapshot(proxy: ProxyStatus, shares: readonly AdminShare[]): AdminSnapshot {
  const all = shares.map(({ snapshot }) => snapshot)
  const latencies = shares.map((it) => it.latencies)
  return {
    proxy,
    listeners: mergedListeners(all.map(({ listeners }) => listeners)),
    routes: mergedRoutes(
      all.map(({ routes }) => routes),
      latencies,
    ),
    pools: mergedPools(all.map(({ pools }) => pools)),
    filters: mergedFilters(all.map(({ filters }) => filters)),
    traffic: mergedTraffic(
      all.map(({ traffic }) => traffic),
      latencies,
    ),
    failures: all
      .flatMap(({ failures }) => failures)
      .toSorted((one, other) => other.at - one.at)
      .slice(0, MAX_FAILURES),
  }
}

/** Those that are under way in all workers, the oldest first. */
export function mergedExchanges(all: readonly ExchangesStatus[], limit: number): ExchangesStatus {
  return {
    total: sum(all, ({ total }) => total),
    exchanges: all
      .flatMap(({ exchanges }) => exchanges)
      .toSorted((one, other) => one.startedAt - other.startedAt)
      .slice(0, limit),
  }
}
