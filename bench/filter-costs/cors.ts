import { cors } from 'gatewright/filters/cors'
import type { FilterCost } from './filter-cost.ts'

const origin = 'https://shop.example'

export const costs: readonly FilterCost[] = [
  {
    name: 'cors',
    filters: () => [cors({ origins: [origin], credentials: true })],
    headers: { Origin: origin },
  },
]
