import { describe, expect, test } from 'vitest'
import { proxy } from '../proxy/proxy.ts'
import { simulate } from '../testing/index.ts'
import { type Pool, pool } from './pool.ts'

const URLS = Array.from({ length: 100 }, (_, i) => `http://u${i}`)
const PROXIES = 50

/** As many pools as there would be proxies, and a load that comes to all of them alike. */
async function loads(shape: (target: Pool, instance: number) => Pool, urls = URLS) {
  const app = Array.from({ length: PROXIES }, (_, i) => shape(pool(urls, { name: `p${i}` }), i)).reduce(
    (routes, target, i) => routes.route(`/p${i}`, target),
    proxy().route('/', () => {
      throw new Error('nothing comes here')
    }),
  )
  await using sim = simulate(app, { seed: 1, keep: 20_000 })
  await sim.load({ rate: 2_000, duration: '5s', request: (number) => `/p${number % PROXIES}` })
  const pairs = new Set<string>()
  const counts = new Map(urls.map((url) => [url, 0]))
  for (const { target, attempts } of sim.exchanges) {
    const { endpoint } = attempts[0]!
    pairs.add(`${target} ${endpoint}`)
    counts.set(endpoint, counts.get(endpoint)! + 1)
  }
  const mean = sim.exchanges.length / urls.length
  await sim.assertNoLeaks()
  return { pairs, least: Math.min(...counts.values()) / mean, most: Math.max(...counts.values()) / mean }
}

describe('pool.aperture', () => {
  test('spreads the load of fifty proxies evenly, over a fifth of the connections', {
    timeout: 120_000,
  }, async () => {
    const { pairs, least, most } = await loads((target, instance) => target.aperture({ instance, size: 20 }))
    expect(pairs.size).toBe(PROXIES * 20)
    // Nine to eleven proxies use each endpoint, and each proxy takes turns.
    expect(least).toBeGreaterThan(0.85)
    expect(most).toBeLessThan(1.15)
  })

  test('moves few of them when one endpoint of a hundred goes', { timeout: 120_000 }, async () => {
    const shape = (target: Pool, instance: number) => target.aperture({ instance, size: 20 })
    const before = await loads(shape)
    const after = await loads(shape, URLS.toSpliced(42, 1))
    const fresh = [...after.pairs].filter((pair) => !before.pairs.has(pair))
    // Of a thousand; ten of them had led to the one that went.
    expect(fresh.length).toBeLessThan(35)
    expect(after.pairs.size).toBe(PROXIES * 20)
    expect([after.least > 0.85, after.most < 1.15]).toEqual([true, true])
  })

  test('probes what it uses, and nothing else', async () => {
    const target = pool(URLS)
      .health({ path: '/healthz', intervalMs: '1s' })
      .aperture({ instance: 'a', size: 7 })
    await using sim = simulate(proxy().route('/', target), { seed: 1 })
    await sim.advance('3s')
    expect(sim.upstreams.filter(({ totalRequests }) => totalRequests > 0)).toHaveLength(7)
    const { byEndpoint } = await sim.load({ rate: 100, duration: '1s' })
    expect(Object.keys(byEndpoint)).toHaveLength(7)
    await sim.assertNoLeaks()
  })
})
