import { log, pool, respond } from 'gatewright'
import type { AdminOptions } from 'gatewright/admin'
import { cache } from 'gatewright/cache'
import { afterEach, describe, expect, it } from 'vitest'
import { type AdminWorld, adminWorld, users } from './admin-world.ts'

const DRAIN = { pool: 'users', endpoint: 'http://u1' }

async function post({ ask }: AdminWorld, target: string, json: unknown): Promise<[number, unknown]> {
  const answer = await ask({ method: 'POST', target, json })
  return [answer.status, answer.json]
}

async function detailOf(world: AdminWorld, target: string, json: unknown): Promise<string> {
  const [status, problem] = await post(world, target, json)
  const { detail } = problem as { detail: string }
  return `${status} ${detail}`
}

describe('POST /api/endpoints/drain', () => {
  it('begins a drain and answers at once, readmit ends it', async () => {
    await using world = adminWorld()
    const { sim, logged } = world
    for (const it of sim.upstreams) it.latency({ kind: 'constant', ms: 5_000 })
    const running = [sim.get('/'), sim.get('/')]
    await sim.settle()
    expect(await post(world, '/api/endpoints/drain', DRAIN)).toEqual([
      200,
      expect.objectContaining({ id: 'http://u1', state: 'draining', inFlight: 1 }),
    ])
    expect(await post(world, '/api/endpoints/readmit', DRAIN)).toEqual([
      200,
      expect.objectContaining({ state: 'serving' }),
    ])
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200])
    expect(logged).toEqual([
      'info: admin: 127.0.0.1 drains http://u1 of the pool users',
      'info: admin: 127.0.0.1 readmits http://u1 of the pool users',
    ])
    await sim.assertNoLeaks()
  })

  it('gives up at its limit what still runs', async () => {
    await using world = adminWorld()
    for (const it of world.sim.upstreams) it.latency({ kind: 'constant', ms: 10_000 })
    const running = [world.sim.get('/'), world.sim.get('/')]
    await world.sim.settle()
    await post(world, '/api/endpoints/drain', { ...DRAIN, limitMs: 2_000 })
    expect((await Promise.race(running)).status).toBe(503)
    expect(world.sim.nowMs).toBe(2_000)
    expect((await Promise.all(running)).map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 503])
    await world.sim.assertNoLeaks()
  })
})

describe('a command for an endpoint', () => {
  it('is one line of the log, whatever the endpoint is called', async () => {
    const id = 'u1\nerror: \u001b[2Jforged'
    const named = pool([{ url: 'http://u1', id }, 'http://u2'], { name: 'named' })
    await using world = adminWorld({}, (app) => app.route('/', named))
    const [status] = await post(world, '/api/endpoints/drain', { pool: 'named', endpoint: id })
    expect([status, world.logged]).toEqual([
      200,
      ['info: admin: 127.0.0.1 drains u1\\u000aerror: \\u001b[2Jforged of the pool named'],
    ])
  })

  it('that drains leaves nothing behind when the proxy ends before', async () => {
    await using world = adminWorld()
    for (const it of world.sim.upstreams) it.latency({ kind: 'constant', ms: 10_000_000 })
    const ended = Promise.allSettled([world.sim.get('/'), world.sim.get('/')])
    await world.sim.settle()
    const [status] = await post(world, '/api/endpoints/drain', { ...DRAIN, limitMs: 3_600_000 })
    expect(status).toBe(200)
    await world.sim.close()
    await ended
    await world.sim.assertNoLeaks()
    expect(world.logged.filter((line) => line.startsWith('error'))).toEqual([])
  })
})

describe('POST /api/endpoints/weight', () => {
  it('gives another weight', async () => {
    await using world = adminWorld()
    const weigh = (weight: unknown) => post(world, '/api/endpoints/weight', { ...DRAIN, weight })
    expect(await weigh(5)).toEqual([200, expect.objectContaining({ weight: 5, fullWeight: 5 })])
    for (const wrong of [0, -1, '5', null, undefined]) expect((await weigh(wrong))[0], `${wrong}`).toBe(400)
    expect(world.logged).toEqual(['info: admin: 127.0.0.1 gives http://u1 of the pool users the weight 5'])
    expect((await world.ask('/api/pools')).json).toMatchObject([
      { endpoints: [{ weight: 5 }, { weight: 3 }] },
    ])
    await world.sim.assertNoLeaks()
  })
})

describe('a command', () => {
  it('says what is wrong with it, and then changes nothing', async () => {
    await using world = adminWorld()
    const said = (json: unknown) => detailOf(world, '/api/endpoints/drain', json)
    expect(await said({ ...DRAIN, weight: 2, x: 1 })).toBe(
      '400 there is no member "weight", "x"; those that exist: pool, endpoint, limitMs',
    )
    expect(await said({ endpoint: 'http://u1' })).toBe('400 "pool" must be a text')
    expect(await said({ pool: 'users', endpoint: 1 })).toBe('400 "endpoint" must be a text')
    expect(await said({ pool: 'none', endpoint: 'http://u1' })).toBe(
      '404 there is no pool of this name; those that there are: users',
    )
    expect(await said({ pool: 'users', endpoint: 'http://u9' })).toBe(
      '404 the pool has no endpoint of this id; those that it has: http://u1, http://u2',
    )
    expect(await said({ ...DRAIN, limitMs: 'soon' })).toContain(
      '400 pool.drain: "limitMs" must be a duration',
    )
    for (const none of [[], 'text', 7, null])
      expect(await said(none)).toBe('400 the body must be an object of JSON with pool, endpoint, limitMs')
    const { endpoints } = await world.sim.pool('users')
    expect([endpoints.map(({ state }) => state), world.logged]).toEqual([['serving', 'serving'], []])
    await world.sim.assertNoLeaks()
  })

  it('is JSON in UTF-8 of at most 64 KiB', async () => {
    await using world = adminWorld()
    const send = async (body: string) => {
      const headers = { 'Content-Type': 'application/json', 'Content-Length': String(body.length) }
      const target = '/api/endpoints/drain'
      return (await world.ask({ method: 'POST', target, headers, body })).status
    }
    expect(await send('')).toBe(400)
    expect(await send('{')).toBe(400)
    expect(await send('{"pool":"users","endpoint":"\xff"}')).toBe(400)
    expect(await send(`{"pool":"${'x'.repeat(65_000)}"}`)).toBe(400)
    expect(await send(`{"pool":"${'x'.repeat(65_536)}"}`)).toBe(413)
    await world.sim.assertNoLeaks()
  })

  it('is not taken where two pools have the name', async () => {
    await using world = adminWorld({}, (app) =>
      app.route('/a', users).route('/b', pool(['http://u1'], { name: 'users' })),
    )
    expect(await detailOf(world, '/api/endpoints/drain', DRAIN)).toBe(
      '409 several pools have this name: give each a "name" of its own',
    )
  })

  it.each(['drain', 'readmit', 'weight'])('is refused by one that only shows: %s', async (command) => {
    await using world = adminWorld({ readOnly: true })
    expect(await detailOf(world, `/api/endpoints/${command}`, DRAIN)).toContain('403 this admin listener is')
    expect(await detailOf(world, '/api/caches/purge', {})).toContain('403 this admin listener is')
    const { status } = await world.ask({ method: 'PUT', target: '/api/log', json: { level: 'debug' } })
    expect([status, (await world.ask('/api/log')).status]).toEqual([403, 200])
    expect((await world.ask('/api/proxy')).json).toMatchObject({ readOnly: true })
  })
})

describe('POST /api/caches/purge', () => {
  const cached = () =>
    adminWorld({}, (app) =>
      app.route('/', cache(), () => respond(200, 'a page', { 'Cache-Control': 'max-age=60' })),
    )
  const hits = async ({ sim }: AdminWorld) =>
    ((await sim.get('http://a.example/page')).headers.get('cache-status') ?? '').includes('hit')

  it('has a cache forget what it names', async () => {
    await using world = cached()
    expect([await hits(world), await hits(world)]).toEqual([false, true])
    const [filter] = (await world.ask('/api/filters')).json as { id: string }[]
    expect(filter).toMatchObject({ id: '/ > cache', name: 'cache', state: { kind: 'cache', entries: 1 } })
    const url = 'http://a.example/page'
    expect(await post(world, '/api/caches/purge', { filter: '/ > cache', url: `${url}2` })).toEqual([
      200,
      { purged: { url: `${url}2` } },
    ])
    expect(await hits(world)).toBe(true)
    await post(world, '/api/caches/purge', { filter: '/ > cache', url })
    expect([await hits(world), await hits(world)]).toEqual([false, true])
    await post(world, '/api/caches/purge', { filter: '/ > cache', everything: true, soft: true })
    expect(await hits(world)).toBe(false)
    expect(world.logged.at(-1)).toBe(
      'info: admin: 127.0.0.1 purges {"everything":true} of the cache / > cache',
    )
    await world.sim.assertNoLeaks()
  })

  it('is one line of the log, not a long one, and without queries', async () => {
    await using world = cached()
    const purge = (what: object) => post(world, '/api/caches/purge', { filter: '/ > cache', ...what })
    expect(await purge({ url: 'http://a.example/page?token=s3cret' })).toMatchObject([200, {}])
    expect((await purge({ url: `http://a.example/${'x'.repeat(5_000)}` }))[0]).toBe(200)
    expect(world.logged[0]).toBe(
      'info: admin: 127.0.0.1 purges {"url":"http://a.example/page?…"} of the cache / > cache',
    )
    expect(world.logged[1]!.length).toBeLessThan(300)
  })

  it('says what is wrong with it, and then forgets nothing', async () => {
    await using world = cached()
    await hits(world)
    const said = (json: unknown) => detailOf(world, '/api/caches/purge', json)
    expect(await said({ filter: 'x', everything: true })).toBe(
      '404 there is no cache of this id; those that there are: "/ > cache"',
    )
    expect(await said({ filter: '/ > cache' })).toBe(
      '400 cache.purge: "what" must be an object with exactly one of url, tag, tags, pattern, everything, got "none"',
    )
    expect(await said({ filter: '/ > cache', url: 'x' })).toContain('400 cache.purge: "url"')
    expect(await said({ filter: '/ > cache', everything: true, soft: 1 })).toContain(
      '400 cache.purge: "soft"',
    )
    for (const wrong of [
      { pattern: null },
      { pattern: { path: 7 } },
      { pattern: 'x' },
      { tags: 'x' },
      { tag: 7 },
    ])
      expect(await said({ filter: '/ > cache', ...wrong })).toContain('400 cache.purge: ')
    expect(await said({ filter: '/ > cache', url: 7 })).toContain('400 cache.purge: "url"')
    expect(await said({ filter: '/ > cache', tag: 'a', url: 'http://a' })).toContain('got "url and tag"')
    expect(await said(JSON.parse('{"filter":"/ > cache","__proto__":{"everything":true}}'))).toContain('400 ')
    expect(await said({ filter: '/ > cache', all: true })).toContain('400 there is no member "all"')
    expect([await hits(world), world.logged]).toEqual([true, []])
  })
})

describe('PUT /api/log', () => {
  afterEach(() => {
    log.level = 'info'
  })

  it('sets how much is told of', async () => {
    await using world = adminWorld()
    const put = async (level: unknown) => {
      const { status, json } = await world.ask({ method: 'PUT', target: '/api/log', json: { level } })
      return [status, json]
    }
    expect((await world.ask('/api/log')).json).toEqual({ level: 'info' })
    expect(await put('debug')).toEqual([200, { level: 'debug' }])
    expect(log.level).toBe('debug')
    expect(world.logged).toEqual(['info: admin: 127.0.0.1 sets the level of the log to debug, was info'])
    await put('error')
    expect(world.logged.at(-1)).toContain('to error, was debug')
    expect(await put('loud')).toEqual([
      400,
      expect.objectContaining({ detail: expect.stringContaining('"silent", "error"') }),
    ])
    expect((await world.ask('/api/log')).json).toEqual({ level: 'error' })
  })
})

describe('profiles', () => {
  const profile = async (options: AdminOptions, target: string) => {
    await using world = adminWorld(options, (app) => app.route('/', () => respond(200)))
    const answer = await world.ask({ method: 'POST', target, json: {} })
    const { sim, logged } = world
    await sim.assertNoLeaks()
    return { ...answer, nowMs: sim.nowMs, logged }
  }

  it.each(['/api/profile/cpu', '/api/profile/heap'])(
    'are off unless they are asked for: %s',
    async (target) => {
      expect(await profile({}, target)).toMatchObject({ status: 403, logged: [] })
    },
  )

  it('of the CPU last as long as was asked for, by the clock', async () => {
    const options = { profiling: true }
    const { status, headers, json, nowMs, logged } = await profile(options, '/api/profile/cpu?seconds=2')
    expect([status, nowMs]).toEqual([200, 2_000])
    expect(logged).toEqual(['info: admin: 127.0.0.1 takes a profile of the CPU, for 2 s'])
    expect(headers['content-disposition']).toBe(
      'attachment; filename="gatewright-2026-01-01T00-00-02-000Z.cpuprofile"',
    )
    expect(json).toMatchObject({ nodes: expect.any(Array), samples: expect.any(Array) })
  })

  it.each(['0', '61', 'x', '', '-1'])('of the CPU for %j seconds are refused', async (seconds) => {
    expect((await profile({ profiling: true }, `/api/profile/cpu?seconds=${seconds}`)).status).toBe(400)
  })

  it('of the CPU are recorded one at a time, and end with whoever leaves', async () => {
    await using world = adminWorld({ profiling: true })
    const target = '/api/profile/cpu?seconds=60'
    const head = `POST ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\r\n`
    const client = await world.connect()
    await client.send(head)
    await world.sim.settle()
    expect((await world.ask({ method: 'POST', target, json: {} })).status).toBe(409)
    await client.reset()
    await world.sim.settle()
    const short = { method: 'POST', target: '/api/profile/cpu?seconds=1', json: {} }
    expect((await world.ask(short)).status).toBe(200)
    expect(world.sim.nowMs).toBe(1_000)
    await world.sim.assertNoLeaks()
  })
})
