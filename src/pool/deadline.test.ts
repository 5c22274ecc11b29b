import { describe, expect, test } from 'vitest'
import type { Balancer } from '../core/balancer.ts'
import type { ProxyError } from '../core/errors.ts'
import type { Filter } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { proxy } from '../proxy/proxy.ts'
import {
  assertOutcome,
  assertProblem,
  assertStatus,
  type Fault,
  fault,
  type SimulatedResponse,
  type Simulation,
  simulate,
} from '../testing/index.ts'
import type { DeadlineOptions } from './deadline-options.ts'
import { type Pool, pool } from './pool.ts'

const inOrder: Balancer = (candidates) => candidates[0]!
const URLS = ['http://u1', 'http://u2', 'http://u3']

function world(shape: (it: Pool) => Pool = (it) => it, options: Partial<DeadlineOptions> = {}): Simulation {
  const base = pool(URLS, { maxConnections: 1 }).balance(inOrder)
  return simulate(proxy().route('/', shape(base.deadline({ ms: 300, ...options }))))
}

function attempts({ exchange }: Pick<SimulatedResponse, 'exchange'>): string[] {
  return exchange!.attempts.map(({ endpoint, status, error }) => `${endpoint} ${error ?? status}`)
}

function assertLate(response: SimulatedResponse): void {
  assertProblem(response, 'upstream_deadline')
  assertStatus(response, 504)
  expect(response.durationMs).toBe(300)
}

/** Never lets go of an attempt that has failed. */
const holding: Filter = async (exchange, next) => {
  try {
    return await next(exchange)
  } catch {
    return new Promise<never>(() => {})
  }
}

/** Makes something of every failure that is retried. */
const disguising: Filter = async (exchange, next) => {
  try {
    return await next(exchange)
  } catch {
    return respond(503)
  }
}

describe('pool.deadline', () => {
  test.each<[string, Fault]>([
    ['before the head', fault.noAnswer()],
    ['before anything is read', fault.acceptAndStall()],
    ['in the middle of the head', fault.drip(1, '40ms')],
  ])('cancels an attempt %s', async (_, given) => {
    await using sim = world()
    sim.upstream('http://u1').inject(given)
    const response = await sim.get('/')
    assertLate(response)
    expect(attempts(response)).toEqual(['http://u1 upstream_deadline'])
    expect(response.exchange!.attempts[0]!.endedAtMs).toBe(300)
    expect(response.exchange!.outcome!.error!.sent).toBe('head')
    await sim.assertNoLeaks()
  })

  test('cancels one that is connecting', async () => {
    await using sim = simulate(
      proxy().route('/', pool(URLS).balance(inOrder).deadline({ ms: 300 }).retry({ attempts: 3 })),
      { latencyMs: 1_000 },
    )
    const response = await sim.get('/')
    assertProblem(response, 'upstream_deadline')
    expect(response.exchange!.outcome!.error!.sent).toBe('none')
    expect(response.exchange!.outcome!.durationMs).toBe(300)
    // Nothing was sent, which would be retried, had there been any time left.
    expect(attempts(response)).toEqual(['http://u1 upstream_deadline'])
    expect(sim.journal.toString()).not.toContain('retried')
    await sim.assertNoLeaks()
  })

  test('cancels one that waits for a connection', async () => {
    await using sim = world()
    sim.upstream('http://u1').reply({ delayMs: 250 })
    const first = sim.get('/')
    const second = sim.get('/')
    await sim.advance(200)
    const third = sim.get('/')
    assertStatus(await first, 200)
    assertLate(await second)
    assertStatus(await third, 504)
    await sim.assertNoLeaks()
  })

  test('counts all attempts', async () => {
    await using sim = world((it) => it.retry({ attempts: 5, perAttemptMs: 120, backoff: { baseMs: 0 } }))
    for (const url of URLS) sim.upstream(url).inject(fault.noAnswer())
    const response = await sim.get('/')
    assertLate(response)
    expect(attempts(response)).toEqual([
      'http://u1 upstream_attempt_timeout',
      'http://u2 upstream_attempt_timeout',
      'http://u3 upstream_deadline',
    ])
    await sim.assertNoLeaks()
  })

  test('ends the wait before a retry', async () => {
    await using sim = world((it) => it.retry({ attempts: 5, on: 503 }))
    sim.upstream('http://u1').reply({ status: 503, headers: { 'Retry-After': '1' } })
    const response = await sim.get('/')
    assertLate(response)
    expect(attempts(response)).toEqual(['http://u1 503'])
    await sim.advance('5s')
    expect(sim.upstreams.map(({ totalRequests }) => totalRequests)).toEqual([1, 0, 0])
    await sim.assertNoLeaks()
  })

  test('cancels both attempts of a hedge', async () => {
    await using sim = world((it) => it.hedge({ afterMs: 50 }))
    for (const url of URLS) sim.upstream(url).inject(fault.noAnswer())
    const response = await sim.get('/')
    assertLate(response)
    expect(attempts(response)).toEqual(['http://u1 upstream_deadline', 'http://u2 upstream_deadline'])
    await sim.assertNoLeaks()
  })

  test('is no limit for the body behind the head', async () => {
    await using sim = world()
    sim.upstream('http://u1').inject(fault.drip(40, '100ms'))
    sim.upstream('http://u1').reply({ body: 'x'.repeat(400) })
    const response = await sim.get('/')
    assertStatus(response, 200)
    expect(response.text()).toHaveLength(400)
    expect(response.durationMs).toBeGreaterThan(300)
    await sim.assertNoLeaks()
  })

  test('counts the time in which a client sends its body', async () => {
    async function* slowly(): AsyncGenerator<string> {
      for (;;) {
        yield 'x'
        await new Promise<void>((resolve) => void sim.clock.setTimeout(resolve, 100))
      }
    }
    await using sim = world()
    const response = await sim.post('/', { body: slowly() })
    assertProblem(response, 'upstream_deadline')
    expect(response.exchange!.outcome!.error!.sent).toBe('head')
    await sim.assertNoLeaks()
  })

  test('answers in time where a filter of the pool does not let go, and drops what that gives', async () => {
    const dropped: unknown[] = []
    const stubborn: Filter = async (exchange, next) => {
      await Promise.resolve(next(exchange)).catch(() => undefined)
      await new Promise<void>((resolve) => void exchange.clock.setTimeout(resolve, 1_000))
      const response = respond(200, 'late')
      response.body.onClose((error) => dropped.push((error as ProxyError).code))
      return response
    }
    await using sim = world((it) => it.use(stubborn))
    sim.upstream('http://u1').inject(fault.noAnswer())
    assertLate(await sim.get('/'))
    await sim.advance('5s')
    expect(dropped).toEqual(['exchange_aborted'])
    await sim.assertNoLeaks()
  })

  test('leaves nothing where a filter before the pool does not wait for it', async () => {
    const hasty: Filter = (exchange, next) => {
      void Promise.resolve(next(exchange)).catch(() => {})
      return respond(200, 'early')
    }
    const target = pool(URLS).balance(inOrder).use(holding).deadline({ ms: 300 })
    await using sim = simulate(proxy().use(hasty).route('/', target))
    sim.upstream('http://u1').inject(fault.noAnswer())
    expect((await sim.get('/')).text()).toBe('early')
    await sim.assertNoLeaks()
  })

  test.each<[string, (it: Pool) => Pool, string]>([
    [
      'after an attempt',
      (it) => it.retry({ attempts: 3, on: 503 }).use(disguising),
      'http://u1 upstream_deadline',
    ],
    ['after the wait', (it) => it.retry({ attempts: 3, on: 503 }), 'http://u1 503'],
    ['beside an attempt', (it) => it.hedge({ afterMs: 500 }).use(holding), 'http://u1 upstream_deadline'],
  ])('begins nothing %s any more, however long the exchange goes on', async (name, shape, attempt) => {
    const lingering: Filter = async (exchange, next) => {
      try {
        return await next(exchange)
      } catch (error) {
        await new Promise<void>((resolve) => void exchange.clock.setTimeout(resolve, 5_000))
        throw error
      }
    }
    const base = pool(URLS).balance(inOrder).deadline({ ms: 300 })
    await using sim = simulate(proxy().use(lingering).route('/', shape(base)))
    const one = sim.upstream('http://u1')
    if (name === 'after the wait') one.reply({ status: 503, headers: { 'Retry-After': '1' } })
    else one.inject(fault.noAnswer())
    const response = await sim.get('/')
    assertProblem(response, 'upstream_deadline')
    expect(attempts(response)).toEqual([attempt])
    expect(sim.journal.toString()).not.toContain(name === 'after an attempt' ? 'retried' : 'hedged')
    await sim.assertNoLeaks()
  })

  test('leaves nothing where the client leaves first, whatever filters do', async () => {
    await using sim = world((it) => it.use(holding))
    sim.upstream('http://u1').inject(fault.noAnswer())
    const pending = sim.get('/')
    await sim.advance(100)
    pending.leave()
    await sim.settle()
    assertOutcome(sim.exchanges.at(-1)!, { result: 'aborted' })
    await sim.assertNoLeaks()
  })

  test.each([
    ['X-Request-Timeout', ['300', '180']],
    ['grpc-timeout', ['300m', '180m']],
  ])('tells each attempt what is left in %s', async (header, expected) => {
    await using sim = world((it) => it.retry({ perAttemptMs: 120, backoff: { baseMs: 0 } }), { header })
    sim.upstream('http://u1').inject(fault.noAnswer())
    assertStatus(await sim.get('/', { headers: { [header]: '999S' } }), 200)
    const told = sim.upstreams.flatMap(({ requests }) => requests.map((it) => it.header(header)))
    expect(told).toEqual(expected)
    await sim.assertNoLeaks()
  })

  test('tells nothing unless it was asked to', async () => {
    await using sim = world()
    await sim.get('/', { headers: { 'X-Request-Timeout': '5' } })
    expect(sim.upstream('http://u1').requests[0]!.header('x-request-timeout')).toBe('5')
  })

  test.each<[string, unknown, string]>([
    ['no time', {}, '"ms" must be a duration of at least 1 ms'],
    ['no end', { ms: Infinity }, '"ms" must be a duration of at least 1 ms'],
    ['a header that is none', { ms: 5, header: 'a b' }, '"header" must be the name of a field'],
    ['no flag', { ms: 5, grpc: 'yes' }, '"grpc" must be true or false'],
    ['an unknown option', { ms: 5, headers: 'x' }, '"headers" must be one of the options that exist'],
  ])('refuses %s at the call', (_, options, message) => {
    expect(() => pool(['http://u1']).deadline(options as DeadlineOptions)).toThrow(
      `pool.deadline: ${message}`,
    )
  })
})
