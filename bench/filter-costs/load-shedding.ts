import { loadShedding } from 'gatewright/filters/load-shedding'
import type { FilterCost } from './filter-cost.ts'

const priority = ({ request }: { request: { path: string } }) =>
  request.path.startsWith('/checkout') ? 1 : 0.5

export const costs: readonly FilterCost[] = [
  // These exchanges leave the event loop no time at all, and would be shed: the delay is said to be none.
  { name: 'loadShedding, nothing shed', filters: () => [loadShedding({ priority, delayMs: () => 0 })] },
]
