import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Balancer } from '../core/balancer.ts'
import type { Exchange } from '../core/exchange.ts'
import { endpoint, type TestEndpoint } from '../testing/endpoint.ts'
import { exchange } from '../testing/exchange.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import * as balancers from './index.ts'

/** What holds for each balancer. What is special about one stands in its own test. */
const { perCandidates: _, ...makers } = balancers
const all: Record<string, () => Balancer> = {
  ...makers,
  // The default table is too large to build a thousand times.
  maglev: () => balancers.maglev({ tableSize: 1009 }),
}

const anyEndpoints = fc
  .array(
    fc.record({
      weight: fc.oneof(
        fc.integer({ min: 1, max: 10 }),
        fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        fc.constant(1),
      ),
      inFlight: fc.oneof(fc.integer({ min: -1, max: 5 }), fc.double()),
      responseTimeMs: fc.oneof(fc.constant(0), fc.double()),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((records) =>
    records.map(
      ({ weight, ...live }, i): TestEndpoint => ({ ...endpoint({ id: `e${i}`, weight }), ...live }),
    ),
  )

function clients(count: number): Exchange[] {
  return Array.from({ length: count }, (_, i) => exchange({ client: `10.0.${i >> 8}.${i & 255}` }))
}

function picks(
  balancer: Balancer,
  candidates: readonly TestEndpoint[],
  count: number,
  seed: number,
): string[] {
  const random = seededRandom(seed)
  return clients(count).map((it) => balancer(candidates, it, random).id)
}

describe.each(Object.entries(all))('%s', (name, make) => {
  test('bears its name, for explain', () => {
    expect(make().name).toBe(name)
  })

  test('returns a candidate, whatever the live numbers and the weights are', () => {
    fc.assert(
      fc.property(anyEndpoints, fc.integer(), (candidates, seed) => {
        const balancer = make()
        const random = seededRandom(seed)
        for (const it of clients(10)) expect(candidates).toContain(balancer(candidates, it, random))
      }),
      { numRuns: 100 },
    )
  })

  test('returns a candidate for the extremes of chance', () => {
    const candidates = [1, 3, 0.1, 7].map((weight, i) => endpoint({ id: `e${i}`, weight }))
    const withoutKey = exchange()
    Object.assign(withoutKey.client, { address: '' })
    for (const chance of [0, 1 - 2 ** -53, 0.5]) {
      const balancer = make()
      for (let i = 0; i < 20; i++)
        expect(candidates).toContain(balancer(candidates, withoutKey, () => chance))
    }
  })

  test('takes chance from the given source alone', () => {
    fc.assert(
      fc.property(anyEndpoints, fc.integer(), (candidates, seed) => {
        expect(picks(make(), candidates, 20, seed)).toEqual(picks(make(), candidates, 20, seed))
      }),
      { numRuns: 50 },
    )
  })

  test('keeps snapshots apart when one balancer serves two pools', () => {
    const balancer = make()
    const one = [endpoint({ id: 'a', weight: 2 }), endpoint({ id: 'b' }), endpoint({ id: 'c' })]
    const other = one.map(({ id, weight }) => endpoint({ id: `other ${id}`, weight }))
    const alone = picks(make(), one, 30, 7)
    const random = seededRandom(7)
    const mixed = clients(30).map((it) => {
      expect(other).toContain(balancer(other, it, seededRandom(1)))
      return balancer(one, it, random).id
    })
    expect(mixed).toEqual(alone)
  })

  test('begins anew with each snapshot, so that a run can be repeated', () => {
    const balancer = make()
    const endpoints = [endpoint({ id: 'a', weight: 3 }), endpoint({ id: 'b' }), endpoint({ id: 'c' })]
    expect(picks(balancer, [...endpoints], 11, 5)).toEqual(picks(balancer, [...endpoints], 11, 5))
  })

  test('starves no candidate of an idle pool of equals', () => {
    const candidates = Array.from({ length: 20 }, (_, i) => endpoint({ id: `http://10.0.0.${i}` }))
    expect(new Set(picks(make(), candidates, 2000, 3)).size).toBe(20)
  })

  test('starves no candidate when each pick is from a snapshot of its own, as for retries', () => {
    const balancer = make()
    const endpoints = ['a', 'b', 'c', 'd'].map((id) => endpoint({ id }))
    const random = seededRandom(11)
    const seen = new Set(clients(200).map((it) => balancer([...endpoints], it, random).id))
    expect(seen.size).toBe(4)
  })

  test('takes the only candidate', () => {
    const only = { ...endpoint({ id: 'only' }), inFlight: Number.NaN, responseTimeMs: Number.NaN }
    expect(picks(make(), [only], 3, 1)).toEqual(['only', 'only', 'only'])
  })
})
