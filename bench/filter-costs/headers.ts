import { headers } from 'gatewright/filters/headers'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  {
    name: 'headers, fixed values',
    filters: () => [
      headers({
        request: { set: { 'X-Gateway': 'a' }, remove: ['X-Debug'] },
        response: { set: { 'X-Frame-Options': 'DENY' }, remove: ['Server'] },
      }),
    ],
  },
  {
    name: 'headers, templates',
    filters: () => [
      headers({
        request: { set: { 'X-Client': '{client.address}', 'X-Route': 'route={route}' } },
        response: { set: { 'X-Request-Id': '{id}' } },
      }),
    ],
  },
]
