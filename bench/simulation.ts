/**
 * How fast virtual time passes: simulated exchanges per second of real time, with filters and faults, and what a simulated
 * hour of probes takes while nobody asks for anything.
 *
 *   npx node --conditions=gatewright-source bench/simulation.ts [--smoke]
 */
import { pathToFileURL } from 'node:url'
import { type Filter, onRequest, onResponse, type Pool, pool, proxy } from 'gatewright'
import { fault, simulate } from 'gatewright/testing'

const ENDPOINTS = ['http://one', 'http://two', 'http://three', 'http://four', 'http://five']

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  const seconds = smoke ? 1 : 60
  if (!smoke) await busy(10)
  console.table([await busy(seconds), await idle(smoke ? 1 : 60)])
}

interface Row {
  readonly scenario: string
  readonly 'virtual seconds': number
  readonly 'real ms': number
  readonly 'CPU ms': number
  readonly exchanges: number
  readonly 'per real second': number
}

/** 1 000 requests a second from 50 clients over three filters to five endpoints, of which each misbehaves in its own way. */
async function busy(seconds: number): Promise<Row> {
  const stamp: Filter = async (exchange, next) => {
    exchange.request.headers.set('X-Begun', `${exchange.clock.now()}`)
    return next(exchange)
  }
  const app = proxy()
    .use(
      stamp,
      onRequest(({ request }) => void request.headers.delete('Cookie')),
      onResponse((response) => void response.headers.set('X-Proxy', 'gatewright')),
    )
    .route('/', endpoints().leastConnections())
  await using sim = simulate(app, { seed: 7 })
  for (const upstream of sim.upstreams) upstream.reply({ body: 'x'.repeat(1_000) })
  const [one, two, three, four, five] = sim.upstreams
  one!.inject(fault.latency({ kind: 'exponential', meanMs: 10 }))
  two!.inject(fault.resetBeforeHead(), { chance: 0.02 })
  three!.inject(fault.latency({ kind: 'log-normal', medianMs: 5, sigma: 1 }))
  four!.inject(fault.truncate(100), { chance: 0.02 })
  five!.inject(fault.drip(250, 2), { chance: 0.05 })
  const watch = stopwatch()
  const { sent } = await sim.load({ rate: 1_000, duration: `${seconds}s`, clients: 50 })
  const times = watch()
  await sim.assertNoLeaks()
  return row('load, filters and faults', seconds, times, sent)
}

/** Five endpoints, each probed every 5 s, and no traffic. */
async function idle(minutes: number): Promise<Row> {
  const app = proxy().route('/', endpoints().health({ path: '/healthz', intervalMs: '5s' }))
  await using sim = simulate(app, { seed: 7 })
  const watch = stopwatch()
  await sim.advance(`${minutes}m`)
  const times = watch()
  const probes = sim.upstreams.reduce((sum, upstream) => sum + upstream.totalRequests, 0)
  await sim.assertNoLeaks()
  return row('idle, five endpoints probed every 5 s', minutes * 60, times, probes)
}

function endpoints(): Pool {
  return pool(ENDPOINTS)
}

interface Times {
  readonly realMs: number
  readonly cpuMs: number
}

function stopwatch(): () => Times {
  const begun = performance.now()
  const cpu = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(cpu)
    return { realMs: performance.now() - begun, cpuMs: (user + system) / 1_000 }
  }
}

function row(scenario: string, virtualSeconds: number, { realMs, cpuMs }: Times, exchanges: number): Row {
  return {
    scenario,
    'virtual seconds': virtualSeconds,
    'real ms': Math.round(realMs),
    'CPU ms': Math.round(cpuMs),
    exchanges,
    'per real second': Math.round((exchanges / realMs) * 1_000),
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await run({ smoke: process.argv.includes('--smoke') })
}
