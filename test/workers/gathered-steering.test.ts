import { describe, expect, it } from 'vitest'
import type { AdminSnapshot, PoolStatus } from '../../src/admin/index.ts'
import { cache } from '../../src/cache/index.ts'
import { log } from '../../src/core/log.ts'
import { respond } from '../../src/core/message.ts'
import { circuitBreaker } from '../../src/filters/circuit-breaker.ts'
import { concurrencyLimit } from '../../src/filters/concurrency-limit.ts'
import { pool } from '../../src/pool/pool.ts'
import { TOKEN } from '../admin/admin-world.ts'
import { type GatheredOptions, GatheredWorld } from './gathered-world.ts'

const USERS = { pool: 'users', endpoint: 'http://u1' }

function started(options: Partial<GatheredOptions> = {}): Promise<GatheredWorld> {
  return GatheredWorld.start({
    app: (it) => it.route('/', pool(['http://u1', 'http://u2'], { name: 'users' })),
    ...options,
  })
}

function post(world: GatheredWorld, target: string, json: unknown, method = 'POST') {
  return world.ask({ method, target, json })
}

async function poolOf(world: GatheredWorld): Promise<PoolStatus> {
  return ((await world.ask('/api/pools')).json as PoolStatus[])[0]!
}

describe('commands', () => {
  it('go to every worker, and are answered as one', async () => {
    await using world = await started()
    const { status, json } = await post(world, '/api/endpoints/drain', USERS)
    expect([status, json]).toEqual([200, expect.objectContaining({ id: 'http://u1', state: 'drained' })])
    const states = world.workers.map(({ running }) => running.pool('users').endpoints.map((it) => it.state))
    expect(states).toEqual([
      ['drained', 'serving'],
      ['drained', 'serving'],
    ])
    expect(await post(world, '/api/endpoints/weight', { ...USERS, weight: 5 })).toMatchObject({
      status: 200,
      json: { fullWeight: 5 },
    })
    expect((await post(world, '/api/endpoints/readmit', USERS)).json).toMatchObject({ state: 'serving' })
    const { endpoints } = await poolOf(world)
    expect(endpoints[0]).toMatchObject({ state: 'serving', fullWeight: 5 })
    expect(endpoints[0]).not.toHaveProperty('states')
  })

  it('that all refuse alike are refused like that', async () => {
    await using world = await started()
    const { status, headers, json } = await post(world, '/api/endpoints/drain', { ...USERS, pool: 'none' })
    expect([status, headers['content-type']]).toEqual([404, 'application/problem+json'])
    expect((json as { detail: string }).detail).toContain('there is no pool of this name')
  })

  it('that one worker has not done tell which, and why', async () => {
    await using world = await started({ workers: 3 })
    const [, two, three] = world.workers
    two!.running.pool('users').update(['http://u2'])
    three!.own.stall()
    const { status, json } = await post(world, '/api/endpoints/drain', USERS)
    expect([status, json]).toEqual([
      502,
      expect.objectContaining({
        detail: expect.stringMatching(
          /^2 of 3 .*worker 2 the pool has no endpoint.*; worker 3 has not answered/,
        ),
        workers: [
          { number: 1, pid: 1000, done: true },
          { number: 2, pid: 1001, done: false, reason: expect.stringContaining('no endpoint of this id') },
          { number: 3, pid: 1002, done: false, reason: 'has not answered in time' },
        ],
      }),
    ])
  })

  it('purge the caches of all', async () => {
    await using world = await started({
      app: (it) => it.route('/', cache(), () => respond(200, 'stored', { 'Cache-Control': 'max-age=1000' })),
    })
    for (const worker of world.workers) await worker.get('/')
    const entries = async () => {
      const { filters } = (await world.ask('/api/snapshot')).json as AdminSnapshot
      return filters.map(({ id, state }) => [id, state.kind === 'cache' && state.entries])
    }
    const [[id, count] = []] = await entries()
    expect(count).toBe(2)
    expect(await post(world, '/api/caches/purge', { filter: id, everything: true })).toMatchObject({
      status: 200,
      json: { purged: { everything: true } },
    })
    expect(await entries()).toEqual([[id, 0]])
  })

  it('set the level of the log, here too', async () => {
    await using world = await started()
    expect(await post(world, '/api/log', { level: 'silent' }, 'PUT')).toMatchObject({ status: 200 })
    expect([log.level, (await world.ask('/api/log')).json]).toEqual(['silent', { level: 'silent' }])
    expect((await post(world, '/api/log', { level: 'loud' }, 'PUT')).status).toBe(400)
  })

  it('are refused by a listener that only shows, and without a token', async () => {
    await using world = await started({ admin: { readOnly: true, token: TOKEN } })
    expect((await post(world, '/api/endpoints/drain', USERS)).status).toBe(401)
    const headers = { Authorization: `Bearer ${TOKEN}` }
    const request = { method: 'POST', target: '/api/endpoints/drain', json: USERS, headers }
    expect((await world.ask(request)).status).toBe(403)
    const page = { target: '/api/pools', headers: { ...headers, 'Sec-Fetch-Site': 'cross-site' } }
    expect((await world.ask(page)).status).toBe(403)
    expect((await world.ask({ target: '/api/pools', headers: { ...headers, Host: 'evil' } })).status).toBe(
      421,
    )
    expect((await world.ask({ target: '/api/pools', headers })).status).toBe(200)
    expect(world.workers[0]!.running.pool('users').endpoints[0]!.state).toBe('serving')
  })
})

describe('where workers differ', () => {
  it('the worst state is shown, and how many say which', async () => {
    await using world = await started({ workers: 3 })
    void world.workers[1]!.running.pool('users').drain('http://u1')
    const { endpoints } = await poolOf(world)
    expect(endpoints.map(({ id, state, states, draining }) => [id, state, states, draining])).toEqual([
      ['http://u1', 'drained', { serving: 2, drained: 1 }, true],
      ['http://u2', 'serving', undefined, false],
    ])
  })

  it('the worst circuit is shown, and limits are sums', async () => {
    await using world = await started({
      workers: 3,
      app: (it) =>
        it.route(
          '/',
          concurrencyLimit({ limit: 10 }),
          circuitBreaker({ minVolume: 1, openMs: '10m', jitter: 0 }),
          () => respond(503),
        ),
    })
    await world.workers[2]!.get('/')
    const { filters } = (await world.ask('/api/snapshot')).json as AdminSnapshot
    expect(filters.map(({ state, states }) => [state, states])).toEqual([
      [{ kind: 'concurrency-limit', limit: 30, inFlight: 0, waiting: 0 }, undefined],
      [
        { kind: 'circuit-breaker', state: 'open' },
        { closed: 2, open: 1 },
      ],
    ])
  })
})
