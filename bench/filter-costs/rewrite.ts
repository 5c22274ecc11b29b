import { rewrite } from 'gatewright/filters/rewrite'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  { name: 'rewrite', filters: () => [rewrite('/users/:id', '/v2/users/:id')] },
  { name: 'rewrite, another path', filters: () => [rewrite('/v1', '/v2')] },
]
