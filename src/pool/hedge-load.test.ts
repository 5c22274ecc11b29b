import { expect, test } from 'vitest'
import { proxy } from '../proxy/proxy.ts'
import { simulate } from '../testing/index.ts'
import { type Pool, pool } from './pool.ts'

const URLS = Array.from({ length: 40 }, (_, i) => `http://u${i + 1}`)

interface Tail {
  readonly p999Ms: number
  readonly extraLoad: number
}

/** One endpoint in forty is twenty times slower than the rest: within what a budget of 5 % can carry. */
async function tail(seed: number, shape: (it: Pool) => Pool): Promise<Tail> {
  await using sim = simulate(proxy().route('/', shape(pool(URLS))), { seed, keep: 100 })
  for (const it of sim.upstreams) it.latency({ kind: 'exponential', meanMs: 10 })
  sim.upstream('http://u7').latency({ kind: 'exponential', meanMs: 200 })
  const { sent, latency } = await sim.load({ rate: 500, duration: '20s' })
  const received = sim.upstreams.reduce((sum, { totalRequests }) => sum + totalRequests, 0)
  await sim.assertNoLeaks()
  return { p999Ms: latency.percentileMs(99.9), extraLoad: received / sent - 1 }
}

test.each([1, 2])(
  'pool.hedge cuts the tail of a slow endpoint, for at most a twentieth more load (seed %d)',
  {
    timeout: 120_000,
  },
  async (seed) => {
    const without = await tail(seed, (it) => it)
    const hedged = await tail(seed, (it) => it.hedge())
    expect(without.extraLoad).toBe(0)
    expect(hedged.extraLoad).toBeLessThanOrEqual(0.05)
    expect(hedged.extraLoad).toBeGreaterThan(0.02)
    expect(without.p999Ms).toBeGreaterThan(hedged.p999Ms * 5)
  },
)

test('pool.hedge does not shorten its own delay: with any budget, one in twenty is hedged', {
  timeout: 120_000,
}, async () => {
  const { extraLoad } = await tail(3, (it) => it.hedge({ budget: 1 }))
  expect(extraLoad).toBeGreaterThan(0.03)
  expect(extraLoad).toBeLessThan(0.055)
})
