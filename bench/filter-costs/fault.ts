import { fault } from 'gatewright/filters/fault'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  {
    name: 'fault, not enabled',
    filters: () => [
      fault({ enabled: ({ request }) => request.headers.has('x-chaos'), delay: { ms: '1s' }, abort: {} }),
    ],
  },
]
