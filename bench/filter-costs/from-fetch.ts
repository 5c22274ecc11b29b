import { fromFetch } from 'gatewright'
import type { FilterCost } from './filter-cost.ts'

const text = 'x'.repeat(1_024)
const app = fromFetch(() => new Response(text, { headers: { 'Content-Length': '1024' } }))

export const costs: readonly FilterCost[] = [
  // In the place of the pool: what the route without it costs is taken off.
  { name: 'fromFetch, 1 KiB', filters: () => [(exchange) => app(exchange)] },
]
