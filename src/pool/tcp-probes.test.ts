import { describe, expect, onTestFinished, test } from 'vitest'
import type { ConnectOptions, Network, Wire, WireHandler } from '../core/network.ts'
import type { Observer, ProbeResult } from '../core/observer.ts'
import { proxy } from '../proxy/proxy.ts'
import {
  fakeUpstream,
  type MemoryNetworkOptions,
  memoryNetwork,
  type Simulation,
  seededRandom,
  simulate,
  virtualClock,
} from '../testing/index.ts'
import type { EndpointOptions } from './endpoint-spec.ts'
import { pool } from './pool.ts'
import type { TcpHealthOptions } from './tcp-health-options.ts'

/** What a service does with a connection. `heard` is all that has come, each time that something comes. */
type Script = (wire: Wire, heard: string) => void

const IGNORE: Script = () => {}

interface WorldOptions extends Omit<TcpHealthOptions, 'type'> {
  endpoint?: string | EndpointOptions
  script?: Script
  network?: MemoryNetworkOptions
}

/** A service in memory at one:80 that does what a script says, and a pool that probes it. */
async function world({
  endpoint = 'http://one',
  script = IGNORE,
  network: options,
  ...health
}: WorldOptions = {}) {
  const clock = virtualClock()
  const network = memoryNetwork({ clock, ...options })
  const heard: string[] = []
  const open = new Set<Wire>()
  const accept = (wire: Wire): void => {
    const index = heard.push('') - 1
    open.add(wire)
    const handler: WireHandler = {
      onData: (chunk) => {
        heard[index] += chunk.toString()
        script(wire, heard[index]!)
        return true
      },
      onEnd: () => wire.end(),
      onDrain: () => {},
      onClose: () => open.delete(wire),
    }
    wire.handler = handler
    script(wire, '')
  }
  for (const host of ['one', 'agent'])
    for (const port of [80, 443, 9000]) await network.listen({ host, port }, accept)
  const asked: ConnectOptions[] = []
  const watched: Network = {
    connect: (to, handler) => {
      asked.push(to)
      return network.connect(to, handler)
    },
    listen: (at, onWire) => network.listen(at, onWire),
  }
  const results: ProbeResult[] = []
  const observer: Observer = { probed: (_, result) => results.push(result) }
  const target = pool([endpoint]).health({ type: 'tcp', jitter: 0, ...health })
  const app = await proxy()
    .listen({ host: 'proxy', port: 80 })
    .route('/', target)
    .start({ signals: false, surroundings: { clock, network: watched, random: seededRandom(1), observer } })
  const listeners = network.listeners
  onTestFinished(async () => {
    await clock.until(app.close())
    for (const wire of open) wire.destroy()
    await clock.advance('1s')
    expect([network.openWires, network.connecting, network.listeners, clock.pending]).toEqual([
      0,
      0,
      listeners - 1,
      0,
    ])
  })
  return { app, asked, clock, heard, network, open, results }
}

describe('a TCP probe', () => {
  test('passes when its connection is made, and closes it at once without a word', async () => {
    const it = await world({ network: { latencyMs: 5 } })
    await it.clock.advance('11s')
    expect(it.results).toEqual(
      Array.from({ length: 3 }, () => ({
        passed: true,
        reason: 'passed',
        status: undefined,
        durationMs: 10,
      })),
    )
    expect([it.heard, it.open.size]).toEqual([['', '', ''], 0])
  })

  test.each([
    ['refused', 'upstream_refused'],
    ['unreachable', 'upstream_unreachable'],
    ['unanswered', 'upstream_connect_timeout'],
  ] as const)('fails where the connection is %s', async (connect, reason) => {
    const it = await world()
    it.network.setFaults('one', { connect })
    await it.clock.advance('4s')
    expect(it.results).toMatchObject([{ passed: false, reason, status: undefined }])
    expect(it.network.connecting).toBe(0)
  })

  test('fails where the name is not known', async () => {
    const it = await world()
    it.network.removeHost('one')
    await it.clock.advance('4s')
    expect(it.results).toMatchObject([{ passed: false, reason: 'upstream_dns_failed' }])
  })

  test('waits for TLS where the endpoint has it', async () => {
    const it = await world({ endpoint: 'https://one' })
    await it.clock.advance('1s')
    expect(it.asked).toEqual([{ host: 'one', port: 443, tls: { servername: 'one' } }])
    expect(it.results).toMatchObject([{ passed: true }])
    it.network.setFaults('one', { tls: 'unanswered' })
    await it.clock.advance('7s')
    expect(it.results[1]).toMatchObject({ passed: false, reason: 'upstream_tls_timeout' })
    expect(it.network.connecting).toBe(0)
  })

  const says =
    (...parts: string[]): Script =>
    (wire, heard) => {
      if (heard === '') for (const part of parts) wire.write(part)
    }
  const then =
    (script: Script, last: (wire: Wire) => void): Script =>
    (wire, heard) => {
      script(wire, heard)
      last(wire)
    }
  const answers =
    (to: string, answer: string): Script =>
    (wire, heard) => {
      if (heard === to) wire.write(answer)
    }
  const ends = (wire: Wire) => wire.end()
  const dots = (count: number) => '.'.repeat(count)

  const verdicts: [string, Pick<TcpHealthOptions, 'send' | 'expect'>, Script, string][] = [
    ['a text', { expect: 'ready' }, says('220 ready\r\n'), 'passed'],
    ['a text that comes in pieces', { expect: 'ready' }, says('220 re', 'ad', 'y\r\n'), 'passed'],
    ['bytes', { expect: Uint8Array.of(0xff, 0x00) }, says('a\xff\x00b'), 'passed'],
    ['text beyond ASCII', { expect: 'süß' }, (wire) => void wire.write(Buffer.from('süß')), 'passed'],
    ['a pattern', { expect: /^220 / }, says('220 ready\r\n'), 'passed'],
    ['a pattern with the flag g, each time', { expect: /ready/g }, says('ready'), 'passed'],
    ['an answer', { send: 'PING\r\n', expect: '+PONG' }, answers('PING\r\n', '+PONG\r\n'), 'passed'],
    ['what comes with the end', { expect: 'ready' }, then(says('ready'), ends), 'passed'],
    ['up to 4 KiB', { expect: '!' }, says(`${dots(4_095)}!${dots(9_999)}`), 'passed'],
    ['nothing past them', { expect: '!' }, says(`${dots(4_096)}!`), 'expect'],
    ['no other text', { expect: 'ready' }, then(says('starting'), ends), 'expect'],
    ['no silence', { expect: 'ready' }, IGNORE, 'upstream_head_timeout'],
    ['no half of it', { expect: 'ready' }, says('rea'), 'upstream_head_timeout'],
    ['no close without a word', { expect: 'ready' }, ends, 'upstream_reset'],
    ['no reset', { expect: 'ready' }, (wire) => wire.reset(), 'upstream_reset'],
    ['no other answer', { send: 'PING', expect: 'PONG' }, answers('PONG', 'PING'), 'upstream_head_timeout'],
  ]

  test.each(verdicts)('that expects something lets pass %s', async (_, options, script, reason) => {
    const it = await world({ script, ...options })
    await it.clock.advance('8s')
    const verdict = { passed: reason === 'passed', reason, status: undefined }
    expect(it.results).toMatchObject([verdict, verdict])
    expect(it.open.size).toBe(0)
  })

  test.each([1, 7])('hears the same in pieces of at most %d bytes', async (maxChunkBytes) => {
    const script = answers('PING\r\n', '220 all is ready\r\n')
    const it = await world({
      script,
      send: 'PING\r\n',
      expect: 'ready',
      network: { faults: { maxChunkBytes } },
    })
    await it.clock.advance('6s')
    expect(it.results).toMatchObject([{ passed: true }, { passed: true }])
  })

  test('looks at no more than it says, however much comes', async () => {
    const flood: Script = (wire) => {
      for (let i = 0; i < 100; i++) wire.write(Buffer.alloc(65_536, '.'))
    }
    const it = await world({ script: flood, expect: '!' })
    await it.clock.advance('1s')
    expect(it.results).toMatchObject([{ reason: 'expect' }])
    expect(it.open.size).toBe(0)
  })
})

describe('the place of a probe', () => {
  test.each<[string, string | EndpointOptions, Omit<TcpHealthOptions, 'type'>, string]>([
    ['is the endpoint', 'http://one', {}, 'one:80'],
    ['is another port', 'http://one', { port: 9000 }, 'one:9000'],
    ['is another host', 'http://one', { address: 'agent' }, 'agent:80'],
    ['is another host and port', 'http://one', { address: 'agent', port: 9000 }, 'agent:9000'],
    [
      'is what the endpoint says',
      { url: 'http://one', probeAddress: 'agent:9000' },
      { address: 'one', port: 80 },
      'agent:9000',
    ],
    ['has the port of the pool', { url: 'http://one', probeAddress: 'agent' }, { port: 9000 }, 'agent:9000'],
    ['has the port of the endpoint', { url: 'http://one', probeAddress: 'agent' }, {}, 'agent:80'],
  ])('%s', async (_, endpoint, health, place) => {
    const it = await world({ endpoint, ...health })
    await it.clock.advance('1s')
    expect(it.asked.map(({ host, port }) => `${host}:${port}`)).toEqual([place])
    expect(it.results).toMatchObject([{ passed: true }])
  })

  test('has to show the certificate of the endpoint', async () => {
    const it = await world({ endpoint: 'https://one', address: 'agent', port: 9000 })
    await it.clock.advance('1s')
    expect(it.asked).toEqual([{ host: 'agent', port: 9000, tls: { servername: 'one' } }])
  })

  test('of an HTTP probe is what its Host says', async () => {
    const clock = virtualClock()
    const network = memoryNetwork({ clock })
    const agent = await fakeUpstream({ network, clock, host: 'agent', port: 9000 }).start()
    const target = pool([{ url: 'http://one', probeAddress: 'agent:9000' }]).health({
      path: '/one',
      jitter: 0,
    })
    const app = await proxy()
      .listen({ host: 'proxy', port: 80 })
      .route('/', target)
      .start({ signals: false, surroundings: { clock, network, random: seededRandom(1) } })
    await clock.advance('1s')
    expect(agent.requests.map(({ target: path, headers }) => [path, headers[0]])).toEqual([
      ['/one', ['Host', 'agent:9000']],
    ])
    await clock.until(app.close())
    await agent.close()
    expect([network.leaks(), clock.pending]).toEqual([[], 0])
  })
})

test.each([
  ['waits for its time', 0, {}, {}],
  ['connects', 3, { latencyMs: 5 }, {}],
  ['makes TLS', 3, { faults: { tls: 'unanswered' } }, { endpoint: 'https://one' }],
  ['waits for what it expects', 500, {}, { expect: 'ready' }],
] as const)('a pool that is closed while its probe %s leaves nothing', async (_, ms, network, options) => {
  // Whether anything is left is asked when the test is over.
  const it = await world({ network, ...options })
  await it.clock.advance(ms)
  expect(it.results).toEqual([])
  await it.clock.until(it.app.close())
  await it.clock.advance('1m')
  expect(it.results).toEqual([])
})

test('TCP probes of real sockets, plain and with TLS, see what is there', async () => {
  await using plain = await fakeUpstream({ socket: true }).start()
  await using secure = await fakeUpstream({ socket: true, tls: true, host: 'localhost' }).start()
  await using unknown = await fakeUpstream({ socket: true, tls: true, host: 'localhost' }).start()
  const gone = await fakeUpstream({ socket: true }).start()
  const goneUrl = gone.url
  await gone.close()
  const found = new Map<string, string>()
  const all = Promise.withResolvers<void>()
  const observer: Observer = {
    probed: ({ id }, { reason }) => {
      if (found.set(id, reason).size === 4) all.resolve()
    },
  }
  const health = { type: 'tcp', intervalMs: '1h', timeoutMs: '10s', jitter: 0 } as const
  const trusting = pool(
    [
      { url: plain.url, id: 'plain' },
      { url: secure.url, id: 'secure' },
      { url: goneUrl, id: 'gone' },
    ],
    { tls: { ca: secure.certificate! } },
  )
  await using app = await proxy()
    .listen({ host: '127.0.0.1', port: 0 })
    .route('/', trusting.health(health))
    .route('/b', pool([{ url: unknown.url, id: 'unknown' }]).health(health))
    .start({ signals: false, surroundings: { observer } })
  await all.promise
  expect(Object.fromEntries(found)).toEqual({
    plain: 'passed',
    secure: 'passed',
    gone: 'upstream_refused',
    unknown: 'upstream_certificate_invalid',
  })
  await plain.when(({ connections }) => connections === 0)
  await secure.when(({ connections }) => connections === 0)
  await app.close()
})

describe('in an outage, TCP probes', { timeout: 60_000 }, () => {
  const services = () =>
    pool(['http://u1', 'http://u2', 'http://u3']).health({ type: 'tcp', intervalMs: '1s' })
  const changesOf = ({ journal }: Simulation) =>
    journal.entries
      .filter(({ subject, text }) => subject === 'endpoint' && text.includes('u2'))
      .map(({ atMs, text }) => [text.replace(/^endpoint http:\/\/u2: /, ''), Math.floor(atMs / 1_000)])

  test('take a service out, and in again when it is back', async () => {
    await using sim = simulate(proxy().route('/', services()), { seed: 4, keep: 100_000 })
    sim.upstream('http://u2').outage({ after: '10s', lasts: '20s' })
    const { byStatus, errorRate } = await sim.load({ rate: 30, duration: '60s' })
    expect(changesOf(sim)).toEqual([
      ['healthy, was unknown (passed)', 0],
      ['unhealthy, was healthy (upstream_refused)', 12],
      ['healthy, was unhealthy (passed)', 31],
    ])
    // What met it before the third probe had failed.
    expect(byStatus[502]).toBeGreaterThan(10)
    expect(errorRate).toBeLessThan(0.03)
    await sim.assertNoLeaks()
  })

  test('make nothing of one that is shorter than they look at', async () => {
    await using sim = simulate(proxy().route('/', services()), { seed: 4, keep: 100_000 })
    sim.upstream('http://u2').outage({ after: '10s', lasts: '2s', every: '5s' })
    await sim.advance('5m')
    expect(changesOf(sim)).toEqual([['healthy, was unknown (passed)', 0]])
    expect(sim.journal.lines.filter((line) => /u2.*upstream_refused/.test(line)).length).toBeGreaterThan(50)
    await sim.assertNoLeaks()
  })
})
