import { adaptiveConcurrency } from 'gatewright/filters/adaptive-concurrency'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  // The least is more than the connections have under way: all go through.
  { name: 'adaptiveConcurrency', filters: () => [adaptiveConcurrency({ min: 100 })] },
]
