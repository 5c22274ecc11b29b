import { describe, expect, it, vi } from 'vitest'
import { ProxyError } from '../core/errors.ts'
import { answeredByFallback } from '../core/fallback-answer.ts'
import { stateOf } from '../core/filter-state.ts'
import type { Handler } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { pool, proxy } from '../index.ts'
import { assertHeader, assertProblem, assertStatus } from '../testing/assertions/assertions.ts'
import { exchange } from '../testing/exchange.ts'
import { run } from '../testing/run.ts'
import { forEachSeed, simulate } from '../testing/simulation/simulate.ts'
import { fault } from '../testing/upstream/fault.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { type CircuitBreaker, type CircuitBreakerOptions, circuitBreaker } from './circuit-breaker.ts'
import type { CircuitState } from './limiting/circuit.ts'

/** Sends so many through; what they fail with is left out. */
async function send(breaker: CircuitBreaker, count: number, handler: Handler): Promise<void> {
  for (let i = 0; i < count; i++) {
    await run(breaker, exchange(), handler).then(
      (done) => done.finish(),
      () => {},
    )
  }
}

const throwing = (error: unknown): Handler => {
  return () => {
    throw error
  }
}

describe('circuitBreaker', () => {
  it.each<[what: string, handler: Handler, opens: boolean]>([
    ['200', () => respond(200), false],
    ['404', () => respond(404), false],
    ['500', () => respond(500), true],
    ['503, promised', async () => respond(503), true],
    ['an error of the upstream', throwing(new ProxyError('upstream_reset')), true],
    [
      'an error of the upstream, promised',
      async () => throwing(new ProxyError('upstream_reset'))(exchange()),
      true,
    ],
    ['anything thrown', throwing(new Error('out of order')), true],
    ['an error of the client', throwing(new ProxyError('request_body_too_large')), false],
    ['a limit of the proxy itself', throwing(new ProxyError('overloaded')), false],
    ['another breaker', throwing(new ProxyError('circuit_open')), false],
  ])('%s opens: see the row', async (_, handler, opens) => {
    const breaker = circuitBreaker()
    await send(breaker, 20, handler)
    expect(breaker.state.kind).toBe(opens ? 'open' : 'closed')
  })

  it('turns away with circuit_open and does not call next', async () => {
    const breaker = circuitBreaker()
    await send(breaker, 20, () => respond(500))
    const next = vi.fn<Handler>()
    expect(() => breaker(exchange(), next)).toThrow(
      expect.objectContaining({ code: 'circuit_open', status: 503, sent: 'none' }),
    )
    expect(next).not.toHaveBeenCalled()
  })

  it('answers with the fallback while it is open, and only then', async () => {
    const breaker = circuitBreaker({ fallback: () => respond(200, 'an older answer') })
    await send(breaker, 20, () => respond(500))
    const asked = exchange()
    const { response } = await run(breaker, asked, () => respond(500))
    expect(await response.body.text()).toBe('an older answer')
    expect(asked.get(answeredByFallback)).toEqual({
      insteadOf: 'circuitBreaker',
      by: 'fallback',
      reason: 'circuit_open',
    })
  })

  it('counts a body that breaks off as a failure, once', async () => {
    const breaker = circuitBreaker()
    for (let i = 0; i < 20; i++) {
      expect(breaker.state.kind).toBe('closed')
      const { exchange: at } = await run(breaker, exchange(), () => respond(i < 10 ? 500 : 200))
      if (i >= 9) at.finish({ result: 'failed', error: new ProxyError('upstream_body_timeout') })
    }
    expect(breaker.state.kind).toBe('open')
    expect(stateOf(breaker)).toEqual({ kind: 'circuit-breaker', state: 'open' })
  })

  it('does not count clients that leave, before the head or behind it', async () => {
    const breaker = circuitBreaker({ minVolume: 1, isFailure: () => true })
    const before = exchange()
    const waiting = breaker(
      before,
      () => new Promise((_, reject) => before.onAbort(() => reject(new Error('stopped')))),
    )
    before.abort(new ProxyError('client_aborted'))
    await expect(waiting).rejects.toThrow('stopped')
    const behind = circuitBreaker({ minVolume: 2, isFailure: ({ error }) => error !== undefined })
    for (let i = 0; i < 5; i++) await (await run(behind, exchange())).finish({ result: 'aborted' })
    expect([breaker.state.kind, behind.state.kind]).toEqual(['closed', 'closed'])
  })

  it('counts responses that are slow to begin', async () => {
    const clock = virtualClock()
    const breaker = circuitBreaker({ slowMs: '100ms', minVolume: 4 })
    const after =
      (ms: number): Handler =>
      async () => {
        await clock.advance(ms)
        return respond(200)
      }
    for (const ms of [99, 99, 100, 100]) await run(breaker, exchange({ clock }), after(ms))
    expect(breaker.state).toMatchObject({ kind: 'open', reason: 'slow' })
  })

  it('asks isFailure', async () => {
    const breaker = circuitBreaker({ isFailure: ({ response }) => response?.status === 404 })
    await send(breaker, 20, throwing(new ProxyError('upstream_reset')))
    expect(breaker.state.kind).toBe('closed')
    await send(breaker, 20, () => respond(404))
    expect(breaker.state.kind).toBe('open')
  })

  it('rejects with what isFailure throws, as a filter that throws', async () => {
    const broken = circuitBreaker({
      isFailure: () => {
        throw new Error('no idea')
      },
    })
    await expect(run(broken, exchange(), async () => respond(200))).rejects.toThrow('no idea')
  })

  it('tells of changes, and goes on when it is told badly', async () => {
    const written = vi.spyOn(console, 'error').mockImplementation(() => {})
    const changes: string[] = []
    const breaker = circuitBreaker({
      onChange: (state, previous) => {
        changes.push(`${previous.kind} -> ${state.kind}`)
        throw new Error('the log is full')
      },
    })
    await send(breaker, 20, () => respond(500))
    expect(changes).toEqual(['closed -> open'])
    expect(written).toHaveBeenCalledOnce()
    written.mockRestore()
  })

  it('has the name that it was given', () => {
    expect(circuitBreaker().name).toBe('circuitBreaker')
    const app = proxy().route('/', circuitBreaker({ name: 'circuitBreaker(users)' }), () => respond(200))
    expect(app.explain('/').filters).toEqual(['circuitBreaker(users)'])
  })

  it.each<[options: unknown, message: RegExp]>([
    [{ errorRate: 0.5 }, /did you mean "errorRatio"/],
    [{ errorRatio: 0 }, /"errorRatio" must be a number above 0, up to 1/],
    [{ errorRatio: 50 }, /"errorRatio"/],
    [{ slowRatio: 0.5 }, /"slowRatio" must be left out, or given together with slowMs/],
    [{ slowMs: 'soon' }, /"slowMs" must be a duration/],
    [{ slowMs: 5, slowRatio: 2 }, /"slowRatio"/],
    [{ windowMs: 1 }, /"windowMs" must be a duration of at least 10 ms/],
    [{ minVolume: 0 }, /"minVolume"/],
    [{ openMs: '10s', maxOpenMs: '1s' }, /"maxOpenMs" must be a duration of at least 10000 ms/],
    [{ jitter: 2 }, /"jitter"/],
    [{ halfOpen: { ramps: [1] } }, /did you mean "ramp"/],
    [{ halfOpen: { ramp: [] } }, /"halfOpen.ramp"/],
    [{ halfOpen: { ramp: [0] } }, /"halfOpen.ramp"/],
    [{ halfOpen: { trials: 0 } }, /"halfOpen.trials"/],
    [{ isFailure: 500 }, /"isFailure" must be a function/],
    [{ fallback: 'sorry' }, /"fallback" must be a function/],
    [{ onChange: true }, /"onChange" must be a function/],
    [{ name: '' }, /"name"/],
    [7, /"options" must be an object/],
  ])('refuses %j', (options, message) => {
    const make = () => circuitBreaker(options as CircuitBreakerOptions)
    expect(make).toThrow(message)
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID' }))
  })
})

describe('circuitBreaker, simulated', { timeout: 30_000 }, () => {
  const simulated = (seed: number, options: CircuitBreakerOptions = {}) => {
    const changes: CircuitState[] = []
    const breaker = circuitBreaker({ windowMs: '2s', onChange: (state) => changes.push(state), ...options })
    const sim = simulate(proxy().route('/', breaker, pool(['http://users'])), { seed })
    const users = sim.upstream('http://users').reply({ delayMs: 10, body: 'ok' })
    return { sim, users, breaker, changes }
  }

  it('leaves a dead service alone, tries it with a few, and closes when it is back', async () => {
    await forEachSeed(6, async (seed) => {
      const { sim, users, breaker, changes } = simulated(seed)
      await using _ = sim
      const load = sim.load({ rate: 50, duration: '2m' })
      await sim.advance('10s')
      const dead = users.inject(fault.resetBeforeHead(), { lasts: '40s' })
      await sim.advance('3s')
      // Half of a window's requests, and what chance adds.
      expect(dead.hits).toBeLessThan(75)
      const afterOpening = dead.hits
      await sim.advance('37s')
      const trials = changes.filter(({ kind }) => kind === 'half-open').length
      expect(trials).toBeGreaterThan(1)
      expect(dead.hits - afterOpening).toBeLessThanOrEqual(5 * trials)
      expect(dead.hits - afterOpening).toBeGreaterThan(0)
      const { byStatus, byError } = await load
      expect(breaker.state.kind).toBe('closed')
      expect(
        changes.slice(-4).map((state) => (state.kind === 'half-open' ? state.share : state.kind)),
      ).toEqual([0.1, 0.25, 0.5, 'closed'])
      // Back within the longest opening after the service was.
      expect(changes.at(-1)!.sinceMs).toBeLessThan(50_000 + 36_000 + 2_000)
      // Some hits were one request, sent again where a kept connection had gone stale.
      expect(byStatus[502]).toBeLessThanOrEqual(dead.hits)
      expect(byError.circuit_open).toBe(byStatus[503])
      await sim.assertNoLeaks()
    })
  })

  it('lets a growing share through while it is half-open', async () => {
    const { sim, users, changes } = simulated(1, { halfOpen: { trials: 100 }, openMs: '5s' })
    await using _ = sim
    users.inject(fault.resetBeforeHead(), { lasts: '5s' })
    users.reply({ delayMs: 100, body: 'ok' })
    await sim.load({ rate: 1_000, duration: '20s' })
    const [first, second, third, closed] = changes.slice(-4).map(({ sinceMs }) => sinceMs)
    // 100 requests take 1 s at a tenth of 1 000 a second, and less at each step; each answer takes 100 ms.
    expect(second! - first!).toBeGreaterThan(900)
    expect(third! - second!).toBeGreaterThan(350)
    expect(third! - second!).toBeLessThan(second! - first!)
    expect(closed! - third!).toBeLessThan(third! - second!)
    await sim.assertNoLeaks()
  })

  it('opens less and less often for a service that flaps', async () => {
    await forEachSeed(3, async (seed) => {
      const { sim, users, changes } = simulated(seed)
      await using _ = sim
      users.outage({ lasts: '3s', every: '5s' })
      const { byStatus } = await sim.load({ rate: 50, duration: '5m' })
      const opened = changes.filter(({ kind }) => kind === 'open')
      // Without growth it would be one every 8 s or so: 38.
      expect(opened.length).toBeLessThan(18)
      expect(byStatus[502]!).toBeLessThan(50 * 2 * opened.length)
      await sim.assertNoLeaks()
    })
  })

  it('says when to come again', async () => {
    const { sim, users } = simulated(1, { minVolume: 1 })
    await using _ = sim
    users.reply({ status: 500 })
    assertStatus(await sim.get('/'), 500)
    const response = await sim.get('/')
    assertProblem(response, 'circuit_open')
    assertHeader(response, 'retry-after', /^[56]$/)
    expect(response.headers.getAll('retry-after')).toHaveLength(1)
    assertHeader(response, 'proxy-status', 'gatewright; error=destination_unavailable')
    expect(response.durationMs).toBe(0)
    await sim.assertNoLeaks()
  })

  it('counts attempts, where it stands in the pool', async () => {
    const breaker = circuitBreaker({ minVolume: 2 })
    await using sim = simulate(proxy().route('/', pool(['http://users']).use(breaker)))
    sim.upstream('http://users').inject(fault.truncate(1))
    await sim.get('/')
    await sim.get('/')
    expect(breaker.state.kind).toBe('open')
    await sim.assertNoLeaks()
  })
})
