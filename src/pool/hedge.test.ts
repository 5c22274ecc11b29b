import { describe, expect, test, vi } from 'vitest'
import type { Balancer } from '../core/balancer.ts'
import type { ProxyError } from '../core/errors.ts'
import { type Filter, onRequest } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { proxy } from '../proxy/proxy.ts'
import {
  assertJournalled,
  assertOutcome,
  assertProblem,
  assertServedBy,
  type ClientRequest,
  fault,
  type SimulatedResponse,
  type Simulation,
  simulate,
} from '../testing/index.ts'
import type { HedgeOptions } from './hedge-options.ts'
import { type Pool, pool } from './pool.ts'

const inOrder: Balancer = (candidates) => candidates[0]!
const URLS = ['http://u1', 'http://u2', 'http://u3']

/** A pool of three services, of which the first that may be is always chosen; the first one is slow. */
function world(options: HedgeOptions = {}, shape: (it: Pool) => Pool = (it) => it, urls = URLS): Simulation {
  const base = pool(urls)
    .balance(inOrder)
    .hedge({ afterMs: 50, budget: 1, ...options })
  const sim = simulate(proxy().route('/', shape(base)))
  sim.upstream('http://u1').reply({ delayMs: 1_000, body: 'one' })
  if (urls.length > 1) sim.upstream('http://u2').reply({ delayMs: 5, body: 'two' })
  return sim
}

function attempts({ exchange }: Pick<SimulatedResponse, 'exchange'>): string[] {
  return exchange!.attempts.map(({ endpoint, status, error }) => `${endpoint} ${error ?? status}`)
}

async function* pieces(): AsyncGenerator<string> {
  yield 'abc'
  yield 'defg'
}

/** Never lets go of an attempt that has failed. */
const holding: Filter = async (exchange, next) => {
  try {
    return await next(exchange)
  } catch {
    return new Promise<never>(() => {})
  }
}

/** Answers by itself, while the pool is at work. */
const hasty: Filter = (exchange, next) => {
  void Promise.resolve(next(exchange)).catch(() => {})
  return respond(200, 'early')
}

describe('pool.hedge', () => {
  test('takes the answer of a second endpoint where the first one is late, and cancels that', async () => {
    await using sim = world()
    const response = await sim.get('/')
    expect([response.text(), response.durationMs]).toEqual(['two', 55])
    expect(attempts(response)).toEqual(['http://u1 hedge_lost', 'http://u2 200'])
    // Its lease is back with the head of the winner, and nothing is left of it.
    expect(response.exchange!.attempts[0]!.endedAtMs).toBe(55)
    assertJournalled(
      sim,
      'exchange 1: hedged after 50 ms',
      'exchange 1, attempt 2: 200',
      'exchange 1, attempt 1: failed, hedge_lost',
    )
    await sim.assertNoLeaks()
  })

  test('lets the first attempt go on, and takes its answer where it is sooner', async () => {
    await using sim = world()
    sim.upstream('http://u1').reply({ delayMs: 60, body: 'one' })
    sim.upstream('http://u2').reply({ delayMs: 100, body: 'two' })
    const response = await sim.get('/')
    expect([response.text(), response.durationMs]).toEqual(['one', 60])
    expect(attempts(response)).toEqual(['http://u1 200', 'http://u2 hedge_lost'])
    assertServedBy(response, 'http://u1')
    await sim.assertNoLeaks()
  })

  test('makes one attempt where that is in time', async () => {
    await using sim = world()
    sim.upstream('http://u1').reply({ delayMs: 49 })
    expect(attempts(await sim.get('/'))).toEqual(['http://u1 200'])
    await sim.assertNoLeaks()
  })

  const key = { 'Idempotency-Key': 'k' }
  const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket' }
  test.each<[string, boolean, HedgeOptions, Omit<ClientRequest, 'url'>]>([
    ['a PUT with a body', true, {}, { method: 'PUT', body: 'abcdefg' }],
    ['a POST', false, {}, { method: 'POST', body: 'abcdefg' }],
    ['a POST without a body', false, {}, { method: 'POST' }],
    ['a POST with a key', false, {}, { method: 'POST', headers: key }],
    ['a POST with a key that counts', true, { idempotencyKey: true }, { method: 'POST', headers: key }],
    ['a POST that may be', true, { methods: ['POST'] }, { method: 'POST', body: 'abcdefg' }],
    ['a GET that may not be', false, { methods: ['POST'] }, { method: 'GET' }],
    ['a body that comes in pieces', false, {}, { method: 'PUT', body: pieces() }],
    ['an upgrade', false, {}, { headers: upgrade }],
  ])('of %s: %s', async (_, hedged, options, request) => {
    await using sim = world(options)
    const response = await sim.request({ ...request, url: '/' })
    expect(response.text()).toBe(hedged ? 'two' : 'one')
    const received = sim.upstreams.flatMap(({ requests }) => requests.map(({ body }) => body.toString()))
    expect(new Set(received).size).toBe(1)
    expect(received).toHaveLength(hedged ? 2 : 1)
    expect(sim.journal.toString().includes('hedged after')).toBe(hedged)
    await sim.assertNoLeaks()
  })

  test('has no second attempt at the same endpoint', async () => {
    await using sim = world({}, undefined, ['http://u1'])
    expect(attempts(await sim.get('/'))).toEqual(['http://u1 200'])
    await sim.assertNoLeaks()
  })

  test('is left to the other one by an attempt that fails', async () => {
    await using sim = world()
    const [one, two] = [sim.upstream('http://u1'), sim.upstream('http://u2')]
    two.inject(fault.resetBeforeHead())
    const first = await sim.get('/')
    expect([first.text(), first.durationMs]).toEqual(['one', 1_000])
    expect(attempts(first)).toEqual(['http://u1 200', 'http://u2 upstream_reset'])

    two.clearFaults()
    two.reply({ delayMs: 500, body: 'two' })
    one.reply({ delayMs: 100, raw: '', after: 'reset' })
    const second = await sim.get('/')
    expect([second.text(), second.durationMs]).toEqual(['two', 550])
    expect(attempts(second)).toEqual(['http://u1 upstream_reset', 'http://u2 200'])
    await sim.assertNoLeaks()
  })

  test('does not begin behind a failure, which is for retry', async () => {
    await using sim = world()
    sim.upstream('http://u1').inject(fault.refuse())
    const plain = await sim.get('/')
    assertProblem(plain, 'upstream_refused')
    expect(attempts(plain)).toHaveLength(1)
    await using retried = world({}, (it) => it.retry())
    retried.upstream('http://u1').inject(fault.refuse())
    retried.upstream('http://u2').reply({ delayMs: 1_000 })
    retried.upstream('http://u3').reply({ body: 'three' })
    // The second attempt that follows a failure is late itself, and gets another one beside it.
    const response = await retried.get('/')
    expect(attempts(response)).toEqual([
      'http://u1 upstream_refused',
      'http://u2 hedge_lost',
      'http://u3 200',
    ])
    await retried.assertNoLeaks()
  })

  test('is followed by a retry elsewhere where both have failed, and is no attempt of that', async () => {
    const urls = [...URLS, 'http://u4']
    await using sim = world({}, (it) => it.retry({ attempts: 2, perAttemptMs: 200 }), urls)
    sim.upstream('http://u2').reply({ delayMs: 1_000 })
    sim.upstream('http://u3').reply({ delayMs: 100, body: 'three' })
    const response = await sim.get('/')
    // One hedge for a request: the third is late, too, and stays alone.
    expect(attempts(response)).toEqual([
      'http://u1 upstream_attempt_timeout',
      'http://u2 upstream_attempt_timeout',
      'http://u3 200',
    ])
    await sim.assertNoLeaks()
  })

  test('answers the last failure where nothing follows', async () => {
    await using slow = simulate(
      proxy().route('/', pool(URLS, { headMs: '2s' }).balance(inOrder).hedge({ afterMs: 50 })),
    )
    for (const url of URLS) slow.upstream(url).inject(fault.noAnswer())
    const response = await slow.get('/')
    assertProblem(response, 'upstream_head_timeout')
    expect([attempts(response).length, response.durationMs]).toEqual([2, 2_050])
    await slow.assertNoLeaks()
  })

  test('stops where the budget is spent, and says so', async () => {
    await using sim = world({ budget: 0.05 })
    for (let number = 0; number < 60; number++) await sim.get('/')
    const hedges = sim.upstream('http://u2').totalRequests
    // The one at the beginning, and a twentieth of sixty.
    expect(hedges).toBe(4)
    assertJournalled(sim, 'exchange 2: not hedged after 50 ms, the budget is spent')
    await sim.assertNoLeaks()
  })

  test('gives filters a request for each attempt, and tells the one that lost', async () => {
    const seen: string[] = []
    const mark: Filter = (exchange, next) => {
      const { url } = exchange.endpoint!
      exchange.request.headers.append('X-Mark', url)
      exchange.request.body.transform(async function* (chunks) {
        for await (const chunk of chunks) yield Buffer.from(chunk.toString().toUpperCase())
      })
      exchange.onAbort(({ code }) => seen.push(`${url} ${code} ${exchange.signal.aborted}`))
      return next(exchange)
    }
    await using sim = world({}, (it) => it.use(mark))
    const response = await sim.request({ method: 'PUT', url: '/', body: 'abc' })
    expect(response.text()).toBe('two')
    for (const url of ['http://u1', 'http://u2']) {
      const [request] = sim.upstream(url).requests
      expect([request!.header('x-mark'), request!.body.toString()]).toEqual([url, 'ABC'])
    }
    expect(seen).toEqual(['http://u1 hedge_lost true'])
    await sim.assertNoLeaks()
  })

  test('drops what a filter gives for an attempt that has lost, and sends nothing more for it', async () => {
    const dropped: unknown[] = []
    const stubborn: Filter = async (exchange, next) => {
      try {
        return await next(exchange)
      } catch {
        // Twice more: at once, while the winner's response is on its way, and when all is over.
        await Promise.resolve(next(exchange)).catch(() => undefined)
        exchange.abort()
        await new Promise<void>((resolve) => void exchange.clock.setTimeout(resolve, 2_000))
        await Promise.resolve(next(exchange)).catch(() => undefined)
        const response = respond(200, 'from a filter')
        response.body.onClose((error) => dropped.push((error as ProxyError).code))
        return response
      }
    }
    await using sim = world({}, (it) => it.use(stubborn))
    sim.upstream('http://u2').inject(fault.drip(40, '50ms'))
    const response = await sim.get('/')
    expect([response.text(), response.complete]).toEqual(['two', true])
    await sim.advance('5s')
    expect(attempts(response)).toEqual(['http://u1 hedge_lost', 'http://u2 200'])
    expect(dropped).toEqual(['exchange_aborted'])
    await sim.assertNoLeaks()
  })

  test('cancels an attempt that has answered to a filter which has not passed it on', async () => {
    const slow: Filter = async (exchange, next) => {
      const { url } = exchange.endpoint!
      const response = await next(exchange)
      if (url === 'http://u1')
        await new Promise<void>((resolve) => void exchange.clock.setTimeout(resolve, 500))
      return response
    }
    await using sim = world({}, (it) => it.use(slow))
    sim.upstream('http://u1').reply({ delayMs: 10, body: 'x'.repeat(1_000_000) })
    const response = await sim.get('/')
    expect(attempts(response)).toEqual(['http://u1 hedge_lost', 'http://u2 200'])
    expect(response.text()).toBe('two')
    await sim.advance('1s')
    await sim.assertNoLeaks()
  })

  test.each([20, 52])('cancels both where the client leaves after %d ms', async (ms) => {
    await using sim = world({}, (it) => it.use(onRequest(() => undefined)))
    sim.upstream('http://u2').reply({ delayMs: 1_000 })
    const pending = sim.get('/')
    await sim.advance(ms)
    pending.leave()
    await sim.settle()
    const exchange = sim.exchanges.at(-1)!
    assertOutcome(exchange, { result: 'aborted' })
    expect(attempts({ exchange })).toEqual(
      ms < 50 ? ['http://u1 client_aborted'] : ['http://u1 client_aborted', 'http://u2 client_aborted'],
    )
    await sim.assertNoLeaks()
  })

  test.each([20, 52])(
    'leaves no timer where the client leaves after %d ms and a filter does not let go',
    async (ms) => {
      await using sim = world({}, (it) => it.use(holding))
      const pending = sim.get('/')
      await sim.advance(ms)
      pending.leave()
      await sim.settle()
      expect(sim.journal.toString().includes('hedged after')).toBe(ms > 50)
      await sim.assertNoLeaks()
    },
  )

  test('leaves nothing where a filter before the pool does not wait for it', async () => {
    const target = pool(URLS).balance(inOrder).use(holding).hedge({ afterMs: 50 })
    await using sim = simulate(proxy().use(hasty).route('/', target))
    sim.upstream('http://u1').inject(fault.noAnswer())
    expect((await sim.get('/')).text()).toBe('early')
    await sim.assertNoLeaks()
  })

  test('tells a balancer that goes by times how slow the loser was', async () => {
    await using sim = world({}, (it) => it.leastResponseTime())
    // Its own response never comes, so that nothing else would keep it from being chosen again and again.
    for (let number = 0; number < 20; number++) await sim.get('/')
    expect(sim.upstream('http://u1').totalRequests).toBe(1)
    await sim.assertNoLeaks()
  })

  test('names the endpoint that has answered, also where it was the first', async () => {
    const ended: unknown[] = []
    const note = onRequest((exchange) => exchange.onComplete(() => ended.push(exchange.endpoint?.url)))
    const target = pool(URLS).balance(inOrder).hedge({ afterMs: 50 })
    await using sim = simulate(proxy().use(note).route('/', target))
    sim.upstream('http://u1').reply({ delayMs: 60 })
    sim.upstream('http://u2').reply({ delayMs: 60 })
    await sim.get('/')
    expect(ended).toEqual(['http://u1'])
    await sim.assertNoLeaks()
  })

  test('begins when most of the latest responses were there; one that never came was late, too', async () => {
    const target = pool(URLS, { headMs: '200ms' }).balance(inOrder).hedge({ budget: 1 })
    await using sim = simulate(proxy().route('/', target))
    const [one, two] = [sim.upstream('http://u1'), sim.upstream('http://u2')]
    one.reply({ delayMs: 10 })
    for (let number = 0; number < 100; number++) await sim.get('/')
    expect(two.totalRequests).toBe(0)
    one.reply({ delayMs: 100 })
    const response = await sim.get('/')
    expect(response.durationMs).toBeGreaterThanOrEqual(10)
    expect(response.durationMs).toBeLessThan(11)
    for (const it of [one, two]) it.inject(fault.noAnswer(), { next: 40 })
    for (let number = 0; number < 40; number++) assertProblem(await sim.get('/'), 'upstream_head_timeout')
    expect(attempts(await sim.get('/'))).toEqual(['http://u1 200'])
    await sim.assertNoLeaks()
  })

  test('costs no timer unless it was asked for, and one timer where it was', async () => {
    async function timers(shape: (it: Pool) => Pool): Promise<number> {
      await using sim = simulate(proxy().route('/', shape(pool(URLS).balance(inOrder))))
      await sim.get('/')
      const made = vi.spyOn(sim.clock, 'setTimeout')
      await sim.get('/')
      await sim.assertNoLeaks()
      return made.mock.calls.length
    }
    const none = await timers((it) => it)
    expect(await timers((it) => it.retry())).toBe(none)
    expect(await timers((it) => it.hedge())).toBe(none)
    expect(await timers((it) => it.hedge({ afterMs: 50 }))).toBe(none + 1)
    expect(await timers((it) => it.deadline({ ms: 50 }))).toBe(none + 1)
  })
})
