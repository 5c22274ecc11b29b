import { respond } from 'gatewright'
import { aggregate } from 'gatewright/filters/aggregate'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  {
    // In the place of the pool: what the route without it costs is taken off.
    name: 'aggregate, two handlers',
    filters: () => {
      const from = () => respond(200, '{"id":7,"name":"ann"}')
      const home = aggregate({
        parts: { user: { from, request: '/users/7' }, again: { from, request: '/users/7' } },
      })
      return [(exchange) => home(exchange)]
    },
  },
]
