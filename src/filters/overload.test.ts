import { describe, expect, it } from 'vitest'
import { type Filter, pool, proxy } from '../index.ts'
import type { LoadResult } from '../testing/simulation/load.ts'
import { forEachSeed, simulate } from '../testing/simulation/simulate.ts'
import { adaptiveConcurrency } from './adaptive-concurrency.ts'
import { concurrencyLimit } from './concurrency-limit.ts'

const MEAN_MS = 50

interface Overload {
  readonly seed: number
  readonly workers?: number
  readonly seconds?: number
  readonly even?: boolean
}

interface Overloaded {
  /** Responses of the service in time, as a part of what it could give. */
  readonly goodput: number
  /** The 99th percentile of the latency of those that were let through. */
  readonly p99Ms: number
  readonly result: LoadResult
}

/** Clients who wait for a second ask for three times what a service can do, which answers all of it, in turn. */
async function overload(
  limit: Filter,
  { seed, workers = 4, seconds = 12, even = false }: Overload,
): Promise<Overloaded> {
  const latencies: number[] = []
  const timed: Filter = async (exchange, next) => {
    const response = await next(exchange)
    exchange.onComplete(({ result, durationMs }) => {
      if (result === 'completed') latencies.push(durationMs)
    })
    return response
  }
  await using sim = simulate(proxy().route('/', timed, limit, pool(['http://users'])), { seed })
  const serviceTime = even
    ? ({ kind: 'constant', ms: MEAN_MS } as const)
    : ({ kind: 'exponential', meanMs: MEAN_MS } as const)
  sim.upstream('http://users').capacity({ workers, serviceTime })
  const capacity = (workers * 1_000) / MEAN_MS
  const result = await sim.load({
    rate: 3 * capacity,
    duration: `${seconds}s`,
    patience: '1s',
    clients: 20,
  })
  await sim.assertNoLeaks()
  latencies.sort((a, b) => a - b)
  return {
    goodput: (result.byStatus[200] ?? 0) / (capacity * seconds),
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
    result,
  }
}

const unlimited: Filter = (exchange, next) => next(exchange)

describe('at three times its capacity a service', { timeout: 30_000 }, () => {
  it('answers hardly anything in time without a limit', async () => {
    const { goodput, result } = await overload(unlimited, { seed: 1 })
    expect(goodput).toBeLessThan(0.15)
    expect(result.byOutcome.left).toBeGreaterThan(0.9 * result.sent)
  })

  it('answers what it can behind a limit', async () => {
    await forEachSeed(3, async (seed) => {
      const { goodput, p99Ms, result } = await overload(concurrencyLimit({ limit: 8 }), { seed })
      expect(goodput).toBeGreaterThan(0.9)
      expect(p99Ms).toBeLessThan(8 * MEAN_MS)
      expect(result.byOutcome.left).toBe(0)
    })
  })

  it.each(['fifo', 'lifo', 'adaptive'] as const)(
    'answers what it can behind a limit with a queue (%s), which does not make it late',
    async (order) => {
      await forEachSeed(3, async (seed) => {
        const limit = concurrencyLimit({ limit: 4, queue: { max: 100, order } })
        const { goodput, p99Ms, result } = await overload(limit, { seed })
        expect(goodput).toBeGreaterThan(0.9)
        expect(p99Ms).toBeLessThan(8 * MEAN_MS)
        expect(result.byOutcome.left).toBe(0)
        expect([limit.inFlight, limit.waiting]).toEqual([0, 0])
      })
    },
  )

  it('answers hardly anything in time behind a queue that does not shed', async () => {
    const queue = { max: 10_000, order: 'fifo', timeoutMs: '1m', targetMs: '1m' } as const
    const { goodput } = await overload(concurrencyLimit({ limit: 4, queue }), { seed: 1 })
    expect(goodput).toBeLessThan(0.15)
  })

  it.each([
    ['gradient', 4, false],
    ['gradient', 16, false],
    ['gradient', 4, true],
    ['gradient', 16, true],
    ['vegas', 4, true],
    ['vegas', 16, true],
    ['vegas', 4, false],
    ['vegas', 16, false],
  ] as const)(
    'answers what it can behind adaptiveConcurrency (%s), with %i workers, even service times: %s',
    async (algorithm, workers, even) => {
      await forEachSeed(3, async (seed) => {
        const limit = adaptiveConcurrency({ algorithm })
        const { goodput, p99Ms } = await overload(limit, {
          seed,
          workers,
          even,
          seconds: workers > 4 ? 8 : 20,
        })
        expect(goodput).toBeGreaterThan(0.9)
        expect(p99Ms).toBeLessThan(10 * MEAN_MS)
        expect(limit.limit).toBeGreaterThan(workers / 3)
        expect(limit.limit).toBeLessThan(4 * workers)
        expect(limit.inFlight).toBe(0)
      })
    },
  )
})
