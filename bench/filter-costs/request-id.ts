import { requestId } from 'gatewright/filters/request-id'
import type { FilterCost } from './filter-cost.ts'

export const costs: readonly FilterCost[] = [{ name: 'requestId', filters: () => [requestId()] }]
