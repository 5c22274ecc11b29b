import { expect, test } from 'vitest'
import { type Filter, pool, proxy, type RoutedProxy, selfSigned } from '../../index.ts'
import { fakeUpstream } from '../upstream/fake-upstream.ts'
import { fault } from '../upstream/fault.ts'
import { simulate } from './simulate.ts'

const ADDRESS = '198.51.100.7'

function gateway(http2: boolean, ...filters: Filter[]): RoutedProxy {
  return proxy().route('/', ...filters, pool(['http://chat'], { http2 }))
}

test.each([
  ['HTTP/1.1', 'HTTP/1.1', false, false],
  ['HTTP/1.1', 'HTTP/2', false, true],
  ['HTTP/2', 'HTTP/1.1', true, false],
  ['HTTP/2', 'HTTP/2', true, true],
])('a WebSocket goes through the proxy, from %s to %s', async (_, version, clientHttp2, serviceHttp2) => {
  await using sim = simulate(gateway(serviceHttp2))
  const closed: unknown[] = []
  const chat = sim.upstream('http://chat').websocket('/rooms/:id', {
    open: (peer) => peer.send(`welcome to ${peer.request.params.id}`),
    message: (message, peer) => peer.send(typeof message === 'string' ? `you said ${message}` : message),
    closed: (code, reason) => closed.push([code, reason]),
    protocol: 'chat.v2',
  })
  const client = sim.client(ADDRESS, { http2: clientHttp2 })
  const socket = await client.websocket('/rooms/7?a=b', {
    protocols: ['chat.v1', 'chat.v2'],
    headers: { 'X-A': '1' },
  })
  expect([socket.protocol, socket.exchange?.target]).toEqual(['chat.v2', '/rooms/7?a=b'])
  expect(await socket.receive()).toBe('welcome to 7')
  socket.send('hällo')
  expect(await socket.receive()).toBe('you said hällo')
  for (const size of [0, 125, 126, 65_535, 65_536, 300_000]) {
    const bytes = Buffer.alloc(size, 'abc')
    socket.send(bytes)
    expect(bytes.equals((await socket.receive()) as Buffer)).toBe(true)
  }
  expect(await socket.close(4_001, 'bye')).toEqual({ code: 4_001, reason: '' })
  expect(closed).toEqual([[4_001, 'bye']])
  const [request] = chat.requests
  expect([request?.version, request?.header('sec-websocket-protocol'), request?.header('x-a')]).toEqual([
    version,
    'chat.v1, chat.v2',
    '1',
  ])
  await sim.settle()
  expect(socket.exchange?.outcome?.result).toBe('completed')
  await expect(socket.receive()).rejects.toThrow('no message: it was closed (4001 )')
  await sim.assertNoLeaks()
})

test.each([false, true])(
  'a service closes a WebSocket, and the client agrees (HTTP/2: %s)',
  async (http2) => {
    await using sim = simulate(gateway(http2))
    sim.upstream('http://chat').websocket('/', (message, peer) => {
      peer.send('last')
      peer.close(1_001, `after ${message.toString()}`)
    })
    const socket = await sim.client(ADDRESS, { http2 }).websocket('/')
    socket.send('one')
    expect(await socket.closed).toEqual({ code: 1_001, reason: 'after one' })
    // What came before can still be received.
    expect(socket.unread).toEqual(['last'])
    expect(await socket.receive()).toBe('last')
    await sim.assertNoLeaks()
  },
)

test.each([false, true])(
  'a WebSocket takes virtual time, and ends when nobody says anything (HTTP/2: %s)',
  async (http2) => {
    await using sim = simulate(proxy().route('/', pool(['http://chat'], { http2, tunnelIdleMs: '1m' })))
    sim.upstream('http://chat').websocket('/')
    const socket = await sim.client(ADDRESS, { http2 }).websocket('/')
    await sim.advance('50s')
    socket.send('still there')
    await socket.receive()
    const before = sim.nowMs
    expect((await socket.closed).code).toBe(1_006)
    expect(sim.nowMs - before).toBe(60_000)
    await sim.settle()
    expect(sim.exchanges[0]?.outcome?.error?.code).toBe('tunnel_timeout')
    await sim.assertNoLeaks()
  },
)

test.each([false, true])(
  'a client that leaves its WebSocket is told to the service (HTTP/2: %s)',
  async (http2) => {
    await using sim = simulate(gateway(http2))
    const codes: number[] = []
    sim.upstream('http://chat').websocket('/', { closed: (code) => codes.push(code) })
    const socket = await sim.client(ADDRESS, { http2 }).websocket('/')
    socket.leave()
    expect((await socket.closed).code).toBe(1_006)
    await sim.settle()
    expect(codes).toEqual([1_006])
    expect(sim.exchanges[0]?.outcome?.result).toBe('aborted')
    await sim.assertNoLeaks()
  },
)

test.each([false, true])(
  'a service that resets its WebSocket is told to the client (HTTP/2: %s)',
  async (http2) => {
    await using sim = simulate(gateway(http2))
    sim.upstream('http://chat').websocket('/', (_, peer) => peer.reset())
    const socket = await sim.client(ADDRESS, { http2 }).websocket('/')
    socket.send('crash')
    expect((await socket.closed).code).toBe(1_006)
    await sim.assertNoLeaks()
  },
)

test.each([false, true])(
  'a WebSocket that is not agreed to says with which status (HTTP/2: %s)',
  async (http2) => {
    await using sim = simulate(gateway(http2))
    const chat = sim.upstream('http://chat').on('* /nothing', { status: 404 }).websocket('/')
    const client = sim.client(ADDRESS, { http2 })
    // What an upgrade that was refused is answered with is up to the proxy.
    await expect(client.websocket('/nothing')).rejects.toThrow(
      /websocket\("\/nothing"\): the proxy answers with (404|502)/,
    )
    const plain = await client.get('/')
    expect([plain.status, plain.headers.get('upgrade') ?? 'websocket']).toEqual([426, 'websocket'])
    chat.inject(fault.resetBeforeHead())
    await expect(client.websocket('/')).rejects.toThrow('the proxy answers with 502')
    await sim.assertNoLeaks()
  },
)

test('frames go as they are, and pieces make one message', async () => {
  await using sim = simulate(gateway(false))
  const codes: number[] = []
  sim.upstream('http://chat').websocket('/', { closed: (code) => codes.push(code) })
  const socket = await sim.websocket('/')
  socket.frame({ opcode: 1, payload: 'one ', fin: false })
  socket.frame({ opcode: 9, payload: 'ping' })
  socket.frame({ opcode: 0, payload: 'two', fin: true })
  expect(await socket.receive()).toBe('one two')
  // A frame without a mask: the service says so, and ends.
  socket.frame({ opcode: 1, payload: 'naked', masked: false })
  expect(await socket.closed).toEqual({ code: 1_002, reason: 'a frame without a mask' })
  expect(codes).toEqual([1_006])
  await sim.assertNoLeaks()
})

test('a WebSocket goes by TLS and HTTP/2, by its own scheme', async () => {
  await using sim = simulate(
    proxy()
      .listen({ port: 8443, tls: selfSigned() })
      .route('/', pool(['http://chat'])),
  )
  sim.upstream('http://chat').websocket('/')
  const socket = await sim.client(ADDRESS, { http2: true }).websocket('wss://a.example/')
  socket.send('by TLS')
  expect(await socket.receive()).toBe('by TLS')
  expect(sim.upstream('http://chat').requests[0]?.header('x-forwarded-proto')).toBe('https')
  await sim.assertNoLeaks()
})

test('a WebSocket client of Node talks to fakeUpstream on a real socket', async () => {
  await using service = await fakeUpstream({ socket: true }).websocket('/').start()
  const socket = new WebSocket(`${service.url.replace('http', 'ws')}/`)
  socket.binaryType = 'arraybuffer'
  const event = (name: string): Promise<Event> =>
    new Promise((resolve) => socket.addEventListener(name, resolve, { once: true }))
  await event('open')
  const text = event('message')
  socket.send('grüß dich')
  expect(((await text) as MessageEvent).data).toBe('grüß dich')
  const bytes = event('message')
  socket.send(new Uint8Array(70_000).fill(7))
  expect(new Uint8Array(((await bytes) as MessageEvent).data as ArrayBuffer)).toEqual(
    new Uint8Array(70_000).fill(7),
  )
  const close = event('close')
  socket.close(4_000, 'done')
  expect(await close).toMatchObject({ code: 4_000, wasClean: true })
})

test.each([
  ['/', { protocol: 'x' }, '"protocol"'],
  ['chat', {}, '"url" must be a path'],
])('sim.websocket refuses what makes no sense: %s %j', async (url, options, message) => {
  await using sim = simulate(gateway(false))
  expect(() => sim.websocket(url, options as never)).toThrow(message)
  expect(() => sim.upstream('http://chat').websocket('/', { onMessage: 1 } as never)).toThrow('"onMessage"')
  expect(() => sim.upstream('http://chat').websocket('/', 1 as never)).toThrow('"handler" must be a function')
})
