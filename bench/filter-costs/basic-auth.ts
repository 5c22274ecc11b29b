import { basicAuth, hashPassword } from 'gatewright/filters/basic-auth'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  {
    name: 'basicAuth, remembered',
    filters: async () => [basicAuth({ users: { ada: await hashPassword('analytical') }, cacheMs: '1d' })],
    headers: { Authorization: `Basic ${Buffer.from('ada:analytical').toString('base64')}` },
  },
]
