import { describe, expect, it } from 'vitest'
import type { FilterStateView } from '../../core/proxy-view.ts'
import { filterStatuses, identifiedFilters } from './filter-statuses.ts'

const state = { kind: 'circuit-breaker', state: 'closed' } as const
const view = (at: string, name: string): FilterStateView => ({ at, name, filter: {}, state })

describe('identifiedFilters', () => {
  it('tells filters apart, also of two places with one name', () => {
    const views = [view('/a', 'cache'), view('/a', 'cache #2'), view('/a', 'cache'), view('proxy', 'cache')]
    const ids = identifiedFilters(views).map(({ id }) => id)
    expect(ids).toEqual(['/a > cache', '/a > cache #2', '/a > cache (2)', 'proxy > cache'])
  })
})

describe('filterStatuses', () => {
  it('shows of a filter no more than where it is and how it stands', () => {
    expect(filterStatuses([view('/a', 'circuitBreaker')])).toEqual([
      { id: '/a > circuitBreaker', at: '/a', name: 'circuitBreaker', state },
    ])
  })
})
