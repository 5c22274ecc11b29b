import { respond } from 'gatewright'
import { mirror } from 'gatewright/filters/mirror'
import type { FilterCost } from './filter-cost.ts'

const to = () => respond(204)

export const costs: readonly FilterCost[] = [
  { name: 'mirror, a twentieth', filters: () => [mirror({ to, share: 0.05 })] },
  {
    name: 'mirror, all, content of 1 KiB',
    filters: () => [mirror({ to })],
    method: 'POST',
    body: 'x'.repeat(1_024),
  },
]
