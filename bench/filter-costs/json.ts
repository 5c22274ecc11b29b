import { json } from 'gatewright/filters/json'
import type { FilterCost } from './filter-cost.ts'

const user = JSON.stringify({
  id: 7,
  name: 'Ada',
  password: 'secret',
  tags: Array.from({ length: 100 }, (_, i) => `tag ${i}`),
})
const response = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${user.length}\r\n\r\n${user}`

export const costs: readonly FilterCost[] = [
  {
    name: 'json, a response of 1 KiB',
    filters: () => [json({ response: (it: { name: string }) => ({ ...it, password: undefined }) })],
    response,
  },
  {
    name: 'json, a request of 1 KiB',
    filters: () => [json({ request: (it: { name: string }) => ({ ...it, seen: true }) })],
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: user,
  },
]
