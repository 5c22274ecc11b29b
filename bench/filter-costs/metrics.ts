import { metrics } from 'gatewright/filters/metrics'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  // Attempts at the endpoint are counted as well, as where it stands in the proxy.
  { name: 'metrics', filters: () => [metrics()] },
]
