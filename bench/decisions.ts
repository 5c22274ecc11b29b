/**
 * What a record of decisions costs an exchange: on its own, and in a whole proxy in memory, from a client's request to a
 * service's response and back. Rows `off` are the same proxy without a record, measured first and last: how far they lie apart
 * is how much the rest can be trusted.
 *
 *   npx node --conditions=gatewright-source bench/decisions.ts [--smoke]
 */
import { pathToFileURL } from 'node:url'
import { type Filter, formatDecision, type Pool, pool, proxy, respond } from 'gatewright'
import {
  exchange,
  fakeUpstream,
  memoryNetwork,
  type RawClient,
  rawClient,
  seededRandom,
  type TestExchange,
  virtualClock,
} from 'gatewright/testing'
import { Bench } from 'tinybench'

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  // What comes first is measured while the engine still learns: only the second round counts.
  if (!smoke) await alone(smoke)
  console.table(await alone(smoke))
  if (!smoke) await whole(smoke)
  console.table(await whole(smoke))
}

const EXCHANGES = 1_000

const FILTERS: Readonly<Record<string, Filter>> = {
  off: (exchange, next) => next(exchange),
  on: (exchange, next) => {
    exchange.record()
    return next(exchange)
  },
  'on, as JSON': (exchange, next) => {
    const record = exchange.record()
    exchange.onComplete(() => void JSON.stringify(record))
    return next(exchange)
  },
  'on, as text': (exchange, next) => {
    const record = exchange.record()
    exchange.onComplete(() => void formatDecision(record))
    return next(exchange)
  },
}

interface AloneRow {
  readonly 'no pool': string
  readonly 'ns per exchange': number
  readonly 'ns more': number
}

/** A handler answers at once, so that nothing is left but the exchange and its record. */
async function alone(smoke: boolean): Promise<AloneRow[]> {
  const response = respond(200)
  const rows: AloneRow[] = []
  for (const name of ['off', 'on', 'on, as JSON', 'on, as text']) {
    const app = proxy()
      .route('/', FILTERS[name]!, () => response)
      .handler()
    const bench = new Bench(
      smoke ? { time: 0, iterations: 2, warmup: false } : { time: 250, warmupTime: 100 },
    )
    let exchanges: TestExchange[] = []
    bench.add(
      'exchanges',
      async () => {
        for (const at of exchanges) {
          await app(at)
          at.finish()
        }
      },
      {
        // An exchange can be run once, and to make one for a test costs more than what is measured.
        beforeEach: () => {
          exchanges = Array.from({ length: EXCHANGES }, () => exchange())
        },
      },
    )
    await bench.run()
    const result = bench.getTask('exchanges')?.result
    if (result?.state !== 'completed') throw new Error(`ended as ${result?.state}`)
    // The median: other work on the machine makes a few samples very long.
    const ns = (result.latency.p50 * 1e6) / EXCHANGES
    rows.push({
      'no pool': name,
      'ns per exchange': Math.round(ns),
      'ns more': Math.round(ns - (rows[0]?.['ns per exchange'] ?? ns)),
    })
  }
  return rows
}

const CLIENTS = 16
const ROUNDS = 25

interface WholeRow {
  readonly 'whole proxy': string
  readonly endpoints: number
  readonly 'CPU µs per exchange': number
  readonly 'µs more': number
}

/** All that there is between a client and a service, on a network in memory: most of it is the network, client and service. */
async function whole(smoke: boolean): Promise<WholeRow[]> {
  const rows: WholeRow[] = []
  for (const endpoints of [1, 5, 100]) {
    let offUs: number | undefined
    for (const name of ['off', 'on', 'on, as JSON', 'off']) {
      const us = await usPerExchange(FILTERS[name]!, endpoints, smoke ? 1 : 60)
      offUs ??= us
      rows.push({
        'whole proxy': name,
        endpoints,
        'CPU µs per exchange': round(us),
        'µs more': round(us - offUs),
      })
    }
  }
  return rows
}

async function usPerExchange(filter: Filter, endpoints: number, samples: number): Promise<number> {
  const clock = virtualClock()
  const network = memoryNetwork({ clock })
  const hosts = Array.from({ length: endpoints }, (_, i) => `service-${i}`)
  const services = await Promise.all(
    hosts.map((host) => fakeUpstream({ network, clock, host, port: 80, keepRequests: 1 }).start()),
  )
  const target: Pool = pool(hosts.map((host) => `http://${host}`)).leastResponseTime()
  const running = await proxy()
    .listen({ host: 'gateway', port: 80 })
    .use(filter)
    .route('/', target)
    .start({ signals: false, surroundings: { clock, network, random: seededRandom(1) } })
  const clients = await clock.until(
    Promise.all(Array.from({ length: CLIENTS }, () => rawClient(network, running.url))),
  )
  const us: number[] = []
  for (let sample = 0; sample < samples; sample++) {
    const before = process.cpuUsage()
    for (let i = 0; i < ROUNDS; i++) await clock.until(Promise.all(clients.map(ask)))
    const { user, system } = process.cpuUsage(before)
    us.push((user + system) / (ROUNDS * CLIENTS))
  }
  for (const client of clients) await client.close()
  await clock.until(running.close())
  for (const service of services) await service.close()
  await clock.advance(0)
  return us.sort((one, other) => one - other)[Math.floor(us.length / 2)]!
}

async function ask(client: RawClient): Promise<void> {
  await client.send('GET /users/7 HTTP/1.1\r\nHost: shop\r\n\r\n')
  await client.response()
}

function round(us: number): number {
  return Math.round(us * 10) / 10
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await run({ smoke: process.argv.includes('--smoke') })
}
