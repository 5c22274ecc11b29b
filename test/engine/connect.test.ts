import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  type ConnectMethodOptions,
  type Exchange,
  type Filter,
  OptionError,
  type Outcome,
  pool,
  proxy,
  respond,
} from '../../src/index.ts'
import { allowsAddress, connectSettings } from '../../src/proxy/connect-options.ts'
import { fakeUpstream, memoryNetwork, rawClient, simulate, virtualClock } from '../../src/testing/index.ts'

/** Of the public internet, as far as tests have one. */
const API = '93.184.215.14'

async function world(options: ConnectMethodOptions, ...filters: Filter[]) {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  network.addHost('api.example.com', API)
  network.addHost('inside.example.com', '10.1.2.3')
  const service = await fakeUpstream({ network, clock, host: 'api.example.com', port: 443 })
    .reply({ body: 'through' })
    .start()
  const inside = await fakeUpstream({ network, clock, host: 'inside.example.com', port: 443 })
    .reply({ body: 'inside' })
    .start()
  const outcomes: Outcome[] = []
  const app = await proxy()
    .listen({ port: 3128, host: 'proxy' })
    .use((exchange, next) => {
      exchange.onComplete((outcome) => outcomes.push(outcome))
      return next(exchange)
    })
    .connect(...filters, options)
    .route('/', () => respond(200, 'not a tunnel'))
    .start({ signals: false, surroundings: { clock, network } })
  onTestFinished(async () => {
    await clock.until(app.close())
    await service.close()
    await inside.close()
    await clock.advance('5s')
    expect([network.leaks(), clock.pending]).toEqual([[], 0])
  })
  const client = async () => {
    const made = await rawClient(network, app.url)
    onTestFinished(() => made.close())
    return made
  }
  const connect = async (authority: string, headers = '') => {
    const made = await client()
    await made.send(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${headers}\r\n`)
    return made
  }
  return { clock, network, service, inside, app, outcomes, client, connect }
}

/** What the proxy would say on standard error. */
function silenced() {
  const spy = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => spy.mockRestore())
  return spy
}

const GET = 'GET / HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n'
const ALLOW = { allow: ['api.example.com:443', '*.example.com:443'] }

describe('CONNECT', () => {
  test('gives a tunnel to a destination that is allowed', async () => {
    const { connect, outcomes, clock } = await world(ALLOW)
    const tunnel = await connect('API.example.com:443')
    const head = (await tunnel.read(39)).toString()
    expect(head).toBe('HTTP/1.1 200 Connection established\r\n\r\n')
    await tunnel.send(GET)
    expect(String((await tunnel.response()).body)).toBe('through')
    tunnel.end()
    await clock.advance(1)
    expect(outcomes).toMatchObject([
      { result: 'completed', status: 200, error: undefined, bytesReceived: GET.length },
    ])
    expect(outcomes[0]!.bytesSent).toBeGreaterThan(0)
  })

  test('takes what comes at once behind it for the tunnel', async () => {
    const { client } = await world(ALLOW)
    const tunnel = await client()
    await tunnel.send(`CONNECT api.example.com:443 HTTP/1.1\r\nHost: a\r\n\r\n${GET}`)
    await tunnel.read(39)
    expect(String((await tunnel.response()).body)).toBe('through')
  })

  test.each([
    'other.example:443',
    'api.example.com:80',
    'example.com:443',
    'api.example.com.evil.test:443',
    `${API}:443`,
  ])('is refused for %s, and what follows is not read as a request', async (authority) => {
    const { client, service } = await world({ allow: ['api.example.com:443', '*.example.com:443'] })
    const one = await client()
    await one.send(`CONNECT ${authority} HTTP/1.1\r\nHost: a\r\n\r\n${GET}`)
    const response = await one.response()
    expect(response.status).toBe(403)
    expect(String(response.body)).toContain('destination_denied')
    expect(String(response.body)).not.toContain(API)
    expect((await one.readToEnd()).toString()).toBe('')
    expect(service.requests).toEqual([])
  })

  test('looks at the address that a name stands for, not at the name', async () => {
    const { connect, inside } = await world(ALLOW)
    expect((await (await connect('inside.example.com:443')).response()).status).toBe(403)
    expect(inside.requests).toEqual([])
  })

  test('lets an inner address in where that is said', async () => {
    const ranges = await world({ ...ALLOW, allowAddresses: ['10.1.0.0/16'] })
    const tunnel = await ranges.connect('inside.example.com:443')
    expect((await tunnel.read(12)).toString()).toBe('HTTP/1.1 200')
    const listed = await world({ allow: ['10.1.2.3:443'] })
    const other = await listed.connect('10.1.2.3:443')
    expect((await other.read(12)).toString()).toBe('HTTP/1.1 200')
  })

  test('lets an inner address that is listed in at its port alone, and no name that stands for it', async () => {
    const { connect } = await world({ allow: ['10.1.2.3:444', '*:443'] })
    for (const authority of ['10.1.2.3:443', 'inside.example.com:443', 'inside.example.com:444'])
      expect((await (await connect(authority)).response()).status, authority).toBe(403)
  })

  test('has filters before it, that may ask for credentials', async () => {
    const seen: (string | undefined)[] = []
    const requireUser: Filter = (exchange, next) => {
      const given = exchange.request.headers.get('proxy-authorization')
      seen.push(given)
      return given === 'Basic YTpi'
        ? next(exchange)
        : respond(407, 'who are you?', { 'Proxy-Authenticate': 'Basic realm="proxy"' })
    }
    const { connect } = await world(ALLOW, requireUser)
    const refused = await (await connect('api.example.com:443')).response()
    expect(refused.status).toBe(407)
    expect(refused.headers).toContainEqual(['Proxy-Authenticate', 'Basic realm="proxy"'])
    const known = await connect('api.example.com:443', 'Proxy-Authorization: Basic YTpi\r\n')
    expect((await known.read(12)).toString()).toBe('HTTP/1.1 200')
    expect(seen).toEqual([undefined, 'Basic YTpi'])
  })

  test('answers an error where nobody accepts, or the name is unknown', async () => {
    const { connect, network } = await world({ allow: ['*.example.com:444', '*:445'] })
    expect((await (await connect('api.example.com:444')).response()).status).toBe(502)
    expect((await (await connect('nowhere.test:445')).response()).status).toBe(502)
    expect(network.connecting).toBe(0)
  })

  test('gives up what takes too long, or whose client has left', async () => {
    const { connect, network, clock, outcomes } = await world({ ...ALLOW, connectMs: '3s' })
    network.setFaults('api.example.com', { connect: 'unanswered' })
    const late = await connect('api.example.com:443')
    await clock.advance('3s')
    expect((await late.response()).status).toBe(504)
    const leaves = await connect('api.example.com:443')
    await clock.advance(1)
    expect(network.connecting).toBe(1)
    await leaves.reset()
    await clock.advance(1)
    expect(network.connecting).toBe(0)
    expect(outcomes.map(({ error }) => error?.code)).toEqual(['upstream_connect_timeout', 'client_aborted'])
  })

  test('ends a tunnel with a reset when its exchange is aborted', async () => {
    const exchanges: Exchange[] = []
    const keep: Filter = (exchange, next) => {
      exchanges.push(exchange)
      return next(exchange)
    }
    const { connect, outcomes, clock } = await world(ALLOW, keep)
    const tunnel = await connect('api.example.com:443')
    await tunnel.read(39)
    exchanges[0]!.abort()
    await expect(tunnel.readToEnd()).rejects.toThrow('ECONNRESET')
    await clock.advance(1)
    expect(outcomes).toMatchObject([{ result: 'failed', error: { code: 'exchange_aborted' } }])
  })

  test('ends a tunnel that idles, and all tunnels in a drain', async () => {
    const { connect, clock, app, outcomes } = await world({ ...ALLOW, idleMs: '30s' })
    const idle = await connect('api.example.com:443')
    await idle.read(39)
    await clock.advance('30s')
    expect(outcomes).toMatchObject([{ result: 'failed', error: { code: 'tunnel_timeout' } }])
    const stays = await connect('api.example.com:443')
    await stays.read(39)
    await clock.until(app.drain({ limitMs: '5s', tunnelMs: '1s' }))
    expect(outcomes[1]).toMatchObject({ error: { code: 'proxy_closed' } })
  })

  test('with a body is malformed', async () => {
    const { connect } = await world(ALLOW)
    expect((await (await connect('api.example.com:443', 'Content-Length: 3\r\n')).response()).status).toBe(
      400,
    )
  })

  test('that a handler answers with success has no tunnel: that is the handler’s fault', async () => {
    const reported = silenced()
    const { connect } = await world(ALLOW, () => respond(200, 'fine'))
    expect((await (await connect('api.example.com:443')).response()).status).toBe(500)
    expect(String(reported.mock.calls[0])).toContain('CONNECT is answered with a tunnel')
  })

  test('leaves all other requests to the routes', async () => {
    const { client } = await world(ALLOW)
    const one = await client()
    await one.send('GET http://api.example.com/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n')
    expect(String((await one.response()).body)).toBe('not a tunnel')
  })
})

test('a request that a filter makes a CONNECT gets no tunnel', async () => {
  const reported = silenced()
  const { client } = await world(ALLOW)
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const app = await proxy()
    .listen({ port: 80, host: 'proxy' })
    .use((exchange, next) => {
      exchange.request.method = 'CONNECT'
      return next(exchange)
    })
    .connect({ allow: ['*:80'], allowAddresses: ['private'] })
    .start({ signals: false, surroundings: { clock, network } })
  const one = await rawClient(network, app.url)
  await one.send('GET / HTTP/1.1\r\nHost: proxy:80\r\n\r\n')
  expect((await one.response()).status).toBe(500)
  expect(String(reported.mock.calls[0])).toContain('a tunnel follows a 101')
  await one.close()
  await clock.until(app.close())
  expect(network.leaks()).toEqual([])
  await (await client()).close()
})

test('CONNECT is not explained as a route, and a simulation explains it all the same', async () => {
  const app = proxy()
    .listen({ port: 3128, host: '127.0.0.1' })
    .connect({ allow: ['*:443'] })
    .route('/', () => respond(200))
  expect(() => app.explain('CONNECT http://api.example.com:443/')).toThrow('which no route answers')
  await using sim = simulate(app)
  const client = await sim.connect()
  await client.send('CONNECT api.example.com:80 HTTP/1.1\r\nHost: a\r\n\r\n')
  expect((await client.response()).status).toBe(403)
  expect(sim.explain(sim.exchanges[0]!)).toMatch(/CONNECT api\.example\.com:80 [\s\S]*destination_denied/)
  await sim.assertNoLeaks()
})

test('in a simulation, services that no pool names are of the public internet', async () => {
  const app = proxy()
    .connect({ allow: ['api.example.com:443', 'db.example.com:5432', 'inside.example.com:443'] })
    .route('/', pool(['http://inside.example.com']))
  const upstreams = [
    'http://api.example.com:443',
    'tcp://db.example.com:5432',
    'http://inside.example.com:443',
  ]
  await using sim = simulate(app, { upstreams })
  sim.upstream('http://api.example.com:443').reply({ body: 'through' })
  for (const authority of ['api.example.com:443', 'db.example.com:5432']) {
    const client = await sim.connect()
    await client.send(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`)
    expect((await client.response({ to: 'CONNECT' })).status).toBe(200)
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await client.response()).body.toString()).toBe(authority.startsWith('api') ? 'through' : 'ok')
    client.end()
  }
  // An endpoint of a pool is inside, whatever else stands at its host.
  const client = await sim.connect()
  await client.send('CONNECT inside.example.com:443 HTTP/1.1\r\nHost: a\r\n\r\n')
  expect((await client.response({ to: 'CONNECT' })).status).toBe(403)
  await sim.assertNoLeaks()
})

describe('what may be connected to', () => {
  const settings = connectSettings({ allow: ['*:443'], allowAddresses: ['10.9.0.0/16'] })
  test.each([
    '127.0.0.1',
    '::1',
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '224.0.0.1',
    '255.255.255.255',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:db8::1',
  ])('is not %s', (address) => {
    expect(allowsAddress(settings, address)).toBe(false)
  })

  test.each([
    '8.8.8.8',
    '93.184.215.14',
    '172.32.0.1',
    '2606:4700::1111',
    '10.9.1.1',
    '::ffff:8.8.8.8',
    '::ffff:10.9.1.1',
  ])('is %s', (address) => {
    expect(allowsAddress(settings, address)).toBe(true)
  })
})

describe('what connect refuses at the call', () => {
  test.each([
    ['no options', undefined],
    ['no list', {}],
    ['an empty list', { allow: [] }],
    ['a host without a port', { allow: ['api.example.com'] }],
    ['what is no host', { allow: ['http://api.example.com:443'] }],
    ['a port that is none', { allow: ['*:0'] }],
    ['an unknown option', { allow: ['a.example:1'], deny: [] }],
    ['a range that is none', { allow: ['a.example:1'], allowAddresses: ['10.0.0.0/40'] }],
    ['a time that is none', { allow: ['a.example:1'], idleMs: 0 }],
  ])('%s', (_, options) => {
    expect(() => proxy().connect(options as never)).toThrow(OptionError)
  })

  test('a second call, and a filter that is none', () => {
    const options = { allow: ['a.example:1'] }
    expect(() => proxy().connect(options).connect(options)).toThrow('"options" must be given once')
    expect(() => proxy().connect({} as never, options)).toThrow(OptionError)
  })
})
