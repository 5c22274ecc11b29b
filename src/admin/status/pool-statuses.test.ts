import { describe, expect, it } from 'vitest'
import type { CandidateRecord, PickRecord } from '../../core/decision-record.ts'
import type { EndpointSnapshot } from '../../core/endpoint-snapshot.ts'
import type { RouteDescription } from '../../proxy/route-listing.ts'
import { poolStatuses } from './pool-statuses.ts'

const endpoint = (id: string) => ({ id, weight: 1 }) as EndpointSnapshot

function pick(scores: Readonly<Record<string, number | undefined>>, panic = false): PickRecord {
  const candidates = Object.entries(scores).map(([id, score]) => ({ id, score }) as CandidateRecord)
  return { pool: 'users', balancer: 'cheapest', candidates, panic } as unknown as PickRecord
}

const ROUTES: readonly RouteDescription[] = [
  {
    match: '/',
    filters: [],
    target: {
      kind: 'pool',
      name: 'users',
      balancer: 'roundRobin',
      fallback: { kind: 'pool', name: 'archive', balancer: 'random' },
    },
    uses: [{ kind: 'service', name: 'http://auth', balancer: 'leastConnections' }],
  },
]

const NONE = { latest: undefined, last: [] }

describe('poolStatuses', () => {
  const users = { name: 'users', endpoints: [endpoint('u1'), endpoint('u2')] }

  it('takes scores and panic from the latest decision', () => {
    const last = [pick({}, true), pick({ u1: 9, u2: 9 })]
    const latest = pick({ u1: 4 }, true)
    const [status] = poolStatuses([users], ROUTES, () => ({ latest, last }))
    expect(status!.endpoints.map(({ score }) => score)).toEqual([4, undefined])
    expect([status!.panic, status!.lastDecisions]).toEqual([true, last])
  })

  it('knows the balancer of pools that routes, filters and fallbacks lead to', () => {
    const pools = ['users', 'archive', 'http://auth', 'unnamed'].map((name) => ({ name, endpoints: [] }))
    const statuses = poolStatuses(pools, ROUTES, () => NONE)
    expect(statuses.map(({ balancer }) => balancer)).toEqual([
      'roundRobin',
      'random',
      'leastConnections',
      'unknown',
    ])
    expect(statuses[0]).toMatchObject({ panic: false, lastDecisions: [] })
    expect(
      poolStatuses(pools.slice(3), ROUTES, () => ({ latest: undefined, last: [pick({})] }))[0]!.balancer,
    ).toBe('cheapest')
  })
})
