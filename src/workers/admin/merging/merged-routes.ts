import type { RouteStatus } from '../../../admin/api.ts'
import { Latencies } from '../../../admin/traffic/latencies.ts'
import type { SharedLatencies } from '../../../admin/traffic/shared-latencies.ts'
import { grouped } from './grouped.ts'
import { sum } from './summed.ts'

export function mergedRoutes(
  all: readonly (readonly RouteStatus[])[],
  latencies: readonly SharedLatencies[],
): RouteStatus[] {
  return grouped(all, ({ match }) => match).map((routes) => {
    const [first] = routes
    const took = new Latencies('coarse')
    for (const { routes: shared } of latencies)
      if (Object.hasOwn(shared, first!.match)) took.addShared(shared[first!.match]!)
    return {
      ...first!,
      matches: sum(routes, ({ matches }) => matches),
      failures: sum(routes, ({ failures }) => failures),
      inFlight: sum(routes, ({ inFlight }) => inFlight),
      latency: took.percentiles,
    }
  })
}
