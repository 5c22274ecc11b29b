import { expect, test } from 'vitest'
import { pool, proxy, type RoutedProxy } from '../../index.ts'
import { memoryNetwork } from '../network/memory-network.ts'
import { fakeUpstream } from '../upstream/fake-upstream.ts'
import { fault } from '../upstream/fault.ts'
import { simulate } from './simulate.ts'

const ADDRESS = '198.51.100.7'

function gateway(): RoutedProxy {
  return proxy().route('/', pool(['http://orders'], { http2: true, headMs: '5s' }))
}

async function* slowly(...messages: string[]) {
  for (const message of messages) yield Buffer.from(message)
}

test('a call of gRPC goes through the proxy: one message each way, metadata, status', async () => {
  await using sim = simulate(gateway())
  const orders = sim.upstream('http://orders').grpc('/shop.Orders/Get', ({ method, messages, request }) => ({
    messages: `${method} ${messages.join()} ${request.header('x-tenant')}`,
    headers: { 'X-Head': '1' },
    trailers: { 'X-Tail': '2' },
    delayMs: 5,
  }))
  const client = sim.client(ADDRESS, { http2: true })
  const { status, message, messages, headers, trailers, response } = await client.grpc(
    '/shop.Orders/Get',
    'seven',
    {
      headers: { 'X-Tenant': 'a', 'grpc-timeout': '1S' },
    },
  )
  expect([status, message, messages.map(String)]).toEqual([0, '', ['/shop.Orders/Get seven a']])
  expect([headers.get('content-type'), headers.get('x-head'), headers.has('content-length')]).toEqual([
    'application/grpc',
    '1',
    false,
  ])
  expect([...trailers]).toEqual([
    ['grpc-status', '0'],
    ['x-tail', '2'],
  ])
  expect([response.durationMs, response.exchange?.target]).toEqual([5, '/shop.Orders/Get'])
  expect(orders.requests[0]?.header('te')).toBe('trailers')
  await sim.assertNoLeaks()
})

test('calls of gRPC stream messages either way', async () => {
  await using sim = simulate(gateway())
  sim
    .upstream('http://orders')
    .grpc('/shop.Orders/Echo', ({ messages }) => ({ messages: slowly(...messages.map(String)) }))
  const client = sim.client(ADDRESS, { http2: true })
  const long = 'x'.repeat(100_000)
  for (const messages of [['one', '', long], slowly('one', '', long)])
    expect((await client.grpc('/shop.Orders/Echo', messages)).messages.map(String)).toEqual(['one', '', long])
  expect((await client.grpc('/shop.Orders/Echo', [])).messages).toEqual([])
  await sim.assertNoLeaks()
})

test('a call of gRPC that fails says why, in trailers or in the head alone', async () => {
  await using sim = simulate(gateway())
  const orders = sim
    .upstream('http://orders')
    .grpc(
      '/shop.Orders/Get',
      { status: 5, message: 'no grüne order, 100%\n' },
      { messages: ['half'], status: 13, message: 'then it broke' },
      { status: 14, trailersOnly: false },
    )
  const client = sim.client(ADDRESS, { http2: true })
  const gone = await client.grpc('/shop.Orders/Get', 'a')
  expect([gone.status, gone.message, gone.trailers.size]).toEqual([5, 'no grüne order, 100%\n', 0])
  expect(gone.headers.get('grpc-message')).toBe('no gr%C3%BCne order, 100%25%0A')
  const half = await client.grpc('/shop.Orders/Get', 'a')
  expect([half.status, half.message, half.messages.map(String)]).toEqual([13, 'then it broke', ['half']])
  const plain = await client.grpc('/shop.Orders/Get', 'a')
  expect([plain.status, plain.headers.has('grpc-status'), plain.trailers.get('grpc-status')]).toEqual([
    14,
    false,
    '14',
  ])
  // The proxy's own errors are told by gRPC, and what is no answer by gRPC is understood as its clients do.
  orders.inject(fault.resetStream('INTERNAL_ERROR'), { next: 1 })
  const reset = await client.grpc('/shop.Orders/Get', 'a')
  expect([reset.status, reset.response.exchange?.outcome?.error?.code]).toEqual([14, 'upstream_reset'])
  expect((await client.grpc('/shop.Orders/None', 'a')).status).toBe(12)
  orders.inject(fault.resetStream('INTERNAL_ERROR', 2), { next: 1 })
  orders.on('POST /shop.Orders/Long', {
    body: 'long enough',
    headers: { 'content-type': 'application/grpc' },
  })
  expect((await client.grpc('/shop.Orders/Long', 'a')).status).toBe(13)
  await sim.assertNoLeaks()
})

test('a client of gRPC that leaves resets its stream', async () => {
  await using sim = simulate(gateway())
  const orders = sim.upstream('http://orders').grpc('/shop.Orders/Get', { messages: 'late', delayMs: 1_000 })
  const pending = sim.client(ADDRESS, { http2: true }).grpc('/shop.Orders/Get', 'a')
  await sim.advance(10)
  pending.leave()
  await sim.settle()
  expect(orders.requests[0]?.reset).toBe('CANCEL')
  await sim.assertNoLeaks()
})

test('a service by gRPC says how it is to the probes of a pool', async () => {
  let state: 'SERVING' | 'NOT_SERVING' | 'UNKNOWN' | undefined = 'SERVING'
  const asked: string[] = []
  await using sim = simulate(
    proxy().route(
      '/',
      pool(['http://orders'], { http2: true }).health({
        type: 'grpc',
        service: 'shop.Orders',
        intervalMs: '1s',
        fall: 1,
        rise: 1,
      }),
    ),
  )
  sim.upstream('http://orders').grpcHealth((service) => {
    asked.push(service)
    return state
  })
  const healthy = (): string[] =>
    sim.journal.lines.filter((line) => line.includes('healthy')).map((line) => line.trim())
  await sim.advance('1500ms')
  expect(healthy().at(-1)).toContain('healthy, was unknown')
  state = 'NOT_SERVING'
  await sim.advance('1s')
  expect(healthy().at(-1)).toContain('unhealthy, was healthy')
  state = 'SERVING'
  await sim.advance('1s')
  expect(healthy().at(-1)).toContain('healthy, was unhealthy')
  state = undefined
  await sim.advance('1s')
  expect(healthy().at(-1)).toContain('unhealthy, was healthy')
  expect(new Set(asked)).toEqual(new Set(['shop.Orders']))
  await sim.assertNoLeaks()
})

test('fakeUpstream answers for its health without being told how', async () => {
  await using sim = simulate(gateway())
  sim.upstream('http://orders').grpcHealth()
  const { status, messages } = await sim
    .client(ADDRESS, { http2: true })
    .grpc('/grpc.health.v1.Health/Check', '')
  expect([status, messages.map((it) => it.toString('hex'))]).toEqual([0, ['0801']])
  await sim.assertNoLeaks()
})

test('gRPC refuses what makes no sense', () => {
  const upstream = fakeUpstream({ network: memoryNetwork() })
  expect(() => upstream.grpc('shop.Orders/Get', {})).toThrow('"method" must be "/package.Service/Method"')
  expect(() => upstream.grpc('/a.B/C', { code: 1 } as never)).toThrow('fakeUpstream.grpc: "code"')
  expect(() => upstream.grpc('/a.B/C', { status: -1 })).toThrow('"status" must be a whole number')
  expect(() => upstream.grpc('/a.B/C', 'x' as never)).toThrow('"answer" must be an object such as')
  for (const messages of [{ id: 1 }, [{ id: 1 }], 7, null])
    expect(() => upstream.grpc('/a.B/C', { messages: messages as never })).toThrow(
      'fakeUpstream.grpc: "messages" must be bytes or text of a message',
    )
  for (const message of [{}, 7])
    expect(() => upstream.grpc('/a.B/C', { status: 5, message: message as never })).toThrow(
      'fakeUpstream.grpc: "message" must be a text',
    )
  expect(() => upstream.grpcHealth('FINE' as 'SERVING')).toThrow('"status" must be one of UNKNOWN, SERVING')
})
