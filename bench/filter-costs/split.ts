import { type Filter, type Pool, withTargets } from 'gatewright'
import { type SplitOptions, split } from 'gatewright/filters/split'
import type { FilterCost } from './filter-cost.ts'

/** In the place of a filter: what is behind it in the route is one of its arms. */
function splitting(users: Pool, options?: SplitOptions): Filter {
  const target = split(
    [
      { weight: 95, to: users },
      { weight: 5, to: users, name: 'canary' },
    ],
    options,
  )
  const filter: Filter = (exchange) => target(exchange)
  return withTargets(filter, [users])
}

export const costs: readonly FilterCost[] = [
  { name: 'split, by chance', filters: (users) => [splitting(users)] },
  {
    name: 'split, by a key',
    filters: (users) => [splitting(users, { by: ({ request }) => request.headers.get('x-user') })],
    headers: { 'X-User': 'user-4711' },
  },
  {
    name: 'split, by a cookie',
    filters: (users) => [splitting(users, { cookie: true })],
    headers: { Cookie: '__Host-split=0123abcd' },
  },
]
