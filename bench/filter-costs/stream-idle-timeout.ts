import { streamIdleTimeout } from 'gatewright/filters/stream-idle-timeout'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  { name: 'streamIdleTimeout', filters: () => [streamIdleTimeout('10m')] },
]
