import { describe, expect, test, vi } from 'vitest'
import type { Balancer } from '../core/balancer.ts'
import { ProxyError } from '../core/errors.ts'
import { type Filter, onRequest, onResponse } from '../core/handler.ts'
import { proxy } from '../proxy/proxy.ts'
import {
  assertAttempts,
  assertProblem,
  assertServedBy,
  assertStatus,
  type ExchangeRecord,
  type Fault,
  fault,
  type SimulatedResponse,
  type Simulation,
  simulate,
} from '../testing/index.ts'
import { type Pool, pool } from './pool.ts'
import type { RetryOptions } from './retry-options.ts'

const inOrder: Balancer = (candidates) => candidates[0]!

/** A pool of three services, of which the first that may be is always chosen. */
function world(
  options: RetryOptions | undefined,
  { shape = (it) => it, filters = [], headMs }: World = {},
): Simulation {
  const base = pool(['http://u1', 'http://u2', 'http://u3'], headMs === undefined ? {} : { headMs }).balance(
    inOrder,
  )
  const target = shape(options === undefined ? base : base.retry(options))
  return simulate(proxy().route('/', ...filters, target))
}

interface World {
  readonly shape?: (it: Pool) => Pool
  readonly filters?: readonly Filter[]
  readonly headMs?: number
}

function attempts({ exchange }: SimulatedResponse): string[] {
  return exchange!.attempts.map(({ endpoint, status, error }) => `${endpoint} ${status ?? error}`)
}

const SAFE = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'QUERY', 'TRACE']
const UNSAFE = ['POST', 'PATCH', 'PURGE', 'get']

/** What goes wrong at the first endpoint, how far the request has got by then, and which methods are sent again. */
const failures: [string, Fault, string, readonly string[]][] = [
  ['a refused connection (none)', fault.refuse(), 'upstream_refused', [...SAFE, ...UNSAFE]],
  ['a reset (head or body)', fault.resetBeforeHead(), 'upstream_reset', SAFE],
  ['a half-closed connection (head or body)', fault.halfClose(), 'upstream_reset', SAFE],
  ['half a head (head or body)', fault.resetAfterBytes(10), 'upstream_reset', SAFE],
  ['no answer (head or body)', fault.noAnswer(), 'upstream_head_timeout', SAFE],
  ['a service that reads nothing (head)', fault.acceptAndStall(), 'upstream_head_timeout', SAFE],
  ['a malformed answer', fault.malformed('HTTP/1.1 2000 OK\r\n\r\n'), 'upstream_response_malformed', []],
]
const table = failures.flatMap(([name, given, code, retried]) =>
  [...SAFE, ...UNSAFE].flatMap((method) =>
    // A request in two pieces is half sent at most when its connection fails.
    (method === 'TRACE' ? ['none'] : ['none', 'whole', 'pieces']).map(
      (body) => [name, method, body, given, code, retried.includes(method)] as const,
    ),
  ),
)

async function* pieces(): AsyncGenerator<string> {
  yield 'abc'
  yield 'defg'
}

describe('pool.retry', () => {
  test.each(table)('after %s of %s with a body of kind %s', async (_, method, body, given, code, retried) => {
    await using sim = world({}, { headMs: 1_000 })
    sim.upstream('http://u1').inject(given)
    const sent = { none: undefined, whole: 'abcdefg', pieces: pieces() }[body]
    const response = await sim.request({ method, url: '/', body: sent })
    const failed = `http://u1 ${code}`
    expect(attempts(response)).toEqual(retried ? [failed, 'http://u2 200'] : [failed])
    if (retried) {
      const [request] = sim.upstream('http://u2').requests
      expect([request!.method, request!.body.toString()]).toEqual([
        method,
        sent === undefined ? '' : 'abcdefg',
      ])
    } else expect(response.exchange!.outcome!.error!.code).toBe(code)
    await sim.assertNoLeaks()
  })

  test('does nothing unless it was asked for', async () => {
    await using sim = world(undefined)
    sim.upstream('http://u1').inject(fault.refuse())
    expect(attempts(await sim.get('/'))).toEqual(['http://u1 upstream_refused'])
  })

  test('passes a response on whatever its status, unless that is named', async () => {
    await using plain = world({})
    plain.upstream('http://u1').reply({ status: 503 })
    expect(attempts(await plain.get('/'))).toEqual(['http://u1 503'])
  })

  test('tries again after the responses that were named, where the request may be sent twice', async () => {
    const odd = vi.fn(({ headers }: { headers: { has(name: string): boolean } }) => headers.has('x-odd'))
    await using sim = world({ on: [503, '520-529', odd] })
    const one = sim.upstream('http://u1')
    one.on('* /full', { status: 503, body: 'x'.repeat(2_000_000) })
    one.on('* /odd', { status: 200, headers: { 'X-Odd': '1' }, body: 'odd' })
    one.on('* /bad', { status: 525 }).on('* /other', { status: 500 })
    sim.upstream('http://u2').reply({ body: 'two' })
    for (const path of ['/full', '/odd', '/bad']) {
      const response = await sim.get(path)
      assertServedBy(response, 'http://u2')
      expect(response.text()).toBe('two')
      // The lease on the first is back before the wait, not when all is over.
      const [first, second] = response.exchange!.attempts
      expect(first!.endedAtMs).toBe(first!.respondedAtMs)
      expect(second!.startedAtMs).toBeGreaterThan(first!.endedAtMs!)
    }
    assertAttempts(await sim.get('/other'), 1)
    assertAttempts(await sim.post('/full', { body: 'order' }), 1)
    // A refused connection is not in this list.
    one.inject(fault.refuse())
    one.resetConnections()
    assertAttempts(await sim.get('/other'), 1)
    expect(odd).toHaveBeenCalledTimes(2)
    await sim.assertNoLeaks()
  })

  test('takes endpoints that were not tried first, and then any', async () => {
    await using sim = world({ attempts: 5, on: 503 })
    for (const it of sim.upstreams) it.reply({ status: 503 })
    const response = await sim.get('/')
    expect(attempts(response).map((it) => it.slice(7, 9))).toEqual(['u1', 'u2', 'u3', 'u1', 'u1'])
    assertStatus(response, 503)
    await sim.assertNoLeaks()
  })

  test('ends with the last failure', async () => {
    await using sim = world({ attempts: 3 })
    sim.upstream('http://u1').inject(fault.refuse())
    sim.upstream('http://u2').inject(fault.resetBeforeHead())
    sim.upstream('http://u3').inject(fault.refuse())
    assertProblem(await sim.get('/'), 'upstream_refused')
    await sim.assertNoLeaks()
  })

  test('sends a POST with an Idempotency-Key again where that is asked for', async () => {
    const headers = { 'Idempotency-Key': '"8e03978e"' }
    for (const [options, count] of [
      [{ idempotencyKey: true }, 2],
      [{}, 1],
    ] as const) {
      await using sim = world(options)
      sim.upstream('http://u1').inject(fault.resetBeforeHead())
      assertAttempts(await sim.post('/', { body: pieces(), headers }), count)
      assertAttempts(await sim.post('/', { body: pieces() }), 1)
    }
  })

  test('sends again what its methods name, and nothing else', async () => {
    await using sim = world({ methods: ['POST'] })
    sim.upstream('http://u1').inject(fault.resetBeforeHead())
    assertAttempts(await sim.post('/'), 2)
    assertAttempts(await sim.get('/'), 1)
  })

  test('waits longer each time, by chance, and not at all where nothing was sent', async () => {
    await using sim = world({ attempts: 4, on: ['unsent', 503], backoff: { baseMs: 100, maxMs: 200 } })
    for (const it of sim.upstreams) it.inject(fault.refuse())
    const [first, second, third, fourth] = await startsOf(sim.get('/'))
    expect([second! - first!, third! - first!]).toEqual([0, 0])
    expect(fourth! - third!).toBeGreaterThan(0)
    for (const it of sim.upstreams) {
      it.clearFaults()
      it.reply({ status: 503 })
    }
    const waits = [[], [], []] as [number[], number[], number[]]
    for (let i = 0; i < 20; i++) {
      const starts = await startsOf(sim.get('/'))
      for (const [n, wait] of waits.entries()) wait.push(starts[n + 1]! - starts[n]!)
      await sim.advance('10s') // the budget recovers
    }
    for (const [n, most] of [100, 200, 200].entries()) {
      expect(Math.max(...waits[n]!)).toBeLessThanOrEqual(most)
      expect(Math.max(...waits[n]!)).toBeGreaterThan(most * 0.75)
      expect(Math.min(...waits[n]!)).toBeLessThan(most * 0.25)
    }
    await sim.assertNoLeaks()
  })

  test.each([
    ['seconds', '1', 2, 1_000],
    ['a date', 'Thu, 01 Jan 2026 00:00:02 GMT', 2, 2_000],
    ['a date that is over', 'Wed, 31 Dec 2025 00:00:00 GMT', 2, 0],
    ['more than it waits for', '3', 1, 0],
    ['nonsense', 'in a minute', 2, 0],
  ])('waits as long as Retry-After says: %s', async (_, value, count, leastMs) => {
    await using sim = world({ on: 503, maxRetryAfterMs: '2s', backoff: { baseMs: 10 } })
    sim.upstream('http://u1').reply({ status: 503, headers: { 'Retry-After': value } })
    const response = await sim.get('/')
    assertAttempts(response, count)
    expect(response.durationMs).toBeGreaterThanOrEqual(leastMs)
    expect(response.durationMs).toBeLessThanOrEqual(leastMs + 10)
    if (count === 1) expect(response.headers.get('retry-after')).toBe(value)
    await sim.assertNoLeaks()
  })

  test('gives up with the client while it waits', async () => {
    await using sim = world({ on: 503, backoff: { baseMs: '10s' } })
    sim.upstream('http://u1').reply({ status: 503, body: 'x'.repeat(2_000_000) })
    const pending = sim.request({ method: 'PUT', url: '/', body: pieces() })
    await sim.settle()
    expect(sim.journal.toString()).toMatch(/retried after \d+ ms \(status 503\)/)
    pending.leave()
    await sim.settle()
    const [exchange] = sim.exchanges
    expect([exchange!.attempts.length, exchange!.outcome!.result]).toEqual([1, 'aborted'])
    await sim.assertNoLeaks()
  })

  test('cancels an attempt that takes too long, wherever it is', async () => {
    await using sim = world({ attempts: 3, perAttemptMs: 100, backoff: { baseMs: 0 } })
    const [one, two] = sim.upstreams
    one!.inject(fault.noAnswer())
    two!.inject(fault.noAnswer())
    const response = await sim.get('/')
    expect(attempts(response)).toEqual([
      'http://u1 upstream_attempt_timeout',
      'http://u2 upstream_attempt_timeout',
      'http://u3 200',
    ])
    expect(startsIn(response.exchange!)).toEqual([0, 100, 200])
    // Not merely left alone: their connections are gone.
    expect([one!.connections, two!.connections]).toEqual([0, 0])
    // A response that takes its time is not meant: its head was there.
    one!.clearFaults()
    one!.inject(fault.drip(20, '30ms'))
    one!.reply({ body: 'x'.repeat(200) })
    const slow = await sim.get('/')
    assertAttempts(slow, 1)
    expect(slow.durationMs).toBeGreaterThan(200)
    await sim.assertNoLeaks()
  })

  test('cancels an attempt in a queue, of which nothing was sent', async () => {
    await using sim = simulate(
      proxy().route(
        '/',
        pool(['http://u1', 'http://u2'], { maxConnections: 1 })
          .balance(inOrder)
          .retry({ perAttemptMs: 1_000 }),
      ),
    )
    const one = sim.upstream('http://u1')
    one.inject(fault.drip(300, '500ms'))
    one.reply({ body: 'x'.repeat(3_000) })
    const first = sim.get('/')
    await sim.advance('2s')
    const second = await sim.client('192.0.2.2').post('/', { body: pieces() })
    expect(attempts(second)).toEqual(['http://u1 upstream_attempt_timeout', 'http://u2 200'])
    assertStatus(await first, 200)
    expect(one.totalRequests).toBe(1)
    await sim.assertNoLeaks()
  })

  test('runs the filters of the pool around each attempt, each with a head of its own', async () => {
    const seen: string[] = []
    const shape = (it: Pool) =>
      it.use(
        onRequest(({ request, endpoint }) => {
          seen.push(`${endpoint!.id} ${request.headers.get('x-try')}`)
          request.headers.append('X-Try', '1')
        }),
        onResponse((response) => {
          response.headers.set('X-From', 'pool')
        }),
      )
    await using sim = world({}, { shape })
    sim.upstream('http://u1').inject(fault.refuse())
    const response = await sim.get('/')
    expect(seen).toEqual(['http://u1 undefined', 'http://u2 undefined'])
    expect([response.headers.get('x-from'), sim.upstream('http://u2').requests[0]!.header('x-try')]).toEqual([
      'pool',
      '1',
    ])
  })

  test('goes by what was sent, whatever error a filter makes of it', async () => {
    const shape = (it: Pool) =>
      it.use(async (exchange, next) => {
        try {
          return await next(exchange)
        } catch {
          throw new ProxyError('upstream_unreachable')
        }
      })
    await using sim = world({}, { shape })
    sim.upstream('http://u1').inject(fault.resetBeforeHead(), { next: 1 })
    assertAttempts(await sim.post('/', { body: 'order' }), 1)
    sim.upstream('http://u1').inject(fault.refuse(), { next: 1 })
    sim.upstream('http://u1').resetConnections()
    assertAttempts(await sim.post('/', { body: 'order' }), 2)
    await sim.assertNoLeaks()
  })

  test('does not try again what a filter has found to be for good', async () => {
    const shape = (it: Pool) => it.use(() => Promise.reject(new ProxyError('upstream_upgrade_failed')))
    await using sim = world({}, { shape })
    assertProblem(await sim.get('/'), 'upstream_upgrade_failed')
    assertNoneRetried(sim)
  })

  test('names a filter that gives no response', async () => {
    const report = vi.spyOn(console, 'error').mockImplementation(() => {})
    const shape = (it: Pool) => it.use((() => undefined) as unknown as Filter)
    await using sim = world({ on: ['unsent', 503] }, { shape })
    assertProblem(await sim.get('/'), 'internal_error')
    expect(report.mock.calls.flat().join(' ')).toContain('must return a ResponseMessage')
    report.mockRestore()
    await sim.assertNoLeaks()
  })

  test('passes a tunnel on, whatever its conditions say', async () => {
    await using sim = world({ on: () => true })
    sim.upstream('http://u1').reply({
      status: 101,
      headers: { Connection: 'Upgrade', Upgrade: 'echo' },
      tunnel: (bytes, peer) => peer.write(bytes),
    })
    const client = await sim.connect()
    await client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    expect((await client.response()).status).toBe(101)
    await client.send('hello')
    expect((await client.read(5)).toString()).toBe('hello')
    await client.close()
    await sim.settle()
    assertNoneRetried(sim)
    await sim.assertNoLeaks()
  })

  test('leaves no timer of an attempt that has failed in time', async () => {
    await using sim = world({ perAttemptMs: '1h' })
    for (const it of sim.upstreams) it.inject(fault.refuse())
    assertAttempts(await sim.get('/'), 2)
    await sim.assertNoLeaks()
  })

  test('fails where a condition throws, and gives the lease back', async () => {
    const report = vi.spyOn(console, 'error').mockImplementation(() => {})
    const linger: Filter = async (exchange, next) => {
      try {
        return await next(exchange)
      } catch (error) {
        await new Promise<void>((resolve) => void exchange.clock.setTimeout(resolve, 1_000))
        throw error
      }
    }
    const on = () => {
      throw new Error('a mistake')
    }
    await using sim = world({ on }, { filters: [linger] })
    sim.upstream('http://u1').reply({ body: 'x'.repeat(2_000_000) })
    const response = await sim.get('/')
    assertProblem(response, 'internal_error')
    expect(response.exchange!.attempts[0]!.endedAtMs).toBe(0)
    report.mockRestore()
    await sim.assertNoLeaks()
  })

  test('tells the journal what it does', async () => {
    await using sim = world({ budget: { ratio: 0, minPerSecond: 0.1 } })
    sim.upstream('http://u1').inject(fault.refuse())
    await sim.get('/')
    await sim.get('/')
    const lines = sim.journal.toString()
    expect(lines).toContain('exchange 1: retried after 0 ms (upstream_refused)')
    expect(lines).toContain('exchange 2: not retried, the budget is spent (upstream_refused)')
    expect(lines).toContain('exchange 2: completed 502 (upstream_refused)')
  })
})

function assertNoneRetried({ journal }: Simulation): void {
  expect(journal.toString()).not.toContain('retried')
}

async function startsOf(response: PromiseLike<SimulatedResponse>): Promise<number[]> {
  return startsIn((await response).exchange!)
}

/** When its attempts began, from its own begin. */
function startsIn({ attempts: all, startedAtMs }: ExchangeRecord): number[] {
  return all.map((it) => it.startedAtMs - startedAtMs)
}
