import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { cache } from '../../src/cache/index.ts'
import { accessLog } from '../../src/filters/access-log.ts'
import { adaptiveConcurrency } from '../../src/filters/adaptive-concurrency.ts'
import { circuitBreaker } from '../../src/filters/circuit-breaker.ts'
import { coalesce } from '../../src/filters/coalesce.ts'
import { concurrencyLimit } from '../../src/filters/concurrency-limit.ts'
import { loadShedding } from '../../src/filters/load-shedding.ts'
import { metrics } from '../../src/filters/metrics.ts'
import { mirror } from '../../src/filters/mirror.ts'
import { rateLimit } from '../../src/filters/rate-limit.ts'
import { pool } from '../../src/pool/pool.ts'
import { proxy } from '../../src/proxy/proxy.ts'
import { fault, simulate } from '../../src/testing/index.ts'
import { counted, scrape } from './scrape.ts'

const slow = { delayMs: 1_000, body: 'slow' }

describe('metrics()', () => {
  it('shows the circuits of routes, of pools and of their endpoints', async () => {
    const m = metrics()
    const strict = { minVolume: 2, jitter: 0 }
    const users = pool(['http://u1', 'http://u2'], { name: 'users' })
      .guard(circuitBreaker({ ...strict, name: 'whole' }))
      .useEach(() => circuitBreaker())
    const app = proxy()
      .use(m)
      .route('/broken', circuitBreaker({ ...strict, name: 'broken' }), pool(['http://b1']))
      .route('/users', users)
    await using sim = simulate(app)
    sim.upstream('http://b1').reply({ status: 500 })
    for (let i = 0; i < 3; i++) await sim.get('/broken')
    for (let i = 0; i < 2; i++) await sim.get('/users')
    expect(await counted(m, 'proxy_circuit_state')).toEqual([
      'proxy_circuit_state{filter="broken",at="/broken",state="open"} 1',
      'proxy_circuit_state{filter="whole",at="pool users",state="closed"} 1',
      'proxy_circuit_state{filter="circuitBreaker",at="pool users, http://u1",state="closed"} 1',
      'proxy_circuit_state{filter="circuitBreaker",at="pool users, http://u2",state="closed"} 1',
    ])
    expect(await counted(m, 'proxy_errors_total')).toEqual([
      'proxy_errors_total{reason="circuit_open",side="proxy"} 1',
    ])
    await sim.advance('5s')
    await sim.get('/broken')
    expect((await scrape(m)).get('proxy_circuit_state{filter="broken",at="/broken",state="half-open"}')).toBe(
      1,
    )
  })

  it('shows limits, and what is under way and waits there', async () => {
    const m = metrics()
    const adaptive = adaptiveConcurrency({ initial: 7 })
    const app = proxy()
      .use(m)
      .route(
        '/fixed',
        concurrencyLimit({ limit: 2, queue: { max: 5, timeoutMs: '10s' } }),
        pool(['http://u1']),
      )
      .route('/adaptive', adaptive, pool(['http://u1']))
    await using sim = simulate(app)
    sim.upstream('http://u1').reply(slow)
    const running = ['/fixed', '/fixed', '/fixed', '/adaptive'].map((path) => sim.get(path))
    await sim.advance('100ms')
    const names = ['limit', 'in_flight', 'waiting'].map((name) => `proxy_concurrency_${name}`)
    expect(await counted(m, ...names)).toEqual([
      'proxy_concurrency_limit{filter="concurrencyLimit",at="/fixed"} 2',
      `proxy_concurrency_limit{filter="adaptiveConcurrency",at="/adaptive"} ${adaptive.limit}`,
      'proxy_concurrency_in_flight{filter="concurrencyLimit",at="/fixed"} 2',
      'proxy_concurrency_in_flight{filter="adaptiveConcurrency",at="/adaptive"} 1',
      'proxy_concurrency_waiting{filter="concurrencyLimit",at="/fixed"} 1',
    ])
    await Promise.all(running)
    expect(await counted(m, ...names.slice(1))).toEqual([])
  })

  it('counts what rate limits decide, and shows how much is shed', async () => {
    const m = metrics()
    let delayMs = 0
    const app = proxy()
      .use(m, loadShedding({ delayMs: () => delayMs }))
      .route('/', rateLimit({ limit: 2, per: '1h' }), pool(['http://u1']))
    await using sim = simulate(app)
    for (let i = 0; i < 5; i++) await sim.get('/')
    expect(await counted(m, 'proxy_rate_limit_decisions_total', 'proxy_load_shedding_ratio')).toEqual([
      'proxy_rate_limit_decisions_total{filter="rateLimit",at="/",decision="admitted"} 2',
      'proxy_rate_limit_decisions_total{filter="rateLimit",at="/",decision="refused"} 3',
    ])
    delayMs = 500
    for (let i = 0; i < 100; i++) {
      await sim.get('/')
      await sim.advance('10ms')
    }
    const all = await scrape(m)
    expect(all.get('proxy_load_shedding_ratio{filter="loadShedding",at="proxy"}')).toBeGreaterThan(0)
    expect(all.get('proxy_errors_total{reason="overloaded",side="proxy"}')).toBeGreaterThan(0)
  })

  it('counts requests that were joined and copies that were sent', async () => {
    const m = metrics()
    const next = pool(['http://next'], { name: 'next' })
    const app = proxy()
      .use(m)
      .route('/joined', coalesce(), pool(['http://u1']))
      .route('/copied', mirror({ to: next, maxInFlight: 2, timeoutMs: '10s' }), pool(['http://u2']))
    await using sim = simulate(app)
    sim.upstream('http://u1').reply(slow)
    const joined = Array.from({ length: 3 }, () => sim.get('/joined'))
    sim.upstream('http://next').inject(fault.resetBeforeHead(), { next: 1 })
    await sim.get('/copied')
    sim.upstream('http://next').reply(slow)
    for (let i = 0; i < 3; i++) await sim.get('/copied')
    await sim.advance('100ms')
    const names = [
      'proxy_coalesce_in_flight',
      'proxy_coalesce_joined_total',
      'proxy_mirror_in_flight',
      'proxy_mirror_requests_total',
    ]
    expect(await counted(m, ...names)).toEqual([
      'proxy_coalesce_in_flight{filter="coalesce",at="/joined"} 1',
      'proxy_coalesce_joined_total{filter="coalesce",at="/joined"} 2',
      'proxy_mirror_in_flight{filter="mirror",at="/copied"} 2',
      'proxy_mirror_requests_total{filter="mirror",at="/copied",result="sent"} 3',
      'proxy_mirror_requests_total{filter="mirror",at="/copied",result="failed"} 1',
      'proxy_mirror_requests_total{filter="mirror",at="/copied",result="dropped"} 1',
    ])
    await Promise.all(joined)
  })

  it('counts the lines of an access log, those that are lost included', async () => {
    const m = metrics()
    const warned = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => warned.mockRestore())
    let broken = false
    const to = (): void => {
      if (broken) throw new Error('no space left')
    }
    await using sim = simulate(
      proxy()
        .use(m, accessLog({ to }))
        .route('/', pool(['http://u1'])),
    )
    for (let i = 0; i < 3; i++) await sim.get('/')
    await sim.advance(5)
    broken = true
    await sim.get('/')
    await sim.advance(5)
    expect(await counted(m, 'proxy_access_log_lines_total')).toEqual([
      'proxy_access_log_lines_total{filter="accessLog",at="proxy",result="written"} 3',
      'proxy_access_log_lines_total{filter="accessLog",at="proxy",result="lost"} 1',
    ])
  })

  it('shows a cache as that counts by itself', async () => {
    const m = metrics()
    const kept = cache()
    const app = proxy()
      .use(m)
      .route('/', kept, pool(['http://u1']))
    await using sim = simulate(app)
    const service = sim.upstream('http://u1')
    service.on('GET /kept', { headers: { 'Cache-Control': 'max-age=60' }, body: 'kept', delayMs: 100 })
    service.on('GET /private', { headers: { 'Cache-Control': 'private' }, body: 'mine' })
    await Promise.all([sim.get('/kept'), sim.get('/kept')])
    await sim.get('/kept')
    await sim.get('/private')
    const series = await counted(m, ...CACHE.map((name) => `proxy_cache_${name}`))
    const { memory, results } = kept.stats()
    expect(results).toMatchObject({ hit: 1, miss: 3 })
    expect(series).toEqual([
      'proxy_cache_requests_total{cache="cache",result="hit"} 1',
      'proxy_cache_requests_total{cache="cache",result="miss"} 3',
      'proxy_cache_not_stored_total{cache="cache",reason="private"} 1',
      'proxy_cache_answers_total{cache="cache",level="memory"} 1',
      'proxy_cache_stored_total{cache="cache"} 1',
      'proxy_cache_collapsed_total{cache="cache"} 1',
      'proxy_cache_entries{cache="cache"} 1',
      `proxy_cache_bytes{cache="cache"} ${memory.bytes}`,
    ])
  })
})

const CACHE = [
  'requests_total',
  'not_stored_total',
  'answers_total',
  'stored_total',
  'collapsed_total',
  'entries',
  'bytes',
]
