import { describe, expect, test } from 'vitest'
import type { EndpointSnapshot } from '../core/endpoint-snapshot.ts'
import { proxy } from '../proxy/proxy.ts'
import { fault, forEachSeed, type Simulation, simulate } from '../testing/index.ts'
import { type Pool, pool } from './pool.ts'
import type { PoolHandle } from './pool-handle.ts'

const URLS = ['http://u1', 'http://u2', 'http://u3']

async function world(
  shape: (it: Pool) => Pool = (it) => it,
  urls: readonly string[] = URLS,
): Promise<{ sim: Simulation; users: PoolHandle }> {
  const target = shape(pool(urls, { name: 'users' }))
  const sim = simulate(proxy().route('/', target), { seed: 1, keep: 100_000 })
  return { sim, users: await sim.pool('users') }
}

function first({ endpoints }: PoolHandle): EndpointSnapshot {
  return endpoints[0]!
}

function changes({ journal }: Simulation): string[] {
  return journal.entries.filter(({ subject }) => subject === 'endpoint').map(({ text }) => text)
}

describe('drain', () => {
  test.each([
    ['roundRobin', (it: Pool) => it],
    ['leastConnections', (it: Pool) => it.leastConnections()],
    ['consistentHash', (it: Pool) => it.consistentHash({ key: 'path' })],
    ['retry and hedge', (it: Pool) => it.retry().hedge({ afterMs: '30ms' })],
  ])('under load fails no request, with %s', { timeout: 120_000 }, async (_, shape) => {
    await forEachSeed(2, async (seed) => {
      const target = shape(pool(URLS, { name: 'users' }))
      await using sim = simulate(proxy().route('/', target), { seed, keep: 100_000 })
      for (const it of sim.upstreams) it.latency({ kind: 'exponential', meanMs: 40 })
      const users = await sim.pool(target)
      const load = sim.load({
        rate: 500,
        duration: '3s',
        request: (_number, random) => `/${Math.floor(random() * 100)}`,
      })
      await sim.advance('1s')
      expect(first(users).inFlight).toBeGreaterThan(0)
      const drained = users.drain('http://u1')
      expect(first(users)).toMatchObject({ state: 'draining', draining: true })
      const drainedAt = sim.nowMs
      expect(await sim.until(drained)).toBe(true)
      expect(first(users)).toMatchObject({ state: 'drained', draining: true, inFlight: 0 })
      const { sent, errorRate, byOutcome } = await load
      expect([errorRate, byOutcome.completed]).toEqual([0, sent])
      const attempts = sim.exchanges.flatMap((it) => it.attempts)
      const late = attempts.filter((it) => it.endpoint === 'http://u1' && it.startedAtMs >= drainedAt)
      expect(late).toEqual([])
      await sim.assertNoLeaks()
    })
  })

  test('ends at once where nothing is in flight, and once for all who wait', async () => {
    const { sim, users } = await world()
    expect(await users.drain('http://u1')).toBe(true)
    expect(await users.drain('http://u1')).toBe(true)
    sim.upstream('http://u2').latency({ kind: 'constant', ms: 500 })
    const response = sim.get('/')
    await sim.advance(100)
    const both = [users.drain('http://u2'), users.drain('http://u2', { limitMs: '1m' })]
    expect(await sim.until(Promise.all(both))).toEqual([true, true])
    expect((await response).status).toBe(200)
    expect(changes(sim)).toEqual([
      'endpoint http://u1: draining, 0 in flight',
      'endpoint http://u1: drained',
      'endpoint http://u2: draining, 1 in flight',
      'endpoint http://u2: drained',
    ])
    await sim.assertNoLeaks()
  })

  test('gives up at its limit whatever still runs, and nobody else: it is no failure of the endpoint', async () => {
    const shape = (name: string) => pool(['http://u1'], { name, maxConnections: 4 }).eject()
    const [target, other] = [shape('users'), shape('others')]
    await using sim = simulate(proxy().route('/', target).route('/other', other), { seed: 1 })
    const [users, others] = [await sim.pool('users'), await sim.pool('others')]
    sim
      .upstream('http://u1')
      .on('GET /body', { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\npart' })
      .on('GET /other', { delayMs: 20_000 })
      .on('GET /tunnel', { status: 101, headers: { Upgrade: 'x', Connection: 'Upgrade' }, tunnel: () => {} })
      .on('GET /head', { delayMs: 60_000 })
    const clients: { raw: Awaited<ReturnType<Simulation['connect']>>; path: string }[] = []
    const ask = async (path: string, more = '') => {
      const raw = await sim.connect()
      await raw.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`)
      clients.push({ raw, path })
      await sim.advance(10)
    }
    await ask('/body')
    await ask('/tunnel', 'Connection: Upgrade\r\nUpgrade: x\r\n')
    await ask('/other')
    sim.network.setFaults('u1:80', { connect: 'unanswered' })
    await ask('/connecting')
    sim.network.setFaults('u1:80', undefined)
    await ask('/queued')
    expect(first(users)).toMatchObject({ inFlight: 4, connections: 4, queued: 1 })
    expect(first(others)).toMatchObject({ inFlight: 1 })
    const drained = users.drain('http://u1', { limitMs: '3s' })
    await sim.advance('2s')
    expect(first(users)).toMatchObject({ inFlight: 4, state: 'draining' })
    expect(await sim.until(drained)).toBe(true)
    expect(sim.nowMs).toBe(3_050)
    expect(first(users)).toMatchObject({ inFlight: 0, state: 'drained' })
    expect(first(users).failures).toEqual({})
    expect(first(others)).toMatchObject({ inFlight: 1, state: 'serving' })
    expect(changes(sim).at(-1)).toBe('endpoint http://u1: drained, 4 given up')
    await sim.advance('20s')
    const ends = sim.exchanges.map(({ target: path, attempts, outcome }) => [
      path,
      attempts[0]!.error,
      outcome?.status,
    ])
    expect(ends).toEqual([
      ['/body', 'endpoint_drained', 200],
      ['/tunnel', 'endpoint_drained', 101],
      ['/other', undefined, 200],
      ['/connecting', 'endpoint_drained', 503],
      ['/queued', 'endpoint_drained', 503],
    ])
    await sim.assertNoLeaks()
  })

  test('has what it gives up tried elsewhere, where the pool retries resets', async () => {
    const { sim, users } = await world((it) => it.retry({ on: ['reset'] }), URLS.slice(0, 2))
    sim.upstream('http://u1').inject(fault.noAnswer())
    const asked = [sim.get('/'), sim.get('/')]
    await sim.advance('1s')
    expect(await sim.until(users.drain('http://u1', { limitMs: 0 }))).toBe(true)
    for (const response of await Promise.all(asked)) expect(response.status).toBe(200)
    expect(sim.upstream('http://u2').totalRequests).toBe(2)
    await sim.assertNoLeaks()
  })

  test('is taken back by readmit, and with a slow start', async () => {
    const { sim, users } = await world((it) => it.slowStart({ lastsMs: '10s' }))
    sim.upstream('http://u1').latency({ kind: 'constant', ms: 500 })
    const load = sim.load({ rate: 20, duration: '1s' })
    await sim.advance(300)
    const drained = users.drain('http://u1', { limitMs: '400ms' })
    users.readmit('http://u1')
    expect(await drained).toBe(false)
    expect(first(users)).toMatchObject({ state: 'warming', draining: false, weight: 0.1, fullWeight: 1 })
    // Its limit is over with it.
    expect((await load).errorRate).toBe(0)
    expect(await sim.until(users.drain('http://u1'))).toBe(true)
    expect(first(users)).toMatchObject({ state: 'drained', weight: 1 })
    users.readmit('http://u1')
    users.readmit('http://u1')
    expect(changes(sim).map((it) => it.replace(/\d+ in/, 'n in'))).toEqual([
      'endpoint http://u1: draining, n in flight',
      'endpoint http://u1: readmitted',
      'endpoint http://u1: draining, n in flight',
      'endpoint http://u1: drained',
      'endpoint http://u1: readmitted',
    ])
    await sim.assertNoLeaks()
  })

  test('stays out in a panic, and is probed meanwhile', async () => {
    const { sim, users } = await world((it) => it.health({ path: '/healthz', intervalMs: '1s', fall: 1 }))
    await users.drain('http://u1')
    for (const it of sim.upstreams) it.on('GET /healthz', { status: 503 }).on('GET /', {})
    await sim.advance('3s')
    expect(users.endpoints.map(({ state, health }) => [state, health])).toEqual([
      ['drained', 'unhealthy'],
      ['unhealthy', 'unhealthy'],
      ['unhealthy', 'unhealthy'],
    ])
    for (let turn = 0; turn < 6; turn++) expect((await sim.get('/')).status).toBe(200)
    const served = (url: string) => sim.upstream(url).requests.filter(({ target }) => target === '/').length
    expect(URLS.map(served)).toEqual([0, 3, 3])
    await sim.assertNoLeaks()
  })

  test('leaves fewer, of whom a share may be ejected', async () => {
    const urls = [...URLS, 'http://u4']
    const { sim, users } = await world((it) => it.eject({ maxEjected: 0.5, consecutiveErrors: 1 }), urls)
    for (const url of urls.slice(0, 2)) await users.drain(url)
    for (const it of sim.upstreams) it.inject(fault.refuse())
    await sim.load({ rate: 20, duration: '1s' })
    const states = users.endpoints.map(({ state }) => state).sort()
    expect(states).toEqual(['drained', 'drained', 'ejected', 'serving'])
    await sim.assertNoLeaks()
  })

  test('stays through an update that names the endpoint, and waits for one that is removed', async () => {
    const { sim, users } = await world()
    sim.upstream('http://u1').latency({ kind: 'constant', ms: 500 })
    const load = sim.load({ rate: 20, duration: '1s' })
    await sim.advance(300)
    const drained = users.drain('http://u1')
    users.update(['http://u1', 'http://u2'])
    expect(first(users).state).toBe('draining')
    users.update(['http://u2'])
    expect(users.endpoints.map(({ id, state }) => [id, state])).toEqual([
      ['http://u2', 'serving'],
      ['http://u1', 'removed'],
    ])
    expect(() => users.readmit('http://u1')).toThrow('the id of one of its endpoints (http://u2)')
    expect(await sim.until(drained)).toBe(true)
    expect(users.endpoints).toHaveLength(1)
    expect((await load).errorRate).toBe(0)
    await sim.assertNoLeaks()
  })

  test('waits for an attempt that a filter of the pool has held back, when it is asked for again', async () => {
    const held = Promise.withResolvers<void>()
    const { sim, users } = await world(
      (it) =>
        it.use(async (exchange, next) => {
          await held.promise
          return next(exchange)
        }),
      ['http://u1'],
    )
    sim.upstream('http://u1').latency({ kind: 'constant', ms: 500 })
    const response = sim.get('/')
    await sim.settle()
    expect(await users.drain('http://u1')).toBe(true)
    held.resolve()
    await sim.settle()
    expect(first(users)).toMatchObject({ state: 'drained', inFlight: 1 })
    expect(await sim.until(users.drain('http://u1'))).toBe(true)
    expect(sim.nowMs).toBe(500)
    expect((await response).status).toBe(200)
    await sim.assertNoLeaks()
  })

  test('ends with the proxy', async () => {
    const { sim, users } = await world((it) => it, ['http://u1'])
    sim.upstream('http://u1').inject(fault.noAnswer())
    const load = sim.load({ rate: 20, duration: '1s', patience: '1h' })
    await sim.advance('2s')
    const drained = users.drain('http://u1', { limitMs: '1h' })
    void load.catch(() => {})
    await sim.close()
    expect(await drained).toBe(true)
  })

  test('refuses what it does not know', async () => {
    const { sim, users } = await world()
    for (const [call, message] of [
      [
        () => users.drain('u1'),
        'pool.drain: "endpointId" must be the id of one of its endpoints (http://u1,',
      ],
      [() => users.drain('http://u1', { limitMs: -1 }), 'pool.drain: "limitMs" must be a duration'],
      [() => users.drain('http://u1', { limitms: 1 } as never), 'did you mean "limitMs"?'],
      [() => users.readmit('u1'), 'pool.readmit: "endpointId" must be the id'],
    ] as const)
      expect(call).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
      )
    expect(first(users).state).toBe('serving')
    await sim.assertNoLeaks()
  })
})
