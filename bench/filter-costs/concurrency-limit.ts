import { concurrencyLimit } from 'gatewright/filters/concurrency-limit'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  { name: 'concurrencyLimit', filters: () => [concurrencyLimit({ limit: 100 })] },
  {
    name: 'concurrencyLimit, for each client',
    filters: () => [concurrencyLimit({ limit: 100, per: ({ client }) => client.address })],
  },
]
