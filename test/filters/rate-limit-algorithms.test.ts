import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  memoryStore,
  type RateAlgorithm,
  type RateRule,
  type RateVerdict,
  rateLimit,
} from '../../src/filters/rate-limit.ts'
import { type Filter, pool, proxy } from '../../src/index.ts'
import { exchange, type Simulation, simulate, virtualClock } from '../../src/testing/index.ts'
import { ALGORITHMS, cases } from './rate-limit-histories.ts'
import { type Arrival, MODELS, mostWithin } from './rate-limit-models.ts'

const RUNS = 400

/** What the store in memory says to each arrival, one key. */
async function verdictsOf(rule: RateRule, arrivals: readonly Arrival[]): Promise<RateVerdict[]> {
  const clock = virtualClock()
  const from = clock.now()
  const limiter = memoryStore().limiter([rule])
  const verdicts: RateVerdict[] = []
  for (const { at, cost } of arrivals) {
    await clock.advance(from + at - clock.now())
    const [verdict] = await limiter.take(['key'], cost, exchange({ clock }))
    verdicts.push(verdict!)
  }
  return verdicts
}

describe.each(ALGORITHMS)('%s', (algorithm) => {
  test('admits what its definition says', async () => {
    await fc.assert(
      fc.asyncProperty(cases(algorithm), async ({ rule, arrivals }) => {
        const verdicts = await verdictsOf(rule, arrivals)
        expect(verdicts.map(({ waitMs }) => waitMs === 0)).toEqual(MODELS[algorithm](rule, arrivals))
      }),
      { numRuns: RUNS },
    )
  })

  test('says after how long a request would be admitted, to the millisecond', async () => {
    await fc.assert(
      fc.asyncProperty(cases(algorithm), async ({ rule, arrivals }) => {
        const verdicts = await verdictsOf(rule, arrivals)
        const refused = verdicts.findIndex(({ waitMs }) => waitMs > 0)
        if (refused < 0) return
        const { waitMs } = verdicts[refused]!
        const { at, cost } = arrivals[refused]!
        const admittedAfter = (ms: number) =>
          MODELS[algorithm](rule, [...arrivals.slice(0, refused), { at: at + ms, cost }]).at(-1)
        if (waitMs === Number.POSITIVE_INFINITY) expect(cost).toBeGreaterThan(rule.burst)
        else expect([admittedAfter(waitMs - 1), admittedAfter(waitMs)]).toEqual([false, true])
      }),
      { numRuns: RUNS },
    )
  })

  test('says how much is left, and when all of it will be there again', async () => {
    await fc.assert(
      fc.asyncProperty(cases(algorithm), async ({ rule, arrivals }) => {
        const { remaining, resetMs } = (await verdictsOf(rule, arrivals)).at(-1)!
        const { at } = arrivals.at(-1)!
        const admitted = (ms: number, cost: number) =>
          MODELS[algorithm](rule, [...arrivals, { at: at + ms, cost }]).at(-1)
        if (remaining > 0) expect(admitted(0, remaining)).toBe(true)
        expect(admitted(0, remaining + 1)).toBe(false)
        expect(admitted(resetMs, rule.burst)).toBe(true)
      }),
      { numRuns: RUNS },
    )
  })
})

test('sliding-window has no stretch of time with more than the limit; fixed-window has twice that at most', () => {
  for (const [algorithm, times] of [
    ['sliding-window', 1],
    ['fixed-window', 2],
  ] as const)
    fc.assert(
      fc.property(cases(algorithm), ({ rule, arrivals }) => {
        const admitted = MODELS[algorithm](rule, arrivals)
        const most = mostWithin(
          rule.perMs,
          arrivals.filter((_, i) => admitted[i]),
        )
        expect(most).toBeLessThanOrEqual(times * rule.limit)
      }),
    )
})

/** Twenty a minute, for an hour. */
const LIMIT = 20
const PER_MS = 60_000
const HOUR_MS = 3_600_000

/** Calls at each of these times. */
async function sendAt(sim: Simulation, times: readonly number[]): Promise<void> {
  const sent: Promise<unknown>[] = []
  for (const time of times) {
    if (time > sim.nowMs) await sim.advance(time - sim.nowMs)
    sent.push(Promise.resolve(sim.get('/')))
  }
  await Promise.all(sent)
}

/** So many at once, again and again. */
function volleys(firstMs: number, everyMs: number, count: number): number[] {
  const times: number[] = []
  for (let at = firstMs; at < HOUR_MS; at += everyMs) for (let i = 0; i < count; i++) times.push(at)
  return times
}

const PATTERNS: Readonly<Record<string, (sim: Simulation) => Promise<unknown>>> = {
  'steady, below': async (sim) => sim.load({ rate: 0.25, duration: '1h', arrivals: 'constant' }),
  'steady, above': async (sim) => sim.load({ rate: 1, duration: '1h', arrivals: 'constant' }),
  bursts: (sim) => sendAt(sim, volleys(0, 47_000, 30)),
  'by chance': async (sim) => sim.load({ rate: 0.5, duration: '1h', arrivals: 'poisson' }),
  // One that opens the window; a whole limit just before its end, and another one just behind it.
  'around the edges of windows': (sim) =>
    sendAt(
      sim,
      [
        ...volleys(0, 4 * PER_MS, 1),
        ...volleys(PER_MS - 1, 4 * PER_MS, LIMIT),
        ...volleys(PER_MS, 4 * PER_MS, LIMIT),
      ].sort((a, b) => a - b),
    ),
}

describe.each(Object.entries(PATTERNS))('an hour of requests, %s', (pattern, send) => {
  test.each(ALGORITHMS)('%s admits those that it should, and no other', async (algorithm: RateAlgorithm) => {
    const arrivals: Arrival[] = []
    const admitted: boolean[] = []
    const noted: Filter = async (it, next) => {
      const number = arrivals.push({ at: Math.floor(it.clock.now()), cost: 1 }) - 1
      try {
        const response = await next(it)
        admitted[number] = response.status === 200
        return response
      } catch (error) {
        admitted[number] = false
        throw error
      }
    }
    const burst = algorithm === 'gcra' ? 3 : LIMIT
    const drains = algorithm === 'gcra' || algorithm === 'token-bucket'
    const limit = rateLimit({ limit: LIMIT, per: PER_MS, algorithm, ...(drains ? { burst } : {}) })
    const sim = simulate(
      proxy()
        .use(noted, limit)
        .route('/', pool(['http://users'])),
    )
    await send(sim)
    await sim.assertNoLeaks()

    const from = arrivals[0]!.at
    const expected = MODELS[algorithm](
      { name: 'default', by: 'address/64', algorithm, limit: LIMIT, perMs: PER_MS, burst },
      arrivals.map(({ at, cost }) => ({ at: at - from, cost })),
    )
    expect(admitted).toEqual(expected)
    expect(arrivals.length).toBeGreaterThan(400)
    expect(expected.includes(false)).toBe(pattern !== 'steady, below')
    expect(sim.upstream('http://users').requests.length).toBe(expected.filter(Boolean).length)
  })
})
