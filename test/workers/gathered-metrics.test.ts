import { Counter, Gauge, Histogram } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { respond } from '../../src/core/message.ts'
import { type Metrics, metrics } from '../../src/filters/metrics.ts'
import { pool } from '../../src/pool/pool.ts'
import { hasPromtool, promtool } from '../filters/prometheus.ts'
import { GatheredWorld } from './gathered-world.ts'

const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0'
const REQUESTS = 'proxy_requests_total{route="/",method="GET",code="200"}'

/** Workers with `metrics()`, and with some of their own. */
async function metered(workers = 2, own: (metrics: Metrics, number: number) => void = () => {}) {
  return GatheredWorld.start({
    workers,
    app: (it, number) => {
      const counting = metrics()
      own(counting, number)
      return it
        .use(counting)
        .route('/here', () => respond(200))
        .route('/', pool(['http://u1'], { name: 'users "\\' }))
    },
  })
}

describe('the metrics of several workers', () => {
  it('are sums, but for gauges of which a sum says nothing', async () => {
    await using world = await metered(3)
    const [one, two] = world.workers
    for (const worker of [one!, one!, two!]) await worker.get('/')
    const figures = await world.figures()
    const { startedAt } = one!.running
    expect([
      figures.get(REQUESTS),
      figures.get('proxy_request_duration_seconds_count{route="/",method="GET"}'),
      figures.get('proxy_request_duration_seconds_bucket{route="/",method="GET",le="0.005"}'),
      figures.get('proxy_request_duration_seconds_bucket{route="/",method="GET",le="+Inf"}'),
      figures.get('proxy_connections_accepted_total{listener="http://127.0.0.1:8080"}'),
      figures.get('proxy_ready'),
      figures.get('proxy_phase{phase="serving"}'),
      figures.get('proxy_start_time_seconds'),
      figures.get('proxy_worker_up{worker="3"}'),
    ]).toEqual([3, 3, 3, 3, 3, 1, 1, startedAt / 1000, 1])
  })

  it('are those that one of them would write, name by name, and more', async () => {
    await using world = await metered()
    const heads = async (ask: Promise<{ text: string }>) =>
      (await ask).text.split('\n').filter((line) => line.startsWith('#'))
    const all = await heads(world.ask('/metrics'))
    expect(all.length).toBeGreaterThan(80)
    expect(all).toEqual([...new Set(all)])
    expect(all.filter((line) => line.startsWith('# TYPE proxy_worker'))).toEqual([
      '# TYPE proxy_worker_up gauge',
      '# TYPE proxy_worker_restarts_total counter',
      '# TYPE proxy_worker_forgotten_series_total counter',
    ])
  })

  it('have those of users, and names that are hard to write; promtool, where it is installed, finds nothing wrong', async () => {
    await using world = await metered(2, ({ registry }, number) => {
      const registers = [registry]
      const help = 'With "quotes", \\ and\nmore'
      new Counter({ name: 'orders_total', help, labelNames: ['a'], registers }).inc({ a: '"\\\n' }, number)
      new Histogram({ name: 'order_bytes', help, buckets: [1, 2], registers }).observe(1.5)
      new Gauge({ name: 'waiting', help, registers }).set(number)
    })
    for (const worker of world.workers) await worker.get('/')
    const { text } = await world.ask('/metrics')
    expect(text).toContain('orders_total{a="\\"\\\\\\n"} 3\n')
    expect(text).toContain('\nwaiting 3\n')
    expect(text).toContain('order_bytes_bucket{le="2"} 2\n')
    if (hasPromtool) expect(promtool(['check', 'metrics'], text)).toEqual({ ok: true, said: '' })
  })

  it('are OpenMetrics where that is asked for, with an end', async () => {
    await using world = await metered(2, ({ registry }, number) => {
      const registers = [registry]
      new Counter({ name: 'orders', help: 'Orders.', registers }).inc(number)
    })
    for (const worker of world.workers) await worker.get('/')
    const { text, headers } = await world.ask({ target: '/metrics', headers: { Accept: OPEN_METRICS } })
    expect(headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    expect(text.endsWith('\n# EOF\n')).toBe(true)
    expect(text.match(/# EOF/g)).toHaveLength(1)
    expect(text).toContain('# TYPE proxy_requests counter\n')
    expect(text).toContain(`${REQUESTS} 2\n`)
    expect(text).toContain('# TYPE orders counter\norders_total 3\n')
  })

  it('do not go back when a worker is replaced', async () => {
    await using world = await metered()
    const [one, two] = world.workers
    for (const worker of [one!, one!, two!]) await worker.get('/')
    expect((await world.figures()).get(REQUESTS)).toBe(3)
    await world.end(one!)
    expect((await world.figures()).get(REQUESTS)).toBe(3)
    const next = await world.add(1)
    await next.get('/')
    const figures = await world.figures(OPEN_METRICS)
    expect([
      figures.get(REQUESTS),
      figures.get('proxy_request_duration_seconds_count{route="/",method="GET"}'),
      // What a process has at the moment is gone with it.
      figures.get('proxy_upstream_in_flight{pool="users \\"\\\\",upstream="http://u1"}'),
    ]).toEqual([4, 4, 0])
    await world.end(next)
    expect((await world.figures()).get(REQUESTS)).toBe(4)
  })

  it('do not go back when a worker hangs, which shows', async () => {
    await using world = await metered()
    const [one, two] = world.workers
    for (const worker of [one!, two!]) await worker.get('/')
    const before = await world.figures()
    two!.own.stall()
    const startedAt = world.clock.now()
    const figures = await world.figures()
    expect(world.clock.now() - startedAt).toBeLessThanOrEqual(5_000)
    const up = (number: number) => figures.get(`proxy_worker_up{worker="${number}"}`)
    expect([before.get(REQUESTS), figures.get(REQUESTS), up(1), up(2)]).toEqual([2, 2, 1, 0])
    expect(figures.get('proxy_ready')).toBe(1)
  })

  it('are 404 where no worker has any', async () => {
    await using world = await GatheredWorld.start({ app: (it) => it.route('/', () => respond(200)) })
    const { status, json } = await world.ask('/metrics')
    expect([status, json]).toEqual([404, expect.objectContaining({ title: 'Not found' })])
  })

  it('of buckets that have changed are those that all have, and old ones go with their process', async () => {
    await using world = await GatheredWorld.start({
      workers: 1,
      app: (it, number) =>
        it.use(metrics({ buckets: number === 1 ? [1, 2] : [2, 3] })).route('/', () => respond(200)),
    })
    const [one] = world.workers
    await one!.get('/')
    await world.figures()
    const two = await world.add(2)
    await two.get('/')
    const bounds = async () => {
      const figures = await world.figures()
      const buckets = [...figures].filter(([series]) => series.startsWith('proxy_request_duration_seconds_b'))
      return buckets.map(([series, count]) => [/le="(.*?)"/.exec(series)![1], count])
    }
    expect(await bounds()).toEqual([
      ['2', 2],
      ['+Inf', 2],
    ])
    await world.end(one!)
    expect(await bounds()).toEqual([
      ['2', 1],
      ['3', 1],
      ['+Inf', 1],
    ])
  })
})
