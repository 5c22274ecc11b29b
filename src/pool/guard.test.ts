import { describe, expect, test } from 'vitest'
import { type Filter, named, onRequest } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { circuitBreaker } from '../filters/circuit-breaker.ts'
import { concurrencyLimit } from '../filters/concurrency-limit.ts'
import { proxy } from '../proxy/proxy.ts'
import {
  assertAttempts,
  assertProblem,
  assertStatus,
  fault,
  forEachSeed,
  simulate,
} from '../testing/index.ts'
import { pool } from './pool.ts'

/** Notes who is called, in order. */
function noting(calls: string[], name: string): Filter {
  return named<Filter>((exchange, next) => {
    calls.push(name)
    return next(exchange)
  }, name)
}

describe('pool.guard', () => {
  test('runs once for an exchange, outermost first, around retries and the filters of attempts', async () => {
    const calls: string[] = []
    const users = pool(['http://u1', 'http://u2'])
      .use(noting(calls, 'attempt'))
      .guard(noting(calls, 'outer'))
      .guard(noting(calls, 'inner'))
      .retry({ attempts: 3, on: 503 })
    await using sim = simulate(proxy().route('/', noting(calls, 'route'), users))
    for (const it of sim.upstreams) it.reply({ status: 503 })
    assertAttempts(await sim.get('/'), 3)
    expect(calls).toEqual(['route', 'outer', 'inner', 'attempt', 'attempt', 'attempt'])
    await sim.assertNoLeaks()
  })

  test('answers by itself before an endpoint is picked', async () => {
    const closed = onRequest(() => respond(403, 'closed'))
    await using sim = simulate(proxy().route('/', pool(['http://u1']).guard(closed)))
    const response = await sim.get('/')
    assertStatus(response, 403)
    assertAttempts(response, 0)
    await sim.assertNoLeaks()
  })

  test('has one state for all routes that name the pool', async () => {
    const breaker = circuitBreaker({ minVolume: 4 })
    const users = pool(['http://u1']).guard(breaker)
    await using sim = simulate(proxy().route('/a', users).route('/b', users))
    const one = sim.upstream('http://u1').inject(fault.resetBeforeHead())
    for (const path of ['/a', '/b', '/a', '/b']) assertProblem(await sim.get(path), 'upstream_reset')
    expect(breaker.state.kind).toBe('open')
    assertProblem(await sim.get('/a'), 'circuit_open')
    assertProblem(await sim.get('/b'), 'circuit_open')
    expect(one.hits).toBe(4)
    await sim.assertNoLeaks()
  })

  test('counts an exchange once, however often it is tried', async () => {
    const breaker = circuitBreaker({ minVolume: 2 })
    const users = pool(['http://u1', 'http://u2']).guard(breaker).retry({ attempts: 2, on: 503 })
    await using sim = simulate(proxy().route('/', users))
    for (const it of sim.upstreams) it.reply({ status: 503 })
    assertAttempts(await sim.get('/'), 2)
    expect(breaker.state.kind).toBe('closed')
    assertAttempts(await sim.get('/'), 2)
    expect(breaker.state.kind).toBe('open')
    await sim.assertNoLeaks()
  })

  test('is shown by explain and in the list of routes', () => {
    const users = pool(['http://u1'])
      .use(noting([], 'log'))
      .guard(circuitBreaker(), (exchange, next) => next(exchange))
    const app = proxy().route('/', users)
    expect(app.routes[0]!.target.guards).toEqual(['circuitBreaker', 'filter'])
    expect(app.explain('/').toString()).toContain(
      '\n  guard      circuitBreaker > filter\n  attempt    log\n',
    )
    expect(pool(['http://u1']).describe().guards).toEqual([])
  })

  test('refuses what is no filter', () => {
    expect(() => pool(['http://u1']).guard('breaker' as never)).toThrow(
      'pool.guard: "filter" must be a function (exchange, next) => response, got "breaker"',
    )
  })

  test('keeps a pool of two routes at work under three times its load', { timeout: 60_000 }, async () => {
    await forEachSeed(3, async (seed) => {
      const guarded = await goodput(seed, concurrencyLimit({ limit: 8 }))
      expect(guarded.both).toBeGreaterThan(0.9)
      // Neither route takes it all.
      expect(guarded.ofOne).toBeGreaterThan(0.35)
      expect(guarded.ofOne).toBeLessThan(0.65)
    })
    // What the guard is worth.
    const unguarded = await goodput(1, (exchange, next) => next(exchange))
    expect(unguarded.both).toBeLessThan(0.2)
  })
})

const WORKERS = 4
const MEAN_MS = 50
const SECONDS = 12
const CAPACITY = ((WORKERS * 1_000) / MEAN_MS) * SECONDS

/** What two routes to one pool get of what it can do, and the part of the first one. Clients wait for a second. */
async function goodput(seed: number, guard: Filter): Promise<{ both: number; ofOne: number }> {
  const served = { '/a': 0, '/b': 0 }
  const count: Filter = (exchange, next) => {
    exchange.onComplete(({ result, status }) => {
      if (result === 'completed' && status === 200) served[exchange.request.path as '/a']++
    })
    return next(exchange)
  }
  const users = pool(['http://u1']).guard(guard)
  await using sim = simulate(proxy().use(count).route('/a', users).route('/b', users), { seed })
  sim
    .upstream('http://u1')
    .capacity({ workers: WORKERS, serviceTime: { kind: 'exponential', meanMs: MEAN_MS } })
  await sim.load({
    rate: (3 * CAPACITY) / SECONDS,
    duration: `${SECONDS}s`,
    patience: '1s',
    clients: 20,
    request: (_, random) => (random() < 0.5 ? '/a' : '/b'),
  })
  await sim.assertNoLeaks()
  const all = served['/a'] + served['/b']
  return { both: all / CAPACITY, ofOne: served['/a'] / all }
}
