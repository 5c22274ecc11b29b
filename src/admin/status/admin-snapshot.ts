import type { RunningProxy } from '../../proxy/running-proxy.ts'
import type { AdminSnapshot } from '../api.ts'
import type { Traffic } from '../traffic/traffic.ts'
import { filterStatuses } from './filter-statuses.ts'
import { listenerStatuses } from './listener-statuses.ts'
import { poolStatuses } from './pool-statuses.ts'
import { proxyStatus } from './proxy-status.ts'
import { routeStatuses } from './route-statuses.ts'

/** Each part of what an admin listener shows, made when it is asked for. */
export function adminParts(proxy: RunningProxy, traffic: Traffic, readOnly: boolean): AdminSnapshot {
  return {
    get proxy() {
      return proxyStatus(proxy, readOnly, proxy.surroundings.configuration)
    },
    get listeners() {
      return listenerStatuses(proxy.listeners)
    },
    get routes() {
      return routeStatuses(proxy.routes, traffic.routes())
    },
    get pools() {
      return poolStatuses(proxy.pools, proxy.routes, (pool) => traffic.decisions(pool))
    },
    get filters() {
      return filterStatuses(proxy.filterStates)
    },
    get traffic() {
      return traffic.status()
    },
    get failures() {
      return traffic.failures()
    },
  }
}
