import { describe, expect, test } from 'vitest'
import { OptionError, pool, selfSigned, tcp } from '../../src/index.ts'
import { parseProxyHeader } from '../../src/transport/proxy-protocol/proxy-header.ts'
import { client, GET, gateway, OK, type Peer, rawUpstream, testClock, testNetwork } from './support.ts'
import { tcpGateway } from './tcp-gateway.ts'

/** The header that a connection has begun with. */
async function headerOf(peer: Peer, version: 'v1' | 'v2') {
  if (version === 'v1') return parseProxyHeader(Buffer.from(await peer.until('\r\n')))
  const fixed = await peer.bytes(16)
  return parseProxyHeader(Buffer.concat([fixed, await peer.bytes(fixed.readUInt16BE(14))]))
}

const portOf = ({ url }: { readonly url: string }) => Number(new URL(url).port)

describe.each(['v1', 'v2'] as const)('a pool with proxyProtocol %s', (proxyProtocol) => {
  test('of tcp() tells each connection of its client, before the first byte', async () => {
    const service = await rawUpstream()
    const app = await tcpGateway([service], { pool: { proxyProtocol } })
    const one = await client(app)
    await one.send('hello')
    const peer = await service.accept()
    const header = await headerOf(peer, proxyProtocol)
    const { port } = app.exchanges[0]!.client
    expect(header?.forwarded).toEqual({
      source: { address: '127.0.0.1', port },
      destination: { address: '127.0.0.1', port: portOf(app) },
    })
    expect((await peer.bytes(5)).toString()).toBe('hello')
    one.end()
    peer.end()
  })

  test('passes on what a trusted proxy has told itself', async () => {
    const service = await rawUpstream()
    const app = await tcpGateway([service], {
      pool: { proxyProtocol },
      listen: { proxyProtocol: { from: ['loopback'] } },
    })
    const one = await client(app)
    await one.send('PROXY TCP6 2001:db8::7 192.0.2.1 1 2\r\n')
    expect(await app.refusals(1)).toEqual(['proxy_header'])
    const other = await client(app)
    await other.send('PROXY TCP6 2001:db8::7 2001:db8::1 4711 5432\r\nhello')
    const peer = await service.accept()
    expect((await headerOf(peer, proxyProtocol))?.forwarded).toEqual({
      source: { address: '2001:db8::7', port: 4711 },
      destination: { address: '2001:db8::1', port: 5432 },
    })
    expect((await peer.bytes(5)).toString()).toBe('hello')
    other.end()
    peer.end()
  })

  test('of HTTP has one request on each connection', async () => {
    const service = await rawUpstream()
    const app = await gateway(service, { pool: { proxyProtocol, maxConnections: 1 } })
    const [one, other] = [await client(app), await client(app)]
    await one.send(GET)
    const first = await service.accept()
    const firstHeader = await headerOf(first, proxyProtocol)
    await first.request()
    // Waits for the only connection there may be, and gets another one.
    await other.send(GET)
    await testNetwork().settled()
    await first.send(OK)
    expect((await one.response()).status).toBe(200)
    await first.over
    first.close()
    const second = await service.accept()
    const secondHeader = await headerOf(second, proxyProtocol)
    await second.request()
    await second.send(OK)
    expect((await other.response()).status).toBe(200)
    await second.over
    second.close()
    const ports = [firstHeader, secondHeader].map((it) => it?.forwarded?.source.port)
    expect(new Set(ports).size).toBe(2)
  })

  test('says of probes that they are its own', async () => {
    const service = await rawUpstream()
    await tcpGateway([service], {
      pool: { proxyProtocol },
      tune: (it) => it.health({ type: 'tcp', intervalMs: '1s', send: 'PING', expect: 'PONG' }),
    })
    await testClock().advance('1s')
    const peer = await service.accept()
    expect(await headerOf(peer, proxyProtocol)).toMatchObject({ forwarded: undefined })
    expect((await peer.bytes(4)).toString()).toBe('PING')
    await peer.send('PONG')
    await peer.over
    peer.close()
  })
})

test('a probe at another place has no header, and may speak HTTP', async () => {
  const [service, agent] = [await rawUpstream(), await rawUpstream()]
  const app = await tcpGateway([service], {
    pool: { proxyProtocol: 'v2' },
    tune: (it) => it.health({ path: '/primary', port: agent.port, intervalMs: '1s' }),
  })
  await testClock().advance('1s')
  const probe = await agent.accept()
  expect(await probe.until('\r\n\r\n')).toMatch(/^GET \/primary HTTP/)
  await probe.send(OK)
  await probe.over
  probe.close()
  expect(app.running.pool('pool').endpoints.map(({ health }) => health)).toEqual(['healthy'])
})

test('proxyProtocol is v1 or v2, and not beside HTTP/2', () => {
  expect(() => pool(['tcp://a:1'], { proxyProtocol: 'v3' as never })).toThrow(OptionError)
  expect(() => pool(['http://a'], { proxyProtocol: 'v1', http2: true })).toThrow('"http2" must be left out')
  expect(() => tcp().listen({ port: 1, proxyProtocol: { from: [] } })).toThrow(OptionError)
  expect(() => tcp().listen({ port: 1, proxyProtocol: { from: ['nowhere'] } })).toThrow('proxyProtocol.from')
  expect(() => tcp().listen({ port: 1, tls: selfSigned(), proxyProtocol: true as never })).toThrow(
    OptionError,
  )
})
