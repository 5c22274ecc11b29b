import { bodyLimit } from 'gatewright/filters/body-limit'
import type { FilterCost } from './filter-cost.ts'

const limits = { request: '1mb', response: '1mb' } as const

export const costs: readonly FilterCost[] = [
  { name: 'bodyLimit', filters: () => [bodyLimit(limits)] },
  {
    name: 'bodyLimit, lengths that are not known',
    filters: () => [bodyLimit(limits)],
    response: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n${'x'.repeat(1_024)}\r\n0\r\n\r\n`,
  },
]
