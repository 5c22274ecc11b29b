import { rateLimit } from 'gatewright/filters/rate-limit'
import type { FilterCost } from './filter-cost.ts'

const plenty = { limit: 1_000_000_000, per: '1m' } as const

export const costs: readonly FilterCost[] = [
  { name: 'rateLimit', filters: () => [rateLimit(plenty)] },
  { name: 'rateLimit, without fields', filters: () => [rateLimit({ ...plenty, fields: 'none' })] },
  {
    name: 'rateLimit, two rules',
    filters: () => [
      rateLimit({
        rules: [
          { ...plenty, name: 'burst' },
          { ...plenty, name: 'day', algorithm: 'sliding-window-counter' },
        ],
      }),
    ],
  },
]
