import { expect, onTestFinished, test } from 'vitest'
import type { Observer } from '../../src/core/observer.ts'
import { durationMs } from '../../src/core/options.ts'
import { concurrencyLimit } from '../../src/filters/index.ts'
import {
  type Endpoint,
  type Filter,
  type Pool,
  pool,
  proxy,
  selfSigned,
  type TlsListenOptions,
} from '../../src/index.ts'
import {
  type FakeAnswer,
  fakeUpstream,
  memoryNetwork,
  type RawClient,
  rawClient,
  seededRandom,
  virtualClock,
} from '../../src/testing/index.ts'
import { type TimeoutRow, timeoutTable } from '../timeout-table.ts'
import { GET } from './support.ts'

type World = Awaited<ReturnType<typeof world>>

/** How to come to where a time begins to count, with all other times as they are by default. */
interface Scenario {
  /** For a time that has no default. */
  readonly limitMs?: number
  /** What the service answers. Default: nothing at all. */
  readonly answer?: FakeAnswer
  readonly scheme?: 'http' | 'https'
  readonly shape?: (it: Pool, limitMs: number) => Pool
  readonly pool?: Parameters<typeof pool>[1]
  readonly filter?: Filter
  /** TLS on the listener. */
  readonly tls?: TlsListenOptions
  readonly begin: (it: World) => Promise<unknown>
  /** What shows that it is over, where that is no error. */
  readonly over?: (it: World) => boolean
  /** What else must be so then, three seconds later. */
  readonly last?: (it: World) => unknown
  /** Connections to the service that are not concerned. Default 0. */
  readonly othersLeft?: number
  /** Clients that stay. Default 0. */
  readonly clientsLeft?: number
}

const SILENT: FakeAnswer = { raw: '', after: 'keep' }
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n'
const UPGRADE = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) yield Buffer.alloc(65_536)
}

const ask = (it: World) => it.send(GET)
const gate = concurrencyLimit({ limit: 1, queue: { max: 1 } })

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'limits.handshakeMs': {
    tls: selfSigned(),
    begin: async (it) => {
      // Connects, and says nothing.
      it.clients.push(await rawClient(it.network, { host: 'proxy', port: 80 }))
      await it.clock.advance(0)
      expect(it.app.connections).toBe(1)
    },
    over: ({ app }) => app.connections === 0,
    last: ({ app }) => expect(app.refusedConnections).toEqual(new Map([['handshake_timeout', 1]])),
  },
  'limits.headMs': { begin: (it) => it.send('GET ') },
  'limits.bodyIdleMs': { begin: (it) => it.send(`${POST}a`) },
  'limits.sendIdleMs': {
    answer: () => ({ body: endless() }),
    begin: (it) => it.send(GET, { paused: true }),
  },
  'limits.keepAliveMs': {
    answer: {},
    begin: ask,
    over: ({ clients }) => clients[0]!.ended,
  },
  'limits.lingerMs': {
    answer: {},
    begin: (it) => it.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
    over: ({ app }) => app.connections === 0,
  },
  'concurrencyLimit.queue.timeoutMs': {
    filter: gate,
    begin: async (it) => {
      await it.send(GET)
      await it.send(GET)
    },
    last: () => expect([gate.inFlight, gate.waiting]).toEqual([1, 0]),
    othersLeft: 1,
    clientsLeft: 2,
  },
  'pool.pendingMs': {
    pool: { maxConnections: 1, maxPending: 1 },
    begin: async (it) => {
      await it.send(GET)
      await it.send(GET)
    },
    // Its place is free: the next one waits as well, and is not turned away.
    last: async (it) => {
      await it.send(GET)
      expect(it.errors).toEqual(['pool_queue_timeout'])
    },
    othersLeft: 1,
    clientsLeft: 2,
  },
  'pool.connectMs': {
    begin: async (it) => {
      it.network.setFaults('service', { connect: 'unanswered' })
      await it.send(GET)
    },
    clientsLeft: 1,
  },
  'pool.tlsMs': {
    scheme: 'https',
    begin: async (it) => {
      it.network.setFaults('service', { tls: 'unanswered' })
      await it.send(GET)
    },
    clientsLeft: 1,
  },
  'pool.sendIdleMs': {
    begin: async (it) => {
      it.service.pause()
      await it.send(POST + 'a'.repeat(999_999))
    },
  },
  'pool.headMs': { begin: ask, clientsLeft: 1 },
  'pool.bodyIdleMs': {
    answer: { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', after: 'keep' },
    begin: ask,
  },
  'retry.perAttemptMs': {
    limitMs: 700,
    shape: (it, perAttemptMs) => it.retry({ attempts: 1, perAttemptMs }),
    begin: ask,
    clientsLeft: 1,
  },
  'deadline.ms': {
    limitMs: 700,
    shape: (it, ms) => it.retry({ attempts: 9, perAttemptMs: 100, budget: Infinity }).deadline({ ms }),
    begin: ask,
    clientsLeft: 1,
  },
  'pool.tunnelIdleMs': { answer: { raw: SWITCHED, after: 'keep' }, begin: (it) => it.send(UPGRADE) },
  'pool.idleMs': {
    answer: {},
    begin: ask,
    over: (it) => it.toService() === 0,
    clientsLeft: 1,
  },
  'health.timeoutMs': {
    shape: (it) => it.health({ path: '/', jitter: 0, intervalMs: '1m' }),
    begin: (it) => it.clock.advance(1),
    over: ({ probes }) => probes.length === 1,
    last: ({ probes }) => expect(probes).toEqual(['upstream_head_timeout']),
  },
  'drain.limitMs': {
    begin: async (it) => {
      await it.send(GET)
      void it.app.drain()
    },
  },
}

async function world(
  { answer = SILENT, scheme = 'http', shape = (it) => it, filter, tls, ...given }: Scenario,
  limitMs: number,
) {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const service = await fakeUpstream({ network, clock, host: 'service', port: 8080 }).reply(answer).start()
  const errors: string[] = []
  const probes: string[] = []
  const observer: Observer = {
    requestRefused: ({ code }) => errors.push(code),
    exchangeEnded: (_, { error }) => error !== undefined && errors.push(error.code),
    probed: (_, { reason }) => probes.push(reason),
  }
  const endpoints = new Set<Endpoint>()
  const services = pool([`${scheme}://service:8080`], given.pool).balance((candidates) => {
    for (const it of candidates) endpoints.add(it)
    return candidates[0]!
  })
  const described = proxy().listen({ host: 'proxy', port: 80, ...(tls && { tls }) })
  const app = await (filter === undefined ? described : described.use(filter))
    .route('/', shape(services, limitMs))
    .start({ signals: false, surroundings: { clock, network, random: seededRandom(1), observer } })
  const clients: RawClient[] = []
  onTestFinished(async () => {
    await clock.until(app.close())
    for (const client of clients) await client.reset()
    await service.close()
    await clock.advance('1s')
    expect([network.leaks(), clock.pending]).toEqual([[], 0])
  })
  return {
    app,
    clients,
    clock,
    endpoints,
    errors,
    network,
    probes,
    service,
    /** Connections to the service that the proxy has not closed. Whether the service knows is another matter. */
    toService: () => network.leaks().filter((line) => /:8080 \(client open/.test(line)).length,
    async send(bytes: string, { paused = false } = {}): Promise<void> {
      const client = await rawClient(network, app.url)
      clients.push(client)
      if (paused) client.pause()
      // Not all of it may be taken.
      void client.send(bytes)
      await clock.advance(0)
    },
  }
}

const rows = timeoutTable()

test('the guide has each of them', () => {
  expect(rows.map(({ option }) => option).sort()).toEqual(Object.keys(SCENARIOS).sort())
})

test.each(rows)('$option is $defaultText by default, and cancels the work', async (row: TimeoutRow) => {
  const scenario = SCENARIOS[row.option]!
  const limitMs = scenario.limitMs ?? durationMs('page', row.option, row.defaultText as '1s')
  const it = await world(scenario, limitMs)
  await scenario.begin(it)
  const over = () => (scenario.over === undefined ? it.errors.length > 0 : scenario.over(it))
  // A deadline may be up to a millisecond early.
  await it.clock.advance(limitMs - 2)
  expect(over()).toBe(false)
  await it.clock.advance(3)
  expect(over()).toBe(true)
  expect(it.errors).toEqual(row.code === undefined ? [] : [row.code])
  // Who is answered has some time to read it.
  await it.clock.advance('3s')
  const { othersLeft = 0, clientsLeft = 0 } = scenario
  expect([it.network.connecting, it.toService(), it.app.connections]).toEqual([0, othersLeft, clientsLeft])
  for (const { inFlight } of it.endpoints) expect(inFlight).toBe(othersLeft)
  await scenario.last?.(it)
})
