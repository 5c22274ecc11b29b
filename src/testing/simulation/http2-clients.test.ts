import { expect, test } from 'vitest'
import { type Filter, pool, proxy, type RoutedProxy, respond, selfSigned } from '../../index.ts'
import { assertServedBy } from '../assertions/assertions.ts'
import { fault } from '../upstream/fault.ts'
import { simulate } from './simulate.ts'

function gateway(...filters: Filter[]): RoutedProxy {
  return proxy()
    .route('/', ...filters, pool(['http://users'], { headMs: '5s' }))
    .route('/version', ({ request }) => respond(200, `HTTP/${request.version} ${request.host}`))
}

const ADDRESS = '198.51.100.7'

test('a simulated client speaks HTTP/2 when it is told to, many requests on one connection', async () => {
  await using sim = simulate(gateway())
  sim
    .upstream('http://users')
    .reply(({ target, body }) => ({ body: `${target} ${body.toString()}`, delayMs: 5 }))
  const client = sim.client(ADDRESS, { http2: true })
  const [one, two, version] = await Promise.all([
    client.post('/one', { body: 'a' }),
    client.get('http://users.example/two', { headers: { 'X-A': '1' } }),
    client.get('/version', { headers: { Host: 'a.example' } }),
  ])
  expect([one.text(), two.text(), version.text()]).toEqual(['/one a', '/two ', 'HTTP/2 a.example'])
  expect([one.status, one.reason, one.complete, two.durationMs]).toEqual([200, '', true, 5])
  expect(sim.exchanges.map(({ client }) => client)).toEqual(Array(3).fill(one.exchange?.client))
  // Each is told of its own exchange.
  expect([one, two, version].map(({ exchange }) => exchange?.number)).toEqual([1, 2, 3])
  assertServedBy(one, 'http://users')
  // The one without options speaks HTTP/1.1, from the same address.
  expect((await sim.client(ADDRESS).get('/version')).text()).toMatch('HTTP/1.1')
  await sim.assertNoLeaks()
})

test('a simulated client by HTTP/2 comes to a listener with TLS by ALPN', async () => {
  await using sim = simulate(
    proxy()
      .listen({ port: 8443, tls: selfSigned() })
      .route('/version', ({ request, client }) =>
        respond(200, `${request.version} ${client.tls?.alpn} ${request.scheme}`),
      ),
  )
  expect((await sim.client(ADDRESS, { http2: true }).get('/version')).text()).toBe('2 h2 https')
  expect((await sim.client(ADDRESS).get('/version')).text()).toBe('1.1 http/1.1 https')
  await sim.assertNoLeaks()
})

test('a simulated client by HTTP/2 sends and reads all that a message has', async () => {
  await using sim = simulate(gateway())
  sim.upstream('http://users').reply(({ body, trailers }) => ({
    informational: [{ status: 103, headers: { Link: '</a>' } }],
    headers: { 'X-Sum': trailers[0]?.[1] ?? '' },
    body,
    trailers: { 'X-After': 'yes' },
  }))
  const client = sim.client(ADDRESS, { http2: true })
  async function* chunks() {
    for (let i = 0; i < 30; i++) yield Buffer.alloc(10_000, 'abc')
  }
  const headers = { TE: 'trailers' }
  const whole = Buffer.alloc(300_000, 'abc')
  const responses = await Promise.all([
    client.post('/', { body: whole, headers }),
    client.post('/', { body: chunks(), trailers: { 'X-Sum': '9' }, headers }),
    client.post('/', { json: { a: 1 }, trailers: { 'X-Sum': '8' }, headers }),
    client.post('/', { trailers: { 'X-Sum': '7' }, headers }),
  ])
  expect(responses.map((it) => it.headers.get('x-sum'))).toEqual(['', '9', '8', '7'])
  expect(responses.map((it) => it.trailers.get('x-after'))).toEqual(['yes', 'yes', 'yes', 'yes'])
  expect(responses.map((it) => it.informational.map(({ status }) => status))).toEqual(Array(4).fill([103]))
  expect(responses[0]!.body.equals(whole)).toBe(true)
  expect(responses[1]!.body.length).toBe(300_000)
  expect(responses[2]!.json()).toEqual({ a: 1 })
  expect((await client.request({ method: 'HEAD', url: '/' })).body.length).toBe(0)
  await sim.assertNoLeaks()
})

test('a simulated client by HTTP/2 that leaves resets its stream, and the others go on', async () => {
  await using sim = simulate(gateway())
  sim.upstream('http://users').reply({ delayMs: 1_000, body: 'late' })
  const client = sim.client(ADDRESS, { http2: true })
  const left = client.get('/left')
  const stays = client.get('/stays')
  await sim.advance(10)
  left.leave()
  await sim.settle()
  expect(sim.exchanges.map(({ target, outcome }) => [target, outcome?.result])).toEqual([
    ['/left', 'aborted'],
    ['/stays', undefined],
  ])
  const response = await stays
  expect(response.text()).toBe('late')
  expect(response.exchange?.target).toBe('/stays')
  expect(response.durationMs).toBe(1_000)
  // One that has not been sent yet is not sent.
  const early = sim.client('198.51.100.8', { http2: true }).get('/early')
  early.leave('INTERNAL_ERROR')
  await sim.settle()
  expect(sim.exchanges).toHaveLength(2)
  await sim.assertNoLeaks()
})

test('a simulated client by HTTP/2 goes away: what runs goes on, what is new goes on a connection of its own', async () => {
  await using sim = simulate(gateway())
  sim.upstream('http://users').reply({ delayMs: 10 })
  const client = sim.client(ADDRESS, { http2: true })
  const first = client.get('/first')
  await sim.advance(1)
  client.goaway('ENHANCE_YOUR_CALM')
  const second = client.get('/second')
  const responses = [await first, await second]
  expect(responses.map(({ status }) => status)).toEqual([200, 200])
  expect(new Set(responses.map(({ exchange }) => exchange?.client)).size).toBe(2)
  await sim.assertNoLeaks()
})

test('a simulated client by HTTP/2 that does not read gets what its window holds, and is given up', async () => {
  await using sim = simulate(
    proxy()
      .listen({ port: 8080, limits: { sendIdleMs: '10s' } })
      .route('/', pool(['http://users'])),
  )
  sim.upstream('http://users').reply({ body: 'x'.repeat(200_000) })
  const client = sim.client(ADDRESS, { http2: { reads: false, windowBytes: 1_000 } })
  const response = await client.get('/')
  expect([response.status, response.complete, response.body.length]).toEqual([200, false, 1_000])
  expect(response.exchange?.outcome?.error?.code).toBe('client_stalled')
  expect(sim.nowMs).toBeGreaterThanOrEqual(10_000)
  await sim.assertNoLeaks()
})

test('a simulated client by HTTP/2 keeps to the streams that the proxy takes, and sends again what was refused', async () => {
  await using sim = simulate(
    proxy()
      .listen({ port: 8080, http2: { streams: 2 } })
      .route('/', pool(['http://users'])),
  )
  sim.upstream('http://users').reply(({ target }) => ({ body: target, delayMs: 10 }))
  const client = sim.client(ADDRESS, { http2: true })
  const all = await Promise.all(['/0', '/1', '/2', '/3'].map((url) => client.get(url)))
  expect(all.map((it) => it.text())).toEqual(['/0', '/1', '/2', '/3'])
  // Each has its own exchange, though two of its streams had none.
  expect(all.map(({ exchange }) => exchange?.target)).toEqual(['/0', '/1', '/2', '/3'])
  const next = await client.get('/next')
  expect(next.exchange?.target).toBe('/next')
  expect(next.exchange?.client).toBe(all[0]!.exchange?.client)
  await sim.assertNoLeaks()
})

test('a simulated client by HTTP/2 tells a response that broke off from none', async () => {
  await using sim = simulate(gateway())
  const users = sim.upstream('http://users').reply({ body: 'hello' })
  const client = sim.client(ADDRESS, { http2: true })
  users.inject(fault.truncate(2), { next: 1 })
  const broken = await client.get('/')
  expect([broken.status, broken.complete, broken.text()]).toEqual([200, false, 'he'])
  await expect(client.get('/', { headers: { Connection: 'close' } })).rejects.toThrow(
    'the proxy has reset the stream (PROTOCOL_ERROR)',
  )
  // The refused one had no exchange; the next has its own.
  const next = await client.get('/next')
  expect([next.text(), next.exchange?.target]).toEqual(['hello', '/next'])
  await sim.assertNoLeaks()
})

test('a load by HTTP/2 goes on one connection for each client, and all is counted', async () => {
  await using sim = simulate(gateway(), { seed: 5 })
  sim.upstream('http://users').latency({ kind: 'exponential', meanMs: 50 })
  const { sent, byStatus, byOutcome, byEndpoint } = await sim.load({
    rate: 200,
    duration: '5s',
    clients: 3,
    http2: true,
    patience: '200ms',
  })
  expect(byOutcome.completed + byOutcome.left).toBe(sent)
  expect(byOutcome.left).toBeGreaterThan(0)
  expect(byStatus).toEqual({ 200: byOutcome.completed })
  expect(byEndpoint['http://users']?.count).toBe(byOutcome.completed)
  expect(new Set(sim.exchanges.map(({ client }) => client)).size).toBe(3)
  await sim.assertNoLeaks()
})

test('a load by HTTP/2 without keep-alive makes a connection for each request', async () => {
  await using sim = simulate(gateway())
  const { sent } = await sim.load({
    rate: 10,
    duration: '1s',
    arrivals: 'constant',
    http2: true,
    keepAlive: false,
  })
  expect(sent).toBe(10)
  expect(new Set(sim.exchanges.map(({ client }) => client)).size).toBe(10)
  await sim.settle()
  expect(sim.network.connections.filter(({ server }) => server.port === 8080)).toEqual([])
  await sim.assertNoLeaks()
})

test.each([
  [1, '"http2" must be true, false or options'],
  [{ window: 1 }, 'sim.client: "window"'],
  [{ reads: 'no' }, '"http2.reads" must be true or false'],
  [{ windowBytes: -1 }, '"http2.windowBytes" must be'],
])('sim.client refuses an http2 that makes no sense: %j', async (http2, message) => {
  await using sim = simulate(gateway())
  expect(() => sim.client(ADDRESS, { http2: http2 as never })).toThrow(message)
  expect(() => sim.load({ rate: 1, duration: 1, http2: http2 as never })).toThrow(
    message.replace('client', 'load'),
  )
})
