import { gzipSync } from 'node:zlib'
import { decompress } from 'gatewright/filters/decompress'
import type { FilterCost } from './filter-cost.ts'

const body = gzipSync(JSON.stringify(Array.from({ length: 60 }, (_, id) => ({ id, name: `item ${id * 7}` }))))

const costOf = (name: string, more: Partial<FilterCost>): FilterCost => ({
  name,
  filters: () => [decompress({ requests: true })],
  method: 'POST',
  ...more,
})

export const costs: readonly FilterCost[] = [
  costOf('decompress, a request of 2 KiB by gzip', {
    headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
    body,
  }),
  costOf('decompress, without a coding', { headers: { 'Content-Type': 'application/json' }, body: '{}' }),
]
