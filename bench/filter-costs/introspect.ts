import { respondJson } from 'gatewright'
import { introspect } from 'gatewright/filters/introspect'
import type { FilterCost } from './filter-cost.ts'

const service = () => respondJson(200, { active: true, sub: 'ada' })

export const costs: readonly FilterCost[] = [
  {
    name: 'introspect, kept',
    filters: () => [introspect({ endpoint: { service, path: '/introspect' }, cacheMs: '1d' })],
    headers: { Authorization: 'Bearer 2YotnFZFEjr1zCsicMWpAA' },
  },
]
