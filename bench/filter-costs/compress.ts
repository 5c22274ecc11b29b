import { compress } from 'gatewright/filters/compress'
import type { FilterCost } from './filter-cost.ts'

const items = Array.from({ length: 60 }, (_, id) => ({
  id,
  name: `item ${id * 7}`,
  price: (id * 37) % 101,
  stock: id % 3,
}))
const json = JSON.stringify(items)
const response = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n${json}`

const row = (name: string, coding: string): FilterCost => ({
  name,
  filters: () => [compress()],
  headers: { 'Accept-Encoding': coding },
  response,
})

export const costs: readonly FilterCost[] = [
  row('compress, 3 KiB of JSON by zstd', 'gzip, br, zstd'),
  row('compress, the same by br', 'gzip, br'),
  row('compress, the same by gzip', 'gzip'),
  row('compress, not wanted', 'identity'),
]
