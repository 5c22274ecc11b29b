import { connect, constants } from 'node:http2'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pool, proxy, type RoutedProxy } from '../../index.ts'
import { faultSchedules } from '../arbitraries/fault-schedules.ts'
import { injectAll } from '../arbitraries/inject-all.ts'
import { assertAttempts } from '../assertions/assertions.ts'
import { fakeUpstream } from '../upstream/fake-upstream.ts'
import { type Fault, fault } from '../upstream/fault.ts'
import { simulate } from './simulate.ts'

function gateway(http2: boolean | 'auto' = true, url = 'http://users'): RoutedProxy {
  return proxy().route('/', pool([url], { http2, connectMs: '1s', headMs: '5s', bodyIdleMs: '5s' }))
}

test('a simulated service speaks the version that its pool wants', async () => {
  await using sim = simulate(
    proxy()
      .route('/one', pool(['http://users'], { name: 'one' }))
      .route('/two', pool(['http://users'], { name: 'two', http2: true }))
      .route('/auto', pool(['http://users'], { name: 'auto', http2: 'auto' }))
      .route('/tls', pool(['https://safe'], { name: 'tls' }))
      .route('/tls-two', pool(['https://safe'], { name: 'tls-two', http2: true }))
      .route('/tls-auto', pool(['https://safe'], { name: 'tls-auto', http2: 'auto' })),
  )
  for (const path of ['/one', '/two', '/auto', '/tls', '/tls-two', '/tls-auto'])
    expect((await sim.get(path)).status).toBe(200)
  const asked = sim.upstreams.flatMap(({ requests }) =>
    requests.map(({ target, version }) => [target, version]),
  )
  expect(asked).toEqual([
    ['/one', 'HTTP/1.1'],
    ['/two', 'HTTP/2'],
    ['/auto', 'HTTP/1.1'],
    ['/tls', 'HTTP/1.1'],
    ['/tls-two', 'HTTP/2'],
    ['/tls-auto', 'HTTP/2'],
  ])
  await sim.assertNoLeaks()
})

test('a simulated service passes what HTTP/2 has: interim responses, trailers, long bodies both ways', async () => {
  await using sim = simulate(gateway())
  sim.upstream('http://users').on('POST /', ({ body, trailers }) => ({
    informational: [{ status: 103, headers: { Link: '</a.css>' } }],
    headers: { 'X-Sum': trailers[0]?.[1] ?? '' },
    body,
    trailers: { 'X-After': 'yes' },
  }))
  const body = Buffer.alloc(300_000, 'abc')
  const response = await sim.post('/', { body, trailers: { 'X-Sum': '9' }, headers: { TE: 'trailers' } })
  expect(response.informational.map(({ status, headers }) => [status, headers.get('link')])).toEqual([
    [103, '</a.css>'],
  ])
  expect(response.headers.get('x-sum')).toBe('9')
  expect(response.body.equals(body)).toBe(true)
  expect(response.trailers.get('x-after')).toBe('yes')
  await sim.assertNoLeaks()
})

test.each<readonly [name: string, given: Fault, code: string]>([
  ['a reset of the stream', fault.resetStream('INTERNAL_ERROR'), 'upstream_reset'],
  ['a reset of the connection', fault.resetBeforeHead(), 'upstream_reset'],
  ['silence', fault.noAnswer(), 'upstream_head_timeout'],
  ['the end of the connection', fault.halfClose(), 'upstream_reset'],
  ['what is no frame', fault.malformed('HTTP/1.1 200 OK\r\n\r\n'), 'upstream_response_malformed'],
  ['no connection', fault.refuse(), 'upstream_refused'],
  // Its SETTINGS never come.
  ['a connection that stalls', fault.acceptAndStall(), 'upstream_response_malformed'],
])('the proxy sees %s of a service by HTTP/2', async (_, given, code) => {
  await using sim = simulate(gateway())
  const injection = sim.upstream('http://users').inject(given, { next: 1 })
  const response = await sim.get('/')
  expect(response.exchange?.outcome?.error?.code).toBe(code)
  expect(injection.hits).toBe(1)
  // The next one is served.
  expect((await sim.get('/')).text()).toBe('ok')
  await sim.assertNoLeaks()
})

test.each<readonly [name: string, given: Fault, status: number]>([
  ['is reset in its body', fault.resetStream('CANCEL', 2), 200],
  ['loses its connection', fault.resetAfterHead(), 200],
  ['is cut', fault.truncate(2), 200],
  ['is shorter than it says', fault.wrongContentLength(3), 200],
  // The proxy knows it when it reads the head.
  ['is reset right behind its head', fault.resetStream('INTERNAL_ERROR', 'head'), 502],
  ['is longer than it says', fault.wrongContentLength(-3), 502],
])('the client sees that a response by HTTP/2 that %s is not whole', async (_, given, status) => {
  await using sim = simulate(gateway())
  sim.upstream('http://users').reply({ body: 'hello' }).inject(given, { next: 1 })
  const response = await sim.get('/')
  expect([response.status, response.complete]).toEqual([status, status !== 200])
  expect((await sim.get('/')).text()).toBe('hello')
  await sim.assertNoLeaks()
})

test.each<readonly [name: string, given: Fault]>([
  ['refused stream', fault.resetStream('REFUSED_STREAM')],
  ['GOAWAY for the one before', fault.goaway({ last: 'previous' })],
])('the proxy sends again what was not processed: %s', async (_, given) => {
  await using sim = simulate(gateway())
  const users = sim.upstream('http://users')
  await sim.get('/first')
  users.inject(given, { next: 1 })
  const response = await sim.post('/again')
  expect(response.status).toBe(200)
  assertAttempts(response, 1)
  expect(users.requests.map(({ target, connection }) => [target, connection])).toEqual([
    ['/first', 1],
    ['/again', 1],
    ['/again', given.kind === 'goaway' ? 2 : expect.any(Number)],
  ])
  await sim.assertNoLeaks()
})

test('a service that goes away answers what it has taken, and the next request opens a connection', async () => {
  await using sim = simulate(gateway())
  const users = sim.upstream('http://users').reply({ delayMs: 10, body: 'late' })
  users.inject(fault.goaway(), { next: 1 })
  const first = sim.get('/first')
  await sim.advance(1)
  const second = sim.get('/second')
  expect([(await first).text(), (await second).text()]).toEqual(['late', 'late'])
  expect(users.requests.map(({ target, connection }) => [target, connection])).toEqual([
    ['/first', 1],
    ['/second', 2],
  ])
  await sim.assertNoLeaks()
})

test('a window that stalls holds a long request up, until the proxy gives it up', async () => {
  await using sim = simulate(gateway())
  const users = sim.upstream('http://users')
  users.inject(fault.windowStall(), { match: 'POST /long' })
  // What fits into the window is sent, and answered.
  expect((await sim.post('/long', { body: 'x'.repeat(1_000) })).status).toBe(200)
  const stuck = await sim.post('/long', { body: 'x'.repeat(100_000) })
  expect(stuck.status).toBe(504)
  expect(users.requests.at(-1)).toMatchObject({ complete: false, reset: 'CANCEL' })
  await sim.assertNoLeaks()
})

test('a client that leaves resets the stream of its attempt, and no more', async () => {
  await using sim = simulate(gateway())
  const users = sim.upstream('http://users').reply({ delayMs: 1_000 })
  const pending = sim.get('/left')
  const other = sim.client('198.51.100.7').get('/other')
  await sim.advance(10)
  pending.leave()
  await sim.settle()
  expect(users.requests.map(({ target, reset }) => [target, reset])).toEqual([
    ['/left', 'CANCEL'],
    ['/other', undefined],
  ])
  expect((await other).status).toBe(200)
  expect(sim.journal.lines.join('\n')).toContain('http://users: CANCEL on connection 1, stream 1')
  await sim.assertNoLeaks()
})

test('a service takes so many streams as it says, and the pool opens a connection more', async () => {
  await using sim = simulate(gateway())
  const users = sim.upstream('http://users').http2({ streams: 2 }).reply({ delayMs: 10 })
  await sim.get('/settings')
  const all = await Promise.all(Array.from({ length: 5 }, (_, i) => sim.get(`/${i}`)))
  expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  expect(users.totalConnections).toBe(3)
  await sim.assertNoLeaks()
})

test.each(['http', 'https'])(
  'a pool that wants HTTP/2 is told that a service speaks none: %s',
  async (scheme) => {
    const url = `${scheme}://users`
    await using sim = simulate(gateway(true, url))
    sim.upstream(url).http2(false)
    const response = await sim.get('/')
    expect([response.status, response.exchange?.outcome?.error?.code]).toEqual([
      502,
      scheme === 'http' ? 'upstream_response_malformed' : 'upstream_tls_failed',
    ])
    await sim.assertNoLeaks()
  },
)

test('a pool that takes either speaks what the service has', async () => {
  await using sim = simulate(gateway('auto', 'https://users'))
  const users = sim.upstream('https://users').http2('only')
  await sim.get('/')
  await sim.reload(
    gateway('auto', 'https://users').route('/again', pool(['https://users'], { http2: 'auto' })),
  )
  users.http2(false)
  await sim.get('/again')
  expect(users.requests.map(({ version }) => version)).toEqual(['HTTP/2', 'HTTP/1.1'])
  await sim.assertNoLeaks()
})

test('whatever goes wrong by HTTP/2, and whenever: every client gets an answer or an end, and nothing is left', async () => {
  const upstreams = ['http://u1', 'http://u2']
  const app = () =>
    proxy().route(
      '/',
      pool(upstreams, { http2: true, connectMs: '1s', headMs: '5s', bodyIdleMs: '2s' }).retry({
        attempts: 2,
      }),
    )
  await fc.assert(
    fc.asyncProperty(faultSchedules({ upstreams, lasts: '20s' }), fc.nat(), async (schedule, seed) => {
      await using sim = simulate(app(), { seed })
      injectAll(schedule, sim)
      const { sent, byOutcome } = await sim.load({ rate: 10, duration: '20s' })
      expect(Object.values(byOutcome).reduce((sum, count) => sum + count)).toBe(sent)
      await sim.assertNoLeaks()
    }),
    { numRuns: 60 },
  )
}, 120_000)

test.each(['http', 'https'] as const)(
  'a client of node:http2 is served by fakeUpstream on a real socket: %s',
  async (scheme) => {
    await using service = await fakeUpstream({ socket: true, ...(scheme === 'https' ? { tls: true } : {}) })
      .on('POST /echo', ({ body, trailers }) => ({
        informational: [{ status: 103, headers: { link: 'a' } }],
        body,
        trailers: { 'X-Sum': trailers[0]?.[1] ?? 'none' },
      }))
      .on('GET /reset', { body: 'x' })
      .start()
    const client = connect(service.url, service.certificate === undefined ? {} : { ca: service.certificate })
    const body = Buffer.alloc(200_000, 'abc')
    const stream = client.request({ ':method': 'POST', ':path': '/echo' })
    const interim: number[] = []
    stream.on('headers', (headers) => interim.push(headers[':status'] as unknown as number))
    const trailers = new Promise((resolve) => stream.on('trailers', resolve))
    stream.end(body)
    const parts: Buffer[] = []
    for await (const part of stream) parts.push(part as Buffer)
    expect(Buffer.concat(parts).equals(body)).toBe(true)
    expect(interim).toEqual([103])
    expect(await trailers).toMatchObject({ 'x-sum': 'none' })

    service.inject(fault.resetStream('ENHANCE_YOUR_CALM'), { match: 'GET /reset' })
    const reset = client.request({ ':path': '/reset' })
    const error = await new Promise<Error>((resolve) => reset.on('error', resolve))
    expect(error.message).toContain('NGHTTP2_ENHANCE_YOUR_CALM')
    expect(reset.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM)

    const gone = new Promise<number>((resolve) => client.on('goaway', resolve))
    service.inject(fault.goaway({ code: 'NO_ERROR' }), { next: 1 })
    client.request({ ':path': '/' }).resume()
    expect(await gone).toBe(constants.NGHTTP2_NO_ERROR)
    await new Promise<void>((resolve) => {
      client.on('close', resolve)
      client.close()
    })
    expect(service.requests.map(({ version }) => version)).toEqual(['HTTP/2', 'HTTP/2', 'HTTP/2'])
  },
)
