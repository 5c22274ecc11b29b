import { describe, expect, it } from 'vitest'
import { cache } from '../../src/cache/index.ts'
import type { Balancer } from '../../src/core/balancer.ts'
import { withState } from '../../src/core/filter-state.ts'
import { type Filter, named, onRequest } from '../../src/core/handler.ts'
import { respond } from '../../src/core/message.ts'
import { metrics } from '../../src/filters/metrics.ts'
import { pool } from '../../src/pool/pool.ts'
import { proxy } from '../../src/proxy/proxy.ts'
import { fault, simulate } from '../../src/testing/index.ts'
import { counted, exposed, scrape } from './scrape.ts'

const inOrder: Balancer = (candidates) => candidates[0]!

describe('metrics()', () => {
  it('counts an exchange by route, method and status, its time and its bytes', async () => {
    const m = metrics()
    const app = proxy()
      .use(m)
      .route('/users/:id', pool(['http://u1'], { name: 'users' }))
    await using sim = simulate(app)
    sim.upstream('http://u1').reply({ delayMs: 30, body: 'hello' })
    await sim.post('/users/7', { body: 'abc' })
    const all = await scrape(m)
    expect(all.get('proxy_requests_total{route="/users/:id",method="POST",code="200"}')).toBe(1)
    const bucket = (le: string) =>
      all.get(`proxy_request_duration_seconds_bucket{route="/users/:id",method="POST",le="${le}"}`)
    expect([bucket('0.025'), bucket('0.05'), bucket('10'), bucket('+Inf')]).toEqual([0, 1, 1, 1])
    expect(all.get('proxy_request_duration_seconds_sum{route="/users/:id",method="POST"}')).toBeCloseTo(0.03)
    expect(all.get('proxy_request_body_bytes_total{route="/users/:id"}')).toBe(3)
    expect(all.get('proxy_response_body_bytes_total{route="/users/:id"}')).toBe(5)
    expect(all.get('proxy_upstream_attempts_total{pool="users",upstream="http://u1",code="200"}')).toBe(1)
    expect(all.get('proxy_upstream_duration_seconds_sum{pool="users",upstream="http://u1"}')).toBeCloseTo(
      0.03,
    )
    expect(all.get('proxy_active_requests')).toBe(0)
    expect(all.get('proxy_errors_total')).toBeUndefined()
    await sim.assertNoLeaks()
  })

  it('shows what is under way', async () => {
    const m = metrics()
    const app = proxy()
      .use(m)
      .route('/', pool(['http://u1'], { name: 'users' }))
    await using sim = simulate(app)
    sim.upstream('http://u1').reply({ delayMs: 1_000, body: 'hello' })
    const response = sim.get('/')
    await sim.advance('500ms')
    expect(
      await counted(
        m,
        'proxy_active_requests',
        'proxy_active_connections',
        'proxy_upstream_in_flight',
        'proxy_upstream_connections',
        'proxy_upstream_idle_connections',
      ),
    ).toEqual([
      'proxy_active_requests 1',
      'proxy_active_connections{listener="http://127.0.0.1:8080"} 1',
      'proxy_upstream_in_flight{pool="users",upstream="http://u1"} 1',
      'proxy_upstream_connections{pool="users",upstream="http://u1"} 1',
    ])
    await response
    expect((await scrape(m)).get('proxy_active_requests')).toBe(0)
  })

  it('counts an attempt that failed, and that it was followed by another', async () => {
    const m = metrics()
    const users = pool(['http://u1', 'http://u2'], { name: 'users' }).balance(inOrder).retry({ attempts: 2 })
    await using sim = simulate(proxy().use(m).route('/', users))
    sim.upstream('http://u1').inject(fault.resetBeforeHead())
    expect((await sim.get('/')).status).toBe(200)
    expect(
      await counted(
        m,
        'proxy_retries_total',
        'proxy_upstream_attempts_total',
        'proxy_upstream_errors_total',
        'proxy_requests_total',
        'proxy_errors_total',
      ),
    ).toEqual([
      'proxy_requests_total{route="/",method="GET",code="200"} 1',
      'proxy_upstream_attempts_total{pool="users",upstream="http://u1",code="upstream_reset"} 1',
      'proxy_upstream_attempts_total{pool="users",upstream="http://u2",code="200"} 1',
      'proxy_upstream_errors_total{pool="users",upstream="http://u1",reason="upstream_reset"} 1',
      'proxy_retries_total{route="/",reason="upstream_reset"} 1',
    ])
  })

  it('counts a retry that the budget has refused', async () => {
    const m = metrics()
    const users = pool(['http://u1', 'http://u2'], { name: 'users' }).retry({
      attempts: 2,
      budget: { ratio: 0, minPerSecond: 0 },
    })
    await using sim = simulate(proxy().use(m).route('/', users))
    for (const it of sim.upstreams) it.inject(fault.resetBeforeHead())
    await sim.get('/')
    expect(
      await counted(m, 'proxy_retries_total', 'proxy_retries_refused_total', 'proxy_errors_total'),
    ).toEqual([
      'proxy_errors_total{reason="upstream_reset",side="upstream"} 1',
      'proxy_retries_refused_total{route="/",reason="upstream_reset"} 1',
    ])
  })

  it('counts attempts beside one that is late', async () => {
    const m = metrics()
    const users = pool(['http://u1', 'http://u2'], { name: 'users' })
      .balance(inOrder)
      .hedge({ afterMs: 50, budget: 1 })
    await using sim = simulate(proxy().use(m).route('/', users))
    sim.upstream('http://u1').reply({ delayMs: 1_000, body: 'one' })
    await sim.get('/')
    expect(await counted(m, 'proxy_hedges_total', 'proxy_upstream_attempts_total')).toEqual([
      'proxy_upstream_attempts_total{pool="users",upstream="http://u2",code="200"} 1',
      'proxy_upstream_attempts_total{pool="users",upstream="http://u1",code="hedge_lost"} 1',
      'proxy_hedges_total{route="/"} 1',
    ])
  })

  it('shows an ejection from the first one on, and that the endpoint does not serve', async () => {
    const m = metrics()
    const users = pool(['http://u1', 'http://u2'], { name: 'users' })
      .balance(inOrder)
      .eject({ consecutiveErrors: 2 })
    await using sim = simulate(proxy().use(m).route('/', users))
    const ejections = 'proxy_upstream_ejections_total{pool="users",upstream="http://u1"}'
    const health = 'proxy_backend_health{pool="users",upstream="http://u1"}'
    await sim.get('/')
    const before = await scrape(m)
    expect([before.get(ejections), before.get(health)]).toEqual([0, 1])
    sim.upstream('http://u1').inject(fault.resetBeforeHead())
    await sim.get('/')
    await sim.get('/')
    const after = await scrape(m)
    expect([after.get(ejections), after.get(health)]).toEqual([1, 0])
    expect(await counted(m, 'proxy_upstream_state')).toEqual([
      'proxy_upstream_state{pool="users",upstream="http://u1",state="ejected"} 1',
      'proxy_upstream_state{pool="users",upstream="http://u2",state="serving"} 1',
    ])
  })

  it('counts probes, and what they change', async () => {
    const m = metrics()
    const users = pool(['http://u1'], { name: 'users' }).health({
      path: '/healthz',
      intervalMs: '1s',
      rise: 1,
      fall: 1,
    })
    await using sim = simulate(proxy().use(m).route('/', users))
    await sim.advance('100ms')
    sim.upstream('http://u1').on('GET /healthz', { status: 503 })
    await sim.advance('3s')
    const all = await scrape(m)
    const of = (name: string, label: string) => all.get(`${name}{pool="users",upstream="http://u1",${label}}`)
    expect(of('proxy_upstream_probes_total', 'result="passed"')).toBe(1)
    expect(of('proxy_upstream_probes_total', 'result="failed"')).toBeGreaterThanOrEqual(2)
    expect(of('proxy_upstream_health_changes_total', 'to="healthy"')).toBe(1)
    expect(of('proxy_upstream_health_changes_total', 'to="unhealthy"')).toBe(1)
    expect(all.get('proxy_backend_health{pool="users",upstream="http://u1"}')).toBe(0)
  })

  it('tells a service that is too slow from one that fails', async () => {
    const m = metrics()
    const app = proxy()
      .use(m)
      .route('/slow', pool(['http://u1'], { name: 'slow', headMs: '100ms' }))
      .route('/broken', pool(['http://u2'], { name: 'broken' }))
    await using sim = simulate(app)
    sim.upstream('http://u1').reply({ delayMs: 1_000 })
    sim.upstream('http://u2').reply({ status: 500 })
    await sim.get('/slow')
    await sim.get('/broken')
    expect(await counted(m, 'proxy_requests_total', 'proxy_errors_total')).toEqual([
      'proxy_requests_total{route="/slow",method="GET",code="504"} 1',
      'proxy_requests_total{route="/broken",method="GET",code="500"} 1',
      'proxy_errors_total{reason="upstream_head_timeout",side="upstream"} 1',
    ])
  })

  it('has 499 for a client that left before it was answered', async () => {
    const m = metrics()
    await using sim = simulate(
      proxy()
        .use(m)
        .route('/', pool(['http://u1'])),
    )
    sim.upstream('http://u1').reply({ delayMs: 1_000 })
    const client = await sim.connect()
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await sim.advance('100ms')
    await client.reset()
    await sim.settle()
    expect(await counted(m, 'proxy_requests_total', 'proxy_errors_total', 'proxy_active_requests')).toEqual([
      'proxy_requests_total{route="/",method="GET",code="499"} 1',
      'proxy_errors_total{reason="client_aborted",side="downstream"} 1',
    ])
  })

  it('counts what no route serves, and methods that nobody knows, under names of their own', async () => {
    const m = metrics()
    await using sim = simulate(
      proxy()
        .use(m)
        .route('/a', () => respond(204)),
    )
    await sim.get('/elsewhere')
    for (const method of ['BREW', 'brew', 'X1', 'X2']) await sim.request({ method, url: '/a' })
    expect(await counted(m, 'proxy_requests_total')).toEqual([
      'proxy_requests_total{route="none",method="GET",code="404"} 1',
      'proxy_requests_total{route="/a",method="_OTHER",code="204"} 4',
    ])
  })

  it('counts requests that could not be read apart: they are no exchanges', async () => {
    const m = metrics()
    await using sim = simulate(
      proxy()
        .use(m)
        .route('/', () => respond(200)),
    )
    const client = await sim.connect()
    await client.send(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`)
    expect((await client.response()).status).toBe(431)
    await client.close()
    expect(await counted(m, 'proxy_refused_requests_total', 'proxy_requests_total')).toEqual([
      'proxy_refused_requests_total{reason="request_head_too_large"} 1',
    ])
  })

  it('shows the numbers of filters, and of caches of one name as one', async () => {
    const m = metrics()
    const told = (name: string, state: Parameters<typeof withState>[1]): Filter =>
      withState(
        named(
          onRequest(() => {}),
          name,
        ),
        state,
      )
    const cached = () =>
      told('cache', () => ({
        kind: 'cache',
        entries: 2,
        bytes: 300,
        results: { hit: 5, miss: 2 },
        collapsed: 1,
        stored: 2,
        notStored: { private: 1 },
        answers: { memory: 5 },
      }))
    const app = proxy()
      .use(
        m,
        told('limit', () => ({ kind: 'concurrency-limit', limit: 10, inFlight: 3, waiting: 2 })),
      )
      .route(
        '/a',
        cached(),
        told('rate', () => ({ kind: 'rate-limit', admitted: 7, refused: 2, unavailable: 1 })),
        () => respond(200),
      )
      .route(
        '/b',
        cached(),
        told('circuit', () => ({ kind: 'circuit-breaker', state: 'half-open' })),
        () => respond(200),
      )
      .route(
        '/c',
        told('mirror', () => ({ kind: 'mirror', inFlight: 1, sent: 4, failed: 2, dropped: 3 })),
        () => respond(200),
      )
      .route(
        '/d',
        told('shed', () => ({ kind: 'load-shedding', share: 0.25, delayMs: 30 })),
        () => respond(200),
      )
      .route(
        '/e',
        told('coalesce', () => ({ kind: 'coalesce', inFlight: 1, joined: 9 })),
        () => respond(200),
      )
    await using _ = simulate(app)
    const all = [...(await scrape(m))].filter(
      ([series, value]) =>
        value !== 0 && /_(cache|concurrency|rate|circuit|mirror|load|coalesce)_/.test(series),
    )
    expect(all.map(([series, value]) => `${series} ${value}`)).toEqual([
      'proxy_circuit_state{filter="circuit",at="/b",state="half-open"} 1',
      'proxy_concurrency_limit{filter="limit",at="proxy"} 10',
      'proxy_concurrency_in_flight{filter="limit",at="proxy"} 3',
      'proxy_concurrency_waiting{filter="limit",at="proxy"} 2',
      'proxy_rate_limit_decisions_total{filter="rate",at="/a",decision="admitted"} 7',
      'proxy_rate_limit_decisions_total{filter="rate",at="/a",decision="refused"} 2',
      'proxy_rate_limit_decisions_total{filter="rate",at="/a",decision="unavailable"} 1',
      'proxy_load_shedding_ratio{filter="shed",at="/d"} 0.25',
      'proxy_coalesce_in_flight{filter="coalesce",at="/e"} 1',
      'proxy_coalesce_joined_total{filter="coalesce",at="/e"} 9',
      'proxy_mirror_in_flight{filter="mirror",at="/c"} 1',
      'proxy_mirror_requests_total{filter="mirror",at="/c",result="sent"} 4',
      'proxy_mirror_requests_total{filter="mirror",at="/c",result="failed"} 2',
      'proxy_mirror_requests_total{filter="mirror",at="/c",result="dropped"} 3',
      'proxy_cache_requests_total{cache="cache",result="hit"} 10',
      'proxy_cache_requests_total{cache="cache",result="miss"} 4',
      'proxy_cache_not_stored_total{cache="cache",reason="private"} 2',
      'proxy_cache_answers_total{cache="cache",level="memory"} 10',
      'proxy_cache_stored_total{cache="cache"} 4',
      'proxy_cache_collapsed_total{cache="cache"} 2',
      'proxy_cache_entries{cache="cache"} 4',
      'proxy_cache_bytes{cache="cache"} 600',
    ])
  })

  it('counts an exchange that a cache has answered, and no attempt for it', async () => {
    const m = metrics()
    await using sim = simulate(
      proxy()
        .use(m)
        .route('/', cache(), pool(['http://u1'], { name: 'users' })),
    )
    sim.upstream('http://u1').reply({ headers: { 'Cache-Control': 'max-age=60' }, body: 'kept' })
    await sim.get('/')
    await sim.get('/')
    expect(await counted(m, 'proxy_requests_total', 'proxy_upstream_attempts_total')).toEqual([
      'proxy_requests_total{route="/",method="GET",code="200"} 2',
      'proxy_upstream_attempts_total{pool="users",upstream="http://u1",code="200"} 1',
    ])
  })

  it('answers at a route, in the format that is asked for', async () => {
    const m = metrics()
    await using sim = simulate(proxy().use(m).route('/metrics', m.handler))
    const plain = await sim.get('/metrics')
    expect(plain.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(plain.headers.get('cache-control')).toBe('no-store')
    expect(plain.text()).toContain('# TYPE proxy_requests_total counter\n')
    const open = await sim.get('/metrics', {
      headers: {
        Accept:
          'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      },
    })
    expect(open.headers.get('content-type')).toBe(
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    )
    expect(open.text()).toContain('# TYPE proxy_requests counter\nproxy_requests_total{')
    expect(open.text().endsWith('\n# EOF\n')).toBe(true)
    await sim.assertNoLeaks()
  })

  it('shows whether the proxy is ready, and what it is about', async () => {
    const m = metrics()
    await using sim = simulate(
      proxy()
        .use(m)
        .route('/', () => respond(200)),
    )
    const names = ['proxy_ready', 'proxy_phase', 'proxy_start_time_seconds']
    expect(await counted(m, ...names)).toEqual([
      `proxy_start_time_seconds ${Date.UTC(2026, 0, 1) / 1000}`,
      'proxy_ready 1',
      'proxy_phase{phase="serving"} 1',
    ])
    const drained = sim.drain({ noticeMs: '5s' })
    await sim.advance('1s')
    expect(await counted(m, ...names)).toEqual([
      `proxy_start_time_seconds ${Date.UTC(2026, 0, 1) / 1000}`,
      'proxy_phase{phase="notice"} 1',
    ])
    await drained
    expect(await counted(m, ...names)).toEqual([])
  })
})

describe('metrics() at a reload', () => {
  const made = (options = {}) => {
    const m = metrics(options)
    return {
      m,
      app: proxy()
        .use(m)
        .route('/', pool(['http://u1'], { name: 'users' })),
    }
  }
  const total = 'proxy_requests_total{route="/",method="GET",code="200"}'

  it('goes on with the counts, those of exchanges that are under way included', async () => {
    const [first, second, third] = [made(), made(), made()]
    await using sim = simulate(first.app)
    await sim.get('/')
    sim.upstream('http://u1').reply({ delayMs: 1_000 })
    const running = sim.get('/')
    await sim.advance('100ms')
    await sim.reload(second.app)
    expect((await scrape(second.m)).get('proxy_active_requests')).toBe(1)
    await running
    await sim.reload(third.app)
    await sim.get('/')
    const all = await scrape(third.m)
    expect(all.get(total)).toBe(3)
    expect(all.get('proxy_active_requests')).toBe(0)
    expect(all.get('proxy_upstream_attempts_total{pool="users",upstream="http://u1",code="200"}')).toBe(3)
    expect(all.get('proxy_ready')).toBe(1)
    await sim.assertNoLeaks()
  })

  it('begins anew where the buckets are others', async () => {
    const [first, second] = [made(), made({ buckets: [1, 2] })]
    await using sim = simulate(first.app)
    await sim.get('/')
    await sim.reload(second.app)
    expect((await scrape(second.m)).has(total)).toBe(false)
    await sim.get('/')
    expect((await scrape(second.m)).get(total)).toBe(1)
  })

  it('shows endpoints that are gone for five minutes more, and then no more', async () => {
    const m = metrics()
    const users = pool(['http://u1', 'http://u2'], { name: 'users' })
    await using sim = simulate(proxy().use(m).route('/', users))
    await sim.get('/')
    await sim.get('/')
    const handle = await sim.pool('users')
    handle.update(['http://u2'])
    await sim.settle()
    const gone = async () => (await exposed(m)).match(/^\w+\{pool="users",upstream="http:\/\/u1"/gm) ?? []
    expect(new Set(await gone())).toEqual(
      new Set(
        [
          'attempts_total',
          'duration_seconds_bucket',
          'duration_seconds_sum',
          'duration_seconds_count',
          'ejections_total',
        ].map((name) => `proxy_upstream_${name}{pool="users",upstream="http://u1"`),
      ),
    )
    await sim.advance('299s')
    expect(await gone()).not.toEqual([])
    await sim.advance('2s')
    expect(await gone()).toEqual([])
    expect(
      (await scrape(m)).get('proxy_upstream_attempts_total{pool="users",upstream="http://u2",code="200"}'),
    ).toBe(1)
  })
})
