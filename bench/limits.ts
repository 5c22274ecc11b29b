/**
 * What the filters that limit load cost an exchange, while they let it through and while they turn it away. The first rows
 * are the same exchange without such a filter; the rest is the difference to them.
 *
 *   npx node --conditions=gatewright-source bench/limits.ts [--smoke]
 */
import { pathToFileURL } from 'node:url'
import { type Clock, type Filter, type Handler, proxy, respond } from 'gatewright'
import { adaptiveConcurrency, circuitBreaker, concurrencyLimit, loadShedding } from 'gatewright/filters'
import { exchange, type TestExchange } from 'gatewright/testing'
import { Bench } from 'tinybench'

const EXCHANGES = 1000

const PASSING: Readonly<Record<string, () => Filter>> = {
  none: () => (exchange, next) => next(exchange),
  'none, with onComplete': () => (exchange, next) => {
    exchange.onComplete(() => {})
    return next(exchange)
  },
  'circuitBreaker, closed': () => circuitBreaker({ slowMs: '1s' }),
  'concurrencyLimit, below': () => concurrencyLimit({ limit: 100, queue: { max: 100 } }),
  'concurrencyLimit per client, below': () =>
    concurrencyLimit({ limit: 100, per: ({ client }) => client.address }),
  'adaptiveConcurrency, below': () => adaptiveConcurrency(),
  'loadShedding, in time': () => loadShedding(),
}

/** As a filter is when one more exchange is turned away. */
const TURNING_AWAY: Readonly<Record<string, () => Promise<Filter>>> = {
  'circuitBreaker, open': async () => {
    const filter = circuitBreaker({ minVolume: 1, openMs: '1h', maxOpenMs: '1h' })
    await filter(exchange(), () => respond(500))
    return filter
  },
  'circuitBreaker, open, with fallback': async () => {
    const response = respond(200)
    const filter = circuitBreaker({ minVolume: 1, openMs: '1h', maxOpenMs: '1h', fallback: () => response })
    await filter(exchange(), () => respond(500))
    return filter
  },
  'concurrencyLimit, reached': async () => {
    const filter = concurrencyLimit({ limit: 1 })
    await filter(exchange(), () => respond(200))
    return filter
  },
}

interface Row {
  readonly filter: string
  readonly handler: string
  readonly 'ns per exchange': number
  /** To the first row of the same handler. */
  readonly 'ns more': number
}

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  // What comes first is measured while the engine still learns: only the second round counts.
  await round(smoke)
  console.table(await round(smoke))
}

async function round(smoke: boolean): Promise<Row[]> {
  const response = respond(200)
  const promised = Promise.resolve(response)
  const handlers: Readonly<Record<string, Handler>> = { 'at once': () => response, promise: () => promised }
  const rows: Row[] = []
  for (const [name, handler] of Object.entries(handlers)) {
    let withoutNs: number | undefined
    for (const [filter, make] of Object.entries({ ...PASSING, ...TURNING_AWAY })) {
      const ns = await nsPerExchange(await make(), handler, smoke)
      withoutNs ??= ns
      rows.push({
        filter,
        handler: name,
        'ns per exchange': Math.round(ns),
        'ns more': Math.round(ns - withoutNs),
      })
    }
  }
  return rows
}

async function nsPerExchange(filter: Filter, handler: Handler, smoke: boolean): Promise<number> {
  const bench = new Bench(smoke ? { time: 0, iterations: 2, warmup: false } : { time: 250, warmupTime: 100 })
  const app = proxy().route('/', filter, handler).handler()
  let exchanges: TestExchange[] = []
  const one = async (at: TestExchange): Promise<void> => {
    try {
      await app(at)
    } catch {
      // Turned away.
    }
    at.finish()
  }
  bench.add(
    'exchanges',
    async () => {
      for (const at of exchanges) await one(at)
    },
    {
      // An exchange can be run once, and to make one for a test costs more than what is measured.
      beforeEach: () => {
        exchanges = Array.from({ length: EXCHANGES }, () => exchange({ clock: realClock }))
      },
    },
  )
  await bench.run()
  const result = bench.getTask('exchanges')?.result
  if (result?.state !== 'completed') throw new Error(`ended as ${result?.state}`)
  // The median: other work on the machine makes a few samples very long.
  return (result.latency.p50 * 1e6) / EXCHANGES
}

/** What reading the time costs is part of the price. */
const realClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimeout: () => ({ refresh: () => {}, clear: () => {} }),
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await run({ smoke: process.argv.includes('--smoke') })
}
