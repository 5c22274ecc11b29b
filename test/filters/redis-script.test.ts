import fc from 'fast-check'
import { createClient, type RedisClientType } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  memoryStore,
  type RateLimiter,
  type RateRule,
  type RateVerdict,
} from '../../src/filters/rate-limit.ts'
import { redisStore } from '../../src/filters/redis-store.ts'
import { exchange, virtualClock } from '../../src/testing/index.ts'
import { ALGORITHMS, cases, histories, rules } from './rate-limit-histories.ts'
import { type Arrival, MODELS, mostWithin } from './rate-limit-models.ts'
import { hasRedis, RedisServer } from './redis-server.ts'

/** An instant of a server's clock. */
const EPOCH_MS = 1_790_000_000_000

describe.skipIf(!hasRedis)('the script, at times of the test', () => {
  let server: RedisServer
  let redis: RedisClientType
  let nowMs = 0
  let runs = 0

  beforeAll(async () => {
    server = await RedisServer.start()
    redis = createClient({ url: server.url })
    await redis.connect()
  })
  afterAll(async () => {
    redis.destroy()
    await server.close()
  })

  /** Sends the very script, but for its clock; and real time must not let keys expire. */
  const timed = {
    async sendCommand([, script, ...args]: string[]): Promise<unknown> {
      if (!script!.includes('redis.call')) throw new Error('NOSCRIPT No matching script')
      const changed = script!
        .replace("redis.call('TIME')", '{ 0, ARGV[#ARGV] * 1000 }')
        .replace("'PX', string.format('%.0f', ms)", "'PX', '100000000' + 0 * ms")
        .replace("'PEXPIRE', key, string.format('%.0f', per)", "'PEXPIRE', key, '100000000' + 0 * per")
      expect(changed.match(/ARGV\[#ARGV\]|100000000/g)).toHaveLength(3)
      return redis.sendCommand(['EVAL', changed, ...args, String(nowMs)])
    },
  }

  const inRedis = (all: readonly RateRule[]): RateLimiter =>
    redisStore({ client: timed, prefix: `run-${++runs}:`, timeoutMs: 60_000 }).limiter(all)

  async function verdictsOf(limiter: RateLimiter, arrivals: readonly Arrival[], keys: readonly string[]) {
    const clock = virtualClock()
    const from = clock.now()
    const all: (readonly RateVerdict[])[] = []
    for (const { at, cost } of arrivals) {
      await clock.advance(from + at - clock.now())
      nowMs = EPOCH_MS + at
      all.push(await limiter.take(keys, cost, exchange({ clock })))
    }
    return all
  }

  test.each(ALGORITHMS)('%s admits what its definition says', async (algorithm) => {
    await fc.assert(
      fc.asyncProperty(cases(algorithm), async ({ rule, arrivals }) => {
        const verdicts = await verdictsOf(inRedis([rule]), arrivals, ['key'])
        expect(verdicts.map(([it]) => it!.waitMs === 0)).toEqual(MODELS[algorithm](rule, arrivals))
      }),
      { numRuns: 150 },
    )
  })

  test.each(ALGORITHMS)('%s says the same as in memory', async (algorithm) => {
    await fc.assert(
      fc.asyncProperty(cases(algorithm), async ({ rule, arrivals }) => {
        const expected = await verdictsOf(memoryStore().limiter([rule]), arrivals, ['key'])
        expect(await verdictsOf(inRedis([rule]), arrivals, ['key'])).toEqual(expected)
      }),
      { numRuns: 150 },
    )
  })

  test('several rules say the same as in memory: all of them admit, or none is charged', async () => {
    const several = fc
      .array(fc.constantFrom(...ALGORITHMS).chain(rules), { minLength: 2, maxLength: 4 })
      .chain((all) => {
        const named = all.map((rule, i) => ({ ...rule, name: `rule-${i}` }))
        return histories(named[0]!).map((arrivals) => ({ named, arrivals }))
      })
    await fc.assert(
      fc.asyncProperty(several, async ({ named, arrivals }) => {
        const keys = named.map((_, i) => `key-${i % 2}`)
        const expected = await verdictsOf(memoryStore().limiter(named), arrivals, keys)
        expect(await verdictsOf(inRedis(named), arrivals, keys)).toEqual(expected)
      }),
      { numRuns: 200 },
    )
  })

  test.each(ALGORITHMS)(
    '%s: a clock that was set back gives nothing back, and locks nobody out',
    async (algorithm) => {
      const rule = { name: 'default', by: 'all', algorithm, limit: 2, perMs: 1_000, burst: 2 }
      const limiter = inRedis([rule])
      const ask = async (at: number) => {
        nowMs = EPOCH_MS + at
        return (await limiter.take(['key'], 1, exchange()))[0]!.waitMs
      }
      expect([await ask(0), await ask(0)]).toEqual([0, 0])
      expect(await ask(-500)).toBeGreaterThan(0)
      expect(await ask(-500)).toBeLessThanOrEqual(2_000)
      expect(await ask(-100_000)).toBe(0)
    },
  )

  test('with leases, two processes take what the stated slack allows, and no more', async () => {
    const rule = {
      name: 'default',
      by: 'all',
      algorithm: 'sliding-window',
      limit: 20,
      perMs: 1_000,
      burst: 20,
    } as const
    const units = 6
    const steps = fc.array(
      fc.record({
        gap: fc.constantFrom(0, 0, 0, 20, 100, 400, 900),
        process: fc.integer({ min: 0, max: 1 }),
      }),
      { minLength: 40, maxLength: 120 },
    )
    const admittedOf = async (all: readonly { gap: number; process: number }[]): Promise<Arrival[]> => {
      const client = { client: timed, prefix: `run-${++runs}:`, timeoutMs: 60_000 }
      const limiters = [0, 1].map(() =>
        redisStore({ ...client, lease: { units, forMs: 700 } }).limiter([rule]),
      )
      const clock = virtualClock()
      const admitted: Arrival[] = []
      let at = 0
      for (const { gap, process } of all) {
        at += gap
        await clock.advance(gap)
        nowMs = EPOCH_MS + at
        const [verdict] = await limiters[process]!.take(['key'], 1, exchange({ clock }))
        if (verdict!.waitMs === 0) admitted.push({ at, cost: 1 })
      }
      return admitted
    }
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const within = mostWithin(rule.perMs, await admittedOf(all))
        expect(within).toBeLessThanOrEqual(rule.limit + 2 * (units - 1))
      }),
      { numRuns: 100 },
    )
    // The price is a real one: what was taken in one window is spent in the next.
    const early = [
      { gap: 0, process: 0 },
      { gap: 690, process: 0 },
      ...Array.from({ length: 4 }, () => ({ gap: 0, process: 0 })),
    ]
    const late = [{ gap: 310, process: 1 }, ...Array.from({ length: 19 }, () => ({ gap: 0, process: 1 }))]
    expect(mostWithin(rule.perMs, await admittedOf([...early, ...late]))).toBe(rule.limit + units - 1)
  })
})
