import { describe, expect, test } from 'vitest'
import { respond } from '../core/message.ts'
import { CompiledTargets } from '../proxy/compiled-targets.ts'
import { proxy } from '../proxy/proxy.ts'
import {
  exchange,
  fault,
  forEachSeed,
  type Injection,
  memoryNetwork,
  type Simulation,
  seededRandom,
  simulate,
  virtualClock,
} from '../testing/index.ts'
import { ConnectorRegistry } from '../transport/connector-registry.ts'
import { type Pool, pool } from './pool.ts'
import type { PoolOptions } from './pool-description.ts'

const PROBED = { path: '/healthz', intervalMs: '1s', timeoutMs: '500ms', rise: 1, fall: 1 } as const

function urls(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `http://${prefix}${i}`)
}

/** Two tiers. */
function tiered(first: readonly string[], second: readonly string[], options?: PoolOptions): Pool {
  return pool([...first, ...second.map((url) => ({ url, priority: 1 }))], options).health(PROBED)
}

/** Which part of the load some endpoints get, in so many requests. Every request must be served. */
async function partOf(sim: Simulation, some: readonly string[], requests = 2_000): Promise<number> {
  const { errorRate, byEndpoint } = await sim.load({ rate: 400, duration: (requests / 400) * 1_000 })
  expect(errorRate).toBe(0)
  const counted = Object.entries(byEndpoint)
  const all = counted.reduce((sum, [, { count }]) => sum + count, 0)
  return counted.reduce((sum, [url, { count }]) => sum + (some.includes(url) ? count : 0), 0) / all
}

/** Four standard deviations of a part of so many requests. */
function bound(part: number, requests = 2_000): number {
  return 4 * Math.sqrt((part * (1 - part)) / requests)
}

describe('tiers', () => {
  test('overflow one into the other as endpoints are lost, and back, and no request fails', {
    timeout: 120_000,
  }, async () => {
    const first = urls('near', 7)
    const app = proxy().route('/', tiered(first, urls('far', 4)).retry({ attempts: 4 }))
    await forEachSeed(2, async (seed) => {
      await using sim = simulate(app, { seed, keep: 100 })
      const outages: Injection[] = []
      // By the rule: everything while five of seven are left.
      for (const [lost, expected] of [1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0].entries()) {
        const part = await partOf(sim, first, 1_000)
        expect(Math.abs(part - expected)).toBeLessThanOrEqual(bound(expected, 1_000))
        if (lost === 7) break
        outages.push(sim.upstream(first[lost]!).outage({ lasts: '1h' }))
        // Until a probe has noticed, its requests are tried again elsewhere.
        await partOf(sim, first, 600)
      }
      for (const outage of outages) outage.remove()
      await partOf(sim, first, 800)
      expect(await partOf(sim, first, 600)).toBe(1)
      await sim.assertNoLeaks()
    })
  })

  test('of three: the last one gets what the first two leave', { timeout: 60_000 }, async () => {
    const tiers = [urls('a', 4), urls('b', 4), urls('c', 4)]
    const app = pool(tiers.flatMap((tier, priority) => tier.map((url) => ({ url, priority }))))
    await using sim = simulate(proxy().route('/', app.health(PROBED)), { seed: 5, keep: 100 })
    for (const url of [...tiers[0]!.slice(1), ...tiers[1]!.slice(1)])
      sim.upstream(url).on('GET /healthz', { status: 503 }).on('GET /', { body: 'ok' })
    await sim.advance('2s')
    const { byEndpoint } = await sim.load({ rate: 1_000, duration: '4s' })
    const parts = tiers.map((tier) => tier.reduce((sum, url) => sum + (byEndpoint[url]?.share ?? 0), 0))
    // Envoy's table has 35, 35 and 30 for a quarter, a quarter and all.
    for (const [i, part] of [0.35, 0.35, 0.3].entries())
      expect(Math.abs(parts[i]! - part)).toBeLessThan(bound(part, 4_000))
    await sim.assertNoLeaks()
  })

  test('are one in a panic, in which nothing tells them apart', { timeout: 60_000 }, async () => {
    const first = urls('near', 3)
    const second = urls('far', 3)
    await using sim = simulate(proxy().route('/', tiered(first, second)), { seed: 1, keep: 100 })
    for (const it of sim.upstreams) it.on('GET /healthz', { status: 404 }).on('GET /', { body: 'ok' })
    await sim.advance('2s')
    // Turn by turn over all six.
    expect(await partOf(sim, first, 600)).toBeCloseTo(0.5, 2)
    await sim.assertNoLeaks()
  })

  test('with a panic threshold: a tier that has too few serves with all that it has', {
    timeout: 60_000,
  }, async () => {
    const first = urls('near', 10)
    const second = urls('far', 10)
    const target = tiered(first, second, { panicThreshold: 0.5 })
    await using sim = simulate(proxy().route('/', target), { seed: 1, keep: 100 })
    let well = 1
    for (const [i, url] of first.entries())
      sim
        .upstream(url)
        .on('GET /healthz', () => ({ status: i < well ? 200 : 503 }))
        .on('GET /', { body: 'ok' })
    for (const url of second.slice(5))
      sim.upstream(url).on('GET /healthz', { status: 503 }).on('GET /', { body: 'ok' })
    for (const [fit, part] of [
      // 14 % and 70 %, which is not enough.
      [1, 14 / 84],
      // 28 % and 70 %: the same endpoints serve, with other loads.
      [2, 28 / 98],
    ] as const) {
      well = fit
      await sim.advance('2s')
      const { byEndpoint } = await sim.load({ rate: 1_000, duration: '2s' })
      expect(first.filter((url) => byEndpoint[url] !== undefined)).toHaveLength(10)
      expect(second.filter((url) => byEndpoint[url] !== undefined)).toHaveLength(5)
      const found = first.reduce((sum, url) => sum + byEndpoint[url]!.share, 0)
      expect(Math.abs(found - part)).toBeLessThan(bound(part, 1_900))
    }
    await sim.assertNoLeaks()
  })

  test('that return slowly get their load back slowly', { timeout: 60_000 }, async () => {
    const first = urls('near', 4)
    // Of the whole pool, too few are fit meanwhile; but the second tier can carry it all, so there is no panic.
    const target = tiered(first, urls('far', 4), { panicThreshold: 0.9 }).slowStart({ lastsMs: '40s' })
    await using sim = simulate(proxy().route('/', target), { seed: 1, keep: 100 })
    for (const url of first) sim.upstream(url).outage({ lasts: '5s' })
    await sim.advance('7s')
    const parts: number[] = []
    for (let i = 0; i < 8; i++) parts.push(await partOf(sim, first))
    // Five seconds each: the mean weight in them is 1/10, then 2/10 and so on; 1.4 times that.
    for (const [i, expected] of [0.14, 0.26, 0.44].entries())
      expect(Math.abs(parts[i]! - expected)).toBeLessThan(0.06)
    expect(parts[7]).toBe(1)
    expect(parts.toSorted((one, other) => one - other)).toEqual(parts)
    await sim.assertNoLeaks()
  })

  test('are tried one after the other: first what is left of the tier, then the next', async () => {
    const first = urls('near', 2)
    const second = urls('far', 2)
    const target = pool([...first, ...second.map((url) => ({ url, priority: 1 }))]).retry({
      attempts: 4,
      budget: Number.POSITIVE_INFINITY,
    })
    await using sim = simulate(proxy().route('/', target), { seed: 1 })
    for (const url of [...first, second[0]!]) sim.upstream(url).inject(fault.resetBeforeHead())
    for (let i = 0; i < 10; i++) {
      const response = await sim.get('/')
      expect(response.status).toBe(200)
      const attempts = response.exchange!.attempts.map(({ endpoint }) => endpoint)
      expect(new Set(attempts.slice(0, 2))).toEqual(new Set(first))
      expect(attempts.at(-1)).toBe(second[1])
      expect(new Set(attempts).size).toBe(attempts.length)
    }
    await sim.assertNoLeaks()
  })

  test('are not asked whether they are healthy before anything is started', () => {
    const clock = virtualClock()
    const network = memoryNetwork({ clock })
    const seen: string[] = []
    const target = tiered(['http://near'], ['http://far'])
      .health({ ...PROBED, initial: 'unhealthy' })
      .balance((candidates) => {
        seen.push(...candidates.map(({ id }) => id))
        return candidates[0]!
      })
      .use(() => respond(200))
    const connectors = new ConnectorRegistry(network, clock)
    const targets = new CompiledTargets({ clock, network, random: seededRandom(1), connectors })
    const compiled = targets.acquire([target], []).get(target)!.compiled
    void compiled.handler(exchange())
    expect([seen, clock.pending]).toEqual([['http://near'], 0])
  })

  test('hedge into the next tier where the first has one endpoint', async () => {
    const target = pool(['http://near', { url: 'http://far', priority: 1 }]).hedge({ afterMs: '50ms' })
    await using sim = simulate(proxy().route('/', target), { seed: 1 })
    sim.upstream('http://near').reply({ delayMs: 1_000, body: 'near' })
    const response = await sim.get('/')
    expect([response.durationMs, response.text()]).toEqual([50, 'ok'])
    await sim.assertNoLeaks()
  })

  test('leave no key where it must not be: the same tier for the same key, whatever the tier carries', async () => {
    const first = urls('near', 4)
    const target = tiered(first, urls('far', 4)).consistentHash({ key: { header: 'x-user' } })
    await using sim = simulate(proxy().route('/', target), { seed: 1 })
    for (const url of first.slice(2)) sim.upstream(url).outage({ lasts: '1h' })
    await sim.advance('2s')
    const servedBy = async (user: number) => {
      const response = await sim.get('/', { headers: { 'X-User': `user-${user}` } })
      return response.exchange!.attempts[0]!.endpoint
    }
    const served: string[] = []
    for (let user = 0; user < 100; user++) served.push(await servedBy(user))
    for (let user = 0; user < 100; user++) expect(await servedBy(user)).toBe(served[user])
    const part = served.filter((url) => first.includes(url)).length / 100
    expect(Math.abs(part - 0.7)).toBeLessThan(bound(0.7, 100))
    await sim.assertNoLeaks()
  })
})
