import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Clock } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { Outcome } from '../../core/exchange.ts'
import type { Observer } from '../../core/observer.ts'
import { pool } from '../../pool/pool.ts'
import { proxy } from '../../proxy/proxy.ts'
import {
  type ExchangeOptions,
  exchange,
  simulate,
  type TestExchange,
  type VirtualClock,
  virtualClock,
} from '../../testing/index.ts'
import type { Percentiles } from '../api.ts'
import { Traffic } from './traffic.ts'

const PEER = { address: '192.0.2.1', port: 1 }

function setup(): { clock: VirtualClock; traffic: Traffic; pass: (options?: Passed) => Promise<void> } {
  const clock = virtualClock()
  const traffic = new Traffic(clock)
  const pass = async ({ tookMs = 0, outcome, ...options }: Passed = {}) => {
    const one = exchange({ clock, ...options })
    traffic.observer.exchangeBegan?.(one)
    await clock.advance(tookMs)
    traffic.observer.exchangeEnded?.(one, one.finish(outcome))
  }
  return { clock, traffic, pass }
}

interface Passed extends ExchangeOptions {
  readonly tookMs?: number
  readonly outcome?: Partial<Outcome>
}

describe('Traffic', () => {
  it('counts each exchange in the second in which it ended', async () => {
    const { clock, traffic, pass } = setup()
    const dateAtStart = clock.wallTime()
    await pass({ outcome: { bytesSent: 5, bytesReceived: 3 } })
    await pass({ tookMs: 900, outcome: { status: 503, bytesSent: 10 } })
    await pass({ tookMs: 600 })
    await clock.advance(500)
    const { seconds, total, failures, inFlight } = traffic.status()
    expect({ total, failures, inFlight }).toEqual({ total: 3, failures: 1, inFlight: 0 })
    expect(seconds).toHaveLength(60)
    // The second that runs is not among them.
    expect(seconds.at(-1)).toMatchObject({ at: dateAtStart + 1_000, exchanges: 1, failures: 0 })
    expect(seconds.at(-2)).toMatchObject({
      at: dateAtStart,
      exchanges: 2,
      failures: 1,
      bytesSent: 15,
      bytesReceived: 3,
    })
    expect(seconds.slice(0, -2).every((it) => it.exchanges === 0 && it.p50 === undefined)).toBe(true)
  })

  it('forgets what is older than a minute, also when nothing has come since', async () => {
    const { clock, traffic, pass } = setup()
    await pass({ route: '/a', outcome: { error: new ProxyError('upstream_refused') } })
    await clock.advance(60_900)
    expect(traffic.status().seconds[0]).toMatchObject({ exchanges: 1, failures: 1 })
    expect(traffic.status().statuses['5xx']).toBe(1)
    await clock.advance(100)
    const { seconds, statuses, reasons, latency, total, failures } = traffic.status()
    expect(seconds.every((it) => it.exchanges === 0)).toBe(true)
    expect(statuses['5xx']).toBe(0)
    expect(reasons).toEqual({})
    expect(latency).toBeUndefined()
    expect({ total, failures }).toEqual({ total: 1, failures: 1 })
    expect(traffic.routes().get('/a')).toEqual({ matches: 1, failures: 1, inFlight: 0, latency: undefined })
    await clock.advance(30_000)
    expect(traffic.status().seconds.every((it) => it.exchanges === 0)).toBe(true)
  })

  it('uses a second of the ring again, without what was in it', async () => {
    const { clock, traffic, pass } = setup()
    for (let i = 0; i < 200; i++) {
      await pass({ tookMs: 10, outcome: { status: 500 } })
      await clock.advance(990)
    }
    const { seconds, statuses } = traffic.status()
    expect(seconds.map(({ exchanges }) => exchanges)).toEqual(new Array(60).fill(1))
    expect(statuses['5xx']).toBe(60)
  })

  it('counts statuses by class, and reasons by code, or by the status that a service has failed with', async () => {
    const { traffic, pass } = setup()
    for (const status of [101, 200, 204, 304, 404, 499, 599]) await pass({ outcome: { status } })
    await pass({ outcome: { error: new ProxyError('no_endpoint') } })
    await pass({ outcome: { result: 'aborted', error: new ProxyError('client_aborted') } })
    const { statuses, reasons, failures } = traffic.status()
    expect(statuses).toEqual({ '1xx': 1, '2xx': 2, '3xx': 1, '4xx': 2, '5xx': 2 })
    expect(reasons).toEqual({ 'status 599': 1, no_endpoint: 1, client_aborted: 1 })
    expect(failures).toBe(2)
  })

  it('tells percentiles that are at most 4.5 % off, of routes 9.1 %', async () => {
    const times = fc.array(fc.double({ min: 0.07, max: 120_000, noNaN: true }), {
      minLength: 1,
      maxLength: 60,
    })
    await fc.assert(
      fc.asyncProperty(times, async (durations) => {
        const { clock, traffic } = setup()
        const longest = Math.max(...durations)
        const running: TestExchange[] = []
        for (const durationMs of durations.toSorted((a, b) => b - a)) {
          await clock.advance(Math.max(0, longest - durationMs - clock.now()))
          running.push(exchange({ clock, route: '/' }))
        }
        await clock.advance(longest - clock.now())
        const exact = running.map((one) => {
          const outcome = one.finish()
          traffic.observer.exchangeEnded?.(one, outcome)
          return outcome.durationMs
        })
        exact.sort((a, b) => a - b)
        expectClose(traffic.status().latency, exact, 0.045)
        expectClose(traffic.routes().get('/')?.latency, exact, 0.091)
      }),
      { numRuns: 50 },
    )
  })

  it('does not time tunnels, nor what was never answered', async () => {
    const { traffic, pass } = setup()
    await pass({ route: '/', tookMs: 5_000, outcome: { status: 101 } })
    await pass({ method: 'CONNECT', tookMs: 5_000 })
    await pass({ tookMs: 5_000, outcome: { result: 'aborted', status: undefined } })
    expect(traffic.status().latency).toBeUndefined()
    expect(traffic.routes().get('/')).toMatchObject({ matches: 1, latency: undefined })
    await pass({ tookMs: 5 })
    expect(traffic.status().latency).toMatchObject({ max: 5 })
  })

  it('tells of routes what has ended, failed, and is under way', async () => {
    const { clock, traffic, pass } = setup()
    await pass({ route: '/a', tookMs: 8 })
    await pass({ route: '/a', outcome: { result: 'failed', status: 200 } })
    await pass()
    const stream = exchange({ clock, route: '/a' })
    const unended = exchange({ clock, route: '/b' })
    for (const one of [stream, unended]) traffic.observer.exchangeBegan?.(one)
    expect(Object.fromEntries(traffic.routes())).toEqual({
      '/a': { matches: 3, failures: 1, inFlight: 1, latency: expect.objectContaining({ max: 8 }) },
      '/b': { matches: 1, failures: 0, inFlight: 1, latency: undefined },
    })
    traffic.observer.exchangeEnded?.(stream, stream.finish())
    expect(traffic.routes().get('/a')).toMatchObject({ matches: 3, inFlight: 0 })
  })

  it('keeps at most 10 000 routes, and lets go of idle ones for others', async () => {
    const { clock, traffic, pass } = setup()
    await pass({ route: 'old' })
    await clock.advance(60_001)
    for (let i = 1; i < 10_000; i++) await pass({ route: `/${i}` })
    await pass({ route: 'next' })
    expect(traffic.routes().size).toBe(10_000)
    expect(traffic.routes().has('old')).toBe(false)
    await pass({ route: 'one too many' })
    expect(traffic.routes().size).toBe(10_000)
    expect(traffic.routes().has('one too many')).toBe(false)
    expect(traffic.routes().get('/1')).toMatchObject({ matches: 1 })
  })

  it('keeps the last 100 failures, the latest first, without queries and cut', async () => {
    const { clock, traffic, pass } = setup()
    await pass({ url: '/first', outcome: { status: 500 } })
    for (let i = 1; i < 100; i++)
      await pass({ url: `/${i}`, outcome: { error: new ProxyError('upstream_reset') } })
    expect(traffic.failures()).toHaveLength(100)
    expect(traffic.failures().at(-1)).toMatchObject({ path: '/first', status: 500, reason: 'status 500' })
    await pass({
      method: 'PUT',
      url: `/${'x'.repeat(500)}?key=secret`,
      id: 'id-1',
      route: '/r',
      tookMs: 7,
      outcome: { status: 503 },
    })
    expect(traffic.failures()).toHaveLength(100)
    expect(traffic.failures().at(-1)).toMatchObject({ path: '/1', reason: 'upstream_reset' })
    expect(traffic.failures()[0]).toEqual({
      at: clock.wallTime(),
      id: 'id-1',
      method: 'PUT',
      path: `/${'x'.repeat(199)}…`,
      route: '/r',
      endpoint: undefined,
      status: 503,
      reason: 'status 503',
      durationMs: 7,
    })
  })

  it('takes no client that left for a failure', async () => {
    const { traffic, pass } = setup()
    await pass({ outcome: { result: 'aborted', status: undefined, error: new ProxyError('client_aborted') } })
    await pass({ outcome: { result: 'completed', error: new ProxyError('route_not_found') } })
    expect(traffic.failures()).toEqual([])
    expect(traffic.status()).toMatchObject({ total: 2, failures: 0 })
  })

  it('tells of requests that could not be read by reason, and of them as failures where we failed', () => {
    const { clock, traffic } = setup()
    traffic.observer.requestRefused?.(new ProxyError('request_version_unsupported'), PEER)
    traffic.observer.requestRefused?.(new ProxyError('internal_error'), PEER)
    expect(traffic.status()).toMatchObject({
      total: 0,
      failures: 0,
      reasons: { request_version_unsupported: 1, internal_error: 1 },
    })
    expect(traffic.failures()).toEqual([
      expect.objectContaining({
        at: clock.wallTime(),
        method: undefined,
        status: 500,
        reason: 'internal_error',
      }),
    ])
  })

  it('lists what is under way, the oldest first', async () => {
    const { clock, traffic } = setup()
    const dateAtStart = clock.wallTime()
    const all = []
    for (let i = 0; i < 3; i++) {
      const one = exchange({ clock, id: `id-${i}`, url: `http://a.test/${i}?q=1`, client: '192.0.2.7' })
      all.push(one)
      traffic.observer.exchangeBegan?.(one)
      await clock.advance(10)
    }
    expect(traffic.exchanges(2)).toEqual({
      total: 3,
      exchanges: [0, 1].map((i) => ({
        id: `id-${i}`,
        method: 'GET',
        host: 'a.test',
        path: `/${i}`,
        client: '192.0.2.7',
        route: undefined,
        endpoint: undefined,
        startedAt: dateAtStart + i * 10,
        durationMs: 30 - i * 10,
      })),
    })
    for (const one of all) traffic.observer.exchangeEnded?.(one, one.finish())
    expect(traffic.exchanges(2)).toEqual({ total: 0, exchanges: [] })
  })

  it('takes the end of one whose begin it has not seen', async () => {
    const { clock, traffic } = setup()
    const one = exchange({ clock })
    traffic.observer.exchangeEnded?.(one, one.finish())
    expect(traffic.status()).toMatchObject({ inFlight: 0, total: 1 })
  })

  it('keeps the last 20 decisions of each pool, of at most ten exchanges a second', async () => {
    const traffic = lateTraffic()
    const app = proxy()
      .attach({ kind: 'test', observer: traffic.observer, start: ({ clock }) => traffic.begin(clock) })
      .route('/a', pool(['http://a', 'http://b'], { name: 'ab' }))
      .route('/c', pool(['http://c'], { name: 'c' }))
    await using sim = simulate(app)
    for (const name of ['a', 'b', 'c']) sim.upstream(`http://${name}`).reply({ body: 'ok' })
    for (let i = 0; i < 3; i++) await sim.get('/a')
    expect(traffic.now.decisions('ab').last).toHaveLength(1)
    for (let i = 0; i < 25; i++) {
      await sim.advance(100)
      await sim.get('/a')
    }
    await sim.advance(100)
    await sim.get('/c')
    const decisions = traffic.now.decisions('ab').last
    expect(decisions).toHaveLength(20)
    expect(decisions[0]).toMatchObject({
      pool: 'ab',
      candidateCount: 2,
      chosen: expect.stringMatching(/http:..[ab]/),
    })
    expect(decisions.map(({ atMs }) => atMs)).toEqual(
      decisions.map(({ atMs }) => atMs).toSorted((a, b) => b - a),
    )
    expect(traffic.now.decisions('c').last).toHaveLength(1)
    expect(traffic.now.decisions('other')).toEqual({ latest: undefined, last: [] })
    await sim.assertNoLeaks()
  })
})

function expectClose(latency: Percentiles | undefined, exact: readonly number[], off: number): void {
  expect(latency?.max).toBe(exact.at(-1))
  expect(latency?.p99).toBeLessThanOrEqual(exact.at(-1)!)
  for (const [quantile, told] of [
    [0.5, latency!.p50],
    [0.9, latency!.p90],
    [0.99, latency!.p99],
  ] as const)
    expect(Math.abs(told / exact[Math.ceil(quantile * exact.length) - 1]! - 1)).toBeLessThanOrEqual(off)
}

/** One that begins with the proxy, whose clock it goes by. */
function lateTraffic(): { observer: Observer; begin(clock: Clock): void; readonly now: Traffic } {
  let traffic: Traffic | undefined
  return {
    observer: {
      exchangeBegan: (one) => traffic?.observer.exchangeBegan?.(one),
      exchangeEnded: (one, outcome) => traffic?.observer.exchangeEnded?.(one, outcome),
    },
    begin: (clock) => {
      traffic = new Traffic(clock)
    },
    get now() {
      return traffic!
    },
  }
}
