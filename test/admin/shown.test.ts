import { type Companion, proxy, respond } from 'gatewright'
import { type AdminOptions, admin } from 'gatewright/admin'
import { concurrencyLimit, metrics } from 'gatewright/filters'
import { describe, expect, it } from 'vitest'
import { adminWorld, TOKEN, users } from './admin-world.ts'

const OTHER = 'another-token-of-more-than-16-characters'

describe('admin', () => {
  it('answers health and readiness', async () => {
    await using world = adminWorld()
    expect((await world.ask('/health')).json).toEqual({ status: 'ok', phase: 'serving' })
    expect(await world.ask('/ready')).toMatchObject({ status: 200, json: { ready: true, reasons: [] } })
    await world.sim.assertNoLeaks()
  })

  it('says that it is not ready from the first moment of a drain, and is healthy to its end', async () => {
    await using world = adminWorld({}, (app) => app.route('/', () => new Promise(() => {})))
    const { sim } = world
    const running = sim.get('/')
    await sim.settle()
    const drained = sim.drain({ noticeMs: '5s', limitMs: '20s' })
    const during = async () => [(await world.ask('/ready')).status, (await world.ask('/health')).json]
    expect(await during()).toEqual([503, { status: 'ok', phase: 'notice' }])
    expect((await world.ask('/ready')).json).toEqual({ ready: false, reasons: ['draining'] })
    await sim.advance('6s')
    expect(await during()).toEqual([503, { status: 'ok', phase: 'draining' }])
    await sim.advance('18s')
    expect(await during()).toEqual([503, { status: 'ok', phase: 'draining' }])
    await drained
    await expect(running).rejects.toThrow()
    await expect(world.ask('/health')).rejects.toThrow('ECONNREFUSED')
    await sim.assertNoLeaks()
  })

  it('shows the whole as JSON, and each part alone', async () => {
    await using world = adminWorld({}, (app) =>
      app.route('GET /users/:id', concurrencyLimit({ limit: 7 }), users).route('/', () => respond(200)),
    )
    await world.sim.get('/users/7')
    const { json } = await world.ask('/api/snapshot')
    expect(json).toMatchObject({
      proxy: {
        pid: process.pid,
        phase: 'serving',
        readiness: { ready: true },
        logLevel: 'info',
        readOnly: false,
      },
      listeners: [{ url: 'http://127.0.0.1:8080', accepted: 1, refusals: {} }],
      routes: [
        {
          match: 'GET /users/:id',
          filters: ['concurrencyLimit'],
          pools: ['users'],
          matches: 1,
          failures: 0,
          inFlight: 0,
        },
        { match: '/', pools: [], matches: 0 },
      ],
      pools: [
        {
          name: 'users',
          balancer: 'roundRobin',
          endpoints: [
            { id: 'http://u1', state: 'serving', weight: 1 },
            { id: 'http://u2', weight: 3 },
          ],
          panic: false,
        },
      ],
      traffic: { total: 1, failures: 0 },
      failures: [],
    })
    const whole = json as Record<string, unknown>
    for (const part of Object.keys(whole).filter((name) => name !== 'proxy'))
      expect((await world.ask(`/api/${part}`)).json, part).toEqual(whole[part])
    await world.sim.assertNoLeaks()
  })

  it('shows what is under way, as many as are asked for', async () => {
    await using world = adminWorld()
    world.sim.upstream('http://u1').latency({ kind: 'constant', ms: 1_000 })
    world.sim.upstream('http://u2').latency({ kind: 'constant', ms: 1_000 })
    const running = [world.sim.get('/a'), world.sim.get('/b')]
    await world.sim.settle()
    expect((await world.ask('/api/exchanges?limit=1')).json).toMatchObject({
      total: 2,
      exchanges: [{ path: '/a', method: 'GET' }],
    })
    for (const limit of ['0', '-1', '1001', 'x', ''])
      expect((await world.ask(`/api/exchanges?limit=${limit}`)).status, limit).toBe(400)
    await Promise.all(running)
    await world.sim.assertNoLeaks()
  })

  it('explains a request, and says what is wrong with a question', async () => {
    await using world = adminWorld()
    const question = encodeURIComponent('GET http://a.example/x')
    expect((await world.ask(`/api/explain?request=${question}`)).json).toMatchObject({
      host: 'a.example',
      route: '/',
      target: { name: 'users' },
      text: expect.stringContaining('route      /'),
    })
    const wrong = await world.ask('/api/explain?request=nonsense')
    expect([wrong.status, wrong.json]).toEqual([
      400,
      expect.objectContaining({ detail: expect.stringContaining('GET http://host/path') }),
    ])
  })

  it('says where to look, and which method', async () => {
    await using world = adminWorld()
    const lost = await world.ask('/api/nothing')
    expect(lost).toMatchObject({ status: 404, headers: { 'content-type': 'application/problem+json' } })
    expect((lost.json as { detail: string }).detail).toContain('GET /api/snapshot')
    const wrong = await world.ask({ method: 'POST', target: '/health', json: {} })
    expect(wrong).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
  })

  it('tells Prometheus what the proxy tells, piece by piece', async () => {
    const companion = (name: string): Companion => ({
      kind: name,
      exposition: {
        expose: (accept = 'text/plain; version=0.0.4') => ({ contentType: accept, pieces: lines(name) }),
      },
    })
    await using one = adminWorld({}, (app) => app.attach(companion('one')).route('/', users))
    const accept = 'application/openmetrics-text'
    const alone = await one.ask({ target: '/metrics', headers: { Accept: accept } })
    expect(alone).toMatchObject({
      status: 200,
      text: 'one_a 1\none_ä 2\n',
      headers: { 'content-type': accept },
    })
    await one.sim.assertNoLeaks()
    await using two = adminWorld({}, (app) =>
      app.attach(companion('one'), companion('two')).route('/', users),
    )
    const both = await two.ask({ target: '/metrics', headers: { Accept: accept } })
    expect(both.headers['content-type']).toBe('text/plain; version=0.0.4')
    expect(both.text).toBe('one_a 1\none_ä 2\ntwo_a 1\ntwo_ä 2\n')
  })

  it('has the metrics of a filter, in the format that is asked for', async () => {
    await using world = adminWorld({}, (app) => app.route('/', metrics(), users))
    await world.sim.get('/x')
    const text = await world.ask('/metrics')
    expect(text.headers['content-type']).toContain('text/plain')
    expect(text.text).toMatch(/^proxy_requests_total\{.*\} 1$/m)
    const headers = { Accept: 'application/openmetrics-text;version=1.0.0' }
    const open = await world.ask({ target: '/metrics', headers })
    expect(open.headers['content-type']).toContain('application/openmetrics-text')
    expect(open.text).toMatch(/# EOF\n$/)
    await world.sim.assertNoLeaks()
  })

  it('says what is missing where there are no metrics', async () => {
    await using world = adminWorld()
    const none = await world.ask('/metrics')
    expect([none.status, (none.json as { detail: string }).detail]).toEqual([
      404,
      'the proxy has no metrics: add metrics() of gatewright/filters to it',
    ])
  })

  it.each([
    [true, 200],
    [false, 403],
  ])('shows bodies where tapBodies says so: %s', async (tapBodies, status) => {
    await using world = adminWorld({ tapBodies })
    const client = await world.connect()
    await client.send('GET /api/tap?bodies=4 HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await world.sim.settle()
    world.sim.upstream('http://u1').reply({ body: 'answered' })
    world.sim.upstream('http://u2').reply({ body: 'answered' })
    await world.sim.post('/one', { body: 'question' })
    await world.sim.settle()
    const seen = client.unread.toString('latin1')
    expect(seen).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(seen.includes('"requestBody":{"bytes":8,"cut":true,"text":"ques"}')).toBe(tapBodies)
    expect(seen.includes('"responseBody":{"bytes":8,"cut":true,"text":"answ"}')).toBe(tapBodies)
    await client.close()
    await world.sim.assertNoLeaks()
  })

  it('lets exchanges be looked at as they end, across a reload', async () => {
    await using world = adminWorld()
    const client = await world.connect()
    await client.send('GET /api/tap?where=status%20%3E%3D%20400 HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await world.sim.settle()
    world.sim.upstream('http://u2').reply({ status: 404 })
    await world.sim.get('/one')
    await world.sim.get('/two')
    await world.sim.reload(proxy().listen(8080).attach(admin()).route('/', users))
    world.sim.upstream('http://u1').reply({ status: 404 })
    await world.sim.get('/three')
    await world.sim.settle()
    const seen = client.unread.toString('latin1')
    expect(seen).toMatch(/^HTTP\/1.1 200 OK\r\n/)
    expect(seen).toMatch(/cache-control: no-store, no-transform\r\n/i)
    const paths = Array.from(seen.matchAll(/"path":"([^"]+)"/g), ([, path]) => path)
    expect(paths).toEqual([expect.stringMatching('/(one|two)'), '/three'])
    expect((await world.ask('/api/tap?where=nonsense')).status).toBe(400)
    await client.close()
    await world.sim.assertNoLeaks()
  })

  it.each<[AdminOptions, AdminOptions, boolean]>([
    [{ token: TOKEN }, { token: [TOKEN, OTHER] }, true],
    [{ token: [TOKEN, OTHER] }, { token: TOKEN }, false],
    [{ token: TOKEN }, { token: OTHER }, false],
    [{ token: TOKEN }, {}, true],
    [{}, { token: TOKEN }, false],
  ])('lets nobody look on who would not come in again: %j, then %j', async (before, after, stays) => {
    await using world = adminWorld(before)
    const client = await world.connect()
    const fields = `Host: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`
    await client.send(`GET /api/tap HTTP/1.1\r\n${fields}`)
    await world.sim.settle()
    await world.sim.reload(proxy().listen(8080).attach(admin(after)).route('/', users))
    await world.sim.get('/behind')
    await world.sim.settle()
    const seen = client.unread.toString('latin1')
    expect(seen).toContain(': open')
    expect([seen.includes('/behind'), !seen.endsWith('\r\n0\r\n\r\n')]).toEqual([stays, stays])
    await client.close()
    await world.sim.assertNoLeaks()
  })

  it('has a page at its root', async () => {
    await using world = adminWorld()
    expect((await world.ask('/')).status).toBe(200)
    expect((await world.ask({ method: 'HEAD', target: '/' })).text).toBe('')
  })
})

async function* lines(name: string): AsyncGenerator<string> {
  yield `${name}_a 1\n`
  yield `${name}_ä 2\n`
}
