import { csrf } from 'gatewright/filters/csrf'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  {
    name: 'csrf',
    filters: () => [csrf()],
    method: 'POST',
    body: 'item=7',
    headers: { 'Sec-Fetch-Site': 'same-origin', Origin: 'http://127.0.0.1' },
  },
]
