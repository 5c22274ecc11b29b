import { websocket } from 'gatewright/filters/websocket'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  { name: 'websocket, a request that is none', filters: () => [websocket({ onMessage: () => {} })] },
]
