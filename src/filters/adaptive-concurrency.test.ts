import { describe, expect, it } from 'vitest'
import { ProxyError } from '../core/errors.ts'
import { stateOf } from '../core/filter-state.ts'
import type { Handler } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { type Filter, pool, proxy } from '../index.ts'
import { exchange } from '../testing/exchange.ts'
import { run } from '../testing/run.ts'
import { simulate } from '../testing/simulation/simulate.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { type AdaptiveConcurrencyOptions, adaptiveConcurrency } from './adaptive-concurrency.ts'

describe('adaptiveConcurrency', () => {
  it('turns away what is past the limit, and holds a place until the response has been sent', async () => {
    const limit = adaptiveConcurrency({ min: 2, initial: 2 })
    const first = await run(limit, exchange())
    await run(limit, exchange())
    await expect(run(limit, exchange())).rejects.toMatchObject({ code: 'overloaded', status: 503 })
    expect([limit.limit, limit.inFlight]).toEqual([2, 2])
    expect(stateOf(limit)).toEqual({ kind: 'concurrency-limit', limit: 2, inFlight: 2, waiting: 0 })
    await first.finish()
    await run(limit, exchange())
    expect(limit.inFlight).toBe(2)
  })

  it('frees the place when the handler fails', async () => {
    const limit = adaptiveConcurrency()
    const failing = run(limit, exchange(), async () => {
      throw new ProxyError('upstream_reset')
    })
    await expect(failing).rejects.toMatchObject({ code: 'upstream_reset' })
    expect(limit.inFlight).toBe(0)
  })

  it('lets a priority of 0 use half of the limit, of 1 all of it', async () => {
    const priorityOf: Record<string, number> = {
      '/low': 0,
      '/mid': 0.5,
      '/high': 1,
      '/odd': Number.NaN,
      '/top': 9,
    }
    const limit = adaptiveConcurrency({
      min: 8,
      initial: 8,
      priority: ({ request }) => priorityOf[request.path]!,
    })
    const come = async (url: string): Promise<boolean> => {
      return run(limit, exchange({ url })).then(
        () => true,
        () => false,
      )
    }
    for (const url of ['/high', '/low', '/odd', '/low']) expect(await come(url)).toBe(true)
    expect([await come('/low'), await come('/odd')]).toEqual([false, false])
    expect([await come('/mid'), await come('/mid'), await come('/mid')]).toEqual([true, true, false])
    expect([await come('/high'), await come('/top'), await come('/top')]).toEqual([true, true, false])
  })

  it.each<[what: string, status: number, grows: boolean]>([
    ['responses in time', 200, true],
    ['responses of a service that is overloaded', 503, false],
    ['responses of a service that limits', 429, false],
  ])('follows %s', async (_, status, grows) => {
    const clock = virtualClock()
    const limit = adaptiveConcurrency({ min: 10, initial: 40, windowMs: 100 })
    const handler: Handler = () =>
      new Promise((resolve) => void clock.setTimeout(() => resolve(respond(status)), 25))
    for (let i = 0; i < 60; i++) {
      const runs = Array.from({ length: limit.limit }, () => run(limit, exchange({ clock }), handler))
      await clock.advance(25)
      for (const done of await Promise.all(runs)) await done.finish()
    }
    if (grows) expect(limit.limit).toBeGreaterThan(40)
    else expect(limit.limit).toBe(10)
  })

  it('does not take a service that fails at once for a fast one', async () => {
    const clock = virtualClock()
    const limit = adaptiveConcurrency({ min: 10, initial: 30, windowMs: 100 })
    for (let i = 0; i < 100; i++) await (await run(limit, exchange({ clock }), () => respond(500))).finish()
    expect(limit.limit).toBe(10)
  })

  it('has the name that it was given', () => {
    expect(adaptiveConcurrency().name).toBe('adaptiveConcurrency')
    expect(adaptiveConcurrency({ name: 'search' }).name).toBe('search')
  })

  it.each<[options: unknown, message: RegExp]>([
    [{ algorithm: 'aimd' }, /"algorithm" must be "gradient" or "vegas"/],
    [{ algoritm: 'vegas' }, /did you mean "algorithm"/],
    [{ min: 0 }, /"min"/],
    [{ min: 5, max: 4 }, /"max" must be a whole number of at least 5/],
    [{ max: 10, initial: 11 }, /"initial" must be a whole number from 2 to 10/],
    [{ windowMs: 0 }, /"windowMs"/],
    [{ probeMs: 'never' }, /"probeMs"/],
    [{ priority: 1 }, /"priority" must be a function/],
    [{ name: '' }, /"name"/],
  ])('refuses %j', (options, message) => {
    const make = () => adaptiveConcurrency(options as AdaptiveConcurrencyOptions)
    expect(make).toThrow(message)
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID' }))
  })
})

describe('adaptiveConcurrency, simulated', { timeout: 30_000 }, () => {
  it('sheds what matters less first', async () => {
    const served = { '/checkout': 0, '/suggestions': 0 }
    const count: Filter = async (exchange, next) => {
      const response = await next(exchange)
      served[exchange.request.path as keyof typeof served]++
      return response
    }
    const limit = adaptiveConcurrency({ priority: ({ request }) => (request.path === '/checkout' ? 1 : 0) })
    await using sim = simulate(proxy().route('/', count, limit, pool(['http://shop'])), { seed: 4 })
    sim.upstream('http://shop').capacity({ workers: 16, serviceTime: { kind: 'exponential', meanMs: 50 } })
    // 320 a second is what the shop can do; a sixth of 960 a second is checkouts.
    const { sent } = await sim.load({
      rate: 960,
      duration: '20s',
      request: (number) => (number % 6 === 0 ? '/checkout' : '/suggestions'),
    })
    expect(served['/checkout']).toBeGreaterThan(0.97 * (sent / 6))
    expect(served['/suggestions']).toBeGreaterThan(0)
    expect(served['/suggestions']).toBeLessThan(0.3 * (sent * (5 / 6)))
    await sim.assertNoLeaks()
  })

  it('finds a new limit when the service has become smaller, bigger, or slower', async () => {
    const limit = adaptiveConcurrency({ probeMs: '5s' })
    await using sim = simulate(proxy().route('/', limit, pool(['http://users'])), { seed: 6 })
    const users = sim.upstream('http://users')
    const found: number[] = []
    for (const [workers, meanMs] of [
      [16, 50],
      [4, 50],
      [16, 50],
      [16, 200],
    ] as const) {
      users.capacity({ workers, serviceTime: { kind: 'exponential', meanMs } })
      const load = sim.load({ rate: 480, duration: '20s', patience: '2s' })
      let sum = 0
      for (let second = 0; second < 20; second++) {
        await sim.advance('1s')
        if (second >= 10) sum += limit.limit / 10
      }
      found.push(sum)
      await load
    }
    const [big, small, bigAgain, slow] = found
    expect(big).toBeGreaterThan(16)
    expect(small).toBeLessThan(14)
    expect(small).toBeGreaterThan(3)
    for (const again of [bigAgain, slow]) {
      expect(again).toBeGreaterThan(16)
      expect(again).toBeLessThan(64)
    }
    await sim.assertNoLeaks()
  })
})
