import { expect, onTestFinished, test } from 'vitest'
import type { RefusedConnection } from '../../src/core/observer.ts'
import { type Exchange, type ListenOptions, respond, selfSigned } from '../../src/index.ts'
import { type RawClient, rawClient } from '../../src/testing/index.ts'
import { proxyHeader } from '../../src/transport/proxy-protocol/header-writer.ts'
import { memoryWorld } from './memory-world.ts'

const FROM_ALL = { from: ['127.0.0.0/8', '10.0.0.0/8'] }
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const ENDS = {
  source: { address: '203.0.113.7', port: 4711 },
  destination: { address: '198.51.100.1', port: 8443 },
}

const fieldOf = (headers: readonly (readonly [string, string])[], name: string) =>
  headers.find(([one]) => one.toLowerCase() === name)?.[1]

/** What comes on a connection until it is closed. */
const endOf = async (client: RawClient) => String(await client.readToEnd())

/** A proxy that answers with what it knows of its client, before which other proxies stand. */
async function world(listen: Partial<ListenOptions> = {}) {
  const refused: RefusedConnection[] = []
  const clients: Exchange['client'][] = []
  const made = await memoryWorld({
    handler: ({ client }) => {
      clients.push(client)
      return respond(200, `${client.address}:${client.port} -> ${client.localPort}`)
    },
    listen: { proxyProtocol: FROM_ALL, onConnectionRefused: (one) => refused.push(one), ...listen },
  })
  /** Connects from an address. */
  const connectFrom = async (address: string) => {
    const client = await rawClient(made.network.from(address), made.app.url)
    onTestFinished(() => client.close())
    return client
  }
  return { ...made, refused, clients, connectFrom }
}

for (const version of ['v1', 'v2'] as const) {
  test(`the client is the one that a trusted proxy names, by ${version}`, async () => {
    const { connectFrom, clients, refused } = await world()
    const client = await connectFrom('10.1.2.3')
    await client.send(Buffer.concat([proxyHeader(version, ENDS), Buffer.from(GET)]))
    expect(String((await client.response()).body)).toBe('203.0.113.7:4711 -> 8443')
    // The next request of the connection is its, too.
    await client.send(GET)
    expect(String((await client.response()).body)).toBe('203.0.113.7:4711 -> 8443')
    expect(clients[0]).toMatchObject({
      peer: ENDS.source,
      localAddress: ENDS.destination.address,
      proxyProtocol: ENDS,
    })
    expect(refused).toEqual([])
  })
}

test('a connection from elsewhere is served as what it is, and a header on it is a malformed request', async () => {
  const { connectFrom, refused } = await world()
  const plain = await connectFrom('192.0.2.99')
  await plain.send(GET)
  expect(String((await plain.response()).body)).toMatch(/^192\.0\.2\.99:\d+ -> 80$/)
  const spoofing = await connectFrom('192.0.2.99')
  await spoofing.send(Buffer.concat([proxyHeader('v1', ENDS), Buffer.from(GET)]))
  expect((await spoofing.response()).status).toBe(400)
  expect(refused).toEqual([])
})

test('a connection of the trusted proxy itself has its own address', async () => {
  const { connectFrom } = await world()
  const client = await connectFrom('10.1.2.3')
  await client.send(Buffer.concat([proxyHeader('v2', undefined), Buffer.from(GET)]))
  expect(String((await client.response()).body)).toMatch(/^10\.1\.2\.3:\d+ -> 80$/)
})

test('a header that comes byte by byte is the same, with HTTP/2 behind it as well', async () => {
  const { connectFrom, clients, clock } = await world()
  const client = await connectFrom('10.1.2.3')
  for (const byte of Buffer.concat([proxyHeader('v2', ENDS), Buffer.from(GET)])) {
    await client.send(Buffer.from([byte]))
    await clock.advance(1)
  }
  expect((await client.response()).status).toBe(200)
  const speaksHttp2 = await connectFrom('10.1.2.3')
  const request = Buffer.from('000000040000000000' + '000006010500000001828684410161', 'hex')
  await speaksHttp2.send(Buffer.concat([proxyHeader('v1', ENDS), Buffer.from(PREFACE), request]))
  await clock.advance(1)
  expect(clients.map(({ address }) => address)).toEqual([ENDS.source.address, ENDS.source.address])
})

test('X-Forwarded-For names the client of the header, and a trusted proxy before that one is believed', async () => {
  const { service, app, network } = await memoryWorld({
    listen: { proxyProtocol: FROM_ALL, trustedProxies: ['203.0.113.7'] },
  })
  const client = await rawClient(network.from('10.1.2.3'), app.url)
  onTestFinished(() => client.close())
  await client.send(Buffer.concat([proxyHeader('v1', ENDS), Buffer.from(GET)]))
  await client.response()
  await client.send('GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.5\r\n\r\n')
  await client.response()
  expect(service.requests.map(({ headers }) => fieldOf(headers, 'x-forwarded-for'))).toEqual([
    '203.0.113.7',
    '192.0.2.5, 203.0.113.7',
  ])
  expect(fieldOf(service.requests[0]!.headers, 'x-forwarded-port')).toBe('8443')
})

test('a malformed header closes its connection with a reason, and nothing else is affected', async () => {
  const { connectFrom, refused, app, clock } = await world()
  const before = await connectFrom('10.1.2.3')
  await before.send(Buffer.concat([proxyHeader('v1', ENDS), Buffer.from(GET)]))
  await before.response()
  const bad = await connectFrom('10.1.2.3')
  await bad.send('PROXY TCP4 1.2.3.4 5.6.7.8 99999 1\r\n')
  expect(await endOf(bad)).toBe('')
  await clock.advance(1)
  expect(refused.map(({ reason, peer, error }) => [reason, peer.address, error?.message])).toEqual([
    ['proxy_header', '10.1.2.3', 'a port that is no number up to 65535'],
  ])
  expect(app.refusedConnections.get('proxy_header')).toBe(1)
  await before.send(GET)
  expect((await before.response()).status).toBe(200)
})

test('a request without a header is refused where one is due: it is not served under the wrong name', async () => {
  const { connectFrom, refused, clients, clock } = await world()
  const client = await connectFrom('10.1.2.3')
  await client.send(GET)
  expect(await endOf(client)).toBe('')
  await clock.advance(1)
  expect([clients, refused.map(({ reason }) => reason)]).toEqual([[], ['proxy_header']])
})

test('a header that does not come in time, or breaks off, ends the connection; who only looks is not told of', async () => {
  const { connectFrom, refused, clock, app } = await world({ limits: { headMs: '3s' } })
  const slow = await connectFrom('10.1.2.3')
  await clock.advance(1_000)
  const later = await connectFrom('10.1.2.4')
  await slow.send('PROXY TC')
  await clock.advance(1_999)
  expect(app.connections).toBe(2)
  await clock.advance(1)
  expect(await endOf(slow)).toBe('')
  expect(app.connections).toBe(1)
  await later.send('PROXY')
  later.end()
  expect(await endOf(later)).toBe('')
  const looking = await connectFrom('10.1.2.5')
  looking.end()
  expect(await endOf(looking)).toBe('')
  await clock.advance(1)
  expect(refused.map(({ reason, peer }) => [reason, peer.address])).toEqual([
    ['proxy_header_timeout', '10.1.2.3'],
    ['proxy_header', '10.1.2.4'],
  ])
})

test('a drain does not wait for a header for ever', async () => {
  const { connectFrom, app, clock } = await world({ limits: { headMs: '3s' } })
  const silent = await connectFrom('10.1.2.3')
  const served = await connectFrom('10.1.2.3')
  const drained = app.drain('60s')
  await served.send(Buffer.concat([proxyHeader('v1', ENDS), Buffer.from(GET)]))
  expect((await served.response()).status).toBe(200)
  await clock.until(drained)
  expect(await endOf(silent)).toBe('')
})

test('a proxy that is closed waits for no header', async () => {
  const { connectFrom, app, clock } = await world({ limits: { headMs: Number.POSITIVE_INFINITY } })
  const silent = await connectFrom('10.1.2.3')
  await clock.until(app.close())
  expect(await endOf(silent)).toBe('')
})

test('TLS begins behind the header', async () => {
  const { network, app, clients } = await world({ tls: selfSigned() })
  const { hostname, port } = new URL(app.url)
  const { promise, resolve } = Promise.withResolvers<string>()
  network.from('10.1.2.3').connect(
    {
      host: hostname,
      port: Number(port || 443),
      preamble: proxyHeader('v2', ENDS),
      tls: { servername: 'a.example' },
    },
    {
      onConnect: (wire) => {
        const parts: Buffer[] = []
        wire.handler = {
          onData: (chunk) => {
            parts.push(Buffer.from(chunk))
            wire.destroy()
            return true
          },
          onEnd: () => wire.destroy(),
          onDrain: () => {},
          onClose: () => resolve(Buffer.concat(parts).toString()),
        }
        wire.write(GET)
      },
      onConnectError: (error) => resolve(String(error)),
    },
  )
  expect(await promise).toContain('203.0.113.7:4711 -> 8443')
  expect(clients[0]).toMatchObject({ scheme: 'https', tls: { servername: 'a.example' } })
})
