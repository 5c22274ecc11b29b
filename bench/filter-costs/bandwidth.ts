import { bandwidth } from 'gatewright/filters/bandwidth'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  { name: 'bandwidth, not reached', filters: () => [bandwidth({ response: '10gb' })] },
  { name: 'bandwidth, for each client', filters: () => [bandwidth({ response: '10gb', key: 'address' })] },
]
