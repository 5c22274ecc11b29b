import { pool, proxy, type RunningProxy } from 'gatewright'
import {
  type FakeUpstream,
  fakeUpstream,
  type MemoryNetwork,
  memoryNetwork,
  rawClient,
  type VirtualClock,
  virtualClock,
} from 'gatewright/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'

/** The checks of the table in the README, run against Gatewright: its column there. */

let clock: VirtualClock
let network: MemoryNetwork
let service: FakeUpstream
let running: RunningProxy

beforeEach(async () => {
  clock = virtualClock()
  network = memoryNetwork({ clock })
  service = await fakeUpstream({ network, clock }).start()
  running = await proxy()
    .listen(0)
    .route('/', pool([service.url]))
    .start({ signals: false, surroundings: { clock, network } })
})

afterEach(async () => {
  await clock.until(running.close())
  await service.close()
  await clock.advance('5s')
  expect([network.leaks(), clock.pending]).toEqual([[], 0])
})

const connect = () => rawClient(network, running.url)

/** One request on a connection of its own. */
async function answer(request: string) {
  const client = await connect()
  await client.send(request)
  const response = await client.response()
  await client.close()
  return response
}

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const UPGRADE =
  'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

test('response trailers are passed on', async () => {
  service.reply({ body: 'x', trailers: { 'X-Checksum': 'abc' } })

  const { trailers } = await answer('GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n')
  expect(trailers).toEqual([['X-Checksum', 'abc']])
})

test('103 Early Hints are passed on', async () => {
  service.reply({ informational: [{ status: 103, headers: { Link: '</a.css>; rel=preload' } }], body: 'x' })

  const { status, informational } = await answer(GET)
  expect(status).toBe(200)
  expect(informational.map((it) => it.status)).toEqual([103])
})

test('a chunked DELETE is framed, and the next request is read for what it is', async () => {
  const client = await connect()
  await client.send(
    `DELETE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n${GET}`,
  )
  await client.response()
  await client.response()
  await client.close()

  expect(service.requests.map(({ method, body }) => [method, body.toString()])).toEqual([
    ['DELETE', 'abc'],
    ['GET', ''],
  ])
})

test('a client that leaves before the response ends the work for it', async () => {
  service.reply(() => new Promise(() => {}))
  const client = await connect()
  await client.send(GET)
  await service.when(({ requests }) => requests.length === 1)
  await client.close()

  await proxyGaveUp()
})

test('a client that leaves in mid-response ends the work for it', async () => {
  service.reply({ body: forever() })
  const client = await connect()
  await client.send(GET)
  await client.read(10_000)
  await client.reset()

  await service.when(({ connections }) => connections === 0)
})

test('a service that resets in mid-response ends the response', async () => {
  service.reply({ raw: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc', after: 'reset' })
  const client = await connect()
  await client.send(GET)

  const { body, complete } = await client.response()
  expect({ body: body.toString(), complete }).toEqual({ body: 'abc', complete: false })
  await client.close()
})

test('a client that resets its WebSocket handshake at once is noted, and nothing else', async () => {
  service.reply(() => new Promise(() => {}))
  const client = await connect()
  await client.send(UPGRADE)
  await client.reset()
  const another = await connect()
  await another.send(UPGRADE)
  await service.when(({ requests }) => requests.length > 0)
  await another.reset()
  await proxyGaveUp()

  service.reply({ body: 'still here' })
  expect((await answer(GET)).body.toString()).toBe('still here')
})

test('a WebSocket that the service refuses with 502 is refused with 502', async () => {
  service.reply({ status: 502 })

  expect((await answer(UPGRADE)).status).toBe(502)
})

test('fields of the connection are removed, a client cannot speak for itself', async () => {
  await answer(
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Hop, X-Forwarded-For\r\nX-Hop: 1\r\nProxy-Authorization: Basic eA==\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n',
  )

  const [seen] = service.requests
  expect(seen!.header('X-Hop')).toBeUndefined()
  expect(seen!.header('Proxy-Authorization')).toBeUndefined()
  expect(seen!.header('X-Forwarded-For')).toBe('127.0.0.1')
})

test('Expect: 100-continue is met', async () => {
  const client = await connect()
  await client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n')
  expect((await client.read(25)).toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n')
  await client.send('abc')

  expect((await client.response()).status).toBe(200)
  expect(service.requests[0]!.body.toString()).toBe('abc')
  await client.close()
})

test('20 requests one after the other take one connection', async () => {
  for (let i = 0; i < 20; i++) await answer(GET)

  expect(service.requests).toHaveLength(20)
  expect(service.totalConnections).toBe(1)
})

test('where nothing listens, the answer is 502', async () => {
  await service.close()

  expect((await answer(GET)).status).toBe(502)
})

/** The service still thinks about its answer; the proxy has closed its own end of every connection to it. */
async function proxyGaveUp(): Promise<void> {
  await clock.advance(0)
  const toService = network.leaks().filter((line) => line.includes(`-> 127.0.0.1:${service.port} `))
  expect(toService).not.toEqual([])
  expect(toService.filter((line) => !line.includes('client closed'))).toEqual([])
}

async function* forever(): AsyncGenerator<Uint8Array> {
  for (;;) yield Buffer.alloc(1024)
}
