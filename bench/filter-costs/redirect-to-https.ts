import { redirectToHttps } from 'gatewright/filters/redirect-to-https'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [
  { name: 'redirectToHttps, client without TLS', filters: () => [redirectToHttps()], status: 308 },
]
