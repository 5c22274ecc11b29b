import { describe, expect, onTestFinished, test } from 'vitest'
import { type ListenOptions, pool, proxy, respondJson, selfSigned } from '../../index.ts'
import { simulate } from '../simulation/simulate.ts'
import { virtualClock } from '../virtual-clock.ts'
import { memoryNetwork } from './memory-network.ts'
import { type RawAddress, rawClient } from './raw-client.ts'

const tls = selfSigned({ names: ['a.test'] })
const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'

/** A proxy in memory that tells what it knows of its client. */
async function knowing(options: Partial<ListenOptions> = {}) {
  const clock = virtualClock()
  const network = memoryNetwork({ clock, latencyMs: 5 })
  const running = await proxy()
    .listen({ host: 'proxy', port: 443, http2: false, tls, ...options })
    .route('/', ({ client }) => respondJson(200, { scheme: client.scheme, ...client.tls }))
    .start({ signals: false, surroundings: { clock, network } })
  onTestFinished(async () => {
    await clock.until(running.close())
    expect([network.leaks(), clock.pending]).toEqual([[], 0])
  })
  return {
    running,
    clock,
    connect: (address: Partial<RawAddress> = {}) =>
      clock.until(rawClient(network, { host: 'proxy', port: 443, ...address })),
    network,
  }
}

describe('TLS that is pretended', () => {
  test('tells the proxy what the client has asked for, and the client what was agreed on', async () => {
    const { connect, clock, running } = await knowing()
    const client = await connect({ tls: { servername: 'a.test', alpn: ['h2', 'http/1.1'] } })
    await client.send(GET)
    const { body } = await clock.until(client.response())
    expect(JSON.parse(body.toString())).toEqual({
      scheme: 'https',
      protocol: 'TLSv1.3',
      cipher: 'TLS_AES_128_GCM_SHA256',
      alpn: 'http/1.1',
      servername: 'a.test',
      resumed: false,
    })
    expect(running.url).toMatch(/^https:/)
    await client.close()
  })

  test('is asked for by an https url', async () => {
    const { running, clock, network } = await knowing()
    const client = await clock.until(rawClient(network, running.url))
    await client.send(GET)
    expect((await clock.until(client.response())).status).toBe(200)
    await client.close()
  })

  test('fails where no protocol can be agreed on, for both', async () => {
    const { connect, running, clock } = await knowing()
    await expect(connect({ tls: { alpn: ['h2'] } })).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    })
    await clock.advance(100)
    expect([running.connections, running.refusedConnections]).toEqual([0, new Map([['handshake_failed', 1]])])
  })

  test('fails for a client that sends something else', async () => {
    const { connect, running, clock } = await knowing()
    const client = await connect()
    await client.send(GET)
    await clock.advance(100)
    expect([running.connections, client.ended]).toEqual([0, true])
    await client.close()
    expect(running.refusedConnections).toEqual(new Map([['handshake_failed', 1]]))
  })

  test('fails for a client that says nothing, when its time is up', async () => {
    const { connect, running, clock } = await knowing({ limits: { handshakeMs: '3s' } })
    const client = await connect()
    await clock.advance(2_990)
    expect([running.connections, client.ended]).toEqual([1, false])
    await clock.advance(20)
    expect([running.connections, client.ended]).toEqual([0, true])
    await client.close()
    expect(running.refusedConnections).toEqual(new Map([['handshake_timeout', 1]]))
  })

  test('fails for a client that leaves', async () => {
    const { connect, running, clock } = await knowing()
    for (const leave of ['close', 'reset'] as const) {
      const client = await connect()
      void client[leave]()
      await clock.advance(100)
    }
    expect([running.connections, running.refusedConnections.get('handshake_failed')]).toEqual([0, 2])
  })
})

describe('simulate', () => {
  test('its clients speak to each listener as it wants to be spoken to', async () => {
    const app = proxy()
      .listen({ port: 443, tls })
      .listen(80)
      .route('/service', pool(['http://service']))
      .route('/', ({ client }) => respondJson(200, [client.scheme, client.tls?.servername ?? null]))
    await using sim = simulate(app)
    expect((await sim.get('/')).json()).toEqual(['https', null])
    expect((await sim.get('https://a.test/')).json()).toEqual(['https', 'a.test'])
    expect((await sim.get('https://127.0.0.1/')).json()).toEqual(['https', null])
    expect((await sim.get('http://a.test/')).json()).toEqual(['http', null])
    await sim.get('/service')
    expect(sim.upstream('http://service').requests[0]?.header('X-Forwarded-Proto')).toBe('https')
    await sim.assertNoLeaks()
  })

  test('its clients cannot come by https where there is no TLS', async () => {
    await using sim = simulate(proxy().route('/', () => respondJson(200, {})))
    await expect(sim.get('https://a.test/')).rejects.toThrow('the app has no listener with TLS')
    await sim.assertNoLeaks()
  })

  test('notes connections that never came to a request', async () => {
    const app = proxy()
      .listen({ port: 443, tls, limits: { connections: 1 } })
      .route('/', () => respondJson(200, {}))
    await using sim = simulate(app)
    await sim.get('/')
    const [{ address = '', port = 0 } = {}] = [sim.network.connections[0]?.server]
    const raw = await sim.until(rawClient(sim.network.from('198.51.100.7'), { host: address, port, tls: {} }))
    await sim.settle()
    expect(sim.journal.toString()).toContain('connection refused: connections, from 198.51.100.7:')
    expect(raw.ended).toBe(true)
    await raw.close()
    await sim.assertNoLeaks()
  })
})
