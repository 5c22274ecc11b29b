import { pool, proxy, type RoutedProxy, readiness, respond, type Surroundings } from 'gatewright'
import { exchange, fault, memoryNetwork, simulate, virtualClock } from 'gatewright/testing'
import { describe, expect, onTestFinished, test } from 'vitest'

const READY = { ready: true, reasons: [] }

/** Asks a simulated proxy whether it is ready. */
async function asked(sim: ReturnType<typeof simulate>): Promise<[status: number, body: unknown]> {
  const response = await sim.get('/ready')
  return [response.status, response.json()]
}

describe('readiness', () => {
  test('is 200 until a drain begins, and 503 with the reason from then on', async () => {
    await using sim = simulate(proxy().route('/ready', readiness()))
    const response = await sim.get('/ready')
    expect([response.status, response.json()]).toEqual([200, READY])
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toBe('no-store')

    const drained = sim.drain({ noticeMs: '5s' })
    expect(await asked(sim)).toEqual([503, { ready: false, reasons: ['draining'] }])
    await sim.advance(4_999)
    expect(await asked(sim)).toEqual([503, { ready: false, reasons: ['draining'] }])
    await drained
    await sim.assertNoLeaks()
  })

  test('is 503 while not all listeners are open', async () => {
    const network = memoryNetwork({ clock: virtualClock() })
    const bound = Promise.withResolvers<void>()
    let listening = 0
    const slow: Surroundings['network'] = {
      connect: (options, handler) => network.connect(options, handler),
      async listen(options, onWire) {
        if (++listening === 2) await bound.promise
        return network.listen(options, onWire)
      },
    }
    const app = proxy()
      .listen({ port: 80, host: 'a' })
      .listen({ port: 80, host: 'b' })
      .route('/ready', readiness())
    const starting = app.start({ signals: false, surroundings: { network: slow } })
    const early = await statusAt(network, 'a')
    bound.resolve()
    const running = await starting
    onTestFinished(() => running.close())
    expect([early, await statusAt(network, 'a')]).toEqual([503, 200])
  })

  test('goes on with a reload, wherever it is mounted', async () => {
    const route = readiness()
    await using sim = simulate(proxy().route('/ready', route))
    expect((await sim.get('/ready')).status).toBe(200)
    await sim.reload(
      proxy()
        .use((it, next) => next(it))
        .group('/health', (health) => health.route('/ready', route)),
    )
    expect((await sim.get('/health/ready')).status).toBe(200)
    const drained = sim.drain({ noticeMs: '1s' })
    expect((await sim.get('/health/ready')).status).toBe(503)
    await drained
    await sim.assertNoLeaks()
  })

  test('is 200 with handler(), where nothing was started', async () => {
    const users = pool(['http://u1']).health({ path: '/healthz', initial: 'unhealthy' })
    const handler = proxy()
      .route('/ready', readiness({ pools: [users] }))
      .handler()
    const response = await handler(exchange({ url: '/ready' }))
    expect([response.status, JSON.parse(await response.body.text())]).toEqual([200, READY])
  })

  test('is a handler to explain', () => {
    const app = proxy().route('GET /ready', readiness())
    expect(app.explain('GET /ready').target).toEqual({ kind: 'handler', name: 'readiness' })
  })

  test.each([
    [{ pool: [] }, 'did you mean "pools"?'],
    [{ pools: ['users'] }, 'readiness: "pools" must be a list of pools'],
    [{ pools: pool(['http://u1']) }, 'readiness: "pools" must be a list of pools'],
  ])('refuses options that are wrong: %#', (options, message) => {
    expect(() => readiness(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
    )
  })
})

describe('readiness with pools', () => {
  const users = () =>
    pool(['http://u1', 'http://u2'], { name: 'users' }).health({
      path: '/healthz',
      intervalMs: '1s',
      jitter: 0,
      rise: 1,
      fall: 1,
    })
  const NOT_FIT = [503, { ready: false, reasons: ['no endpoint of the pool users is fit to serve'] }]

  test.each<[string, (it: ReturnType<typeof users>) => RoutedProxy]>([
    [
      'that a route leads to',
      (it) =>
        proxy()
          .route('/ready', readiness({ pools: [it] }))
          .route('/', it),
    ],
    ['that no route leads to', (it) => proxy().route('/ready', readiness({ pools: [it] }))],
  ])('%s: is 503 while none of its endpoints is fit', async (_, app) => {
    await using sim = simulate(app(users()), { upstreams: ['http://u1', 'http://u2'] })
    expect(await asked(sim)).toEqual([200, READY])
    sim.upstream('http://u1').reply({ status: 500 })
    await sim.advance('2s')
    expect(await asked(sim)).toEqual([200, READY])
    sim.upstream('http://u2').reply({ status: 500 })
    await sim.advance('2s')
    expect(await asked(sim)).toEqual(NOT_FIT)
    sim.upstream('http://u2').reply({ status: 200 })
    await sim.advance('2s')
    expect(await asked(sim)).toEqual([200, READY])
    await sim.assertNoLeaks()
  })

  test('is 503 until an endpoint has passed a probe that it must pass', async () => {
    const careful = pool(['http://u1'], { name: 'users' }).health({
      path: '/healthz',
      intervalMs: '2s',
      jitter: 0.5,
      initial: 'unhealthy',
    })
    await using sim = simulate(proxy().route('/ready', readiness({ pools: [careful] })), {
      upstreams: ['http://u1'],
    })
    expect(await asked(sim)).toEqual(NOT_FIT)
    await sim.advance('2s')
    expect(await asked(sim)).toEqual([200, READY])
    await sim.assertNoLeaks()
  })

  test('is 503 while the only endpoint is ejected', async () => {
    const ejecting = pool(['http://u1'], { name: 'users' }).eject({
      consecutiveErrors: 1,
      ejectMs: '5s',
      jitter: 0,
    })
    await using sim = simulate(
      proxy()
        .route('/ready', readiness({ pools: [ejecting] }))
        .route('/', ejecting),
    )
    sim.upstream('http://u1').inject(fault.refuse(), { next: 1 })
    expect((await sim.get('/')).status).toBe(502)
    expect(await asked(sim)).toEqual(NOT_FIT)
    await sim.advance('5s')
    expect(await asked(sim)).toEqual([200, READY])
    await sim.assertNoLeaks()
  })

  test('a pool that a reload names no more is probed no more', async () => {
    const named = users()
    await using sim = simulate(proxy().route('/ready', readiness({ pools: [named] })), {
      upstreams: ['http://u1', 'http://u2'],
    })
    await sim.advance('2s')
    const { totalRequests } = sim.upstream('http://u1')
    expect(totalRequests).toBeGreaterThan(0)
    await sim.reload(proxy().route('/ready', readiness()))
    await sim.advance('1m')
    expect(sim.upstream('http://u1').totalRequests).toBe(totalRequests)
    await sim.assertNoLeaks()
  })
})

/** Of a proxy that says nothing of its own address yet. */
function statusAt(network: ReturnType<typeof memoryNetwork>, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    network.connect(
      { host, port: 80 },
      {
        onConnect(wire) {
          wire.handler = {
            onData: (chunk) => {
              resolve(Number(chunk.toString('latin1', 9, 12)))
              wire.destroy()
              return true
            },
            onEnd: () => {},
            onDrain: () => {},
            onClose: () => {},
          }
          wire.write(`GET /ready HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
        },
        onConnectError: reject,
      },
    )
  })
}

test('what answers liveness is a line of its own', async () => {
  await using sim = simulate(proxy().route('GET /alive', () => respond(200, 'ok')))
  const drained = sim.drain({ noticeMs: '1s' })
  expect((await sim.get('/alive')).status).toBe(200)
  await drained
})
