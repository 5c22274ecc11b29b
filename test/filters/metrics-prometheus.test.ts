import { Counter, Histogram } from 'prom-client'
import { describe, expect, it, vi } from 'vitest'
import { onRequest } from '../../src/core/handler.ts'
import { respond } from '../../src/core/message.ts'
import { traceContext } from '../../src/core/trace-context.ts'
import { type Metrics, metrics } from '../../src/filters/metrics.ts'
import { pool } from '../../src/pool/pool.ts'
import { proxy } from '../../src/proxy/proxy.ts'
import { exchange } from '../../src/testing/exchange.ts'
import { fakeUpstream } from '../../src/testing/index.ts'
import { run } from '../../src/testing/run.ts'
import { simulate } from '../../src/testing/simulation/simulate.ts'
import { hasPrometheus, hasPromtool, Prometheus, promtool } from './prometheus.ts'
import { exposed } from './scrape.ts'

const TRACE = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', sampled: true }
const HOSTILE = ['/"} 1\nevil 2', '/\\', '/\n', '/\\"', '/\0\ud800', '/\r\n# EOF', '/ü😀']

/** Something in every family that is easy to fill, labels that are hard to write, and metrics of the user's own. */
async function fill(m: Metrics): Promise<void> {
  for (const route of HOSTILE) {
    const at = exchange({ route })
    at.set(traceContext, TRACE)
    await run(m, at)
    at.finish()
  }
  const registers = [m.registry]
  new Counter({
    name: 'orders_total',
    help: 'With "quotes", \\ and\nmore',
    labelNames: ['a'],
    registers,
  }).inc({
    a: '"\\\n',
  })
  new Histogram({ name: 'order_bytes', help: 'Sizes.', buckets: [1, 2], registers }).observe(1.5)
}

describe.skipIf(!hasPromtool)('promtool (skipped where it is not installed)', () => {
  it('finds nothing wrong with the text of metrics()', async () => {
    const m = metrics()
    const users = pool(['http://u1', { url: 'http://u2', id: 'a "\\\n' }], { name: 'users "' })
    await using sim = simulate(
      proxy()
        .use(m)
        .route('/', users.retry().health({ path: '/' })),
    )
    await fill(m)
    await sim.get('/')
    await sim.advance('10s')
    expect(promtool(['check', 'metrics'], await exposed(m))).toEqual({ ok: true, said: '' })
  })

  it('would find it', () => {
    const { ok, said } = promtool(['check', 'metrics'], 'a{b="c"d"} 1\n')
    expect([ok, said]).toEqual([false, expect.stringContaining('parsing error')])
  })
})

describe.skipIf(!hasPrometheus)('Prometheus (skipped where it is not installed)', () => {
  it('reads the metrics of a proxy in OpenMetrics, exemplars included', async () => {
    const m = metrics()
    const formats = new Set<string | undefined>()
    const noted = onRequest(({ request }) => void formats.add(request.headers.get('accept')?.split(';')[0]))
    const traced = onRequest((at) => at.set(traceContext, TRACE))
    await using service = fakeUpstream({ socket: true })
    await service.start()
    const app = proxy()
      .listen({ port: 0, host: '127.0.0.1' })
      .use(m)
      .route('/metrics', noted, m.handler)
      .route('/', traced, pool([service.url], { name: 'users' }))
      .route('/plain', () => respond(204))
    await using running = await app.start()
    await fill(m)
    await fetch(`${running.url}/`)
    await using prometheus = await Prometheus.start(new URL(running.url).host)
    const target = await vi.waitFor(
      async () => {
        const { activeTargets } = (await prometheus.ask('/targets')) as {
          activeTargets: readonly { health: string; lastError: string }[]
        }
        const [first] = activeTargets
        if (first === undefined || first.health === 'unknown') throw new Error('not scraped yet')
        return first
      },
      { timeout: 20_000, interval: 100 },
    )
    expect(target).toMatchObject({ health: 'up', lastError: '' })
    expect(formats).toEqual(new Set(['application/openmetrics-text']))
    const routes = (await prometheus.ask('/label/route/values')) as string[]
    expect(routes).toEqual(expect.arrayContaining(['/"} 1\nevil 2', '/\\', '/\n', '/\\"', '/ü😀']))
    const { result } = (await prometheus.ask('/query?query=proxy_upstream_attempts_total')) as {
      result: readonly { metric: object; value: readonly [number, string] }[]
    }
    expect(result.map(({ metric, value }) => [metric, value[1]])).toEqual([
      [expect.objectContaining({ pool: 'users', upstream: service.url, code: '200' }), '1'],
    ])
    const now = Date.now() / 1000
    const span = `&start=${now - 600}&end=${now + 60}`
    const exemplars = (await prometheus.ask(
      `/query_exemplars?query=proxy_request_duration_seconds_bucket${span}`,
    )) as readonly { exemplars: readonly { labels: object }[] }[]
    expect(exemplars.flatMap((it) => it.exemplars.map(({ labels }) => labels))).toContainEqual({
      trace_id: TRACE.traceId,
      span_id: TRACE.spanId,
    })
  })
})
