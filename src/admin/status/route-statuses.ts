import type { RouteDescription } from '../../proxy/route-listing.ts'
import type { RouteStatus } from '../api.ts'
import type { RouteTraffic } from '../traffic/route-rings.ts'
import { namedPools } from './named-pools.ts'

const NONE: RouteTraffic = { matches: 0, failures: 0, inFlight: 0, latency: undefined }

export function routeStatuses(
  routes: readonly RouteDescription[],
  traffic: ReadonlyMap<string, RouteTraffic>,
): RouteStatus[] {
  return routes.map(({ match, filters, target, uses = [] }) => ({
    match,
    filters,
    target: { kind: target.kind, name: target.name },
    pools: [...namedPools([target, ...uses]).keys()],
    ...(traffic.get(match) ?? NONE),
  }))
}
