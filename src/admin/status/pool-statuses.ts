import type { PickRecord } from '../../core/decision-record.ts'
import type { PoolView } from '../../core/proxy-view.ts'
import type { RouteDescription } from '../../proxy/route-listing.ts'
import type { PoolStatus } from '../api.ts'
import { namedPools } from './named-pools.ts'

/** `decisions`: the last ones of the pool of a name, the latest first. */
export function poolStatuses(
  pools: readonly PoolView[],
  routes: readonly RouteDescription[],
  decisions: (pool: string) => readonly PickRecord[],
): PoolStatus[] {
  const described = namedPools(routes.flatMap(({ target, uses = [] }) => [target, ...uses]))
  return pools.map(({ name, endpoints }) => {
    const lastDecisions = decisions(name)
    const [latest] = lastDecisions
    const scores = new Map(latest?.candidates.map(({ id, score }) => [id, score]))
    return {
      name,
      balancer: described.get(name)?.balancer ?? latest?.balancer ?? 'unknown',
      endpoints: endpoints.map((endpoint) => ({ ...endpoint, score: scores.get(endpoint.id) })),
      lastDecisions,
      panic: latest?.panic ?? false,
    }
  })
}
