import { expect, it, onTestFinished } from 'vitest'
import { onRequest, respond } from '../../src/index.ts'
import {
  type FakeUpstream,
  fakeUpstream,
  memoryNetwork,
  type RawClient,
  rawClient,
  virtualClock,
} from '../../src/testing/index.ts'
import { type GatewayOptions, GET, gateway } from './support.ts'

/** The proxy in memory, under a clock that the test moves. */
async function world(
  prepare: (upstream: FakeUpstream) => FakeUpstream = (it) => it,
  { scheme = 'http', ...options }: GatewayOptions & { scheme?: 'http' | 'https' } = {},
) {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const clients: RawClient[] = []
  onTestFinished(async () => {
    for (const one of clients) await one.close()
    await clock.advance(0)
    expect(network.leaks()).toEqual([])
  })
  const upstream = await prepare(fakeUpstream({ network, clock, host: 'service', port: 80 })).start()
  onTestFinished(() => upstream.close())
  const app = await gateway(`${scheme}://service:80`, {
    ...options,
    start: { surroundings: { clock, network } },
  })
  const client = async () => {
    const one = await rawClient(network, app.url)
    clients.push(one)
    return one
  }
  return { clock, network, upstream, app, client }
}

it('408: a head that does not end in time, however many bytes come', async () => {
  const { clock, client } = await world()
  const from = await client()
  for (const byte of 'GET / HTTP/1.1') {
    await from.send(byte)
    await clock.advance('1s')
  }
  await clock.advance('4s')
  const response = await from.response()
  expect(response.status).toBe(408)
  await clock.advance('2s')
  expect(from.ended).toBe(true)
})

it('408 also for the second request of a connection', async () => {
  const { clock, client } = await world()
  const from = await client()
  await from.send(GET)
  await clock.advance(0)
  expect((await from.response()).status).toBe(200)
  await from.send('GET ')
  await clock.advance('16s')
  expect((await from.response()).status).toBe(408)
})

it('a connection on which nothing comes is closed without an answer', async () => {
  const { clock, client } = await world()
  const from = await client()
  await clock.advance('15s')
  expect((await from.readToEnd()).toString()).toBe('')
})

it('an idle connection is closed after its keep-alive time, and not before', async () => {
  const { clock, client } = await world()
  const from = await client()
  await from.send(GET)
  await clock.advance(0)
  await from.response()
  await clock.advance('59s')
  expect(from.ended).toBe(false)
  await clock.advance('1s')
  expect(from.ended).toBe(true)
})

it('408: a body that comes too slowly; the upstream connection is closed', async () => {
  const { clock, client, upstream, app } = await world()
  const from = await client()
  await from.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n')
  await clock.advance(0)
  expect(upstream.connections).toBe(1)
  for (let i = 0; i < 30; i++) {
    await from.send('x')
    await clock.advance('1s')
  }
  expect((await from.response()).status).toBe(408)
  expect(upstream.connections).toBe(0)
  expect(await app.outcome()).toMatchObject({ status: 408, error: { code: 'request_body_timeout' } })
})

it('a slow body above the least rate is left alone', async () => {
  const { clock, client } = await world()
  const from = await client()
  await from.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n')
  for (let i = 0; i < 90; i++) {
    await from.send('x'.repeat(1_000))
    await clock.advance('1s')
  }
  expect((await from.response()).status).toBe(200)
})

it('a client that takes nothing of its response is reset, and the upstream connection is closed', async () => {
  async function* endless() {
    for (;;) yield Buffer.alloc(65_536)
  }
  const { clock, client, upstream, app } = await world((it) => it.reply(() => ({ body: endless() })))
  const from = await client()
  from.pause()
  await from.send(GET)
  await clock.advance('59s')
  expect(app.outcomes).toEqual([])
  await clock.advance('2s')
  expect(app.outcomes[0]).toMatchObject({ result: 'aborted', error: { code: 'client_stalled' } })
  expect(upstream.connections).toBe(0)
})

it('a slow client still gets the end of a response after which the connection closes', async () => {
  const { clock, client, app } = await world(undefined, {
    filters: [onRequest(() => respond(200, Buffer.alloc(1_000_000, 'x')))],
  })
  const from = await client()
  from.pause()
  await from.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await clock.advance('30s')
  from.resume()
  await clock.advance(0)
  const response = await from.response()
  expect(response.complete).toBe(true)
  expect(response.body.length).toBe(1_000_000)
  expect(app.outcomes[0]?.result).toBe('completed')
})

it('a slow client on an idle connection still gets the end of its response', async () => {
  const { clock, client } = await world(undefined, {
    filters: [onRequest(() => respond(200, Buffer.alloc(1_000_000, 'x')))],
  })
  const from = await client()
  from.pause()
  await from.send(GET)
  await clock.advance('50s')
  from.resume()
  await clock.advance(0)
  expect((await from.response()).complete).toBe(true)
})

it('504: a response head that does not come in time', async () => {
  const { clock, client, upstream, app } = await world((it) => it.reply({ delayMs: 100_000 }))
  const from = await client()
  await from.send(GET)
  await clock.advance('61s')
  expect((await from.response()).status).toBe(504)
  await clock.advance('60s')
  expect(upstream.connections).toBe(0)
  expect(app.outcomes[0]?.error?.code).toBe('upstream_head_timeout')
})

it('a response body that stalls breaks off', async () => {
  const { clock, client, app } = await world((it) =>
    it.reply({ raw: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc' }),
  )
  const from = await client()
  await from.send(GET)
  await clock.advance('61s')
  const response = await from.response()
  expect(response.complete).toBe(false)
  expect(app.outcomes[0]).toMatchObject({ result: 'failed', error: { code: 'upstream_body_timeout' } })
})

it('a body that goes to a slow client does not count as stalled', async () => {
  const { clock, client } = await world((it) => it.reply(() => ({ body: Buffer.alloc(400_000, 'x') })), {
    limits: { sendIdleMs: '10m' },
  })
  const from = await client()
  from.pause()
  await from.send(GET)
  await clock.advance('5m')
  from.resume()
  await clock.advance(0)
  expect((await from.response()).body.length).toBe(400_000)
})

it('504: a connection that is not made in time', async () => {
  const { clock, client, network, app } = await world()
  network.setFaults('service:80', { connect: 'unanswered' })
  const from = await client()
  await from.send(GET)
  await clock.advance('4999ms')
  expect([app.outcomes, network.connecting]).toEqual([[], 1])
  await clock.advance('1ms')
  expect((await from.response()).status).toBe(504)
  expect(app.outcomes[0]?.error?.code).toBe('upstream_connect_timeout')
  expect(network.connecting).toBe(0)
})

it('504: TLS that is not made in time, which is a time of its own', async () => {
  const { clock, client, network, app } = await world(undefined, { scheme: 'https', pool: { tlsMs: '7s' } })
  network.setFaults('service:80', { latencyMs: 1_000, tls: 'unanswered' })
  const from = await client()
  await from.send(GET)
  // Two of them were for the connection.
  await clock.advance('8999ms')
  expect([app.outcomes, network.connecting]).toEqual([[], 1])
  await clock.advance('1ms')
  expect((await from.response()).status).toBe(504)
  expect(app.outcomes[0]?.error).toMatchObject({
    code: 'upstream_tls_timeout',
    sent: 'none',
    retry: 'always',
  })
  expect(network.connecting).toBe(0)
})
