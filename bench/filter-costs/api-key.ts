import { createHash } from 'node:crypto'
import { apiKey } from 'gatewright/filters/api-key'
import type { FilterCost } from './filter-cost.ts'

const KEY = 'gw_live_5f0c1d7e9a2b9e6a4c80'
const headers = { 'X-Api-Key': KEY }
const sha256 = createHash('sha256').update(KEY).digest('hex')

export const costs: readonly FilterCost[] = [
  { name: 'apiKey', filters: () => [apiKey({ keys: [{ id: 'shop', sha256 }] })], headers },
  { name: 'apiKey, lookup kept', filters: () => [apiKey({ lookup: async () => ({ id: 'shop' }) })], headers },
]
