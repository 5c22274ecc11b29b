import { accessLog } from 'gatewright/filters/access-log'
import type { FilterCost } from './filter-cost.ts'

/** These exchanges leave the event loop no time at all: whoever takes the lines must do so at once. */
const to = () => {}

export const costs: readonly FilterCost[] = [
  { name: 'accessLog', filters: () => [accessLog({ to })] },
  { name: 'accessLog, combined', filters: () => [accessLog({ to, format: 'combined' })] },
  { name: 'accessLog, one of a hundred', filters: () => [accessLog({ to, sample: 0.01 })] },
]
