import { rewriteLocation } from 'gatewright/filters/rewrite-location'
import { stripPrefix } from 'gatewright/filters/strip-prefix'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  {
    name: 'rewriteLocation, no address',
    filters: () => [rewriteLocation()],
  },
  {
    name: 'rewriteLocation and stripPrefix, one address',
    filters: () => [rewriteLocation(), stripPrefix('/users')],
    response: 'HTTP/1.1 200 OK\r\nContent-Location: /7.en?v=2\r\nContent-Length: 2\r\n\r\nok',
  },
]
