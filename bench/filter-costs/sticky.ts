import { pool, proxy } from 'gatewright'
import { sticky } from 'gatewright/filters/sticky'
import { simulate } from 'gatewright/testing'
import type { FilterCost } from './filter-cost.ts'

const keys = 'k'.repeat(32)

export const costs: readonly FilterCost[] = [
  {
    name: 'sticky, request of a session',
    filters: () => [sticky({ keys })],
    headers: async () => {
      // The same for whoever has the key, and an endpoint of this id.
      await using sim = simulate(proxy().route('/', pool(['http://one']).guard(sticky({ keys }))))
      const { headers } = await sim.get('/')
      return { Cookie: headers.get('set-cookie')?.split(';')[0] ?? '' }
    },
  },
  { name: 'sticky, first request', filters: () => [sticky({ keys })] },
]
