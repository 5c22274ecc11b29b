import type { RouteDescription } from '../../proxy/route-listing.ts'
import type { RouteStatus } from '../api.ts'
import type { RouteTraffic } from '../traffic/route-rings.ts'
import { listedTarget } from './listed-target.ts'
import { namedPools } from './named-pools.ts'

const NONE: RouteTraffic = { matches: 0, failures: 0, inFlight: 0, latency: undefined }

export function routeStatuses(
  routes: readonly RouteDescription[],
  traffic: ReadonlyMap<string, RouteTraffic>,
): RouteStatus[] {
  return routes.map((route) => ({
    ...route,
    target: listedTarget(route.target),
    ...(route.uses === undefined ? {} : { uses: route.uses.map(listedTarget) }),
    pools: [...namedPools([route.target, ...(route.uses ?? [])]).keys()],
    ...(traffic.get(route.match) ?? NONE),
  }))
}
