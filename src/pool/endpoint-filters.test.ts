import { describe, expect, test, vi } from 'vitest'
import type { Balancer } from '../core/balancer.ts'
import { ProxyError } from '../core/errors.ts'
import type { Filter } from '../core/handler.ts'
import { type CircuitBreaker, circuitBreaker } from '../filters/circuit-breaker.ts'
import { concurrencyLimit } from '../filters/concurrency-limit.ts'
import { CompiledTargets } from '../proxy/compiled-targets.ts'
import { proxy } from '../proxy/proxy.ts'
import {
  assertAttempts,
  assertJournalled,
  assertProblem,
  assertServedBy,
  assertStatus,
  fault,
  forEachSeed,
  memoryNetwork,
  type SimulatedResponse,
  seededRandom,
  simulate,
  virtualClock,
} from '../testing/index.ts'
import { ConnectorRegistry } from '../transport/connector-registry.ts'
import type { EndpointFilter } from './endpoint-filters.ts'
import { pool } from './pool.ts'
import type { PoolHandle } from './pool-handle.ts'

const URLS = ['http://u1', 'http://u2', 'http://u3']
const inOrder: Balancer = (candidates) => candidates[0]!

function attempts({ exchange }: SimulatedResponse): string[] {
  return exchange!.attempts.map(({ endpoint, status, error }) => `${endpoint} ${status ?? error}`)
}

/** Refuses at the endpoints that are named, and counts how often it is asked. */
function refusing(
  ids: string[],
  code: 'overloaded' | 'circuit_open' | 'concurrency_exceeded' = 'overloaded',
) {
  const asked: string[] = []
  const make: EndpointFilter =
    ({ id }) =>
    (exchange, next) => {
      asked.push(id)
      if (ids.includes(id)) throw new ProxyError(code)
      return next(exchange)
    }
  return { asked, make }
}

describe('pool.useEach', () => {
  test('makes one filter for each endpoint, when the proxy starts, and keeps it', async () => {
    const made: string[] = []
    const seen: string[] = []
    const users = pool(URLS)
      .balance(inOrder)
      .useEach(({ id }) => {
        made.push(id)
        return (exchange, next) => {
          seen.push(id)
          return next(exchange)
        }
      })
    expect(made).toEqual([])
    await using sim = simulate(proxy().route('/a', users).route('/b', users))
    await sim.get('/a')
    await sim.get('/b')
    expect(made).toEqual(URLS)
    expect(seen).toEqual(['http://u1', 'http://u1'])
    await sim.assertNoLeaks()
  })

  test('stands among the filters of attempts where it was written', async () => {
    const calls: string[] = []
    const noting =
      (name: string): Filter =>
      (exchange, next) => {
        calls.push(name)
        return next(exchange)
      }
    const users = pool(['http://u1'])
      .use(noting('first'))
      .useEach(() => noting('own'))
      .use(noting('last'))
    await using sim = simulate(proxy().route('/', users))
    await sim.get('/')
    expect(calls).toEqual(['first', 'own', 'last'])
    expect(
      users
        .useEach(function perMachine() {
          return noting('')
        })
        .describe().filters,
    ).toEqual(['filter', 'each', 'filter', 'perMachine'])
    await sim.assertNoLeaks()
  })

  test('leaves alone the endpoint that fails, and no other', async () => {
    const breakers = new Map<string, CircuitBreaker>()
    const users = pool(URLS.slice(0, 2)).useEach(({ id }) => {
      const breaker = circuitBreaker({ minVolume: 3, openMs: '1m' })
      breakers.set(id, breaker)
      return breaker
    })
    await using sim = simulate(proxy().route('/', users))
    const one = sim.upstream('http://u1').inject(fault.resetBeforeHead())
    for (let i = 0; i < 6; i++) await sim.get('/')
    expect(breakers.get('http://u1')!.state.kind).toBe('open')
    expect(breakers.get('http://u2')!.state.kind).toBe('closed')
    for (let i = 0; i < 6; i++) assertServedBy(await sim.get('/'), 'http://u2')
    expect(one.hits).toBe(3)
    assertJournalled(sim, /exchange \d+: not let through to http:\/\/u1 \(circuit_open\)/)
    await sim.assertNoLeaks()
  })

  test.each(['overloaded', 'circuit_open'] as const)(
    'asks another endpoint at once where one refuses with %s, whatever the request',
    async (code) => {
      const { make } = refusing(['http://u1', 'http://u2'], code)
      await using sim = simulate(proxy().route('/', pool(URLS).balance(inOrder).useEach(make)))
      async function* body() {
        yield 'or'
        yield 'der'
      }
      const response = await sim.post('/', { body: body() })
      assertServedBy(response, 'http://u3')
      expect(response.durationMs).toBe(0)
      expect(sim.upstream('http://u3').requests[0]!.body.toString()).toBe('order')
      await sim.assertNoLeaks()
    },
  )

  test('does not take a refusal of another kind to another endpoint', async () => {
    const { make } = refusing(['http://u1'], 'concurrency_exceeded')
    await using sim = simulate(proxy().route('/', pool(URLS).balance(inOrder).useEach(make)))
    assertProblem(await sim.get('/'), 'concurrency_exceeded')
    await sim.assertNoLeaks()
  })

  test('takes none of the attempts of retry, nor of its budget', async () => {
    const { make } = refusing(['http://u1'])
    const users = pool(URLS)
      .balance(inOrder)
      .useEach(make)
      .retry({ attempts: 2, budget: { ratio: 0, minPerSecond: 0.1 } })
    await using sim = simulate(proxy().route('/', users))
    for (let i = 0; i < 10; i++) assertServedBy(await sim.get('/'), 'http://u2')
    // And the one retry that there is comes to a third endpoint.
    sim.upstream('http://u2').inject(fault.resetBeforeHead(), { next: 2 })
    expect(attempts(await sim.get('/'))).toEqual(['http://u2 upstream_reset', 'http://u3 200'])
    await sim.assertNoLeaks()
  })

  test('answers with the refusal when all endpoints refuse, each of which was asked once', async () => {
    const { asked, make } = refusing(URLS)
    await using sim = simulate(proxy().route('/', pool(URLS).useEach(make).retry({ attempts: 5, on: '5xx' })))
    assertProblem(await sim.get('/'), 'overloaded')
    expect(asked.sort()).toEqual(URLS)
    await sim.assertNoLeaks()
  })

  test('asks eleven endpoints at most', async () => {
    const urls = Array.from({ length: 50 }, (_, i) => `http://u${i}`)
    const { asked, make } = refusing(urls)
    await using sim = simulate(proxy().route('/', pool(urls).useEach(make)))
    assertProblem(await sim.get('/'), 'overloaded')
    expect(asked).toHaveLength(11)
    await sim.assertNoLeaks()
  })

  test('answers with what an attempt has met, rather than with a refusal after it', async () => {
    const { make } = refusing(['http://u2', 'http://u3'])
    await using sim = simulate(
      proxy().route('/', pool(URLS).balance(inOrder).useEach(make).retry({ attempts: 2 })),
    )
    sim.upstream('http://u1').inject(fault.resetBeforeHead())
    assertProblem(await sim.get('/'), 'upstream_reset')
    await sim.assertNoLeaks()
  })

  test('answers with the response of an attempt that was to be retried, where no other one is let through', async () => {
    const { make } = refusing(['http://u2', 'http://u3'])
    const users = pool(URLS)
      .balance(inOrder)
      .useEach(make)
      .retry({ attempts: 3, on: ['unsent', '5xx'] })
    for (const it of [users, users.deadline({ ms: '10s' }), users.hedge({ afterMs: '1s', budget: 1 })]) {
      await using sim = simulate(proxy().route('/', it))
      sim.upstream('http://u1').reply({ status: 502, body: 'x'.repeat(100_000) })
      const response = await sim.get('/')
      expect([response.status, response.text().length]).toEqual([502, 100_000])
      expect(attempts(response)).toEqual(['http://u1 502'])
      assertServedBy(response, 'http://u1')
      await sim.assertNoLeaks()
    }
  })

  test('answers with the refusal where an attempt had begun before a filter made one of its failure', async () => {
    const users = pool(URLS.slice(0, 2))
      .balance(inOrder)
      .useEach(() => async (exchange, next) => {
        try {
          return await next(exchange)
        } catch (cause) {
          throw new ProxyError('overloaded', { cause })
        }
      })
      .retry({ on: ['unsent', '5xx'] })
    await using sim = simulate(proxy().route('/', users))
    sim.upstream('http://u1').reply({ status: 502 })
    sim.upstream('http://u2').inject(fault.refuse())
    assertProblem(await sim.get('/'), 'overloaded')
    await sim.assertNoLeaks()
  })

  test('lets that response go as soon as another attempt has begun', async () => {
    const users = pool(URLS)
      .balance(inOrder)
      .useEach(refusing(['http://u2']).make)
      .retry({ on: ['unsent', '5xx'], backoff: { baseMs: 100 } })
    await using sim = simulate(proxy().route('/', users))
    sim.upstream('http://u1').reply({ status: 502, body: 'x'.repeat(1_000_000) })
    sim.upstream('http://u3').reply({ delayMs: 1_000, body: 'three' })
    const handle = await sim.pool(users)
    const inFlight = () => handle.endpoints.map((it) => it.inFlight).join()
    const asked = sim.get('/')
    await sim.advance(500)
    expect(inFlight()).toBe('0,0,1')
    expect((await asked).text()).toBe('three')
    await sim.assertNoLeaks()
  })

  test('asks another endpoint where both of a hedge refuse', async () => {
    const late: EndpointFilter =
      ({ id }) =>
      async (exchange, next) => {
        if (id === 'http://u3') return next(exchange)
        await new Promise<void>((resolve) => exchange.clock.setTimeout(resolve, 100))
        throw new ProxyError('overloaded')
      }
    const users = pool(URLS).balance(inOrder).useEach(late).hedge({ afterMs: '50ms', budget: 1 })
    await using sim = simulate(proxy().route('/', users))
    const response = await sim.get('/')
    assertServedBy(response, 'http://u3')
    expect(response.durationMs).toBe(150)
    expect(response.exchange!.decision.passedOver.map(({ endpoint, pick }) => `${pick} ${endpoint}`)).toEqual(
      ['1 http://u1', '2 http://u2'],
    )
    await sim.assertNoLeaks()
  })

  test('is in the record, where the pick in its place is of the same kind', async () => {
    const { make } = refusing(['http://u1', 'http://u3'])
    const urls = [...URLS, 'http://u4']
    const users = pool(urls).balance(inOrder).useEach(make).retry({ attempts: 2 })
    await using sim = simulate(proxy().route('/', users))
    sim.upstream('http://u2').inject(fault.resetBeforeHead())
    const { decision } = (await sim.get('/')).exchange!
    expect(decision.picks.map(({ kind, chosen }) => `${kind} ${chosen}`)).toEqual([
      'first http://u1',
      'first http://u2',
      'retry http://u3',
      'retry http://u4',
    ])
    expect(decision.attempts.map(({ kind, number }) => `${number} ${kind}`)).toEqual(['1 first', '2 retry'])
    expect(decision.passedOver).toMatchObject([
      { pick: 1, endpoint: 'http://u1', code: 'overloaded' },
      { pick: 3, endpoint: 'http://u3', code: 'overloaded' },
    ])
    expect(String(decision)).toMatch(
      /pick 1 of pool.*\n(?:.*\n){4,6}.*passed over http:\/\/u1: overloaded\n.*pick 2/,
    )
    await sim.assertNoLeaks()
  })

  test('takes a refusal to another endpoint in a pool that hedges and has a deadline', async () => {
    const { make } = refusing(['http://u1'])
    const users = pool(URLS)
      .balance(inOrder)
      .useEach(make)
      .hedge({ afterMs: '50ms', budget: 1 })
      .deadline({ ms: '1s' })
    await using sim = simulate(proxy().route('/', users))
    sim.upstream('http://u2').reply({ delayMs: 200, body: 'two' })
    sim.upstream('http://u3').reply({ body: 'three' })
    const response = await sim.get('/')
    expect([response.text(), response.durationMs]).toEqual(['three', 50])
    await sim.assertNoLeaks()
  })

  test('answers with what the first attempt of a hedge has met, where the second was not let through', async () => {
    const late: EndpointFilter =
      ({ id }) =>
      async (exchange, next) => {
        if (id === 'http://u1') return next(exchange)
        await new Promise<void>((resolve) => exchange.clock.setTimeout(resolve, 100))
        throw new ProxyError('overloaded')
      }
    const users = pool(URLS.slice(0, 2)).balance(inOrder).useEach(late).hedge({ afterMs: '50ms', budget: 1 })
    await using sim = simulate(proxy().route('/', users))
    sim
      .upstream('http://u1')
      .reply({ delayMs: 80, body: 'x'.repeat(1_000) })
      .inject(fault.resetAfterBytes(10))
    const response = await sim.get('/')
    assertProblem(response, 'upstream_reset')
    expect(response.durationMs).toBe(150)
    await sim.assertNoLeaks()
  })

  test('does not tell eject of a refusal', async () => {
    const { make } = refusing(['http://u1'])
    const users = pool(URLS.slice(0, 2)).balance(inOrder).useEach(make).eject({ consecutiveErrors: 1 })
    await using sim = simulate(proxy().route('/', users))
    for (let i = 0; i < 3; i++) {
      const response = await sim.get('/')
      assertAttempts(response, 1)
      assertServedBy(response, 'http://u2')
    }
    expect(sim.journal.toString()).not.toContain('ejected')
    await sim.assertNoLeaks()
  })

  test('says at the start what is wrong with the filters', async () => {
    expect(() => pool(URLS).useEach(7 as never)).toThrow(
      'pool.useEach: "make" must be a function (endpoint) => filter, got 7',
    )
    const none = proxy().route(
      '/',
      pool(URLS).useEach(() => undefined as never),
    )
    await expect(none.start()).rejects.toThrow('pool.useEach: "filter" must be a function')
    const wrong = proxy().route(
      '/',
      pool(URLS).useEach(() => concurrencyLimit({ limit: 0 })),
    )
    await expect(wrong.start()).rejects.toThrow('concurrencyLimit: "limit" must be')
  })

  test('leaves nothing of a pool whose filters cannot be made, and the proxy as it was', async () => {
    const clock = virtualClock()
    const network = memoryNetwork({ clock })
    const connectors = new ConnectorRegistry(network, clock)
    const targets = new CompiledTargets({ clock, network, random: seededRandom(1), connectors })
    const released: string[] = []
    const wrong = pool(URLS).useEach(({ id }) => {
      if (id === 'http://u3') throw new Error('no filter for u3')
      return Object.assign<Filter, Disposable>((exchange, next) => next(exchange), {
        [Symbol.dispose]: () => released.push(id),
      })
    })
    expect(() => targets.acquire([wrong], [])).toThrow('no filter for u3')
    expect([connectors.size, released]).toEqual([0, ['http://u1', 'http://u2']])

    const users = pool(URLS).health({ path: '/healthz', intervalMs: '1s' })
    const other = pool(['http://u1']).health({ path: '/healthz', intervalMs: '1s' })
    await using sim = simulate(proxy().route('/', users))
    await expect(sim.reload(proxy().route('/other', other).route('/', wrong))).rejects.toThrow(
      'no filter for u3',
    )
    assertStatus(await sim.get('/'), 200)
    await sim.assertNoLeaks()
  })

  test('lets the filters of its endpoints go with the pool', async () => {
    const released: string[] = []
    const users = pool(URLS).useEach(({ id }) =>
      Object.assign<Filter, Disposable>((exchange, next) => next(exchange), {
        [Symbol.dispose]: () => released.push(id),
      }),
    )
    await using sim = simulate(proxy().route('/', users))
    await sim.get('/')
    expect(released).toEqual([])
    await sim.assertNoLeaks()
    expect(released).toEqual(URLS)
  })

  describe('of endpoints that come and go', () => {
    /** Makes filters that note their end, but none for the endpoints that are named. */
    function ending(...not: string[]) {
      const released: string[] = []
      const make: EndpointFilter = ({ id }) => {
        if (not.includes(id)) throw new Error(`no filter for ${id}`)
        return Object.assign<Filter, Disposable>((exchange, next) => next(exchange), {
          [Symbol.dispose]: () => released.push(id),
        })
      }
      return { make, released }
    }

    const shown = ({ endpoints }: PoolHandle) => endpoints.map(({ id, fullWeight }) => `${id} ${fullWeight}`)

    test('refuses a list with one whose filter cannot be made, and then changes nothing', async () => {
      const { make, released } = ending('http://u3')
      const users = pool(URLS.slice(0, 1)).useEach(make)
      await using sim = simulate(proxy().route('/', users), { upstreams: URLS })
      const handle = await sim.pool(users)
      expect(() => handle.update([{ url: 'http://u1', weight: 7 }, 'http://u2', 'http://u3'])).toThrow(
        'no filter for http://u3',
      )
      expect([shown(handle), released]).toEqual([['http://u1 1'], ['http://u2']])
      assertServedBy(await sim.get('/'), 'http://u1')
      await sim.assertNoLeaks()
    })

    test('refuses such a list of a source too, which goes on', async () => {
      const { make, released } = ending('http://u3')
      const users = pool(async function* (_signal, { clock }) {
        const lists = [['http://u1'], ['http://u2', 'http://u3'], ['http://u2']]
        for (const list of lists) {
          yield list
          if (list !== lists.at(-1)) await new Promise<void>((resolve) => clock.setTimeout(resolve, 1_000))
        }
      }).useEach(make)
      const said = vi.spyOn(console, 'error').mockImplementation(() => {})
      await using sim = simulate(proxy().route('/', users), { upstreams: URLS })
      const handle = await sim.pool(users)
      await sim.advance(500)
      expect(shown(handle)).toEqual(['http://u1 1'])
      await sim.advance(1_000)
      expect([shown(handle), released]).toEqual([['http://u1 1'], ['http://u2']])
      expect(said).toHaveBeenCalledOnce()
      said.mockRestore()
      await sim.advance(1_000)
      expect([shown(handle), released]).toEqual([['http://u2 1'], ['http://u2', 'http://u1']])
      await sim.assertNoLeaks()
    })

    test('lets the old pool go on where a reload brings one whose filter cannot be made', async () => {
      const old = ending()
      const users = pool(URLS.slice(0, 1), { name: 'users' }).useEach(old.make)
      await using sim = simulate(proxy().route('/', users), { upstreams: URLS })
      const handle = await sim.pool('users')
      const next = ending('http://u3')
      const wrong = pool([{ url: 'http://u1', weight: 7 }, 'http://u2', 'http://u3'], { name: 'users' })
      await expect(sim.reload(proxy().route('/', wrong.useEach(next.make)))).rejects.toThrow(
        'no filter for http://u3',
      )
      expect(shown(handle)).toEqual(['http://u1 1'])
      expect(old.released.sort()).toEqual(['http://u2', 'http://u3'])
      expect(next.released.sort()).toEqual(['http://u1', 'http://u2'])
      assertServedBy(await sim.get('/'), 'http://u1')
      await sim.assertNoLeaks()
    })

    test('has them ready before a reload counts, and once', async () => {
      const made: string[] = []
      const users = (urls: string[]) =>
        pool(urls, { name: 'users' })
          .balance(inOrder)
          .useEach(({ id }) => {
            made.push(id)
            return (exchange, next) => next(exchange)
          })
      await using sim = simulate(proxy().route('/', users(['http://u1'])), { upstreams: URLS })
      await sim.get('/')
      await sim.reload(proxy().route('/', users(['http://u2', 'http://u1'])))
      assertServedBy(await sim.get('/'), 'http://u2')
      // The first pool has a filter for what it may still be asked to serve; the second one has its own for both.
      expect(made.sort()).toEqual(['http://u1', 'http://u1', 'http://u2', 'http://u2'])
      await sim.assertNoLeaks()
    })

    test('ends the filter of one that is removed, when nothing is in flight on it', async () => {
      const { make, released } = ending()
      const users = pool(URLS).balance(inOrder).useEach(make)
      await using sim = simulate(proxy().route('/', users))
      sim.upstream('http://u1').reply({ delayMs: 1_000, body: 'one' })
      const handle = await sim.pool(users)
      const asked = sim.get('/')
      await sim.advance(500)
      handle.update(['http://u3'])
      expect(released).toEqual(['http://u2'])
      expect((await asked).text()).toBe('one')
      await sim.settle()
      expect(released).toEqual(['http://u2', 'http://u1'])
      await sim.assertNoLeaks()
      expect(released).toEqual(['http://u2', 'http://u1', 'http://u3'])
    })

    test('is none the worse for a filter that fails over its end', async () => {
      const users = pool(URLS)
        .balance(inOrder)
        .useEach(() =>
          Object.assign<Filter, Disposable>((exchange, next) => next(exchange), {
            [Symbol.dispose]: () => {
              throw new Error('not now')
            },
          }),
        )
      const said = vi.spyOn(console, 'error').mockImplementation(() => {})
      await using sim = simulate(proxy().route('/', users))
      sim.upstream('http://u1').reply({ delayMs: 1_000, body: 'one' })
      const handle = await sim.pool(users)
      const asked = sim.get('/')
      await sim.advance(500)
      handle.update([])
      expect((await asked).text()).toBe('one')
      await sim.assertNoLeaks()
      expect(said.mock.calls.map(([text]) => text)).toEqual(
        ['http://u2', 'http://u3', 'http://u1'].map(
          (id) => `gatewright: a filter of the endpoint "${id}" has failed over its end`,
        ),
      )
      said.mockRestore()
    })

    test('keeps those that a pool after a reload has too', async () => {
      const { make, released } = ending()
      const users = pool(URLS.slice(0, 2), { name: 'users' }).useEach(make)
      await using sim = simulate(proxy().route('/', users))
      await sim.get('/')
      await sim.reload(proxy().route('/', users.retry({ attempts: 2 })))
      await sim.get('/')
      await sim.settle()
      expect(released).toEqual([])
      await sim.assertNoLeaks()
      expect(released).toEqual(URLS.slice(0, 2))
    })
  })

  test('keeps each endpoint within its own limit, and serves what the others can', {
    timeout: 60_000,
  }, async () => {
    await forEachSeed(3, async (seed) => {
      // One is ten times slower than the others. Round robin gives it a third of the load all the same.
      const limits: number[] = []
      const users = pool(URLS).useEach(() => concurrencyLimit({ limit: 8 }))
      const watch: Filter = (exchange, next) => {
        const { inFlight } = exchange.endpoint!
        limits.push(inFlight)
        return next(exchange)
      }
      await using sim = simulate(proxy().route('/', users.use(watch)), { seed })
      for (const it of sim.upstreams)
        it.capacity({ workers: 4, serviceTime: { kind: 'exponential', meanMs: 20 } })
      sim.upstream('http://u2').capacity({ workers: 4, serviceTime: { kind: 'exponential', meanMs: 200 } })
      // 420 a second is what they can do together; without a limit the slow one would have 100 of the 300.
      const { errorRate, byStatus } = await sim.load({
        rate: 300,
        duration: '10s',
        patience: '1s',
        clients: 20,
      })
      expect(errorRate).toBeLessThan(0.02)
      expect(byStatus[200]).toBeGreaterThan(2_800)
      expect(Math.max(...limits)).toBeLessThan(8)
      await sim.assertNoLeaks()
    })
  })

  test('is worth it: without the limits a slow endpoint holds up a third of the load', {
    timeout: 60_000,
  }, async () => {
    await using sim = simulate(proxy().route('/', pool(URLS)), { seed: 1 })
    for (const it of sim.upstreams)
      it.capacity({ workers: 4, serviceTime: { kind: 'exponential', meanMs: 20 } })
    sim.upstream('http://u2').capacity({ workers: 4, serviceTime: { kind: 'exponential', meanMs: 200 } })
    const { errorRate } = await sim.load({ rate: 300, duration: '10s', patience: '1s', clients: 20 })
    expect(errorRate).toBeGreaterThan(0.2)
    await sim.assertNoLeaks()
  })
})

test('a breaker in pool.use, which is one for all endpoints, is not asked again for another one', async () => {
  let asked = 0
  const count: Filter = (exchange, next) => {
    asked++
    return next(exchange)
  }
  const breaker = circuitBreaker({ minVolume: 3 })
  const users = pool(URLS).balance(inOrder).use(count, breaker).retry({ attempts: 3, on: 503 })
  await using sim = simulate(proxy().route('/', users))
  for (const it of sim.upstreams) it.reply({ status: 503 })
  assertAttempts(await sim.get('/'), 3)
  expect([breaker.state.kind, asked]).toEqual(['open', 3])
  const response = await sim.get('/')
  assertProblem(response, 'circuit_open')
  assertStatus(response, 503)
  assertAttempts(response, 0)
  expect(asked).toBe(4)
  await sim.assertNoLeaks()
})
