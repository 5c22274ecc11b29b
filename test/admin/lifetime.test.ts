import { type Companion, log, type ProxyView, proxy, respond, toNodeListener } from 'gatewright'
import { admin } from 'gatewright/admin'
import { type MemoryNetwork, memoryNetwork, rawClient, simulate, virtualClock } from 'gatewright/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type AdminAnswer, type AdminRequest, adminWorld, asked, TOKEN, users } from './admin-world.ts'

interface Ground {
  readonly network: MemoryNetwork
  readonly surroundings: object
  readonly ask: (port: number, request?: string | AdminRequest) => Promise<AdminAnswer>
}

function ground(): Ground {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  return {
    network,
    surroundings: { clock, network },
    ask: (port, request = '/health') =>
      clock.until(rawClient(network, { host: '127.0.0.1', port }).then((client) => asked(client, request))),
  }
}

const served = () =>
  proxy()
    .listen(80)
    .route('/', () => respond(200))

describe('an admin listener', () => {
  it('is told of as such, not as the proxy', async () => {
    const { surroundings } = ground()
    const { level, to } = log
    onTestFinished(() => {
      log.level = level
      log.to = to
    })
    const told: string[] = []
    log.level = 'info'
    log.to = ({ message }) => void told.push(message)
    const running = await served().attach(admin()).start({ signals: false, surroundings })
    await running.reload(served().attach(admin({ port: 9902 })))
    await running.close()
    expect(told).toEqual([
      'the admin listener at http://127.0.0.1:9902 has been reloaded',
      'the proxy at http://127.0.0.1:80 has been reloaded',
      'the admin listener at http://127.0.0.1:9902 is closed',
      'the proxy at http://127.0.0.1:80 is closed',
    ])
  })

  it('whose port is in use is told apart from those of the proxy', async () => {
    const { surroundings } = ground()
    const first = await served().attach(admin()).start({ signals: false, surroundings })
    onTestFinished(() => first.close())
    const second = proxy()
      .listen(81)
      .attach(admin())
      .route('/', () => respond(200))
      .start({ signals: false, surroundings })
    await expect(second).rejects.toThrow(
      '127.0.0.1:9901, of the admin listener, is in use: stop what listens there, or choose another port, such as 9902',
    )
  })
})

describe('a reload', () => {
  it('keeps the listener of the same address, its connections and what was counted', async () => {
    const { surroundings, ask, network } = ground()
    const first = admin()
    const running = await served().attach(first).start({ signals: false, surroundings })
    onTestFinished(() => running.close())
    await ask(80, '/')
    const client = await rawClient(network, { port: 9901 })
    const next = admin({ readOnly: true })
    await running.reload(served().attach(next))
    expect(() => first.url).toThrow('admin: it listens when its proxy has started')
    expect(next.url).toBe('http://127.0.0.1:9901')
    expect((await asked(client, '/api/traffic')).json).toMatchObject({ total: 1 })
    await ask(80, '/')
    expect((await ask(9901, '/api/traffic')).json).toMatchObject({ total: 2 })
    const drain = { method: 'POST', target: '/api/endpoints/drain', json: {} }
    expect((await ask(9901, drain)).status).toBe(403)
  })

  it('counts an exchange that is under way meanwhile once', async () => {
    const { surroundings, ask, network } = ground()
    const answer = Promise.withResolvers<void>()
    const app = () =>
      proxy()
        .listen(80)
        .route('/', () => answer.promise.then(() => respond(200)))
    const running = await app().attach(admin()).start({ signals: false, surroundings })
    onTestFinished(() => running.close())
    const client = await rawClient(network, { port: 80 })
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await ask(9901, '/api/traffic')).json).toMatchObject({ total: 1, inFlight: 1 })
    await running.reload(app().attach(admin()))
    expect((await ask(9901, '/api/traffic')).json).toMatchObject({ total: 1, inFlight: 1 })
    answer.resolve()
    await client.response()
    expect((await ask(9901, '/api/traffic')).json).toMatchObject({ total: 1, inFlight: 0, failures: 0 })
  })

  it('opens another address, then closes the one before', async () => {
    const { surroundings, ask } = ground()
    const running = await served().attach(admin()).start({ signals: false, surroundings })
    onTestFinished(() => running.close())
    await ask(80, '/')
    await running.reload(served().attach(admin({ port: 9902, token: TOKEN })))
    await expect(ask(9901)).rejects.toThrow('ECONNREFUSED')
    expect((await ask(9902, '/api/pools')).status).toBe(401)
    const headers = { Authorization: `Bearer ${TOKEN}` }
    expect((await ask(9902, { target: '/api/traffic', headers })).json).toMatchObject({ total: 1 })
  })

  it('that fails leaves the one before as it was', async () => {
    const { surroundings, ask, network } = ground()
    const first = admin()
    const running = await served().attach(first).start({ signals: false, surroundings })
    onTestFinished(() => running.close())
    const other = await proxy().listen(9902).route('/', users).start({ signals: false, surroundings })
    onTestFinished(() => other.close())
    await expect(running.reload(served().attach(admin({ port: 9902 })))).rejects.toThrow('9902')
    expect(first.url).toBe('http://127.0.0.1:9901')
    await ask(80, '/')
    expect((await ask(9901, '/api/traffic')).json).toMatchObject({ total: 1 })
    expect(network.listeners).toBe(3)
  })

  it('that fails behind it brings the one before back', async () => {
    const { surroundings, ask } = ground()
    const first = admin()
    const running = await served().attach(first).start({ signals: false, surroundings })
    onTestFinished(() => running.close())
    const failing: Companion = {
      kind: 'failing',
      start: () => {
        throw new Error('no')
      },
    }
    const next = admin({ port: 9902 })
    await expect(running.reload(served().attach(next, failing))).rejects.toThrow('no')
    expect([first.url, (await ask(9901)).status]).toEqual(['http://127.0.0.1:9901', 200])
    await expect(ask(9902)).rejects.toThrow('ECONNREFUSED')
    await ask(80, '/')
    expect((await ask(9901, '/api/traffic')).json).toMatchObject({ total: 1 })
    // And the one after that counts nothing twice.
    await running.reload(served().attach(admin()))
    await ask(80, '/')
    expect((await ask(9901, '/api/traffic')).json).toMatchObject({ total: 2 })
  })

  it('without one ends it, and one of a proxy that had none begins', async () => {
    const { surroundings, ask } = ground()
    const running = await served().attach(admin()).start({ signals: false, surroundings })
    onTestFinished(() => running.close())
    await running.reload(served())
    await expect(ask(9901)).rejects.toThrow('ECONNREFUSED')
    await running.reload(served().attach(admin()))
    expect((await ask(9901)).status).toBe(200)
  })
})

describe('admin', () => {
  it('is open before the proxy is, and its failure is that of the start', async () => {
    const { surroundings, network } = ground()
    const opened: number[] = []
    const looking: Companion = {
      kind: 'looking',
      start: () => void opened.push(network.listeners),
    }
    const running = await served().attach(admin(), looking).start({ signals: false, surroundings })
    onTestFinished(() => running.close())
    expect(opened).toEqual([1])
    expect(network.listeners).toBe(2)
    const second = proxy().listen(81).attach(admin()).route('/', users)
    await expect(second.start({ signals: false, surroundings })).rejects.toThrow('9901')
    expect(network.listeners).toBe(2)
  })

  it('ends where its proxy cannot start', async () => {
    const { surroundings, network } = ground()
    const other = await served().start({ signals: false, surroundings })
    onTestFinished(() => other.close())
    await expect(served().attach(admin()).start({ signals: false, surroundings })).rejects.toThrow('80')
    expect(network.listeners).toBe(1)
  })

  it('ends with its proxy, and can go with it again', async () => {
    const { surroundings, ask } = ground()
    const app = served().attach(admin())
    for (let i = 0; i < 2; i++) {
      const running = await app.start({ signals: false, surroundings })
      expect((await ask(9901, '/api/traffic')).json).toMatchObject({ total: 0 })
      await ask(80, '/')
      await expect(app.start({ signals: false, surroundings })).rejects.toThrow('goes with another proxy')
      await running.close()
      await expect(ask(9901)).rejects.toThrow('ECONNREFUSED')
    }
  })

  it('ends with its proxy although someone looks and a profile is recorded', async () => {
    await using world = adminWorld({ profiling: true })
    const [tap, profile] = [await world.connect(), await world.connect()]
    await tap.send('GET /api/tap HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const head = 'Host: localhost\r\nContent-Type: application/json\r\n\r\n'
    await profile.send(`POST /api/profile/cpu?seconds=60 HTTP/1.1\r\n${head}`)
    await world.sim.settle()
    await world.sim.drain()
    expect(world.sim.nowMs).toBe(0)
    await Promise.all([tap.close(), profile.close()])
    await world.sim.assertNoLeaks()
    await using next = adminWorld({ profiling: true })
    const short = { method: 'POST', target: '/api/profile/cpu?seconds=1', json: {} }
    expect((await next.ask(short)).status).toBe(200)
  })

  it('is not part of what the journal tells of the proxy', async () => {
    await using sim = simulate(served().attach(admin({ port: 1 })), { seed: 1 })
    await sim.until(rawClient(sim.network, { port: 1 }).then((client) => asked(client, '/health')))
    expect(sim.exchanges).toEqual([])
    await sim.assertNoLeaks()
  })

  it('goes with a proxy that is started, and with nothing else', async () => {
    expect(() => toNodeListener(served().attach(admin()))).toThrow(
      'toNodeListener: "app" must be without what `attach` adds',
    )
    await expect(admin().start!({} as ProxyView, undefined)).rejects.toThrow('admin: it goes with a proxy')
  })

  it.each([
    [{ port: -1 }, 'admin: "port"'],
    [{ host: '' }, 'admin: "host"'],
    [{ host: '0.0.0.0' }, 'admin: "host" must be an address of the loopback, unless "token"'],
    [{ host: '::' }, 'admin: "host" must be an address of the loopback'],
    [{ host: '10.0.0.1', tls: { cert: 'x', key: 'y' } }, 'listen: "tls'],
    [{ token: 'short' }, 'admin: "token" must be a random text of 16 to 1024 visible characters'],
    [{ token: [] }, 'admin: "token"'],
    [{ token: ['a-token-of-more-than-16-characters', ''] }, 'admin: "token"'],
    [{ token: 'with a space, which no field keeps' }, 'admin: "token"'],
    [{ allowedHosts: 'admin.example' }, 'admin: "allowedHosts"'],
    [{ allowedHosts: ['http://admin.example'] }, 'admin: "allowedHosts"'],
    [{ readOnly: 1 }, 'admin: "readOnly"'],
    [{ profiling: 'yes' }, 'admin: "profiling"'],
    [{ tokens: TOKEN }, 'admin: "tokens"'],
  ])('refuses %j', (options, message) => {
    expect(() => admin(options as object)).toThrow(message)
  })

  it('says nothing of a token that it refuses', () => {
    for (const token of ['secret', ['secret']])
      expect(() => admin({ token })).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining('secret') }),
      )
  })

  it.each([
    { host: '127.0.0.2' },
    { host: '::1' },
    { host: 'localhost' },
    { host: '0.0.0.0', token: TOKEN },
    { host: '::', token: [TOKEN] },
  ])('takes %j', (options) => {
    expect(admin(options).kind).toBe('admin')
  })
})
