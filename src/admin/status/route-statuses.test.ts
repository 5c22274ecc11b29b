import { describe, expect, it } from 'vitest'
import type { RouteDescription } from '../../proxy/route-listing.ts'
import { routeStatuses } from './route-statuses.ts'

const ROUTE: RouteDescription = {
  match: '/users',
  filters: ['jwt'],
  target: {
    kind: 'pool',
    name: 'users',
    uses: [{ kind: 'pool', name: 'sessions' }],
    fallback: { kind: 'pool', name: 'archive', fallback: { kind: 'handler', name: 'sorry' } },
  },
  uses: [{ kind: 'service', name: 'https://id' }],
}

describe('routeStatuses', () => {
  it('names the pools that a route leads to, each once', () => {
    const [status] = routeStatuses([ROUTE], new Map())
    expect(status!.pools).toEqual(['users', 'sessions', 'archive', 'https://id'])
    const twice = { ...ROUTE, uses: [ROUTE.target] }
    expect(routeStatuses([twice], new Map())[0]!.pools).toEqual(['users', 'sessions', 'archive'])
  })

  it('names its target, without what is known of that', () => {
    expect(routeStatuses([ROUTE], new Map())[0]).toMatchObject({
      match: '/users',
      filters: ['jwt'],
      target: { kind: 'pool', name: 'users' },
    })
    expect(Object.keys(routeStatuses([ROUTE], new Map())[0]!.target)).toEqual(['kind', 'name'])
  })

  it('has the traffic of its match, and zeros where there was none', () => {
    const traffic = { matches: 7, failures: 1, inFlight: 2, latency: undefined }
    expect(routeStatuses([ROUTE], new Map([['/users', traffic]]))[0]).toMatchObject(traffic)
    expect(routeStatuses([ROUTE], new Map([['/', traffic]]))[0]).toMatchObject({ matches: 0, inFlight: 0 })
  })
})
