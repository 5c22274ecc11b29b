import { coalesce } from 'gatewright/filters/coalesce'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  { name: 'coalesce, each request another', filters: () => [coalesce({ headers: ['user-agent'] })] },
  {
    name: 'coalesce, with a cookie',
    filters: () => [coalesce()],
    headers: { Cookie: 'session=1' },
  },
]
