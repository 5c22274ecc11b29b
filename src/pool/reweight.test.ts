import { describe, expect, it } from 'vitest'
import { proxy } from '../proxy/proxy.ts'
import { type Simulation, simulate } from '../testing/index.ts'
import { type Pool, pool } from './pool.ts'
import type { PoolEvent } from './pool-events.ts'
import type { PoolHandle } from './pool-handle.ts'

const LISTED = ['http://u1', { url: 'http://u2', weight: 3 }]

function world(shape: (it: Pool) => Pool = (it) => it): Simulation {
  return simulate(proxy().route('/', shape(pool(LISTED, { name: 'users' }))), { seed: 1 })
}

function weights({ endpoints }: PoolHandle): number[] {
  return endpoints.map(({ fullWeight }) => fullWeight)
}

async function servedBy(sim: Simulation, count: number): Promise<number[]> {
  const before = sim.upstreams.map((it) => it.requests.length)
  for (let i = 0; i < count; i++) await sim.get('/')
  return sim.upstreams.map((it, i) => it.requests.length - before[i]!)
}

describe('reweight', () => {
  it('gives balancers another weight at once', async () => {
    await using sim = world((it) => it.weightedRoundRobin())
    const users = await sim.pool('users')
    expect(await servedBy(sim, 8)).toEqual([2, 6])
    users.reweight('http://u2', 1)
    expect(await servedBy(sim, 8)).toEqual([4, 4])
    expect(users.endpoints[1]).toMatchObject({ weight: 1, fullWeight: 1, state: 'serving' })
    await sim.assertNoLeaks()
  })

  it('stays through lists that say what was said before, and goes with one that says otherwise', async () => {
    await using sim = world()
    const users = await sim.pool('users')
    users.reweight('http://u2', 7)
    users.update(LISTED)
    users.update([...LISTED, 'http://u3'])
    expect(weights(users)).toEqual([1, 7, 1])
    users.update(['http://u1', { url: 'http://u2', weight: 4 }])
    expect(weights(users)).toEqual([1, 4])
  })

  it('stays through a reload of the same list', async () => {
    await using sim = world()
    const users = await sim.pool('users')
    users.reweight('http://u2', 7)
    await sim.reload(proxy().route('/again', pool(LISTED, { name: 'users' })))
    expect(weights(users)).toEqual([1, 7])
  })

  it('lets a slow start go on, to the new weight', async () => {
    await using sim = world((it) => it.slowStart({ lastsMs: '10s' }))
    const users = await sim.pool('users')
    users.update([...LISTED, 'http://u3'])
    await sim.advance('5s')
    const [before] = users.endpoints.slice(2)
    users.reweight('http://u3', 10)
    const [after] = users.endpoints.slice(2)
    expect(before!.weight).toBeLessThan(1)
    expect(after!.weight).toBeCloseTo(10 * before!.weight)
    expect(after!.state).toBe('warming')
    await sim.advance('6s')
    expect(users.endpoints[2]).toMatchObject({ weight: 10, fullWeight: 10, state: 'serving' })
    await sim.assertNoLeaks()
  })

  it('is told of, and not where it changes nothing', async () => {
    await using sim = world()
    const users = await sim.pool('users')
    const events: PoolEvent[] = []
    void (async () => {
      for await (const event of users.events) events.push(event)
    })()
    users.reweight('http://u2', 3)
    users.reweight('http://u2', 0.5)
    await sim.settle()
    expect(events).toEqual([
      { kind: 'reweighted', endpoint: 'http://u2', from: 3, to: 0.5, atMs: sim.clock.wallTime() },
    ])
    const lines = sim.journal.entries.map(({ text }) => text)
    expect(lines.filter((text) => text.includes('weight'))).toEqual(['endpoint http://u2: weight 0.5, was 3'])
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the weight %s', async (weight) => {
    await using sim = world()
    const users = await sim.pool('users')
    expect(() => users.reweight('http://u1', weight)).toThrow('pool.reweight: "weight"')
    expect(() => users.reweight('http://u9', 2)).toThrow('pool.reweight: "endpointId"')
    expect(weights(users)).toEqual([1, 3])
  })
})
