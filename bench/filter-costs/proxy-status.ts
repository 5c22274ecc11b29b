import { proxyStatus } from 'gatewright/filters/proxy-status'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  { name: 'proxyStatus', filters: () => [proxyStatus()] },
  { name: 'proxyStatus, with received', filters: () => [proxyStatus({ received: true })] },
]
