import { serverTiming } from 'gatewright/filters/server-timing'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  { name: 'serverTiming, told', filters: () => [serverTiming({ to: 'everyone' })] },
  { name: 'serverTiming, not told', filters: () => [serverTiming()] },
]
