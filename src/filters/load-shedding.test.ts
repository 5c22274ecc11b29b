import { describe, expect, it, vi } from 'vitest'
import type { Clock } from '../core/clock.ts'
import { stateOf } from '../core/filter-state.ts'
import type { Handler } from '../core/handler.ts'
import { type ResponseMessage, respond } from '../core/message.ts'
import { type Filter, pool, proxy } from '../index.ts'
import { assertHeader, assertProblem } from '../testing/assertions/assertions.ts'
import { exchange } from '../testing/exchange.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { forEachSeed, simulate } from '../testing/simulation/simulate.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { type LoadShedding, type LoadSheddingOptions, loadShedding } from './load-shedding.ts'

/** Chance that goes on from exchange to exchange, as that of a proxy does. */
const random = seededRandom(1)

/** Sends one every 10 ms while the delay is this, and returns what part went through. */
async function passing(
  filter: LoadShedding,
  clock: ReturnType<typeof virtualClock>,
  count: number,
): Promise<number> {
  let passed = 0
  for (let i = 0; i < count; i++) {
    const at = exchange({ clock, random })
    try {
      void filter(at, () => {
        passed++
        return respond(200)
      })
    } catch (error) {
      expect(error).toMatchObject({ code: 'overloaded', status: 503, sent: 'none' })
    }
    at.finish()
    await clock.advance(10)
  }
  return passed / count
}

describe('loadShedding', () => {
  it('lets all through while the delay is short, and a part of it while it is long', async () => {
    let delay = 15
    const filter = loadShedding({ delayMs: () => delay })
    const clock = virtualClock()
    expect(await passing(filter, clock, 200)).toBe(1)
    expect([filter.share, filter.delayMs]).toEqual([0, 15])
    expect(stateOf(filter)).toEqual({ kind: 'load-shedding', share: 0, delayMs: 15 })
    delay = 100
    await passing(filter, clock, 60)
    const part = await passing(filter, clock, 60)
    expect(part).toBeLessThan(0.8)
    expect(part).toBeGreaterThan(0.1)
    expect(filter.delayMs).toBe(100)
    delay = 0
    await passing(filter, clock, 1_500)
    expect(filter.share).toBe(0)
  })

  it('sheds nothing of what comes long after an overload', async () => {
    const time = virtualClock()
    // Each timer is late, as in a process that has too much to do.
    const clock: Clock = {
      now: () => time.now(),
      wallTime: () => time.wallTime(),
      setTimeout: (callback, ms) => time.setTimeout(callback, ms + 100),
    }
    const filter = loadShedding()
    const enter = (): void => {
      try {
        void filter(exchange({ clock, random }), () => respond(200))
      } catch {
        // Turned away.
      }
    }
    for (let i = 0; i < 1_000; i++) {
      enter()
      await time.advance(10)
    }
    expect(filter.share).toBeGreaterThan(0.3)
    await time.advance(3_600_000)
    enter()
    expect(filter.share).toBe(0)
    filter[Symbol.dispose]()
  })

  it('turns away before anything is done, with Retry-After, and without a stack', async () => {
    const filter = loadShedding({ delayMs: () => 1_000 })
    const clock = virtualClock()
    await passing(filter, clock, 400)
    const next = vi.fn<Handler>(() => respond(200))
    const errors: unknown[] = []
    for (let i = 0; i < 100; i++) {
      try {
        void filter(exchange({ clock, random }), next)
      } catch (error) {
        errors.push(error)
      }
    }
    expect(errors.length + next.mock.calls.length).toBe(100)
    expect(errors.length).toBeGreaterThan(80)
    const [error] = errors as { headers: { get(name: string): string }; detail: string; stack: string }[]
    expect(error!.headers.get('retry-after')).toBe('1')
    expect(error!.detail).toBe('the proxy has too much to do')
    expect(error!.stack).not.toContain('\n    at ')
  })

  it('asks for the delay when something comes, at most twice in the target', async () => {
    const delayMs = vi.fn(() => 0)
    const filter = loadShedding({ targetMs: '40ms', delayMs })
    const clock = virtualClock()
    for (let i = 0; i < 100; i++) {
      void filter(exchange({ clock }), () => respond(200))
      await clock.advance(4)
    }
    expect(delayMs).toHaveBeenCalledTimes(20)
    expect(clock.pending).toBe(0)
  })

  it.each([Number.NaN, -5, undefined])('takes a delay of %s for none', async (value) => {
    const filter = loadShedding({ delayMs: () => value as number })
    expect(await passing(filter, virtualClock(), 50)).toBe(1)
    expect(filter.delayMs).toBe(0)
  })

  it('measures the delay by its timers, where it is not told', async () => {
    const time = virtualClock()
    let late = 0
    const clock: Clock = {
      now: () => time.now(),
      wallTime: () => time.wallTime(),
      setTimeout: (callback, ms) => {
        let timer = time.setTimeout(callback, ms + late)
        return {
          refresh() {
            timer = time.setTimeout(callback, ms + late)
          },
          clear: () => timer.clear(),
        }
      },
    }
    const filter = loadShedding()
    const come = async (count: number) => {
      for (let i = 0; i < count; i++) {
        try {
          void filter(exchange({ clock, random }), () => respond(200))
        } catch {
          // Turned away.
        }
        await time.advance(20)
      }
    }
    await come(50)
    expect([filter.share, filter.delayMs]).toEqual([0, 0])
    late = 80
    await come(100)
    expect(filter.delayMs).toBe(80)
    expect(filter.share).toBeGreaterThan(0.3)
    expect(time.pending).toBe(1)
    filter[Symbol.dispose]()
    expect(time.pending).toBe(0)
  })

  it('checks its options', () => {
    const bad = (options: unknown) => expect(() => loadShedding(options as LoadSheddingOptions))
    bad({ targetMs: 0 }).toThrow('loadShedding: "targetMs" must be a duration of at least 1 ms')
    bad({ targetMs: '1s' }).toThrow('loadShedding: "intervalMs" must be a duration of at least 1000 ms')
    bad({ priority: 1 }).toThrow('loadShedding: "priority" must be a function')
    bad({ delayMs: 20 }).toThrow('loadShedding: "delayMs" must be a function')
    bad({ name: '' }).toThrow('loadShedding: "name" must be a text that is not empty')
    bad({ maxDelayMs: 1 }).toThrow('loadShedding: "maxDelayMs" must be one of the options that exist')
    expect(loadShedding().name).toBe('loadShedding')
    expect(loadShedding({ name: 'shed' }).name).toBe('shed')
  })
})

/** What an event loop does: one thing after the other, and what it has to do waits in a queue. */
class SimulatedLoop {
  readonly #queue: { readonly since: number; readonly turn: () => void }[] = []
  readonly #workMs: number
  #busy = false
  #worked = false
  /** How long what is done now has waited. */
  delayMs = 0

  constructor(workMs: number) {
    this.#workMs = workMs
  }

  /** Around all that is done for an exchange. To turn one away takes a millisecond. */
  readonly around: Filter = (exchange, next) =>
    new Promise((resolve, reject) => {
      const { clock } = exchange
      const turn = (): void => {
        this.#worked = false
        let response: ResponseMessage | Promise<ResponseMessage> | undefined
        let thrown: unknown
        try {
          response = next(exchange)
        } catch (error) {
          thrown = error
        }
        clock.setTimeout(
          () => {
            if (response === undefined) reject(thrown as Error)
            else resolve(response)
            this.#next(clock)
          },
          this.#worked ? this.#workMs : 1,
        )
      }
      this.#queue.push({ since: clock.now(), turn })
      if (!this.#busy) this.#next(clock)
    })

  /** What costs time. */
  readonly work: Filter = (exchange, next) => {
    this.#worked = true
    return next(exchange)
  }

  #next(clock: Clock): void {
    const task = this.#queue.shift()
    this.#busy = task !== undefined
    if (task === undefined) return
    this.delayMs = clock.now() - task.since
    task.turn()
  }
}

describe('a proxy that is asked for three times what it can do', { timeout: 120_000 }, () => {
  const WORK_MS = 50
  const SECONDS = 60
  const CAPACITY = 1_000 / WORK_MS

  /** All that is slow here is slower than in life, by a factor of five or so; so are the clients. */
  async function served(seed: number, options: LoadSheddingOptions | undefined) {
    const loop = new SimulatedLoop(WORK_MS)
    const filters: Filter[] = [loop.around, loop.work]
    if (options !== undefined)
      filters.splice(
        1,
        0,
        loadShedding({ targetMs: 100, intervalMs: '1s', delayMs: () => loop.delayMs, ...options }),
      )
    const asked: Record<string, number> = {}
    const answered: Record<string, number> = {}
    const count: Filter = (exchange, next) => {
      const { path } = exchange.request
      asked[path] = (asked[path] ?? 0) + 1
      exchange.onComplete(({ result, status }) => {
        if (result === 'completed' && status === 200) answered[path] = (answered[path] ?? 0) + 1
      })
      return next(exchange)
    }
    const app = proxy()
      .use(count, ...filters)
      .route('/', () => respond(200))
    await using sim = simulate(app, { seed })
    const result = await sim.load({
      rate: 3 * CAPACITY,
      duration: `${SECONDS}s`,
      patience: '5s',
      clients: 20,
      request: (number) => (number % 12 === 0 ? '/checkout' : number % 2 === 0 ? '/page' : '/suggestions'),
    })
    // What the clients have left behind is done too.
    await sim.advance('10m')
    await sim.assertNoLeaks()
    const part = (path: string) => (answered[path] ?? 0) / asked[path]!
    const all = Object.values(answered).reduce((sum, one) => sum + one, 0)
    return {
      goodput: all / (CAPACITY * SECONDS),
      checkout: part('/checkout'),
      page: part('/page'),
      suggestions: part('/suggestions'),
      result,
    }
  }

  it('serves hardly anybody in time without it', async () => {
    expect((await served(1, undefined)).goodput).toBeLessThan(0.2)
  })

  it('serves what matters, and what else it can, the least important last', async () => {
    const priorities: Record<string, number> = { '/checkout': 1, '/page': 0.5, '/suggestions': 0 }
    await forEachSeed(3, async (seed) => {
      const { goodput, checkout, page, suggestions, result } = await served(seed, {
        priority: ({ request }) => priorities[request.path]!,
      })
      expect(checkout).toBeGreaterThan(0.98)
      expect(page).toBeGreaterThan(0.4)
      expect(suggestions).toBeLessThan(0.1)
      // A part of the time goes to turning away.
      expect(goodput).toBeGreaterThan(0.85)
      expect(result.byOutcome.left).toBeLessThan(0.01 * result.sent)
    })
  })

  it('serves all alike where all have the same priority', async () => {
    const { goodput, checkout, page, suggestions } = await served(1, {})
    expect(goodput).toBeGreaterThan(0.85)
    for (const part of [checkout, page, suggestions]) expect(part).toBeCloseTo(1 / 3.3, 1)
  })
})

describe('loadShedding, simulated', () => {
  it('leaves no timer, whatever is under way', async () => {
    const shed = loadShedding()
    await using sim = simulate(
      proxy()
        .use(shed)
        .route('/', pool(['http://u1'])),
      { seed: 3 },
    )
    const one = sim.upstream('http://u1')
    one.latency({ kind: 'exponential', meanMs: 30 })
    const { errorRate } = await sim.load({ rate: 100, duration: '2s' })
    expect(errorRate).toBe(0)
    // Time is virtual: no timer is late.
    expect([shed.share, shed.delayMs]).toEqual([0, 0])
    one.on('GET /tunnel', { status: 101, headers: { Connection: 'Upgrade', Upgrade: 'x' }, tunnel: () => {} })
    const client = await sim.connect()
    await client.send('GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
    expect((await client.response()).status).toBe(101)
    await sim.advance('1m')
    // And none of what has only just been served.
    await sim.get('/')
    await sim.assertNoLeaks()
  })

  it('answers with a problem document', async () => {
    const shed = loadShedding({ delayMs: () => 10_000 })
    await using sim = simulate(
      proxy()
        .use(shed)
        .route('/', () => respond(200)),
    )
    let turnedAway = await sim.get('/')
    for (let i = 0; i < 1_000 && turnedAway.status === 200; i++) {
      await sim.advance(20)
      turnedAway = await sim.get('/')
    }
    assertProblem(turnedAway, 'overloaded')
    assertHeader(turnedAway, 'retry-after', '1')
    await sim.assertNoLeaks()
  })
})
