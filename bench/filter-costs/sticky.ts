import { createHmac } from 'node:crypto'
import { sticky } from 'gatewright/filters/sticky'
import type { FilterCost } from './filter-cost.ts'

const key = 'k'.repeat(32)

export const costs: readonly FilterCost[] = [
  { name: 'sticky, first request', filters: () => [sticky({ keys: key })] },
  {
    name: 'sticky, forged cookie',
    filters: () => [sticky({ keys: key, ifGone: 'fail' })],
    headers: {
      Cookie: `__Host-affinity=${createHmac('sha256', 'forged').update('').digest('base64url')}`,
    },
  },
]
