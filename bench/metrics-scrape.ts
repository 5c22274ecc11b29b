/**
 * How long a scrape keeps the event loop from everything else, where a proxy has 2 000 histograms, or 1 000 endpoints; and how long prom-client's own
 * `registry.metrics()` does, with the same series. Besides, what one exchange costs `metrics()`, beside a filter that only waits
 * for the end, and what prom-client takes to count one thing.
 *
 *   npx node --conditions=gatewright-source bench/metrics-scrape.ts [--smoke]
 */
import { pathToFileURL } from 'node:url'
import { type Clock, type Filter, pool, proxy, respond } from 'gatewright'
import { type Metrics, metrics } from 'gatewright/filters'
import { exchange, run as runFilter } from 'gatewright/testing'
import { Counter, Histogram, Registry } from 'prom-client'
import { median } from './answering-network/median.ts'

const ROUTES = 2_000
const ENDPOINTS = 1_000
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
/** More than this at once is felt by every exchange. */
const BAR_MS = 10

interface Scrape {
  readonly scrape: string
  readonly 'longest block, ms': number
  /** Without what other processes have had of the core meanwhile. */
  readonly 'of that CPU, ms': number
  readonly 'from begin to end, ms': number
  readonly kB: number
}

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  const routes = smoke ? 200 : ROUTES
  const ours = await withRoutes(routes)
  const theirs = ofPromClient(routes)
  const large = metrics()
  const names = Array.from({ length: smoke ? 100 : ENDPOINTS }, (_, i) => `http://127.0.0.1:${1_000 + i}`)
  const endpoints = proxy().listen({ port: 0, host: '127.0.0.1' }).use(large).route('/', pool(names))
  await using _ = await endpoints.start({ signals: false })
  const rounds = smoke ? 1 : 20
  const rows = [
    await medianOf(rounds, 'metrics(), text', () => scraped(ours, 'text/plain')),
    await medianOf(rounds, 'metrics(), OpenMetrics', () => scraped(ours, 'application/openmetrics-text')),
    await medianOf(rounds, `metrics(), ${names.length} endpoints`, () => scraped(large, 'text/plain')),
    await medianOf(rounds, 'prom-client', async () => Buffer.byteLength(await theirs.metrics())),
  ]
  console.table(rows)
  const [worst] = rows.slice(0, 3).toSorted((a, b) => b['of that CPU, ms'] - a['of that CPU, ms'])
  if (!smoke && worst!['of that CPU, ms'] > BAR_MS)
    console.log(`MISSED: ${worst!.scrape} blocks for more than ${BAR_MS} ms`)
  console.table(await exchangeCosts(smoke))
  console.table(promClientCosts(smoke))
}

/** As after exchanges of so many routes. */
async function withRoutes(routes: number): Promise<Metrics> {
  const m = metrics()
  for (let i = 0; i < routes; i++) {
    const at = exchange({ route: `/route-${i}/users/:id` })
    await runFilter(m, at)
    at.finish({ durationMs: i % 500 })
  }
  return m
}

function ofPromClient(routes: number): Registry {
  const registry = new Registry()
  const histogram = new Histogram({
    name: 'proxy_request_duration_seconds',
    help: 'h',
    labelNames: ['route', 'method'],
    buckets: BUCKETS,
    registers: [registry],
  })
  for (let i = 0; i < routes; i++)
    histogram.observe({ route: `/route-${i}/users/:id`, method: 'GET' }, (i % 500) / 1000)
  return registry
}

async function scraped(m: Metrics, accept: string): Promise<number> {
  const response = await m.handler(exchange({ headers: { Accept: accept } }))
  let bytes = 0
  for await (const chunk of response.body) bytes += chunk.byteLength
  return bytes
}

/** Turns of the event loop follow each other meanwhile; the longest time between two is the block. */
async function medianOf(rounds: number, name: string, scrape: () => Promise<number>): Promise<Scrape> {
  const blocks: number[] = []
  const cpuBlocks: number[] = []
  const took: number[] = []
  let bytes = 0
  for (let round = 0; round < rounds; round++) {
    let longest = 0
    let longestCpu = 0
    let over = false
    let last = performance.now()
    let lastCpu = cpuMs()
    const turn = (): void => {
      const now = performance.now()
      const cpu = cpuMs()
      longest = Math.max(longest, now - last)
      longestCpu = Math.max(longestCpu, cpu - lastCpu)
      last = now
      lastCpu = cpu
      if (!over) setImmediate(turn)
    }
    setImmediate(turn)
    await new Promise(setImmediate)
    longest = 0
    longestCpu = 0
    const began = performance.now()
    bytes = await scrape()
    took.push(performance.now() - began)
    await new Promise(setImmediate)
    over = true
    await new Promise(setImmediate)
    blocks.push(longest)
    cpuBlocks.push(longestCpu)
  }
  return {
    scrape: name,
    'longest block, ms': round1(median(blocks)),
    'of that CPU, ms': round1(median(cpuBlocks)),
    'from begin to end, ms': round1(median(took)),
    kB: Math.round(bytes / 1024),
  }
}

async function exchangeCosts(
  smoke: boolean,
): Promise<readonly { filter: string; 'ns of CPU per exchange': number }[]> {
  const response = respond(200)
  const next = () => response
  const waiting: Filter = (at, go) => {
    at.onComplete(() => {})
    return go(at)
  }
  const filters: Readonly<Record<string, Filter>> = {
    'none, with onComplete': waiting,
    'metrics()': metrics(),
  }
  const count = smoke ? 100 : 20_000
  const costs = new Map(Object.keys(filters).map((name) => [name, [] as number[]]))
  for (let round = 0; round < (smoke ? 1 : 30); round++)
    for (const [name, filter] of Object.entries(filters)) {
      const exchanges = Array.from({ length: count }, () =>
        exchange({ route: '/users/:id', clock: REAL_CLOCK }),
      )
      const from = cpuMs()
      for (const at of exchanges) {
        void filter(at, next)
        at.finish()
      }
      costs.get(name)!.push(((cpuMs() - from) * 1e6) / count)
    }
  return [...costs].map(([filter, ns]) => ({ filter, 'ns of CPU per exchange': Math.round(median(ns)) }))
}

function promClientCosts(smoke: boolean): readonly { call: string; 'ns of CPU': number }[] {
  const registers = [new Registry()]
  const labelNames = ['route', 'method', 'code']
  const counter = new Counter({ name: 'requests_total', help: 'h', labelNames, registers })
  const histogram = new Histogram({ name: 'seconds', help: 'h', labelNames, buckets: BUCKETS, registers })
  const labels = { route: '/users/:id', method: 'GET', code: '200' }
  const boundCounter = counter.labels(labels)
  const boundHistogram = histogram.labels(labels)
  const calls: Readonly<Record<string, () => void>> = {
    'counter.inc': () => counter.inc(labels),
    'counter.inc, labels bound before': () => boundCounter.inc(),
    'histogram.observe': () => histogram.observe(labels, 0.03),
    'histogram.observe, labels bound before': () => boundHistogram.observe(0.03),
  }
  const count = smoke ? 100 : 200_000
  return Object.entries(calls).map(([call, callOnce]) => {
    const costs = Array.from({ length: smoke ? 1 : 15 }, () => {
      const from = cpuMs()
      for (let i = 0; i < count; i++) callOnce()
      return ((cpuMs() - from) * 1e6) / count
    })
    return { call, 'ns of CPU': Math.round(median(costs)) }
  })
}

const REAL_CLOCK: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimeout(callback: () => void, ms: number) {
    const timer = setTimeout(callback, ms)
    return { refresh: () => void timer.refresh(), clear: () => clearTimeout(timer) }
  },
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function round1(value: number): number {
  return Math.round(value * 10) / 10
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await run({ smoke: process.argv.includes('--smoke') })
