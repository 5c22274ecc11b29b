import { hsts } from 'gatewright/filters/hsts'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [{ name: 'hsts, client without TLS', filters: () => [hsts()] }]
