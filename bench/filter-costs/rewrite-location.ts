import { rewriteLocation } from 'gatewright/filters/rewrite-location'
import { stripPrefix } from 'gatewright/filters/strip-prefix'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  {
    name: 'rewriteLocation, no Location',
    filters: () => [rewriteLocation()],
  },
  {
    name: 'rewriteLocation and stripPrefix, redirect',
    filters: () => [rewriteLocation(), stripPrefix('/users')],
    response: 'HTTP/1.1 302 Found\r\nLocation: /login?next=7\r\nContent-Length: 0\r\n\r\n',
  },
]
