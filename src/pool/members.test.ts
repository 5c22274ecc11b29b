import { describe, expect, test } from 'vitest'
import { roundRobin } from '../balancers/round-robin.ts'
import type { Balancer, Candidates } from '../core/balancer.ts'
import type { EndpointSnapshot } from '../core/endpoint-snapshot.ts'
import { proxy } from '../proxy/proxy.ts'
import { fault, forEachSeed, type Simulation, simulate } from '../testing/index.ts'
import { type Pool, pool } from './pool.ts'
import type { PoolHandle } from './pool-handle.ts'

const URLS = ['http://u1', 'http://u2', 'http://u3', 'http://u4']

interface World {
  readonly sim: Simulation
  readonly users: PoolHandle
  /** Each snapshot that was chosen from, with its weights. */
  readonly snapshots: Map<Candidates, string>
}

/** A pool that begins with `urls`, among services for all of `URLS`. */
async function world(shape: (it: Pool) => Pool = (it) => it, urls: readonly string[] = URLS): Promise<World> {
  const snapshots = new Map<Candidates, string>()
  const turns = roundRobin()
  const watching: Balancer = (candidates, exchange, random) => {
    if (!snapshots.has(candidates)) snapshots.set(candidates, candidates.map(shown).join(' '))
    return turns(candidates, exchange, random)
  }
  const target = shape(pool(urls, { name: 'users' }).balance(watching))
  const sim = simulate(proxy().route('/', target), { seed: 1, upstreams: URLS, keep: 100_000 })
  return { sim, users: await sim.pool('users'), snapshots }
}

function shown({ id, weight }: { readonly id: string; readonly weight: number }): string {
  return `${id.slice('http://'.length)}:${Number(weight.toFixed(2))}`
}

function states({ endpoints }: PoolHandle): string {
  return endpoints.map(({ id, state }) => `${id.slice('http://'.length)} ${state}`).join(', ')
}

function of({ endpoints }: PoolHandle, id: string): EndpointSnapshot {
  return endpoints.find((it) => it.id === id)!
}

describe('update', () => {
  test('under load fails no request, whatever comes and goes', { timeout: 120_000 }, async () => {
    await forEachSeed(5, async (seed) => {
      const users = pool(URLS.slice(0, 2), { name: 'users', maxConnections: 16 }).leastConnections()
      await using sim = simulate(proxy().route('/', users), { seed, upstreams: URLS, keep: 100_000 })
      for (const it of sim.upstreams) it.latency({ kind: 'exponential', meanMs: 40 })
      const handle = await sim.pool(users)
      const load = sim.load({ rate: 500, duration: '4s' })
      for (let turn = 0; turn < 36; turn++) {
        await sim.advance(100)
        const some = URLS.filter(() => sim.random() < 0.5)
        handle.update(some.length > 0 ? some : URLS)
      }
      const { sent, errorRate, byOutcome } = await load
      expect(sent).toBeGreaterThan(1_500)
      expect([errorRate, byOutcome.completed]).toEqual([0, sent])
      for (const { totalRequests } of sim.upstreams) expect(totalRequests).toBeGreaterThan(100)
      await sim.assertNoLeaks()
    })
  })

  test('keeps the connections and the numbers of what stays', async () => {
    const { sim, users } = await world((it) => it, ['http://u1', 'http://u2'])
    for (let turn = 0; turn < 4; turn++) await sim.get('/')
    users.update(['http://u3', { url: 'http://u2', weight: 5, zone: 'b' }])
    expect(users.endpoints).toMatchObject([
      { id: 'http://u3', successes: 0 },
      { id: 'http://u2', successes: 2, connections: 1, weight: 5, fullWeight: 5, zone: 'b' },
    ])
    await sim.get('/')
    for (let turn = 0; turn < 11; turn++) await sim.get('/')
    expect(sim.upstream('http://u2').totalConnections).toBe(1)
    expect(sim.upstream('http://u2').totalRequests).toBe(12)
    await sim.assertNoLeaks()
  })

  test('lets what is removed finish, and then releases it', async () => {
    const { sim, users } = await world(
      (it) => it.health({ path: '/healthz', intervalMs: '1s' }),
      URLS.slice(0, 2),
    )
    const gone = sim.upstream('http://u1')
    gone.on('GET /healthz', {}).reply({ delayMs: 5_000, framing: 'chunked', body: 'whole' })
    const running = [sim.get('/'), sim.get('/')]
    await sim.advance('2s')
    users.update(['http://u2'])
    expect(states(users)).toBe('u2 serving, u1 removed')
    expect(of(users, 'http://u1')).toMatchObject({ inFlight: 1, idle: 0 })
    const probes = () => gone.requests.filter(({ target }) => target === '/healthz').length
    const probed = probes()
    expect(probed).toBeGreaterThan(0)
    for (let turn = 0; turn < 4; turn++) expect((await sim.get('/')).status).toBe(200)
    expect((await Promise.all(running)).map((it) => it.text()).sort()).toEqual(['ok', 'whole'])
    await sim.settle()
    expect(states(users)).toBe('u2 serving')
    expect([gone.connections, probes()]).toEqual([0, probed])
    await sim.assertNoLeaks()
  })

  test('serves what waits for a connection to a removed endpoint, and what a filter of the pool held back', async () => {
    const held = Promise.withResolvers<void>()
    const target = pool(['http://u1'], { name: 'users', maxConnections: 1 }).use(async (exchange, next) => {
      if (exchange.request.path === '/held') await held.promise
      return next(exchange)
    })
    await using sim = simulate(proxy().route('/', target), { seed: 1 })
    sim.upstream('http://u1').latency({ kind: 'constant', ms: 100 })
    const users = await sim.pool(target)
    const asked = [sim.get('/held'), sim.get('/1'), sim.get('/2'), sim.get('/3')]
    await sim.advance(50)
    expect(of(users, 'http://u1')).toMatchObject({ connections: 1, queued: 2, inFlight: 3 })
    users.update([])
    await sim.advance(120)
    held.resolve()
    for (const response of await Promise.all(asked)) expect(response.status).toBe(200)
    await sim.settle()
    expect(sim.upstream('http://u1').connections).toBe(0)
    await sim.assertNoLeaks()
  })

  test('leaves no timer where those that waited for a removed endpoint have left', async () => {
    const target = pool(['http://u1'], { name: 'users', maxConnections: 1, pendingMs: '1h' })
    await using sim = simulate(proxy().route('/', target), { seed: 1 })
    sim.upstream('http://u1').inject(fault.noAnswer())
    const users = await sim.pool(target)
    const load = sim.load({ rate: 100, duration: '100ms', patience: '1s' })
    await sim.advance(500)
    expect(of(users, 'http://u1').queued).toBeGreaterThan(3)
    users.update([])
    const { byOutcome, sent } = await load
    expect(byOutcome.left).toBe(sent)
    await sim.assertNoLeaks()
  })

  test('has new endpoints probed first where that is asked for, and begin slowly', async () => {
    const { sim, users, snapshots } = await world(
      (it) =>
        it
          .health({ path: '/healthz', intervalMs: '1s', initial: 'unhealthy', jitter: 0.5 })
          .slowStart({ lastsMs: '10s' }),
      ['http://u1'],
    )
    await sim.advance('15s')
    users.update(['http://u1', 'http://u2'])
    expect(states(users)).toBe('u1 serving, u2 unproven')
    await sim.get('/')
    await sim.advance('600ms')
    expect(states(users)).toBe('u1 serving, u2 warming')
    await sim.get('/')
    expect([...snapshots.values()]).toEqual(['u1:1', 'u1:1 u2:0.1'])
    users.update(['http://u1', { url: 'http://u2', weight: 4 }])
    expect(of(users, 'http://u2')).toMatchObject({ weight: 0.4, fullWeight: 4 })
    await sim.advance('11s')
    expect(of(users, 'http://u2')).toMatchObject({ weight: 4, state: 'serving' })
    await sim.assertNoLeaks()
  })

  test('ends the slow start of what is removed', async () => {
    const { sim, users, snapshots } = await world((it) => it.slowStart({ lastsMs: '1h' }), ['http://u1'])
    const events = users.events[Symbol.asyncIterator]()
    users.update(['http://u1', 'http://u2'])
    users.update(['http://u1'])
    const kinds = []
    for (let taken = 0; taken < 4; taken++) kinds.push((await events.next()).value!.kind)
    expect(kinds).toEqual(['added', 'slow-start-began', 'slow-start-ended', 'removed'])
    // Nothing grows any more: there is no other snapshot.
    await sim.get('/')
    await sim.advance('1h')
    await sim.get('/')
    expect(snapshots.size).toBe(1)
    await sim.assertNoLeaks()
  })

  test('ejects new endpoints too, and a share of those that there are', async () => {
    const { sim, users } = await world((it) => it.eject({ maxEjected: 0.5, ejectMs: '1m' }), ['http://u1'])
    users.update(URLS)
    for (const url of URLS) sim.upstream(url).inject(fault.refuse())
    await sim.load({ rate: 100, duration: '2s' })
    expect(users.endpoints.filter(({ state }) => state === 'ejected')).toHaveLength(2)
    // Of two that are left, one is one half.
    const [first, second] = users.endpoints.filter(({ state }) => state === 'ejected')
    users.update([first!.id, second!.id])
    expect(users.endpoints).toMatchObject([{ state: 'ejected' }, { state: 'ejected' }])
    expect(first!.ejected).toEqual({ reason: '5 errors in a row', untilMs: expect.any(Number) })
    await sim.assertNoLeaks()
  })

  test('replaces the snapshot when balancers are to see something else, and only then', async () => {
    const { sim, users, snapshots } = await world((it) => it, ['http://u1', 'http://u2'])
    const seen = async () => {
      await sim.get('/')
      return snapshots.size
    }
    expect(await seen()).toBe(1)
    users.update(['http://u2', 'http://u1'])
    expect(await seen()).toBe(1)
    users.update([{ url: 'http://u1', zone: 'a' }, 'http://u2'])
    expect(await seen()).toBe(2)
    users.update([{ url: 'http://u1', zone: 'a' }, 'http://u2'])
    expect(await seen()).toBe(2)
    users.update([
      { url: 'http://u1', zone: 'a' },
      { url: 'http://u2', weight: 2 },
    ])
    expect(await seen()).toBe(3)
    expect([...snapshots.values()]).toEqual(['u1:1 u2:1', 'u1:1 u2:1', 'u1:1 u2:2'])
    await sim.assertNoLeaks()
  })

  test('takes an empty list at its word', async () => {
    const { sim, users } = await world()
    users.update([])
    const refused = await sim.get('/')
    expect([refused.status, refused.exchange?.outcome?.error?.code]).toEqual([503, 'no_endpoint'])
    users.update(['http://u3'])
    expect((await sim.get('/')).status).toBe(200)
    await sim.assertNoLeaks()
  })

  test('takes an id at another address for another endpoint', async () => {
    const { sim, users } = await world((it) => it, ['http://u1'])
    await sim.get('/')
    users.update([{ url: 'http://u2', id: 'http://u1' }])
    expect(users.endpoints).toMatchObject([{ id: 'http://u1', url: 'http://u2', successes: 0 }])
    await sim.get('/')
    expect(sim.upstream('http://u2').totalRequests).toBe(1)
    await sim.assertNoLeaks()
  })

  test('refuses a wrong list, and then changes nothing', async () => {
    const { sim, users } = await world((it) => it, ['http://u1', 'http://u2'])
    for (const [list, message] of [
      [['http://u3', 'u4'], 'pool: "url" must be an address'],
      [['http://u3', 'http://u3'], 'pool: "id" must be different for each endpoint'],
      [['http://u3', { url: 'http://u4', weight: 0 }], 'pool: "weight" must be a positive number'],
      ['http://u3', 'pool: "endpoints" must be a list of addresses'],
    ] as const)
      expect(() => users.update(list as never)).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
      )
    expect(states(users)).toBe('u1 serving, u2 serving')
    await sim.assertNoLeaks()
    expect(() => users.update(['http://u1'])).toThrow('the pool "users" has ended')
    expect(() => users.readmit('http://u1')).toThrow('the pool "users" has ended')
    expect(() => users.drain('http://u1')).toThrow('the pool "users" has ended')
    expect(users.endpoints).toEqual([])
  })
})
