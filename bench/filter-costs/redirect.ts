import type { Filter } from 'gatewright'
import { redirect } from 'gatewright/filters/redirect'
import type { FilterCost } from './filter-cost.ts'

const moved = redirect('/people/7')
/** In the place of a filter: no service is asked, so it may cost less than nothing. */
const filter: Filter = (exchange) => moved(exchange)

export const costs: readonly FilterCost[] = [{ name: 'redirect', filters: () => [filter], status: 308 }]
