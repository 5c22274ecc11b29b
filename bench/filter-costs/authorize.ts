import { authorize } from 'gatewright/filters/authorize'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  { name: 'authorize', filters: () => [authorize(({ request }) => request.method === 'GET')] },
  {
    name: 'authorize, asynchronous',
    filters: () => [authorize(async ({ request }) => request.method === 'GET')],
  },
]
