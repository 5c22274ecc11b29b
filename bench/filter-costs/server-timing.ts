import { serverTiming } from 'gatewright/filters/server-timing'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  { name: 'serverTiming', filters: () => [serverTiming({ to: 'everyone' })] },
]
