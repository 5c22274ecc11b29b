import { stripPrefix } from 'gatewright/filters/strip-prefix'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [{ name: 'stripPrefix', filters: () => [stripPrefix('/users')] }]
