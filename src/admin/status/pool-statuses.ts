import type { PoolView } from '../../core/proxy-view.ts'
import type { RouteDescription } from '../../proxy/route-listing.ts'
import type { PoolStatus } from '../api.ts'
import type { PoolDecisions } from '../traffic/pick-samples.ts'
import { namedPools } from './named-pools.ts'

/** `decisions`: those of the pool of a name. */
export function poolStatuses(
  pools: readonly PoolView[],
  routes: readonly RouteDescription[],
  decisions: (pool: string) => PoolDecisions,
): PoolStatus[] {
  const described = namedPools(routes.flatMap(({ target, uses = [] }) => [target, ...uses]))
  return pools.map(({ name, endpoints }) => {
    const { latest, last } = decisions(name)
    const scores = new Map(latest?.candidates.map(({ id, score }) => [id, score]))
    return {
      name,
      balancer: described.get(name)?.balancer ?? last[0]?.balancer ?? 'unknown',
      endpoints: endpoints.map((endpoint) => ({ ...endpoint, score: scores.get(endpoint.id) })),
      lastDecisions: last,
      panic: latest?.panic ?? false,
    }
  })
}
