import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProxyError } from '../core/errors.ts'
import { stateOf } from '../core/filter-state.ts'
import { respond } from '../core/message.ts'
import { type Filter, pool, proxy } from '../index.ts'
import { assertHeader, assertProblem } from '../testing/assertions/assertions.ts'
import { exchange, type TestExchange } from '../testing/exchange.ts'
import { run } from '../testing/run.ts'
import { simulate } from '../testing/simulation/simulate.ts'
import { type VirtualClock, virtualClock } from '../testing/virtual-clock.ts'
import { type ConcurrencyLimit, type ConcurrencyLimitOptions, concurrencyLimit } from './concurrency-limit.ts'

/** Exchanges that hold their places until they are finished, and what became of those that waited. */
class Crowd {
  readonly clock: VirtualClock = virtualClock()
  /** Names, in the order in which they were let through, and `name!code` of those that were not. */
  readonly events: string[] = []
  readonly #filter: ConcurrencyLimit
  readonly #exchanges = new Map<string, TestExchange>()

  constructor(filter: ConcurrencyLimit) {
    this.#filter = filter
  }

  async come(...names: string[]): Promise<void> {
    for (const name of names) {
      const at = exchange({ clock: this.clock, client: name.replace(/\d+$/, '') || 'nobody' })
      this.#exchanges.set(name, at)
      run(this.#filter, at, () => {
        this.events.push(name)
        return respond(200)
      }).catch((error: unknown) => {
        const why = error instanceof ProxyError ? error.code : String(error)
        this.events.push(`${name}!${why}`)
        at.finish({ error: error as ProxyError })
      })
    }
    await this.clock.advance(0)
  }

  async finish(...names: string[]): Promise<void> {
    for (const name of names) this.#exchanges.get(name)!.finish()
    await this.clock.advance(0)
  }

  async leave(name: string): Promise<void> {
    this.#exchanges.get(name)!.abort(new ProxyError('client_aborted'))
    await this.clock.advance(0)
  }

  get numbers(): number[] {
    const { inFlight, waiting, keys } = this.#filter
    return [inFlight, waiting, keys, this.clock.pending]
  }
}

const perClient = ({ client }: { client: { address: string } }): string => client.address

describe('concurrencyLimit', () => {
  it('lets so many through and no more, until one is over', async () => {
    const crowd = new Crowd(concurrencyLimit({ limit: 2 }))
    await crowd.come('a1', 'a2', 'a3')
    expect(crowd.events).toEqual(['a1', 'a2', 'a3!overloaded'])
    await crowd.finish('a1')
    await crowd.come('a4', 'a5')
    expect(crowd.events.slice(3)).toEqual(['a4', 'a5!overloaded'])
    await crowd.finish('a2', 'a4')
    expect(crowd.numbers).toEqual([0, 0, 0, 0])
  })

  it('holds the place until the response has been sent, not until its head is there', async () => {
    const limit = concurrencyLimit({ limit: 1 })
    const held = await run(limit, exchange(), () => respond(200, 'a long one'))
    expect(limit.inFlight).toBe(1)
    await held.finish()
    expect(limit.inFlight).toBe(0)
  })

  it('frees the place at once when the handler fails, and only once', async () => {
    const limit = concurrencyLimit({ limit: 2 })
    const held = await run(limit, exchange())
    for (const handler of [
      () => {
        throw new Error('at once')
      },
      async () => {
        throw new Error('later')
      },
    ]) {
      const at = exchange()
      await expect(run(limit, at, handler)).rejects.toThrow(/at once|later/)
      expect(limit.inFlight).toBe(1)
      at.finish()
      expect(limit.inFlight).toBe(1)
    }
    await held.finish()
    expect(limit.inFlight).toBe(0)
  })

  it('counts each key apart, and answers 429', async () => {
    const crowd = new Crowd(concurrencyLimit({ limit: 1, per: perClient }))
    await crowd.come('a1', 'b1', 'a2', 'b2')
    expect(crowd.events).toEqual(['a1', 'b1', 'a2!concurrency_exceeded', 'b2!concurrency_exceeded'])
    expect(crowd.numbers).toEqual([2, 0, 2, 0])
    await crowd.finish('a1', 'b1')
    expect(crowd.numbers).toEqual([0, 0, 0, 0])
  })

  it('counts those without a key together', async () => {
    const crowd = new Crowd(concurrencyLimit({ limit: 1, per: () => undefined }))
    await crowd.come('a1', 'b1')
    expect(crowd.events).toEqual(['a1', 'b1!concurrency_exceeded'])
  })

  it('lets keys past maxKeys share one limit', async () => {
    const crowd = new Crowd(concurrencyLimit({ limit: 1, per: perClient, maxKeys: 2 }))
    await crowd.come('a1', 'b1', 'c1', 'd1', 'b2')
    expect(crowd.events).toEqual(['a1', 'b1', 'c1', 'd1!overloaded', 'b2!concurrency_exceeded'])
    expect(crowd.numbers).toEqual([3, 0, 2, 0])
  })

  it('keeps no more keys than are under way, and none in the end, whatever comes', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('come' as const), key: fc.nat(30) }),
      fc.record({ kind: fc.constantFrom('finish' as const, 'leave' as const), which: fc.nat(100) }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(300) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        const limit = concurrencyLimit({
          limit: 2,
          per: perClient,
          maxKeys: 10,
          queue: { max: 3, timeoutMs: 200 },
        })
        const clock = virtualClock()
        const open: TestExchange[] = []
        const begin = (key: number): void => {
          const at = exchange({ clock, client: `c${key}` })
          open.push(at)
          run(limit, at, () => respond(200)).catch(() => {
            // One that has ended while it waited is none of them any more.
            if (open.includes(at)) open.splice(open.indexOf(at), 1)
            at.finish()
          })
        }
        const end = (which: number, leaves: boolean): void => {
          const [at] = open.splice(which % Math.max(1, open.length), 1)
          if (leaves) at?.abort(new ProxyError('client_aborted'))
          at?.finish()
        }
        for (const step of steps) {
          if (step.kind === 'come') begin(step.key)
          else if (step.kind === 'pass') await clock.advance(step.ms)
          else end(step.which, step.kind === 'leave')
          await clock.advance(0)
          expect(limit.keys).toBeLessThanOrEqual(Math.min(10, limit.inFlight))
          expect(limit.inFlight).toBeLessThanOrEqual(2 * 11)
          expect(limit.waiting).toBeLessThanOrEqual(3 * 11)
        }
        while (open.length > 0) {
          end(0, false)
          await clock.advance(0)
        }
        expect([limit.inFlight, limit.waiting, limit.keys, clock.pending]).toEqual([0, 0, 0, 0])
      }),
    )
  })

  it('has the name that it was given', () => {
    expect(concurrencyLimit({ limit: 1 }).name).toBe('concurrencyLimit')
    expect(concurrencyLimit({ limit: 1, name: 'uploads' }).name).toBe('uploads')
  })

  it.each<[options: unknown, message: RegExp]>([
    [{}, /"limit" must be a whole number/],
    [{ limit: 0 }, /"limit" must be a whole number of at least 1/],
    [{ limits: 5 }, /did you mean "limit"/],
    [{ limit: 1, per: 'client' }, /"per" must be a function/],
    [{ limit: 1, maxKeys: 5 }, /"maxKeys" must be left out, or given together with per/],
    [{ limit: 1, per: () => '', maxKeys: 0 }, /"maxKeys"/],
    [{ limit: 1, name: 1 }, /"name"/],
    [{ limit: 1, queue: 5 }, /"options" must be an object/],
    [{ limit: 1, queue: {} }, /queue: "max"/],
    [{ limit: 1, queue: { max: 1, timeout: 5 } }, /did you mean "timeoutMs"/],
    [{ limit: 1, queue: { max: 1, timeoutMs: 0 } }, /"timeoutMs"/],
    [{ limit: 1, queue: { max: 1, order: 'random' } }, /"order" must be "fifo", "lifo" or "adaptive"/],
    [{ limit: 1, queue: { max: 1, targetMs: -1 } }, /"targetMs"/],
    [{ limit: 1, queue: { max: 1, intervalMs: '' } }, /"intervalMs"/],
  ])('refuses %j', (options, message) => {
    const make = () => concurrencyLimit(options as ConcurrencyLimitOptions)
    expect(make).toThrow(message)
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID' }))
  })
})

describe('concurrencyLimit with a queue', () => {
  it.each([
    ['fifo', ['a2', 'a3', 'a4']],
    ['lifo', ['a4', 'a3', 'a2']],
    ['adaptive', ['a2', 'a3', 'a4']],
  ] as const)('%s lets those who wait through in its order', async (order, expected) => {
    const crowd = new Crowd(concurrencyLimit({ limit: 1, queue: { max: 3, order } }))
    await crowd.come('a1', 'a2', 'a3', 'a4', 'a5')
    expect(crowd.events).toEqual(['a1', 'a5!overloaded'])
    expect(crowd.numbers).toEqual([1, 3, 0, 3])
    for (const name of ['a1', ...expected]) await crowd.finish(name)
    expect(crowd.events.slice(2)).toEqual(expected)
    expect(crowd.numbers).toEqual([0, 0, 0, 0])
  })

  it('adaptive turns round when the queue has not been empty for the interval, and back when it was', async () => {
    const crowd = new Crowd(concurrencyLimit({ limit: 1, queue: { max: 9, targetMs: 100, intervalMs: 100 } }))
    await crowd.come('a1', 'a2')
    await crowd.clock.advance(60)
    await crowd.come('a3', 'a4')
    await crowd.clock.advance(40)
    await crowd.finish('a1')
    await crowd.finish('a4')
    await crowd.finish('a3')
    expect(crowd.events).toEqual(['a1', 'a4', 'a3', 'a2'])
    await crowd.come('a5', 'a6')
    await crowd.finish('a2')
    expect(crowd.events.at(-1)).toBe('a5')
  })

  it('turns away who has waited for too long', async () => {
    const crowd = new Crowd(concurrencyLimit({ limit: 1, queue: { max: 9, timeoutMs: 50 } }))
    await crowd.come('a1', 'a2')
    await crowd.clock.advance(49)
    expect(crowd.events).toEqual(['a1'])
    await crowd.clock.advance(1)
    expect(crowd.events).toEqual(['a1', 'a2!overloaded'])
    expect(crowd.numbers).toEqual([1, 0, 0, 0])
  })

  it('lets who comes while the queue does not empty wait for the target alone', async () => {
    const crowd = new Crowd(concurrencyLimit({ limit: 1, queue: { max: 9, timeoutMs: '10s' } }))
    await crowd.come('a1', 'a2')
    await crowd.clock.advance(100)
    await crowd.come('a3')
    await crowd.clock.advance(4)
    expect(crowd.events).toEqual(['a1'])
    await crowd.clock.advance(1)
    expect(crowd.events).toEqual(['a1', 'a3!overloaded'])
  })

  it('sheds those who came before the queue did not empty', async () => {
    const crowd = new Crowd(concurrencyLimit({ limit: 1, queue: { max: 9, timeoutMs: '10s' } }))
    await crowd.come('a1', 'a2')
    await crowd.clock.advance(101)
    await crowd.come('a3')
    await crowd.finish('a1')
    expect(crowd.events).toEqual(['a1', 'a3', 'a2!overloaded'])
    expect(crowd.numbers).toEqual([1, 0, 0, 0])
  })

  it('frees the place in the queue of a client that leaves', async () => {
    const crowd = new Crowd(concurrencyLimit({ limit: 1, queue: { max: 1 } }))
    await crowd.come('a1', 'a2')
    await crowd.leave('a2')
    expect(crowd.events).toEqual(['a1', 'a2!client_aborted'])
    expect(crowd.numbers).toEqual([1, 0, 0, 0])
    await crowd.come('a3')
    await crowd.finish('a1')
    expect(crowd.events.at(-1)).toBe('a3')
    expect(crowd.numbers).toEqual([1, 0, 0, 0])
  })

  it('passes the place on when the client leaves after it was called, before it came', async () => {
    const limit = concurrencyLimit({ limit: 1, queue: { max: 2, order: 'fifo' } })
    const clock = virtualClock()
    const [first, second, third] = [exchange({ clock }), exchange({ clock }), exchange({ clock })]
    await run(limit, first)
    const called: string[] = []
    const gone = run(limit, second, () => {
      called.push('second')
      return respond(200)
    })
    const next = run(limit, third, () => {
      called.push('third')
      return respond(200)
    })
    first.finish()
    second.abort(new ProxyError('client_aborted'))
    second.finish()
    await expect(gone).rejects.toMatchObject({ code: 'client_aborted' })
    await (await next).finish()
    expect(called).toEqual(['third'])
    expect([limit.inFlight, limit.waiting, clock.pending]).toEqual([0, 0, 0])
  })

  it('forgets one that an outer filter has answered meanwhile', async () => {
    const limit = concurrencyLimit({ limit: 1, queue: { max: 2 } })
    const clock = virtualClock()
    const holding = exchange({ clock })
    await run(limit, holding)
    const answered = exchange({ clock })
    const waiting = run(limit, answered)
    expect(stateOf(limit)).toEqual({ kind: 'concurrency-limit', limit: 1, inFlight: 1, waiting: 1 })
    answered.finish({ status: 504 })
    await expect(waiting).rejects.toMatchObject({ code: 'exchange_aborted' })
    expect([limit.inFlight, limit.waiting, clock.pending]).toEqual([1, 0, 0])
  })

  it('does not let one that has left already wait', async () => {
    const limit = concurrencyLimit({ limit: 1, queue: { max: 2 } })
    const clock = virtualClock()
    await run(limit, exchange({ clock }))
    const left = exchange({ clock })
    left.abort(new ProxyError('client_aborted'))
    await expect(run(limit, left)).rejects.toMatchObject({ code: 'client_aborted' })
    expect([limit.waiting, clock.pending]).toEqual([0, 0])
  })
})

describe('concurrencyLimit, simulated', { timeout: 30_000 }, () => {
  it('answers with Retry-After: 503, or 429 with the reason', async () => {
    const app = proxy()
      .route('/all', concurrencyLimit({ limit: 1 }), pool(['http://users']))
      .route('/each', concurrencyLimit({ limit: 1, per: perClient }), pool(['http://users']))
    await using sim = simulate(app)
    sim.upstream('http://users').reply({ delayMs: 100 })
    for (const [path, code] of [
      ['/all', 'overloaded'],
      ['/each', 'concurrency_exceeded'],
    ] as const) {
      const first = sim.get(path)
      await sim.settle()
      const response = await sim.get(path)
      assertProblem(response, code)
      assertHeader(response, 'retry-after', '1')
      if (code === 'concurrency_exceeded')
        expect(response.json()).toMatchObject({ detail: 'the limit is reached' })
      await first
    }
    await sim.assertNoLeaks()
  })

  it('leaves nothing of clients that leave the queue', async () => {
    const limit = concurrencyLimit({ limit: 2, queue: { max: 50, timeoutMs: '10s', targetMs: '10s' } })
    await using sim = simulate(proxy().route('/', limit, pool(['http://users'])), { seed: 5 })
    sim.upstream('http://users').reply({ delayMs: 50 })
    const { byOutcome, byStatus } = await sim.load({ rate: 200, duration: '20s', patience: '200ms' })
    expect(byOutcome.left).toBeGreaterThan(500)
    expect(byStatus[200]).toBeGreaterThan(500)
    await sim.settle()
    expect([limit.inFlight, limit.waiting]).toEqual([0, 0])
    await sim.assertNoLeaks()
  })

  it('keeps one greedy client from the places of the others', async () => {
    const served = async (limit: Filter): Promise<{ modest: number; greedy: number }> => {
      const count = { modest: 0, greedy: 0 }
      const counter: Filter = async (exchange, next) => {
        const response = await next(exchange)
        const who = exchange.request.path === '/greedy' ? 'greedy' : 'modest'
        exchange.onComplete(({ result }) => {
          if (result === 'completed') count[who]++
        })
        return response
      }
      await using sim = simulate(proxy().route('/', counter, limit, pool(['http://users'])), { seed: 2 })
      sim.upstream('http://users').capacity({ workers: 10, serviceTime: { kind: 'exponential', meanMs: 50 } })
      // 200 a second is what the service can do. One client asks for 500, nine for 10 each.
      const { sent } = await sim.load({
        rate: 590,
        duration: '20s',
        patience: '500ms',
        request: (number) => {
          const client = number % 59 < 50 ? 'greedy' : `modest${number % 59}`
          return { url: client === 'greedy' ? '/greedy' : '/modest', headers: { 'X-User': client } }
        },
      })
      await sim.assertNoLeaks()
      return { modest: count.modest / ((sent * 9) / 59), greedy: count.greedy / ((sent * 50) / 59) }
    }
    const perUser = concurrencyLimit({ limit: 5, per: ({ request }) => request.headers.get('x-user') })
    const apart = await served(perUser)
    // The parts of each that were served.
    expect(apart.modest).toBeGreaterThan(0.98)
    expect(apart.greedy).toBeGreaterThan(0.15)
    expect(apart.greedy).toBeLessThan(0.3)
    const together = await served(concurrencyLimit({ limit: 12 }))
    expect(together.modest).toBeLessThan(0.5)
  })

  it('frees the place of an attempt with its body, where it stands in the pool', async () => {
    const limit = concurrencyLimit({ limit: 1 })
    const again: Filter = async (exchange, next) => {
      const response = await next(exchange)
      if (response.status !== 503) return response
      response.body.discard()
      return next(exchange)
    }
    await using sim = simulate(proxy().route('/', again, pool(['http://users']).use(limit)))
    sim.upstream('http://users').on('GET /', { status: 503, body: 'no' }, { body: 'yes' })
    expect((await sim.get('/')).text()).toBe('yes')
    expect(limit.inFlight).toBe(0)
    await sim.assertNoLeaks()
  })
})
