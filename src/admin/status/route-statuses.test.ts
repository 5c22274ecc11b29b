import { describe, expect, it } from 'vitest'
import type { RouteDescription } from '../../proxy/route-listing.ts'
import type { TargetDescription } from '../../transport/runtime.ts'
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

  it('leaves endpoints to the pools that have them', () => {
    const endpoint = {
      id: 'u1',
      url: 'http://u1',
      weight: 1,
      priority: 0,
      zone: undefined,
      labels: {},
      used: true,
    }
    const named = (name: string, fallback?: TargetDescription): TargetDescription => ({
      kind: 'pool',
      name,
      endpoints: [endpoint],
      fallback,
    })
    const target = { ...named('users', named('archive')), uses: [named('sessions')] }
    const [status] = routeStatuses([{ match: '/', filters: [], target, uses: [named('auth')] }], new Map())
    expect(status!.pools).toEqual(['users', 'sessions', 'archive', 'auth'])
    expect(JSON.stringify(status)).not.toContain('http://u1')
  })

  it('has the traffic of its match, and zeros where there was none', () => {
    const traffic = { matches: 7, failures: 1, inFlight: 2, latency: undefined }
    expect(routeStatuses([ROUTE], new Map([['/users', traffic]]))[0]).toMatchObject(traffic)
    expect(routeStatuses([ROUTE], new Map([['/', traffic]]))[0]).toMatchObject({ matches: 0, inFlight: 0 })
  })
})
