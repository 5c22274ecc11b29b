import { securityHeaders } from 'gatewright/filters/security-headers'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  { name: 'securityHeaders', filters: () => [securityHeaders()] },
  {
    name: 'securityHeaders, with a nonce',
    filters: () => [securityHeaders({ contentSecurityPolicy: "script-src 'nonce-{nonce}'" })],
  },
]
