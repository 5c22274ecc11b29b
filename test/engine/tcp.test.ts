import { describe, expect, test } from 'vitest'
import { concurrencyLimit } from '../../src/filters/index.ts'
import { OptionError, pool, proxy, respond, tcp } from '../../src/index.ts'
import { client, deadUrl, rawUpstream, testClock, testNetwork } from './support.ts'
import { tcpGateway, tcpUrl } from './tcp-gateway.ts'

describe('a connection through tcp()', () => {
  test('carries bytes both ways, whoever speaks first, and is one exchange with its outcome', async () => {
    const service = await rawUpstream()
    const app = await tcpGateway([service])
    expect(app.url).toMatch(/^tcp:/)
    const one = await client(app)
    const peer = await service.accept()
    await peer.send('220 ready\r\n')
    expect(await one.until('\r\n')).toBe('220 ready\r\n')
    await one.send('QUIT\r\n')
    expect(await peer.until('\r\n')).toBe('QUIT\r\n')
    expect(app.inFlight()).toEqual([1])
    expect(app.exchanges[0]).toMatchObject({ client: { address: '127.0.0.1', scheme: 'http' } })
    one.end()
    await peer.over
    peer.close()
    expect(await app.outcome()).toMatchObject({
      result: 'completed',
      bytesSent: 11,
      bytesReceived: 6,
      error: undefined,
    })
    expect(app.inFlight()).toEqual([0])
  })

  test('what the client sends at once, and its end, wait for the service', async () => {
    const service = await rawUpstream()
    const held = Promise.withResolvers<void>()
    const app = await tcpGateway([service], {
      build: (it, services) =>
        it
          .use(async (exchange, next) => {
            await held.promise
            return next(exchange)
          })
          .to(services),
    })
    const one = await client(app)
    await one.send('early ')
    await one.send('bytes')
    one.end()
    await testNetwork().settled()
    held.resolve()
    const peer = await service.accept()
    expect(await peer.rest()).toBe('early bytes')
    await peer.send('answer')
    peer.end()
    expect(await one.rest()).toBe('answer')
    expect(await app.outcome()).toMatchObject({ result: 'completed', bytesReceived: 11, bytesSent: 6 })
  })

  test.each(['client', 'service'] as const)('goes on when its %s has ended its side', async (who) => {
    const service = await rawUpstream()
    const app = await tcpGateway([service], { pool: { tunnelIdleMs: '60s' } })
    const one = await client(app)
    const peer = await service.accept()
    const [ends, speaks] = who === 'client' ? [one, peer] : [peer, one]
    ends.end()
    expect(await speaks.over).toBe('ended')
    // Far longer than a tunnel of HTTP would be left half closed.
    await testClock().advance('50s')
    await speaks.send('still here')
    expect((await ends.bytes(10)).toString()).toBe('still here')
    speaks.end()
    await ends.over
    expect(await app.outcome()).toMatchObject({ result: 'completed' })
  })

  test('holds a few buffers for a reader that does not read, and no more', async () => {
    const service = await rawUpstream()
    const app = await tcpGateway([service])
    const one = await client(app)
    const peer = await service.accept()
    one.pause()
    const size = 8 * 1024 * 1024
    let sent = false
    const sending = peer.send(Buffer.alloc(size, 'x')).then(() => {
      sent = true
    })
    await testNetwork().settled()
    expect(sent).toBe(false)
    one.resume()
    await one.bytes(size)
    await sending
    one.end()
    peer.end()
    expect(await app.outcome()).toMatchObject({ bytesSent: size })
  })

  test('ends when nothing has gone through it for too long', async () => {
    const service = await rawUpstream()
    const app = await tcpGateway([service], { pool: { tunnelIdleMs: '30s' } })
    const one = await client(app)
    const peer = await service.accept()
    await testClock().advance('29s')
    await one.send('x')
    await peer.bytes(1)
    await testClock().advance('29s')
    expect(app.inFlight()).toEqual([1])
    await testClock().advance('1s')
    await one.over
    await peer.over
    expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'tunnel_timeout' } })
  })

  test('that idles with bytes under way ends with a reset, so that nobody takes a part for the whole', async () => {
    const service = await rawUpstream()
    const app = await tcpGateway([service], { pool: { tunnelIdleMs: '30s' } })
    const one = await client(app)
    const peer = await service.accept()
    one.pause()
    await Promise.race([peer.send(Buffer.alloc(4_000_000)), testNetwork().settled()])
    await testClock().advance('30s')
    one.resume()
    expect(await one.over).toBe('reset')
    expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'tunnel_timeout' } })
  })

  test('passes a reset on', async () => {
    const service = await rawUpstream()
    const app = await tcpGateway([service])
    const one = await client(app)
    const peer = await service.accept()
    peer.reset()
    expect(await one.over).toBe('reset')
    expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'upstream_reset' } })
    const other = await client(app)
    const second = await service.accept()
    other.reset()
    expect(await second.over).toBe('reset')
    expect(await app.outcome(2)).toMatchObject({ result: 'aborted', error: { code: 'client_aborted' } })
  })
})

describe('the pool of tcp()', () => {
  test('makes a connection to another endpoint where one refuses, and counts that as a failure', async () => {
    const dead = await deadUrl()
    const service = await rawUpstream()
    const app = await tcpGateway([dead, service], {
      tune: (it) => it.eject({ consecutiveConnectFailures: 2 }),
    })
    for (const _ of [1, 2]) {
      const one = await client(app)
      const peer = await service.accept()
      await peer.send('x')
      await one.bytes(1)
      one.end()
      peer.end()
    }
    await app.outcome(2)
    const { endpoints } = app.running.pool('pool')
    const [first, second] = endpoints
    expect(first).toMatchObject({ url: tcpUrl(dead), inFlight: 0 })
    expect(first!.failures.upstream_refused).toBeGreaterThanOrEqual(1)
    expect(second).toMatchObject({ successes: 2 })
  })

  test('closes the connection with a reset where no endpoint can be reached', async () => {
    const app = await tcpGateway([await deadUrl(), await deadUrl()])
    const one = await client(app)
    expect(await testClock().until(one.over)).toBe('reset')
    expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'upstream_refused' } })
  })

  test('leaves a connection that the client has given up while it was being made', async () => {
    const service = await rawUpstream()
    const app = await tcpGateway([service], {
      build: (it, services) =>
        it
          .use(
            (exchange, next) =>
              new Promise((resolve) => {
                exchange.onAbort(() => resolve(next(exchange)))
              }),
          )
          .to(services),
    })
    const one = await client(app)
    await app.begun(1)
    one.reset()
    expect(await app.outcome()).toMatchObject({ result: 'aborted', error: { code: 'client_aborted' } })
    expect(service.peers).toEqual([])
  })

  test('counts open connections, so that least connections spreads them', async () => {
    const services = [await rawUpstream(), await rawUpstream(), await rawUpstream()]
    const app = await tcpGateway(services, { tune: (it) => it.leastConnections() })
    const clients = []
    for (let i = 0; i < 6; i++) {
      clients.push(await client(app))
      await app.begun(i + 1)
      await testNetwork().settled()
    }
    expect(services.map(({ peers }) => peers.length)).toEqual([2, 2, 2])
    const { endpoints } = app.running.pool('pool')
    expect(endpoints.map(({ inFlight }) => inFlight)).toEqual([2, 2, 2])
  })

  test('has connections wait where an endpoint has as many as it may', async () => {
    const service = await rawUpstream()
    const app = await tcpGateway([service], { pool: { maxConnections: 1, maxPending: 1, pendingMs: '5s' } })
    const first = await client(app)
    const peer = await service.accept()
    const second = await client(app)
    await app.begun(2)
    const third = await client(app)
    expect(await testClock().until(third.over)).toBe('reset')
    expect(await app.outcome(1)).toMatchObject({ error: { code: 'pool_queue_full' } })
    first.end()
    peer.end()
    await app.outcome(2)
    const next = await service.accept()
    await next.send('x')
    await second.bytes(1)
  })

  test('has its guards around each connection, as long as it lasts', async () => {
    const service = await rawUpstream()
    const app = await tcpGateway([service], { tune: (it) => it.guard(concurrencyLimit({ limit: 1 })) })
    const one = await client(app)
    const peer = await service.accept()
    const other = await client(app)
    expect(await other.over).toBe('reset')
    expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'overloaded' } })
    one.end()
    peer.end()
    await app.outcome(2)
    const third = await client(app)
    await (await service.accept()).send('x')
    await third.bytes(1)
  })

  test('falls back on another pool where no endpoint can be reached', async () => {
    const spare = await rawUpstream()
    const dead = await deadUrl()
    const app = await tcpGateway([dead], {
      tune: (it) => it.retry({ attempts: 1 }).fallback(pool([tcpUrl(spare)], { name: 'spare' })),
    })
    const one = await client(app)
    await (await spare.accept()).send('spare')
    expect((await one.bytes(5)).toString()).toBe('spare')
    one.end()
    spare.peers[0]!.end()
    expect(await app.outcome()).toMatchObject({ result: 'completed' })
  })

  test('probes endpoints by a connection, and sends nobody to one that fails', async () => {
    const dead = await deadUrl()
    const service = await rawUpstream()
    const app = await tcpGateway([dead, service], {
      tune: (it) => it.health({ type: 'tcp', intervalMs: '5s' }),
    })
    await testClock().advance('5s')
    const { endpoints } = app.running.pool('pool')
    expect(endpoints.map(({ health }) => health)).toEqual(['unhealthy', 'healthy'])
  })
})

describe('a filter of tcp()', () => {
  test('that throws closes the connection before any service hears of it', async () => {
    const service = await rawUpstream()
    const app = await tcpGateway([service], {
      build: (it, services) => it.use(() => respond(403, 'no')).to(services),
    })
    const one = await client(app)
    expect(await one.over).toBe('reset')
    expect(one.unread).toBe('')
    expect(service.peers).toEqual([])
    expect(await app.outcome()).toMatchObject({ result: 'failed', status: 403 })
  })
})

describe('a running tcp()', () => {
  test('drains: connections go on until they end, or the limit', async () => {
    const service = await rawUpstream()
    const app = await tcpGateway([service])
    const [one, stays] = [await client(app), await client(app)]
    const peers = [await service.accept(), await service.accept()]
    const drained = app.running.drain('30s')
    await testNetwork().settled()
    await one.send('x')
    await peers[0]!.bytes(1)
    one.end()
    peers[0]!.end()
    expect(await app.outcome(1)).toMatchObject({ result: 'completed' })
    await testClock().until(drained)
    expect(await app.outcome(2)).toMatchObject({ result: 'failed', error: { code: 'proxy_closed' } })
    await stays.over
    await peers[1]!.over
  })

  test('reloads: connections go on, new ones go where the new description says', async () => {
    const [before, after] = [await rawUpstream(), await rawUpstream()]
    const app = await tcpGateway([before])
    const one = await client(app)
    const peer = await before.accept()
    await app.running.reload(
      tcp()
        .listen(0)
        .to(pool([tcpUrl(after)])),
    )
    const other = await client(app)
    await (await after.accept()).send('new')
    expect((await other.bytes(3)).toString()).toBe('new')
    await peer.send('old')
    expect((await one.bytes(3)).toString()).toBe('old')
    await expect(app.running.reload(proxy().route('/', () => respond(200)))).rejects.toThrow(
      'reload: "app" must be one of tcp()',
    )
    for (const none of [undefined, null, {}, 'app', pool([tcpUrl(after)])])
      await expect(app.running.reload(none as never)).rejects.toMatchObject({
        code: 'ERR_OPTION_INVALID',
        message: expect.stringContaining('reload: "app" must be one of tcp()'),
      })
    one.end()
    peer.end()
    await app.outcome()
  })
})

describe('what is refused at the call', () => {
  const db = pool(['tcp://db:5432'])
  const web = pool(['http://web'])
  test.each([
    ['an HTTP pool in tcp()', () => tcp().to(web)],
    ['a fallback of HTTP', () => tcp().to(db.fallback(web))],
    ['a pool of tcp() in a route', () => proxy().route('/', db)],
    ['endpoints of both kinds', () => pool(['tcp://db:1', 'http://web'])],
    ['an address without a port', () => pool(['tcp://db'])],
    ['a path', () => pool(['tcp://db:1/x'])],
    ['a second pool', () => tcp().to(db).to(db)],
    ['something that is no pool', () => tcp().to((() => respond(200)) as never)],
    ['an unknown option', () => tcp().listen({ port: 1, http2: true } as never)],
    ['no port', () => tcp().listen({} as never)],
    ['one address twice', () => tcp().listen(1).listen(1)],
    ['hedging', () => db.hedge()],
    ['HTTP/2', () => pool(['tcp://db:1'], { http2: true })],
    ['protocols for HTTPS', () => pool(['https://web'], { tls: { alpn: ['h2'] } })],
    ['protocols without a name', () => pool(['tls://db:1'], { tls: { alpn: [''] } })],
    ['ALPN without TLS', () => tcp().listen({ port: 1, alpn: ['x'] })],
  ])('%s', (_, call) => {
    expect(call).toThrow(OptionError)
  })

  test.each(['*', '10.0.0.1', '[::1]', 'a.test:443', 'https://a.test', 'a b'])(
    '%s, which is no server name',
    (name) => {
      expect(() => tcp().sni({ [name]: db })).toThrow(
        expect.objectContaining({
          code: 'ERR_OPTION_INVALID',
          message: expect.stringMatching(
            /^sni: "names" must be server names such as "a\.example" or "\*\.example"/,
          ),
        }),
      )
    },
  )

  test('no listener, and nothing to send connections to', async () => {
    await expect(tcp().to(db).start()).rejects.toThrow('"listen" must be called before')
    await expect(tcp().listen(0).start()).rejects.toThrow('"to" must be called before')
  })

  test('addresses are shown as they were meant', () => {
    expect(
      pool(['tcp://DB.example:80', 'tls://[::1]:443/'])
        .describe()
        .endpoints?.map(({ url }) => url),
    ).toEqual(['tcp://db.example:80', 'tls://[::1]:443'])
  })
})
