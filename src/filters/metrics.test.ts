import { Counter, type OpenMetricsContentType, Registry } from 'prom-client'
import { describe, expect, it, vi } from 'vitest'
import { companionsOf } from '../core/companion.ts'
import { respond } from '../core/message.ts'
import type { ProxyView } from '../core/proxy-view.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange } from '../testing/exchange.ts'
import type { Simulation } from '../testing/index.ts'
import { run } from '../testing/run.ts'
import { simulate } from '../testing/simulation/simulate.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { type Metrics, type MetricsOptions, metrics } from './metrics.ts'

/** Monitors of the event loop that measure now. */
const measuring = vi.hoisted(() => new Set<object>())
vi.mock('node:perf_hooks', async (original) => {
  const real = await original<typeof import('node:perf_hooks')>()
  const monitorEventLoopDelay = (): object => {
    const monitor = {
      count: 0,
      reset: () => {},
      enable: () => measuring.add(monitor),
      disable: () => measuring.delete(monitor),
    }
    return monitor
  }
  return { ...real, monitorEventLoopDelay }
})

async function ended(
  m: Metrics,
  route: string,
  method = 'GET',
  status: number | undefined = 200,
): Promise<void> {
  const at = exchange({ route, method })
  await run(m, at)
  at.finish({ status })
}

async function textOf(m: Metrics): Promise<string> {
  const { response } = await run(m.handler, exchange())
  return response.body.text()
}

/** The pools that are shown as they stand. */
async function poolsOf(m: Metrics): Promise<string[]> {
  return [...(await textOf(m)).matchAll(/^proxy_backend_health\{pool="([^"]*)"/gm)].map(([, name]) => name!)
}

const requests = (text: string) => text.match(/^proxy_requests_total\{.*$/gm) ?? []

describe('metrics', () => {
  it.each<[string, object]>([
    ['buckets', { buckets: [] }],
    ['buckets', { buckets: [1, 1] }],
    ['buckets', { buckets: [2, 1] }],
    ['buckets', { buckets: [0, 1] }],
    ['buckets', { buckets: [1, Number.POSITIVE_INFINITY] }],
    ['buckets', { buckets: ['1'] }],
    ['buckets', { buckets: 5 }],
    ['buckets', { buckets: Array.from({ length: 101 }, (_, i) => i + 1) }],
    ['maxSeries', { maxSeries: 0 }],
    ['maxSeries', { maxSeries: 1.5 }],
    ['registry', { registry: {} }],
    ['registry', { registry: null }],
    ['name', { name: '' }],
    ['bucket', { bucket: [1] }],
  ])('refuses a wrong %s: %o', (option, options) => {
    expect(() => metrics(options as MetricsOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })

  it('refuses a registry that has another metric of such a name', () => {
    const registry = new Registry()
    new Counter({ name: 'proxy_requests_total', help: 'h', registers: [registry] })
    expect(() => metrics({ registry })).toThrow(
      'metrics: "registry" must be one without a metric proxy_requests_total',
    )
  })

  it('counts an exchange when it is over, not when its response begins', async () => {
    const m = metrics()
    const at = exchange({ route: '/' })
    await run(m, at)
    expect(requests(await textOf(m))).toEqual([])
    at.finish()
    expect(requests(await textOf(m))).toHaveLength(1)
  })

  it('counts the method that the client has sent, whatever filters make of it', async () => {
    const m = metrics()
    const at = exchange({ route: '/', method: 'POST' })
    await run(m, at, ({ request }) => {
      request.method = 'PUT'
      return respond(200)
    })
    at.finish()
    expect(requests(await textOf(m))).toEqual(['proxy_requests_total{route="/",method="POST",code="200"} 1'])
  })

  it.each([
    [{ status: 200 }, '200'],
    [{ status: 599 }, '599'],
    [{ status: 700 }, 'none'],
    [{ result: 'aborted', status: undefined }, '499'],
    [{ result: 'failed', status: undefined }, 'none'],
    [{ result: 'aborted', status: 200 }, '200'],
  ] as const)('of %o has the code %s', async (outcome, code) => {
    const m = metrics()
    const at = exchange({ route: '/' })
    await run(m, at)
    at.finish(outcome)
    expect(requests(await textOf(m))).toEqual([
      `proxy_requests_total{route="/",method="GET",code="${code}"} 1`,
    ])
  })

  it('does not take the time of a tunnel for that of a response', async () => {
    const m = metrics()
    await ended(m, '/chat', 'GET', 101)
    await ended(m, '/chat', 'CONNECT', 200)
    const text = await textOf(m)
    expect(requests(text)).toHaveLength(2)
    expect(text.match(/^proxy_request_duration_seconds_count.*$/gm)).toEqual([
      'proxy_request_duration_seconds_count{route="/chat",method="GET"} 0',
      'proxy_request_duration_seconds_count{route="/chat",method="CONNECT"} 0',
    ])
  })

  it('shows hostile names of routes so that nothing but a label comes of them', async () => {
    const m = metrics()
    const names = ['/"} 1\nevil 2', '/\\', '/\n', '/\\"', '/\0\ud800', '/\r\n# EOF']
    for (const name of names) await ended(m, name)
    const text = await textOf(m)
    expect(requests(text)).toHaveLength(names.length)
    for (const line of text.split('\n'))
      expect(line).toMatch(
        /^(?:# (?:HELP|TYPE) .*|proxy_\w+(?:\{(?:\w+="(?:[^"\\]|\\["\\n])*",?)*\})? [\d.e+-]+|)$/,
      )
  })

  it('has no more series than it may have, whatever comes', async () => {
    const m = metrics({ maxSeries: 3 })
    for (let i = 0; i < 100; i++) await ended(m, `/${i}`)
    await ended(m, '/0')
    await ended(m, '/99')
    const text = await textOf(m)
    expect(requests(text)).toEqual([
      'proxy_requests_total{route="/0",method="GET",code="200"} 2',
      'proxy_requests_total{route="/1",method="GET",code="200"} 1',
      'proxy_requests_total{route="/2",method="GET",code="200"} 1',
      'proxy_requests_total{route="overflow",method="overflow",code="overflow"} 98',
    ])
    expect(text).toContain('\nproxy_metrics_overflow_total{family="proxy_requests_total"} 98\n')
    expect(text).toContain('\nproxy_metrics_overflow_total{family="proxy_request_duration_seconds"} 98\n')
  })

  it('is the filter of its name in lists', () => {
    expect([metrics().name, metrics({ name: 'numbers' }).name]).toEqual(['metrics', 'numbers'])
  })
})

describe('the registry of metrics()', () => {
  it('has all metrics, as the exposition shows them', async () => {
    const m = metrics()
    await ended(m, '/a "b"')
    const lines = (text: string) =>
      text
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('proxy_event_loop'))
        .toSorted()
    expect(lines(await m.registry.metrics())).toEqual(lines(await textOf(m)))
  })

  it('gives every series its default labels, but for those that the series has', async () => {
    const m = metrics()
    m.registry.setDefaultLabels({ app: 'a "shop"', route: 'never' })
    await ended(m, '/a')
    const text = await textOf(m)
    const lines = [
      'proxy_requests_total{route="/a",method="GET",code="200",app="a \\"shop\\""} 1',
      'proxy_request_duration_seconds_bucket{route="/a",method="GET",app="a \\"shop\\"",le="+Inf"} 1',
      'proxy_active_requests{app="a \\"shop\\"",route="never"} 0',
    ]
    for (const line of lines) expect(text.split('\n')).toContain(line)
  })

  it('writes OpenMetrics too, where prom-client is told to', async () => {
    const registry = new Registry<OpenMetricsContentType>()
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    const m = metrics({ registry })
    await ended(m, '/a')
    for (const _ of [1, 2])
      expect(await m.registry.metrics()).toContain(
        '# TYPE proxy_requests counter\nproxy_requests_total{route="/a",method="GET",code="200"} 1\n',
      )
  })

  it('lets go of endpoints that are gone too, where nothing else is ever asked', async () => {
    const m = metrics()
    const app = proxy()
      .use(m)
      .route('/', pool(['http://u1'], { name: 'users' }))
    await using sim = simulate(app, { upstreams: ['http://u2'] })
    await sim.get('/')
    const handle = await sim.pool('users')
    handle.update(['http://u2'])
    const shown = async (): Promise<boolean> => (await m.registry.metrics()).includes('upstream="http://u1"')
    expect(await shown()).toBe(true)
    await sim.advance('299s')
    expect(await shown()).toBe(true)
    await sim.advance('2s')
    expect(await shown()).toBe(false)
  })

  it('has the metrics of the one that runs, where a reload makes them anew on it', async () => {
    const registry = new Registry()
    const app = (route: string) => {
      const m = metrics({ registry, buckets: [route.length] })
      return proxy()
        .use(m)
        .route(route, pool(['http://u1']))
    }
    await using sim = simulate(app('/a'))
    await sim.get('/a')
    const next = app('/bcd')
    expect(requests(await registry.metrics())).toHaveLength(1)
    await sim.reload(next)
    await sim.get('/bcd')
    expect(requests(await registry.metrics())).toEqual([
      'proxy_requests_total{route="/bcd",method="GET",code="200"} 1',
    ])
  })

  it('begins its counts anew when it is told to', async () => {
    const m = metrics()
    await ended(m, '/a')
    m.registry.resetMetrics()
    expect(requests(await textOf(m))).toEqual(['proxy_requests_total{route="/a",method="GET",code="200"} 0'])
    await ended(m, '/a')
    expect(requests(await textOf(m))).toEqual(['proxy_requests_total{route="/a",method="GET",code="200"} 1'])
  })
})

describe('the companion of metrics()', () => {
  it('gives figures back where the reload that took them over has failed', async () => {
    const first = metrics()
    const second = metrics()
    const good = proxy()
      .use(first)
      .route('/', pool(['http://u1']))
    const failing = {
      kind: 'failing',
      start: () => {
        throw new Error('no')
      },
    }
    const bad = proxy()
      .use(second)
      .attach(failing)
      .route('/', pool(['http://u1']))
    await using sim = simulate(good)
    await sim.get('/')
    await expect(sim.reload(bad)).rejects.toThrow('no')
    await sim.get('/')
    const text = await textOf(first)
    expect(requests(text)).toEqual(['proxy_requests_total{route="/",method="GET",code="200"} 2'])
    expect(text).toContain('\nproxy_ready 1\n')
    expect(text).toMatch(/^proxy_upstream_attempts_total\{.*\} 2$/m)
  })

  it('shows listeners: who was refused and why, and when a certificate is over', async () => {
    const m = metrics()
    const listener = {
      url: 'https://0.0.0.0:8443',
      connections: 3,
      accepted: 10,
      refusals: new Map([
        ['handshake_failed', 2],
        ['connections', 1],
      ]),
      certificatesEndAt: Date.UTC(2027, 0, 1),
    }
    const plain = {
      ...listener,
      url: 'http://0.0.0.0:8080',
      refusals: new Map(),
      certificatesEndAt: undefined,
    }
    const view = {
      clock: virtualClock(),
      listeners: [listener, plain],
      pools: [],
      filterStates: [],
      readiness: {},
    }
    const [companion] = companionsOf([m])
    await companion!.start!(view as unknown as ProxyView, undefined)
    const lines = (await textOf(m))
      .split('\n')
      .filter((line) => /^proxy_(?:\w*connections|tls)\w*\{/.test(line))
    expect(lines).toEqual([
      'proxy_active_connections{listener="https://0.0.0.0:8443"} 3',
      'proxy_active_connections{listener="http://0.0.0.0:8080"} 3',
      'proxy_connections_accepted_total{listener="https://0.0.0.0:8443"} 10',
      'proxy_connections_accepted_total{listener="http://0.0.0.0:8080"} 10',
      'proxy_connections_refused_total{listener="https://0.0.0.0:8443",reason="handshake_failed"} 2',
      'proxy_connections_refused_total{listener="https://0.0.0.0:8443",reason="connections"} 1',
      `proxy_tls_certificate_expiry_timestamp_seconds{listener="https://0.0.0.0:8443"} ${Date.UTC(2027, 0, 1) / 1000}`,
    ])
    await companion!.end!(view as unknown as ProxyView)
  })

  it('in two proxies counts for both, and shows both, until one has ended', async () => {
    const m = metrics()
    const sims = ['/a', '/b'].map((route) =>
      simulate(
        proxy()
          .use(m)
          .route(route, pool(['http://u1'], { name: route })),
      ),
    )
    const [first, second] = sims as [Simulation, Simulation]
    await first.get('/a')
    await second.get('/b')
    expect(await poolsOf(m)).toEqual(['/a', '/b'])
    await second.assertNoLeaks()
    expect(await poolsOf(m)).toEqual(['/a'])
    expect(measuring.size).toBe(1)
    await first.get('/a')
    expect(requests(await textOf(m))).toEqual([
      'proxy_requests_total{route="/a",method="GET",code="200"} 2',
      'proxy_requests_total{route="/b",method="GET",code="200"} 1',
    ])
    await first.assertNoLeaks()
    expect([await poolsOf(m), measuring.size]).toEqual([[], 0])
  })

  it('lets go of the proxy at its end, and measures no more', async () => {
    const m = metrics()
    expect(measuring.size).toBe(0)
    const sim = simulate(
      proxy()
        .use(metrics())
        .route('/', pool(['http://u1'])),
    )
    await sim.get('/')
    expect(measuring.size).toBe(1)
    await sim.reload(
      proxy()
        .use(m)
        .route('/', pool(['http://u1'])),
    )
    expect(measuring.size).toBe(1)
    await sim.assertNoLeaks()
    expect(measuring.size).toBe(0)
    const text = await textOf(m)
    expect(text).toContain('\nproxy_ready 0\n')
    expect(text).not.toContain('\nproxy_upstream_connections{')
    expect(companionsOf([m])).toHaveLength(1)
  })
})
