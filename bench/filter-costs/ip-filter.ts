import { ipFilter } from 'gatewright/filters/ip-filter'
import type { FilterCost } from './filter-cost.ts'

const ranges = Array.from({ length: 100 }, (_, i) => `203.0.${i}.0/24`)

export const costs: readonly FilterCost[] = [
  { name: 'ipFilter, 100 ranges', filters: () => [ipFilter({ allow: ['loopback'], deny: ranges })] },
]
