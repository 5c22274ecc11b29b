import { describe, expect, test } from 'vitest'
import { type Pool, pool } from '../pool/pool.ts'
import type { PoolEvent } from '../pool/pool-events.ts'
import type { PoolHandle } from '../pool/pool-handle.ts'
import { fault, forEachSeed, type Simulation, simulate } from '../testing/index.ts'
import { proxy, type RoutedProxy } from './proxy.ts'

const URLS = ['http://u1', 'http://u2', 'http://u3', 'http://u4']

/** A pool `users` before four services, made anew at each call, as by a module that is evaluated again. */
function made(shape: (it: Pool) => Pool = (it) => it, urls: readonly string[] = URLS): RoutedProxy {
  return proxy().route('/', shape(pool(urls, { name: 'users' })))
}

async function world(app: RoutedProxy): Promise<{ sim: Simulation; users: PoolHandle }> {
  const sim = simulate(app, { seed: 1, upstreams: URLS, keep: 100_000 })
  return { sim, users: await sim.pool('users') }
}

function states({ endpoints }: PoolHandle): string {
  return endpoints.map(({ id, state }) => `${id.slice('http://'.length)} ${state}`).join(', ')
}

function served(sim: Simulation, url: string): number {
  return sim.upstream(url).requests.filter(({ target }) => target !== '/healthz').length
}

describe('a reload that makes a pool anew', () => {
  test('fifty times under load fails no request, and forgets nothing', { timeout: 120_000 }, async () => {
    await forEachSeed(2, async (seed) => {
      const app = () =>
        made((it) =>
          it
            .leastConnections()
            .health({ path: '/healthz', intervalMs: '1s', fall: 1, rise: 2 })
            .eject({ consecutiveErrors: 3, ejectMs: '1m' })
            .slowStart({ lastsMs: '1s' }),
        )
      await using sim = simulate(app(), { seed, keep: 100_000 })
      const users = await sim.pool('users')
      for (const it of sim.upstreams) it.latency({ kind: 'uniform', minMs: 20, maxMs: 60 })
      sim.upstream('http://u1').on('GET /healthz', { status: 503 }).on('GET /', {})
      sim.upstream('http://u2').on('GET /healthz', {}).on('GET /', { status: 503 })
      // What is wrong with them is found out, with requests that fail.
      await sim.load({ rate: 100, duration: '3s' })
      await users.drain('http://u3')
      expect(states(users)).toBe('u1 unhealthy, u2 ejected, u3 drained, u4 serving')
      const before = URLS.map((url) => served(sim, url))
      const connections = URLS.map((url) => sim.upstream(url).totalConnections)
      const successes = users.endpoints[3]!.successes
      const begunAt = sim.nowMs
      const load = sim.load({ rate: 500, duration: '10s' })
      for (let turn = 0; turn < 50; turn++) {
        await sim.advance(190)
        await sim.reload(app())
        expect(states(users)).toBe('u1 unhealthy, u2 ejected, u3 drained, u4 serving')
      }
      const { sent, errorRate, byOutcome } = await load
      expect(sent).toBeGreaterThan(4_500)
      expect([errorRate, byOutcome.completed]).toEqual([0, sent])
      expect(URLS.map((url) => served(sim, url) - before[URLS.indexOf(url)]!)).toEqual([0, 0, 0, sent])
      expect(users.endpoints[3]).toMatchObject({ successes: successes + sent, inFlight: 0 })
      // Probes come as ever: one for each second, and each on a connection of its own.
      const seconds = (sim.nowMs - begunAt) / 1_000
      const opened = URLS.map((url, i) => sim.upstream(url).totalConnections - connections[i]!)
      for (const count of opened.slice(0, 3)) {
        expect(count).toBeGreaterThanOrEqual(Math.floor(seconds / 1.1) - 1)
        expect(count).toBeLessThanOrEqual(Math.ceil(seconds) + 1)
      }
      // Of requests, it is those that are under way at a time.
      expect(opened[3]).toBeLessThan(80)
      await sim.assertNoLeaks()
    })
  })

  test('lets balancers see what still runs from before', async () => {
    const app = () => made((it) => it.leastConnections(), URLS.slice(0, 2))
    const { sim, users } = await world(app())
    sim.upstream('http://u1').latency({ kind: 'constant', ms: 10_000 })
    const slow = [sim.get('/'), sim.get('/')]
    await sim.advance(10)
    await sim.reload(app())
    expect(users.endpoints).toMatchObject([{ inFlight: 1 }, { inFlight: 0 }])
    for (let turn = 0; turn < 4; turn++) await sim.get('/')
    expect(URLS.slice(0, 2).map((url) => served(sim, url))).toEqual([1, 5])
    await Promise.all(slow)
    expect(users.endpoints).toMatchObject([{ inFlight: 0, successes: 1 }, { successes: 5 }])
    await sim.assertNoLeaks()
  })

  test('keeps the handle and who subscribes to its events, and its list is the one in force', async () => {
    const { sim, users } = await world(made((it) => it, ['http://u1', 'http://u2']))
    const noted: PoolEvent['kind'][] = []
    void (async () => {
      for await (const { kind } of users.events) noted.push(kind)
    })()
    users.update(['http://u1', 'http://u3'])
    await sim.reload(made((it) => it, ['http://u1', 'http://u4']))
    expect(states(users)).toBe('u1 serving, u4 serving')
    expect(await sim.pool('users')).toBe(users)
    await users.drain('http://u4')
    await sim.settle()
    expect(noted).toEqual(['removed', 'added', 'removed', 'added', 'drain-began', 'drain-ended'])
    await sim.assertNoLeaks()
  })

  test('changes nothing where it fails', async () => {
    const app = made(
      (it) => it.health({ path: '/healthz', intervalMs: '1s', jitter: 0 }),
      ['http://u1', 'http://u2'],
    )
    const { sim, users } = await world(app)
    for (let turn = 0; turn < 4; turn++) await sim.get('/')
    await users.drain('http://u2')
    const before = users.endpoints
    const other = made((it) => it.health({ path: '/other', intervalMs: 100 }), ['http://u1', 'http://u3'])
    await sim.network.listen({ host: '127.0.0.1', port: 8081 }, () => {})
    await expect(sim.reload(other.listen(8080).listen(8081))).rejects.toThrow('8081 is in use')
    expect(users.endpoints).toEqual(before)
    expect(await sim.pool('users')).toBe(users)
    await sim.advance('3500ms')
    expect((await sim.get('/')).status).toBe(200)
    expect(sim.upstream('http://u3').totalRequests).toBe(0)
    const probes = sim.upstream('http://u1').requests.filter(({ target }) => target.startsWith('/h'))
    expect(sim.upstream('http://u1').requests.some(({ target }) => target === '/other')).toBe(false)
    expect(probes).toHaveLength(4)
    await sim.close()
  })

  test('finds the pool by the ids of its endpoints where several have the name', async () => {
    const app = (...lists: string[][]) => {
      const [first, second] = lists.map((list) => pool(list))
      return proxy().route('/first', first!).route('/second', second!)
    }
    const one = ['http://u1', 'http://u2']
    await using sim = simulate(app(one, ['http://u3']), { seed: 1, upstreams: URLS })
    for (const path of ['/first', '/first', '/second']) await sim.get(path)
    await expect(sim.pool('pool')).rejects.toThrow(
      'running.pool: "pool" must be a pool that is served, or the name that one of them alone has (pool, pool), got "pool"',
    )
    const second = pool(['http://u4', 'http://u3'])
    const first = pool([...one].reverse())
    await sim.reload(proxy().route('/second', second).route('/first', first))
    // The same endpoints; and one that begins anew, though its connection is kept.
    expect((await sim.pool(first)).endpoints).toMatchObject([{ successes: 1 }, { successes: 1 }])
    expect((await sim.pool(second)).endpoints).toMatchObject([
      { successes: 0, idle: 0 },
      { successes: 0, idle: 1 },
    ])
    await sim.assertNoLeaks()
  })

  test('goes on however descriptions take turns', async () => {
    const [a, b] = [pool(['http://u1'], { name: 'users' }), pool(['http://u1'], { name: 'users' })]
    await using sim = simulate(proxy().route('/', a), { seed: 1 })
    sim.upstream('http://u1').on('GET /slow', { delayMs: 30_000 }).on('GET /', {})
    const users = await sim.pool(a)
    // It holds the first description in use all the time.
    const slow = sim.get('/slow')
    for (const it of [b, a, a, b]) {
      await sim.get('/')
      await sim.reload(proxy().route('/', it))
      expect(await sim.pool(it)).toBe(users)
    }
    await expect(sim.pool(a)).rejects.toThrow('must be a pool that is served')
    expect(users.endpoints).toMatchObject([{ successes: 4, inFlight: 1 }])
    // Both at once: the one that serves goes on, and the other is a new one.
    await sim.reload(proxy().route('/a', a).route('/b', b))
    expect(await sim.pool(b)).toBe(users)
    expect((await sim.pool(a)).endpoints).toMatchObject([{ successes: 0, inFlight: 0 }])
    await expect(sim.pool('users')).rejects.toThrow('(users, users)')
    expect((await slow).status).toBe(200)
    expect(users.endpoints).toMatchObject([{ successes: 5, inFlight: 0 }])
    await sim.assertNoLeaks()
  })

  test('follows other settings: probes, ejections, slow starts, limits', async () => {
    const { sim, users } = await world(
      made((it) =>
        it
          .health({ path: '/healthz', intervalMs: '1h', fall: 1, jitter: 0 })
          .eject({ ejectMs: '1h' })
          .slowStart({ lastsMs: '1h' }),
      ),
    )
    sim
      .upstream('http://u1')
      .on('GET /healthz', {}, { status: 503 })
      .on('GET /ready', { status: 503 })
      .on('GET /', {})
    sim.upstream('http://u2').inject(fault.refuse(), { after: '1s', lasts: '1m' })
    await sim.advance('2s')
    await sim.load({ rate: 100, duration: '1s' })
    await users.drain('http://u4')
    users.readmit('http://u4')
    expect(states(users)).toBe('u1 serving, u2 ejected, u3 serving, u4 warming')
    // The next probe was an hour away. What is ejected and warm stays so.
    const soon = (path: string) =>
      made((it) =>
        it
          .health({ path, intervalMs: '1s', fall: 1, jitter: 0 })
          .eject({ ejectMs: '1s' })
          .slowStart({ lastsMs: '1h' }),
      )
    await sim.reload(soon('/ready'))
    await sim.advance('2s')
    expect(states(users)).toBe('u1 unhealthy, u2 ejected, u3 serving, u4 warming')
    // Nothing of it is asked for any more.
    await sim.reload(made())
    expect(states(users)).toBe('u1 serving, u2 serving, u3 serving, u4 serving')
    expect(users.endpoints.map(({ health, weight }) => [health, weight])).toEqual(
      Array.from({ length: 4 }, () => ['unknown', 1]),
    )
    const probes = sim.upstream('http://u1').totalRequests
    await sim.advance('5s')
    expect(sim.upstream('http://u1').totalRequests).toBe(probes)
    // And all of it again: who serves goes on until it is known to be ill.
    await sim.reload(
      made((it) =>
        it
          .health({ path: '/ready', intervalMs: '1s', fall: 1, jitter: 0.1, initial: 'unhealthy' })
          .eject({ ejectMs: '1s' }),
      ),
    )
    expect(states(users)).toBe('u1 serving, u2 serving, u3 serving, u4 serving')
    await sim.advance('1s')
    expect(states(users)).toMatch(/^u1 unhealthy, u2/)
    await sim.load({ rate: 100, duration: '1s' })
    await sim.assertNoLeaks()
  })

  test('probes an endpoint where it says now', async () => {
    const app = (probeAddress: string) =>
      proxy().route(
        '/',
        pool([{ url: 'http://u1', probeAddress }], { name: 'users' }).health({ path: '/', intervalMs: '1s' }),
      )
    const { sim, users } = await world(app('u2'))
    await sim.advance('3s')
    await sim.reload(app('u3'))
    const before = served(sim, 'http://u2')
    await sim.advance('3s')
    expect(served(sim, 'http://u2')).toBe(before)
    expect(served(sim, 'http://u3')).toBeGreaterThan(1)
    users.update([{ url: 'http://u1', probeAddress: 'u4' }])
    await sim.advance('3s')
    expect(served(sim, 'http://u4')).toBeGreaterThan(1)
    await sim.assertNoLeaks()
  })

  test.each([
    ['subset', (it: Pool) => it.subset(() => ({ version: 'v1' }))],
    ['preferZone', (it: Pool) => it.preferZone({ zone: 'a', loadShare: 0.1 })],
  ])('lets go of %s where the new one does not ask for it', async (_, shape) => {
    const two = [
      { url: 'http://u1', zone: 'a', labels: { version: 'v1' } },
      { url: 'http://u2', zone: 'b', labels: { version: 'v2' } },
    ]
    const app = (wanted: (it: Pool) => Pool) => proxy().route('/', wanted(pool(two, { name: 'users' })))
    const { sim } = await world(app(shape))
    for (let i = 0; i < 4; i++) await sim.get('/')
    expect(served(sim, 'http://u2')).toBe(0)
    await sim.reload(app((it) => it))
    for (let i = 0; i < 4; i++) await sim.get('/')
    expect(served(sim, 'http://u2')).toBe(2)
    await sim.assertNoLeaks()
  })

  test('judges by the new settings, and lets a slow start go on by them', async () => {
    const app = (consecutiveErrors: number, lastsMs: number) =>
      made((it) => it.eject({ consecutiveErrors, ejectMs: '1m' }).slowStart({ lastsMs }))
    const { sim, users } = await world(app(5, 3_600_000))
    await users.drain('http://u2')
    users.readmit('http://u2')
    await sim.advance('1s')
    expect(states(users)).toBe('u1 serving, u2 warming, u3 serving, u4 serving')
    await sim.reload(app(1, 10_000))
    await sim.advance('4s')
    expect(users.endpoints[1]!.weight).toBeCloseTo(0.5, 1)
    await sim.advance('6s')
    sim.upstream('http://u1').inject(fault.refuse(), { next: 1 })
    for (let turn = 0; turn < 4; turn++) await sim.get('/')
    expect(states(users)).toBe('u1 ejected, u2 serving, u3 serving, u4 serving')
    await sim.assertNoLeaks()
  })

  test('lets a probe that is under way end as it began', async () => {
    const app = (path: string, headBytes: number) =>
      proxy().route(
        '/',
        pool(['http://u1'], { name: 'users', headBytes }).health({
          path,
          intervalMs: '1s',
          fall: 1,
          jitter: 0,
        }),
      )
    const { sim, users } = await world(app('/old', 1_000))
    sim.upstream('http://u1').on('GET /old', { delayMs: 600 }).on('GET /new', {})
    await sim.advance('300ms')
    await sim.reload(app('/new', 2_000))
    await sim.advance('2s')
    const probes = sim.journal.entries.filter(({ subject }) => subject === 'probe')
    expect(probes.map(({ text }) => text)).toEqual([
      'probe of http://u1: passed, after 600 ms',
      'probe of http://u1: passed, after 0 ms',
      'probe of http://u1: passed, after 0 ms',
    ])
    expect(users.endpoints[0]!.health).toBe('healthy')
    await sim.assertNoLeaks()
  })

  test('has what runs finish on connections of the old limits', async () => {
    const app = (maxConnections: number) =>
      proxy().route('/', pool(['http://u1'], { name: 'users', maxConnections }))
    const { sim, users } = await world(app(1))
    sim.upstream('http://u1').latency({ kind: 'constant', ms: 1_000 })
    const asked = [sim.get('/'), sim.get('/')]
    await sim.advance(10)
    expect(users.endpoints).toMatchObject([{ connections: 1, queued: 1, inFlight: 2 }])
    await sim.reload(app(5))
    expect(users.endpoints).toMatchObject([{ connections: 0, queued: 0, inFlight: 2 }])
    const third = sim.get('/')
    await sim.advance(10)
    expect(users.endpoints).toMatchObject([{ connections: 1, inFlight: 3 }])
    expect(await sim.until(users.drain('http://u1', { limitMs: '1500ms' }))).toBe(true)
    const statuses = (await Promise.all([...asked, third])).map(({ status }) => status)
    expect(statuses).toEqual([200, 503, 200])
    // The service notices when it answers what was given up.
    await sim.advance('1s')
    expect(sim.upstream('http://u1').connections).toBe(1)
    await sim.assertNoLeaks()
  })

  test('writes late attempts as the description says on which their exchange began', async () => {
    const app = (host: string) =>
      proxy().route('/', pool(['http://u1'], { name: 'users', host }).retry({ attempts: 2, on: [503] }))
    const { sim } = await world(app('old.example'))
    sim.upstream('http://u1').on('GET /', { status: 503, headers: { 'Retry-After': '1' } }, {})
    const early = sim.get('/')
    await sim.advance(500)
    await sim.reload(app('new.example'))
    await sim.get('/')
    await early
    const hosts = sim
      .upstream('http://u1')
      .requests.map(({ headers }) => headers.find(([name]) => name.toLowerCase() === 'host')?.[1])
    expect(hosts).toEqual(['old.example', 'new.example', 'old.example'])
    await sim.assertNoLeaks()
  })

  test('goes on with the endpoints of the old source until the new one gives a list', async () => {
    const ended: string[] = []
    const app = (name: string, begin: Promise<void>, list: string[]) =>
      proxy().route(
        '/',
        pool(
          async function* (signal) {
            await begin
            yield list
            await new Promise((resolve) => signal.addEventListener('abort', resolve))
            ended.push(name)
          },
          { name: 'users' },
        ),
      )
    const later = Promise.withResolvers<void>()
    const { sim, users } = await world(app('first', Promise.resolve(), ['http://u1', 'http://u2']))
    await sim.settle()
    await sim.get('/')
    await sim.reload(app('second', later.promise, ['http://u2', 'http://u3']))
    await sim.settle()
    expect([states(users), ended]).toEqual(['u1 serving, u2 serving', ['first']])
    const [, second] = users.endpoints
    later.resolve()
    await sim.settle()
    expect(users.endpoints).toMatchObject([second!, { id: 'http://u3' }])
    // A list takes the place of a source.
    await sim.reload(made((it) => it, ['http://u3']))
    await sim.settle()
    expect([states(users), ended]).toEqual(['u3 serving', ['first', 'second']])
    users.update(['http://u3', 'http://u4'])
    await sim.assertNoLeaks()
  })
})

describe('a reload', () => {
  test('of the same pool keeps the list that it was given since', async () => {
    const [first, same] = [pool(['http://u1'], { name: 'users' }), pool(['http://u1'], { name: 'users' })]
    const { sim, users } = await world(proxy().route('/', first))
    users.update(['http://u2'])
    await sim.reload(proxy().route('/:path', first))
    expect([states(users), await sim.pool(first)]).toEqual(['u2 serving', users])
    // One that was made anew has taken over, once.
    await sim.reload(proxy().route('/', same))
    expect(states(users)).toBe('u1 serving')
    users.update(['http://u3'])
    await sim.reload(proxy().route('/:path', same))
    expect([states(users), await sim.pool(same)]).toEqual(['u3 serving', users])
    await sim.assertNoLeaks()
  })

  test('that takes a pool away ends it with its last exchange', async () => {
    const { sim, users } = await world(made((it) => it, ['http://u1']))
    sim.upstream('http://u1').latency({ kind: 'constant', ms: 5_000 })
    const events = users.events[Symbol.asyncIterator]()
    const running = sim.get('/')
    await sim.advance(10)
    await sim.reload(proxy().route('/', pool(['http://u1'], { name: 'others' })))
    expect(states(users)).toBe('u1 serving')
    await expect(sim.pool('users')).rejects.toThrow('(others), got "users"')
    expect((await running).status).toBe(200)
    await sim.settle()
    expect(users.endpoints).toEqual([])
    expect(await events.next()).toMatchObject({ done: true })
    await sim.assertNoLeaks()
  })

  test('lets nobody have a pool of a proxy that is closed', async () => {
    const app = made()
    const running = await app.listen(0).start({ signals: false })
    expect(running.pool('users').name).toBe('users')
    await running.close()
    expect(() => running.pool('users')).toThrow('the proxy is closed')
  })
})
