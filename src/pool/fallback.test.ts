import { describe, expect, test } from 'vitest'
import type { Balancer } from '../core/balancer.ts'
import { ProxyError } from '../core/errors.ts'
import type { Exchange, Outcome } from '../core/exchange.ts'
import { answeredByFallback } from '../core/fallback-answer.ts'
import { type Filter, type Handler, onRequest, onResponse } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { circuitBreaker } from '../filters/circuit-breaker.ts'
import { concurrencyLimit } from '../filters/concurrency-limit.ts'
import { proxy } from '../proxy/proxy.ts'
import {
  assertAttempts,
  assertJournalled,
  assertProblem,
  assertServedBy,
  assertStatus,
  type Fault,
  fault,
  type SimulatedResponse,
  type Simulation,
  simulate,
  exchange as testExchange,
} from '../testing/index.ts'
import type { FallbackOptions } from './fallback-options.ts'
import { type Pool, pool } from './pool.ts'

const inOrder: Balancer = (candidates) => candidates[0]!
const archive = pool(['http://archive'], { name: 'archive' })
const sorry: Handler = () => respond(200, 'sorry')

const users = (...urls: string[]): Pool =>
  pool(urls.length > 0 ? urls : ['http://u1'], { name: 'users', headMs: '1s' }).balance(inOrder)

/** A pool that falls back on another one, and what was noted of each exchange. */
function world(
  shape: (it: Pool) => Pool = (it) => it.fallback(archive),
): Simulation & { readonly noted: Exchange[] } {
  const noted: Exchange[] = []
  const note: Filter = (exchange, next) => {
    noted.push(exchange)
    return next(exchange)
  }
  const sim = simulate(proxy().use(note).route('/', shape(users())))
  return Object.assign(sim, { noted })
}

function attempts({ exchange }: SimulatedResponse): string[] {
  return exchange!.attempts.map(({ endpoint, status, error }) => `${endpoint} ${status ?? error}`)
}

async function* pieces(...all: string[]): AsyncGenerator<string> {
  yield* all
}

describe('pool.fallback', () => {
  test.each<[string, Fault]>([
    ['upstream_refused', fault.refuse()],
    ['upstream_reset', fault.resetBeforeHead()],
    ['upstream_head_timeout', fault.noAnswer()],
    ['upstream_response_malformed', fault.malformed('HTTP/1.1 2000 OK\r\n\r\n')],
  ])('answers where the pool fails with %s', async (code, given) => {
    await using sim = world()
    sim.upstream('http://u1').inject(given)
    const response = await sim.get('/users/7')
    assertStatus(response, 200)
    expect(attempts(response)).toEqual([`http://u1 ${code}`, 'http://archive 200'])
    expect(sim.noted[0]!.get(answeredByFallback)).toEqual({ insteadOf: 'users', by: 'archive', reason: code })
    expect(sim.noted[0]!.endpoint!.id).toBe('http://archive')
    assertJournalled(sim, new RegExp(`exchange 1: fell back from users to archive \\(${code}\\)`))
    await sim.assertNoLeaks()
  })

  test('answers where a guard lets nothing through', async () => {
    const closed: Filter = ({ request }) => {
      throw new ProxyError(request.path === '/a' ? 'circuit_open' : 'overloaded')
    }
    await using sim = world((it) => it.guard(closed).fallback(archive))
    for (const path of ['/a', '/b']) assertServedBy(await sim.get(path), 'http://archive')
    expect(sim.noted.map((it) => it.get(answeredByFallback)!.reason)).toEqual(['circuit_open', 'overloaded'])
    await sim.assertNoLeaks()
  })

  test('answers in place of a response only where its status was named', async () => {
    await using sim = world((it) => it.fallback(archive, { on: [404, '502-504'] }))
    sim
      .upstream('http://u1')
      .reply(({ target }) => ({ status: Number(target.slice(1)), body: 'x'.repeat(200_000) }))
    sim.upstream('http://archive').reply({ body: 'old' })
    for (const status of [404, 502, 503, 504]) {
      const response = await sim.get(`/${status}`)
      expect(response.text()).toBe('old')
      // The lease on the first is back at once.
      const [first] = response.exchange!.attempts
      expect(first!.endedAtMs).toBe(first!.respondedAtMs)
      expect(sim.noted.at(-1)!.get(answeredByFallback)!.reason).toBe(`status ${status}`)
    }
    for (const status of [200, 400, 500]) {
      assertStatus(await sim.get(`/${status}`), status)
      expect(sim.noted.at(-1)!.get(answeredByFallback)).toBeUndefined()
    }
    await sim.assertNoLeaks()
  })

  test.each<[string, Filter]>([
    [
      'request_body_too_large',
      () => {
        throw new ProxyError('request_body_too_large')
      },
    ],
    [
      'concurrency_exceeded',
      async () => {
        throw new ProxyError('concurrency_exceeded')
      },
    ],
    [
      'internal_error',
      () => {
        throw new ProxyError('internal_error')
      },
    ],
    [
      'exchange_aborted',
      (exchange, next) => {
        exchange.abort()
        return next(exchange)
      },
    ],
  ])('does not answer in place of %s', async (code, filter) => {
    await using sim = world((it) => it.guard(filter).fallback(archive))
    expect((await sim.get('/')).exchange!.outcome!.error!.code).toBe(code)
    expect(sim.upstream('http://archive').totalRequests).toBe(0)
    await sim.assertNoLeaks()
  })

  test('does not answer once the head of a response was passed on', async () => {
    await using sim = world((it) => it.fallback(archive, { on: '5xx' }))
    sim
      .upstream('http://u1')
      .reply({ body: 'x'.repeat(10_000) })
      .inject(fault.resetAfterBytes(5_000))
    const client = await sim.connect()
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await client.response()).complete).toBe(false)
    await sim.settle()
    expect(sim.exchanges[0]!.outcome!.error!.code).toBe('upstream_response_incomplete')
    expect(sim.upstream('http://archive').totalRequests).toBe(0)
    await sim.assertNoLeaks()
  })

  test('does not answer a client that has left', async () => {
    await using sim = world()
    sim.upstream('http://u1').inject(fault.noAnswer())
    const client = await sim.connect()
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await sim.advance('100ms')
    await client.close()
    await sim.advance('2s')
    expect(sim.exchanges[0]!.outcome!.result).toBe('aborted')
    expect(sim.noted[0]!.get(answeredByFallback)).toBeUndefined()
    await sim.assertNoLeaks()
  })

  test('does not answer what was given up, or answered, by a filter', async () => {
    let asked = 0
    const ask: Handler = () => {
      asked++
      return respond(200)
    }
    /** Whatever it was, it says that it was the service. */
    const blame: Filter = async (exchange, next) => {
      try {
        return await next(exchange)
      } catch {
        throw new ProxyError('upstream_reset')
      }
    }
    const goOn: Filter = (exchange, next) => {
      void next(exchange)
      return respond(202)
    }
    await using sim = simulate(proxy().route('/', goOn, users().guard(blame).fallback(ask)))
    sim.upstream('http://u1').inject(fault.noAnswer())
    assertStatus(await sim.get('/'), 202)
    await sim.advance('2s')
    await sim.assertNoLeaks()

    const giveUp: Filter = (exchange) => {
      exchange.abort()
      throw new ProxyError('upstream_reset')
    }
    const given = await proxy().route('/', users().guard(giveUp).fallback(ask)).handler()(testExchange())
    expect(given.status).toBe(502)
    expect(asked).toBe(0)
  })

  test('leaves the endpoint of the last attempt for logs', async () => {
    await using sim = world((it) => it.use((exchange, next) => next(exchange)).fallback(sorry))
    await sim.get('/')
    sim.upstream('http://u1').resetConnections()
    sim.upstream('http://u1').inject(fault.refuse())
    expect((await sim.get('/')).text()).toBe('sorry')
    await using bare = world((it) => it.fallback(sorry))
    await bare.get('/')
    expect([...sim.noted, ...bare.noted].map(({ endpoint }) => endpoint?.id)).toEqual(
      Array(3).fill('http://u1'),
    )
    await sim.assertNoLeaks()
  })

  test('comes behind all attempts, and behind the deadline', async () => {
    const tried = users('http://u1', 'http://u2').retry({ attempts: 2 }).deadline({ ms: '300ms' })
    await using sim = simulate(proxy().route('/', tried.fallback(archive)))
    sim.upstream('http://u1').inject(fault.resetBeforeHead())
    sim.upstream('http://u2').inject(fault.noAnswer())
    const response = await sim.get('/')
    expect(attempts(response)).toEqual([
      'http://u1 upstream_reset',
      'http://u2 upstream_deadline',
      'http://archive 200',
    ])
    expect(response.durationMs).toBe(300)
    await sim.assertNoLeaks()
  })

  test('fails as the fallback does', async () => {
    await using sim = world()
    sim.upstream('http://u1').inject(fault.resetBeforeHead())
    sim.upstream('http://archive').inject(fault.refuse())
    assertProblem(await sim.get('/'), 'upstream_refused')
    await sim.assertNoLeaks()
  })

  test('goes on from pool to pool to handler', async () => {
    const mirror = pool(['http://mirror'], { name: 'mirror' }).fallback(sorry)
    await using sim = world((it) => it.fallback(mirror))
    for (const it of sim.upstreams) it.inject(fault.resetBeforeHead())
    const response = await sim.request({ method: 'PUT', url: '/', body: pieces('or', 'der') })
    expect([response.text(), ...attempts(response)]).toEqual([
      'sorry',
      'http://u1 upstream_reset',
      'http://mirror upstream_reset',
    ])
    expect(sim.noted[0]!.get(answeredByFallback)).toEqual({
      insteadOf: 'mirror',
      by: 'sorry',
      reason: 'upstream_reset',
    })
    expect(sim.upstreams.map(({ requests }) => requests[0]!.body.toString())).toEqual(['order', 'order'])
    await sim.assertNoLeaks()
  })

  test('passes tunnels on, and answers where none was made', async () => {
    await using sim = world()
    const upgrade = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n'
    const accept = {
      status: 101,
      headers: { Connection: 'Upgrade', Upgrade: 'chat' },
      tunnel: (bytes: Buffer, peer: { write(bytes: Buffer): void }) => peer.write(bytes),
    }
    for (const it of sim.upstreams) it.reply(accept)
    for (const at of ['http://u1', 'http://archive']) {
      const client = await sim.connect()
      await client.send(upgrade)
      expect((await client.response()).status).toBe(101)
      await client.send('hello')
      await sim.settle()
      expect(sim.exchanges.at(-1)!.attempts.at(-1)!.endpoint).toBe(at)
      await client.close()
      await sim.settle()
      sim.upstream('http://u1').inject(fault.refuse())
    }
    await sim.assertNoLeaks()
  })

  test('is refused where it is no target or an option is wrong', () => {
    const bad = (target: unknown, options: unknown = {}) =>
      expect(() => users().fallback(target as never, options as FallbackOptions))
    bad('archive').toThrow(
      'pool.fallback: "target" must be a pool, or a function (exchange) => response, got "archive"',
    )
    bad((_: never, next: never) => next).toThrow('pool.fallback: "target" must be a pool or a handler')
    bad(archive, { on: 'circuit_open' }).toThrow('pool.fallback: "on" must be a status from 200 to 599')
    bad(archive, { on: [] }).toThrow('pool.fallback: "on" must be at least one status')
    bad(archive, { statuses: 503 }).toThrow('pool.fallback: "statuses" must be one of the options that exist')
    bad(archive, { methods: 'GET' }).toThrow('pool.fallback: "methods" must be a list of methods')
    bad(archive, { idempotencyKey: 1 }).toThrow('pool.fallback: "idempotencyKey" must be true or false')
    bad(archive, { replayBytes: '1 apple' }).toThrow('pool.fallback: "replayBytes" must be a size')
  })

  test('is shown by explain', () => {
    const app = proxy().route(
      '/',
      users().fallback(archive.use(onRequest(function key() {})).fallback(sorry)),
    )
    expect(app.routes[0]!.target.fallback!.fallback).toEqual({ kind: 'handler', name: 'sorry' })
    const lines = app.explain('/').toString().split('\n')
    expect(lines.filter((line) => !line.startsWith('  limits ')).join('\n')).toContain(
      [
        '  pool       users, balanced by inOrder',
        '  endpoint   http://u1, weight 1',
        '  fallback   archive, balanced by roundRobin',
        '  attempt    key',
        '  endpoint   http://archive, weight 1',
        '  fallback   sorry',
      ].join('\n'),
    )
  })
})

describe('a request that may not be sent twice', () => {
  test('goes to a fallback pool as long as nothing of it was sent', async () => {
    await using sim = world()
    sim.upstream('http://u1').inject(fault.refuse())
    assertServedBy(await sim.post('/', { body: pieces('or', 'der') }), 'http://archive')
    expect(sim.upstream('http://archive').requests[0]!.body.toString()).toBe('order')
    await sim.assertNoLeaks()
  })

  test.each<[string, FallbackOptions, boolean]>([
    ['unless it is asked for', {}, false],
    ['for its method', { methods: ['POST'] }, true],
    ['for its key', { idempotencyKey: true }, true],
  ])('is not sent to a fallback pool after a reset, %s', async (_, options, goes) => {
    await using sim = world((it) => it.fallback(archive, { on: 503, ...options }))
    sim.upstream('http://u1').reply({ status: 503 }).inject(fault.resetBeforeHead(), { next: 1 })
    const headers = { 'Idempotency-Key': '"1"' }
    const reset = await sim.post('/', { body: 'order', headers })
    if (goes) assertServedBy(reset, 'http://archive')
    else assertProblem(reset, 'upstream_reset')
    const busy = await sim.post('/', { body: 'order', headers })
    if (goes) assertServedBy(busy, 'http://archive')
    else assertStatus(busy, 503)
    await sim.assertNoLeaks()
  })

  test('is not sent there either when only an earlier attempt has sent of it', async () => {
    const tried = users('http://u1', 'http://u2').retry({ methods: ['POST'] })
    await using sim = simulate(proxy().route('/', tried.fallback(archive)))
    sim.upstream('http://u1').inject(fault.resetBeforeHead())
    sim.upstream('http://u2').inject(fault.refuse())
    assertProblem(await sim.post('/', { body: 'order' }), 'upstream_refused')
    await sim.assertNoLeaks()
  })

  test('is answered by a handler', async () => {
    await using sim = world((it) => it.fallback(sorry, { on: 503 }))
    sim.upstream('http://u1').reply({ status: 503 }).inject(fault.resetBeforeHead(), { next: 1 })
    for (let i = 0; i < 2; i++) expect((await sim.post('/', { body: 'order' })).text()).toBe('sorry')
    await sim.assertNoLeaks()
  })
})

describe('the request that a fallback is given', () => {
  const shout: Filter = (exchange, next) => {
    exchange.request.body.transform(async function* (chunks) {
      for await (const chunk of chunks) yield Buffer.from(Buffer.from(chunk).toString().toUpperCase())
    })
    return next(exchange)
  }

  test.each(['whole', 'pieces'])('is the one that came: head, and body (%s)', async (kind) => {
    const change: Filter = (exchange, next) => {
      exchange.request.path = '/changed'
      exchange.request.headers.set('X-Changed', '1').delete('X-Kept')
      return shout(exchange, next)
    }
    for (const shape of [
      (it: Pool) => it.guard(change),
      (it: Pool) => it.use(change),
      (it: Pool) => it.guard(change).use(shout).retry(),
      (it: Pool) => it.guard(change).deadline({ ms: '5s' }),
    ]) {
      await using sim = world((it) => shape(it).fallback(archive))
      sim.upstream('http://u1').inject(fault.resetBeforeHead())
      const body = kind === 'whole' ? 'order' : pieces('or', 'der')
      const response = await sim.request({ method: 'PUT', url: '/x', body, headers: { 'X-Kept': 'yes' } })
      assertServedBy(response, 'http://archive')
      const [request] = sim.upstream('http://archive').requests
      expect([request!.target, request!.header('x-changed'), request!.header('x-kept')]).toEqual([
        '/x',
        undefined,
        'yes',
      ])
      expect(request!.body.toString()).toBe('order')
      const [first] = sim.upstream('http://u1').requests
      if (first !== undefined) expect([first.target, first.body.toString()]).toEqual(['/changed', 'ORDER'])
      await sim.assertNoLeaks()
    }
  })

  test('has its Max-Forwards counted once', async () => {
    await using sim = world()
    sim.upstream('http://u1').inject(fault.refuse())
    await sim.request({ method: 'OPTIONS', url: '/', headers: { 'Max-Forwards': '5' } })
    expect(sim.upstream('http://archive').requests[0]!.header('max-forwards')).toBe('4')
    await sim.assertNoLeaks()
  })

  test.each([false, true])('has a body as long as that is kept, also behind retries: %s', async (retried) => {
    await using sim = world((it) =>
      (retried ? it.retry({ attempts: 2, replayBytes: '1mb' }) : it).fallback(archive, {
        replayBytes: 1_000,
      }),
    )
    sim.upstream('http://u1').inject(fault.resetBeforeHead())
    const kept = await sim.request({
      method: 'PUT',
      url: '/',
      body: pieces('a'.repeat(600), 'b'.repeat(400)),
    })
    assertServedBy(kept, 'http://archive')
    expect(sim.upstream('http://archive').requests[0]!.body).toHaveLength(1_000)
    const size = retried ? 1_048_577 : 1_001
    const lost = await sim.request({
      method: 'PUT',
      url: '/',
      body: pieces('a'.repeat(600), 'b'.repeat(size - 600)),
    })
    assertProblem(lost, 'upstream_reset')
    await sim.assertNoLeaks()
  })

  test('has its body for a handler that asks for it, whatever the method', async () => {
    const store: Handler = async ({ request }) => respond(202, `stored ${await request.body.text()}`)
    for (const [replayBytes, status] of [
      ['1kb', 202],
      [0, 500],
    ] as const) {
      await using sim = world((it) => it.fallback(store, { replayBytes }))
      sim.upstream('http://u1').inject(fault.resetBeforeHead())
      const response = await sim.post('/', { body: pieces('or', 'der') })
      expect(response.status).toBe(status)
      if (status === 202) expect(response.text()).toBe('stored order')
      // What came with its head is at hand in any case.
      expect((await sim.post('/', { body: 'order' })).text()).toBe('stored order')
      await sim.assertNoLeaks()
    }
  })

  test('is let go of once the head of a response is there', async () => {
    const kept: boolean[] = []
    const look: Filter = async (exchange, next) => {
      const response = await next(exchange)
      kept.push(exchange.request.body.resendable)
      return response
    }
    for (const shape of [(it: Pool) => it, (it: Pool) => it.retry()]) {
      await using sim = simulate(proxy().route('/', look, shape(users()).fallback(archive)))
      await sim.request({ method: 'PUT', url: '/', body: pieces('or', 'der') })
      sim.upstream('http://u1').inject(fault.refuse())
      sim.upstream('http://u1').resetConnections()
      await sim.request({ method: 'PUT', url: '/', body: pieces('or', 'der') })
      await sim.assertNoLeaks()
    }
    expect(kept).toEqual([false, false, false, false])
  })
})

describe('guards of a pool with a fallback', () => {
  test('give a place back when their response is dropped, not when the fallback has answered', async () => {
    const limit = concurrencyLimit({ limit: 1 })
    await using sim = world((it) => it.guard(limit).fallback(archive, { on: 503 }))
    sim.upstream('http://u1').reply({ status: 503, body: 'busy' })
    sim.upstream('http://archive').reply({ delayMs: 500, body: 'old' })
    const inFlight: number[] = []
    for (const atMs of [100, 600]) sim.clock.setTimeout(() => inFlight.push(limit.inFlight), atMs)
    const response = sim.get('/')
    await sim.advance('100ms')
    expect((await response).text()).toBe('old')
    await sim.advance('1s')
    expect(inFlight).toEqual([0, 0])
    await sim.assertNoLeaks()
  })

  test.each([undefined, 503])(
    'hold a place to the end of a response that is passed on (on: %s)',
    async (on) => {
      const limit = concurrencyLimit({ limit: 1 })
      await using sim = world((it) => it.guard(limit).fallback(archive, on === undefined ? {} : { on }))
      async function* slow() {
        for (let i = 0; i < 2; i++) {
          await new Promise<void>((resolve) => void sim.clock.setTimeout(resolve, 100))
          yield 'x'
        }
      }
      sim.upstream('http://u1').reply(() => ({ body: slow() }))
      const response = sim.get('/')
      await sim.advance('150ms')
      expect(limit.inFlight).toBe(1)
      expect((await response).text()).toBe('xx')
      expect(limit.inFlight).toBe(0)
      await sim.assertNoLeaks()
    },
  )

  test('do not count what becomes of the fallback', async () => {
    const outcomes: Outcome[] = []
    const breaker = circuitBreaker({ minVolume: 1, errorRatio: 0.01 })
    const watch: Filter = (exchange, next) => {
      exchange.onComplete((outcome) => outcomes.push(outcome))
      return next(exchange)
    }
    await using sim = world((it) => it.guard(watch, breaker).fallback(archive, { on: 404 }))
    sim.upstream('http://u1').reply({ status: 404 })
    sim
      .upstream('http://archive')
      .reply({ body: 'x'.repeat(10_000) })
      .inject(fault.resetAfterBytes(5_000))
    const client = await sim.connect()
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await client.response()).complete).toBe(false)
    await sim.settle()
    expect(outcomes.map(({ error }) => error?.code)).toEqual(['upstream_response_incomplete'])
    expect(breaker.state.kind).toBe('closed')
    await sim.assertNoLeaks()
  })

  test('see an exchange that is the client’s in all but its request', async () => {
    let inside: Exchange | undefined
    const look: Filter = (exchange, next) => {
      inside = exchange
      return next(exchange)
    }
    await using sim = world((it) => it.guard(look).fallback(archive))
    await sim.get('/')
    // Its response is not dropped for another one, so the end of the one is the end of the other.
    expect(inside!.replaceable).toBe(false)
    const [outside] = sim.noted
    expect(inside).not.toBe(outside)
    expect(inside!.request).not.toBe(outside!.request)
    expect([inside!.id, inside!.client, inside!.origin, inside!.signal]).toEqual([
      outside!.id,
      outside!.client,
      outside,
      outside!.signal,
    ])
    await sim.assertNoLeaks()
  })

  test('name what is no response as they do without a fallback', async () => {
    await using sim = world((it) => it.guard(() => 'no' as never).fallback(archive))
    assertProblem(await sim.get('/'), 'internal_error')
    await sim.assertNoLeaks()
  })
})

describe('a fallback pool', () => {
  test('is the same pool as in the route that names it', async () => {
    let seen = 0
    const limit = concurrencyLimit({ limit: 1 })
    const shared = archive.guard(limit).use((exchange, next) => {
      seen = exchange.endpoint!.inFlight
      return next(exchange)
    })
    const app = proxy().route('/old', shared).route('/', users().fallback(shared))
    await using sim = simulate(app)
    sim.upstream('http://u1').inject(fault.refuse())
    sim.upstream('http://archive').reply({ delayMs: 100 })
    const one = sim.get('/old')
    await sim.advance('10ms')
    assertProblem(await sim.get('/'), 'overloaded')
    assertStatus(await one, 200)
    assertStatus(await sim.get('/'), 200)
    expect(seen).toBe(0)
    // One connection for both.
    expect(sim.upstream('http://archive').totalConnections).toBe(1)
    await sim.assertNoLeaks()
  })

  test('is probed from the start, and no longer than one pool needs it', async () => {
    const probed = archive.health({ path: '/healthz', intervalMs: '1s', jitter: 0 })
    const app = () => proxy().route('/', users().fallback(probed))
    await using sim = simulate(app())
    const old = sim.upstream('http://archive').on('GET /healthz', { status: 200 })
    await sim.advance('3500ms')
    expect(old.totalRequests).toBe(4)
    // A pool that a reload brings again is the same; its probes go on as before.
    await sim.reload(app())
    await sim.advance('3s')
    expect(old.totalRequests).toBe(7)
    await sim.reload(proxy().route('/', users()))
    await sim.advance('10s')
    expect(old.totalRequests).toBe(7)
    await sim.assertNoLeaks()
  })
})

test('a response of a fallback is one that filters around the pool see', async () => {
  const mark = onResponse((response, exchange) => {
    response.headers.set('X-From', exchange.get(answeredByFallback)?.by ?? 'users')
  })
  await using sim = simulate(proxy().route('/', mark, users().fallback(sorry)))
  expect((await sim.get('/')).headers.get('x-from')).toBe('users')
  sim.upstream('http://u1').inject(fault.refuse())
  sim.upstream('http://u1').resetConnections()
  const response = await sim.get('/')
  expect(response.headers.get('x-from')).toBe('sorry')
  assertAttempts(response, 1)
  await sim.assertNoLeaks()
})
