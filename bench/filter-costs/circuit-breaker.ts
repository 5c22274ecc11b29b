import { circuitBreaker } from 'gatewright/filters/circuit-breaker'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  { name: 'circuitBreaker, closed', filters: () => [circuitBreaker({ slowMs: '2s' })] },
]
