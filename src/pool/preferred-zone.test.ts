import { describe, expect, test } from 'vitest'
import { proxy } from '../proxy/proxy.ts'
import { forEachSeed, type Injection, type LoadResult, simulate } from '../testing/index.ts'
import type { EndpointOptions } from './endpoint-spec.ts'
import { type Pool, pool } from './pool.ts'

const PROBED = { path: '/healthz', intervalMs: '1s', timeoutMs: '500ms', rise: 1, fall: 1 } as const

/** `zoned({ a: 2, b: 1 })` is `http://a0`, `http://a1` and `http://b0`. */
function zoned(counts: Readonly<Record<string, number>>): EndpointOptions[] {
  return Object.entries(counts).flatMap(([zone, count]) =>
    Array.from({ length: count }, (_, i) => ({ url: `http://${zone}${i}`, zone })),
  )
}

/** Which part of the load went to another zone than `a`. Every request must have been served. */
function crossed({ errorRate, byEndpoint }: LoadResult): number {
  expect(errorRate).toBe(0)
  let [crossing, all] = [0, 0]
  for (const [url, { count }] of Object.entries(byEndpoint)) {
    all += count
    if (!url.startsWith('http://a')) crossing += count
  }
  return crossing / all
}

/** Four standard deviations of a part of so many requests. */
function bound(part: number, requests: number): number {
  return 4 * Math.sqrt((part * (1 - part)) / requests)
}

describe('pool.preferZone', () => {
  test('crosses zones not at all, then as far as its own cannot carry, then not at all again', {
    timeout: 120_000,
  }, async () => {
    const target = pool(zoned({ a: 4, b: 4, c: 4 }))
      .preferZone({ zone: 'a' })
      .health(PROBED)
    await forEachSeed(2, async (seed) => {
      await using sim = simulate(proxy().route('/', target.retry({ attempts: 3 })), { seed, keep: 100 })
      const load = async () => crossed(await sim.load({ rate: 400, duration: '4s' }))
      // Until a probe has noticed, or found it well again.
      const settle = async () => crossed(await sim.load({ rate: 400, duration: '1500ms' }))
      const outages: Injection[] = []
      // 1.4 times what is left, against a third of what is left of all.
      for (const stays of [1, 1, (1.4 * 2 * 3) / 10, (1.4 * 3) / 9, 0]) {
        const part = await load()
        expect(Math.abs(part - (1 - stays))).toBeLessThanOrEqual(bound(stays, 1_500))
        if (outages.length === 4) break
        outages.push(sim.upstream(`http://a${outages.length}`).outage({ lasts: '1h' }))
        await settle()
      }
      for (const outage of outages) outage.remove()
      await settle()
      expect(await load()).toBe(0)
      await sim.assertNoLeaks()
    })
  })

  test('leaves none of its own with more than 1.4 times the average, where zones differ in size', {
    timeout: 120_000,
  }, async () => {
    // Three proxies, one in each zone, with the same load each.
    const endpoints = zoned({ a: 2, b: 9, c: 9 })
    const routes = ['a', 'b', 'c'].map((zone) => pool(endpoints, { name: zone }).preferZone({ zone }))
    const app = proxy().route('/a', routes[0]!).route('/b', routes[1]!).route('/c', routes[2]!)
    await using sim = simulate(app, { seed: 3, keep: 100 })
    const { byEndpoint } = await sim.load({
      rate: 3_000,
      duration: '2s',
      request: (number) => `/${'abc'[number % 3]}`,
    })
    const counts = Object.entries(byEndpoint).map(([url, { share }]) => [url, share * 20] as const)
    expect(counts).toHaveLength(20)
    for (const [url, load] of counts) {
      if (url.startsWith('http://a')) expect(Math.abs(load - 1.4)).toBeLessThan(0.25)
      else expect(Math.abs(load - 17.2 / 18)).toBeLessThan(0.25)
    }
    await sim.assertNoLeaks()
  })

  test('overloads the zone where all proxies stand, unless it is told so', { timeout: 120_000 }, async () => {
    const share = async (shape: (target: Pool) => Pool) => {
      await using sim = simulate(proxy().route('/', shape(pool(zoned({ a: 4, b: 8 })))), {
        seed: 1,
        keep: 100,
      })
      const stayed = 1 - crossed(await sim.load({ rate: 1_000, duration: '3s' }))
      await sim.assertNoLeaks()
      return stayed
    }
    expect(await share((target) => target.preferZone({ zone: 'a' }))).toBeGreaterThan(0.85)
    const told = await share((target) => target.preferZone({ zone: 'a', loadShare: 1 }))
    expect(Math.abs(told - 1.4 / 3)).toBeLessThan(bound(1.4 / 3, 2_900))
  })

  test('with maxInFlight leaves a zone that is slow, though its probes pass', {
    timeout: 120_000,
  }, async () => {
    const run = async (shape: (target: Pool) => Pool) => {
      await using sim = simulate(proxy().route('/', shape(pool(zoned({ a: 3, b: 3 })).leastConnections())), {
        seed: 4,
        keep: 100,
      })
      for (const it of sim.upstreams)
        it.capacity({ workers: 8, serviceTime: { kind: 'exponential', meanMs: 20 }, queue: 10_000 })
      const well = await sim.load({ rate: 200, duration: '5s' })
      for (const url of ['http://a0', 'http://a1', 'http://a2'])
        sim
          .upstream(url)
          .capacity({ workers: 1, serviceTime: { kind: 'exponential', meanMs: 40 }, queue: 10_000 })
      const slow = await sim.load({ rate: 200, duration: '10s' })
      await sim.assertNoLeaks()
      return { well: crossed(well), slow: crossed(slow), p99Ms: slow.latency.p99Ms }
    }
    const without = await run((target) => target.preferZone({ zone: 'a' }))
    const limited = await run((target) => target.preferZone({ zone: 'a', maxInFlight: 6 }))
    expect([without.well, without.slow, limited.well]).toEqual([0, 0, 0])
    expect(without.p99Ms).toBeGreaterThan(10_000)
    expect(limited.slow).toBeGreaterThan(0.5)
    expect(limited.p99Ms).toBeLessThan(1_000)
  })
})
