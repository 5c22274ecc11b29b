import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Observer } from '../core/observer.ts'
import { proxy } from '../proxy/proxy.ts'
import { faultSchedules, injectAll } from '../testing/arbitraries/index.ts'
import {
  fault,
  memoryNetwork,
  rawClient,
  type Simulation,
  seededRandom,
  simulate,
  virtualClock,
} from '../testing/index.ts'
import type { EjectOptions } from './eject-options.ts'
import { type Pool, pool } from './pool.ts'

const URLS = ['http://u1', 'http://u2', 'http://u3', 'http://u4']

function simulated(
  shape: (it: Pool) => Pool,
  urls: readonly string[] = URLS,
  panicThreshold = 0,
): Simulation {
  const target = shape(pool(urls, { connectMs: '500ms', headMs: '2s', panicThreshold }))
  return simulate(proxy().route('/', target), { seed: 3, keep: 1_000_000 })
}

/** What the journal says of endpoints, without the milliseconds. */
function changes({ journal }: Simulation): string[] {
  return journal.entries.filter(({ subject }) => subject === 'endpoint').map(({ text }) => text)
}

describe('pool.eject', () => {
  test('leaves an endpoint alone after errors in a row, for longer each time', async () => {
    await using sim = simulated((it) => it.eject({ ejectMs: '10s', jitter: 0 }))
    sim.upstream('http://u2').inject(fault.refuse())
    const { byStatus } = await sim.load({ rate: 40, duration: '55s', arrivals: 'constant' })
    expect(changes(sim)).toEqual([
      'endpoint http://u2: ejected for 10000 ms (5 errors in a row)',
      'endpoint http://u2: ejected no more',
      'endpoint http://u2: ejected for 20000 ms (5 errors in a row)',
      'endpoint http://u2: ejected no more',
      'endpoint http://u2: ejected for 30000 ms (5 errors in a row)',
    ])
    expect(byStatus[502]).toBe(15)
    await sim.assertNoLeaks()
  })

  test('begins to count anew with each answer that is good', async () => {
    await using sim = simulated((it) => it.eject({ consecutiveErrors: 3 }), URLS.slice(0, 1))
    const [bad, good] = [{ status: 503 }, {}]
    sim.upstream(URLS[0]!).reply(bad, bad, good, bad, bad, good, bad, bad, bad)
    for (let i = 0; i < 8; i++) await sim.get('/')
    expect(changes(sim)).toEqual([])
    await sim.get('/')
    expect(changes(sim)).toEqual([expect.stringContaining('(3 errors in a row)')])
    await sim.assertNoLeaks()
  })

  test('counts statuses that it is told, and no other', async () => {
    for (const [status, statuses, expected] of [
      [503, undefined, 1],
      [500, undefined, 0],
      [429, [429, '5xx'], 1],
    ] as const) {
      await using sim = simulated((it) => it.eject(statuses === undefined ? {} : { statuses }))
      sim.upstream('http://u3').reply({ status })
      await sim.load({ rate: 40, duration: '5s' })
      expect(changes(sim)).toHaveLength(expected)
      await sim.assertNoLeaks()
    }
  })

  test('counts responses that break off, each of which has had a good head', async () => {
    await using sim = simulated((it) => it.eject())
    sim.upstream('http://u1').reply({ body: 'a long one' }).inject(fault.truncate(4))
    await sim.load({ rate: 40, duration: '5s' })
    expect(changes(sim)).toEqual([
      expect.stringMatching(/^endpoint http:\/\/u1: ejected .* \(5 broken responses in a row\)$/),
    ])
    await sim.assertNoLeaks()
  })

  test('counts a response once that is bad and breaks off', async () => {
    await using sim = simulated((it) => it.eject({ consecutiveErrors: 4 }))
    sim
      .upstream('http://u1')
      .reply({ status: 503, body: 'a long one' })
      .inject(fault.truncate(4), { next: 3 })
    for (let turn = 0; turn < 12; turn++) await sim.get('/')
    expect(sim.upstream('http://u1').totalRequests).toBe(3)
    expect(changes(sim)).toEqual([])
    await sim.load({ rate: 40, duration: '1s' })
    expect(changes(sim)).toHaveLength(1)
    await sim.assertNoLeaks()
  })

  test('counts connect failures on their own where asked to', async () => {
    await using sim = simulated((it) => it.eject({ consecutiveConnectFailures: 2 }))
    sim.upstream('http://u1').inject(fault.refuse())
    sim.upstream('http://u2').inject(fault.resetBeforeHead(), { next: 3 })
    await sim.load({ rate: 40, duration: '5s' })
    expect(changes(sim)).toEqual([expect.stringContaining('u1: ejected')])
    expect(changes(sim)[0]).toContain('(2 connect failures in a row)')
    await sim.assertNoLeaks()
  })

  test('never counts clients that leave', async () => {
    await using sim = simulated((it) => it.eject({ consecutiveErrors: 1 }))
    for (const it of sim.upstreams) it.latency({ kind: 'constant', ms: 1_000 })
    const { byOutcome } = await sim.load({ rate: 20, duration: '10s', patience: '300ms' })
    expect(byOutcome.left).toBeGreaterThan(100)
    expect(changes(sim)).toEqual([])
    await sim.assertNoLeaks()
  })

  test('never counts the limits of the pool itself', async () => {
    const target = pool(URLS, { maxConnections: 1, maxPending: 0 }).eject({ consecutiveErrors: 1 })
    await using sim = simulate(proxy().route('/', target), { seed: 3, keep: 100_000 })
    for (const it of sim.upstreams) it.latency({ kind: 'constant', ms: 500 })
    const { byError } = await sim.load({ rate: 40, duration: '5s' })
    expect(byError.pool_queue_full).toBeGreaterThan(50)
    expect(changes(sim)).toEqual([])
    await sim.assertNoLeaks()
  })

  test('forgets what an attempt from before its return has met', async () => {
    await using sim = simulated(
      (it) => it.eject({ consecutiveErrors: 2, ejectMs: '1s', jitter: 0 }),
      URLS.slice(0, 2),
    )
    const one = sim.upstream('http://u1')
    one.inject(fault.noAnswer(), { next: 4 })
    // Two of the four time out after 2 s and eject it for 1 s; the others end after its return.
    const early = [sim.get('/'), sim.get('/'), sim.get('/'), sim.get('/')]
    await sim.advance('1500ms')
    const late = [sim.get('/'), sim.get('/'), sim.get('/'), sim.get('/')]
    await sim.advance('10s')
    await Promise.all([...early, ...late])
    expect(changes(sim)).toEqual([
      'endpoint http://u1: ejected for 1000 ms (2 errors in a row)',
      'endpoint http://u1: ejected no more',
    ])
    await sim.assertNoLeaks()
  })

  test.each([
    [0.5, 2],
    [0.9, 3],
    [0, 1],
  ])('ejects at most the share %d of four: %d', async (maxEjected, most) => {
    await using sim = simulated((it) => it.eject({ maxEjected }))
    for (const it of sim.upstreams) it.inject(fault.refuse())
    await sim.load({ rate: 100, duration: '20s' })
    expect(changes(sim)).toHaveLength(most)
    await sim.assertNoLeaks()
  })

  test('sees an endpoint that fares worse than the others, and one that mostly fails', async () => {
    const run = async (options: EjectOptions, failing: number): Promise<string[]> => {
      const urls = [...URLS, 'http://u5', 'http://u6']
      await using sim = simulated((it) => it.eject({ consecutiveErrors: Infinity, ...options }), urls)
      sim.upstream('http://u4').reply(() => ({ status: sim.random() < failing ? 503 : 200 }))
      await sim.load({ rate: 200, duration: '15s' })
      const found = changes(sim)
      await sim.assertNoLeaks()
      return found
    }
    expect(await run({ successRate: {} }, 0.3)).toEqual([
      expect.stringMatching(/u4: ejected for \d+ ms \(success rate 7\d %\)$/),
    ])
    expect(await run({ failurePercentage: {} }, 0.3)).toEqual([])
    expect(await run({ failurePercentage: {} }, 0.95)).toEqual([
      expect.stringMatching(/u4: ejected for \d+ ms \(9\d % failed\)$/),
    ])
    expect(await run({}, 0.95)).toEqual([])
  })

  test('keeps the changes of a flapping endpoint few', { timeout: 60_000 }, async () => {
    await using sim = simulated((it) =>
      it.health({ path: '/healthz', intervalMs: '2s' }).eject({ ejectMs: '10s' }),
    )
    sim.upstream('http://u2').outage({ after: '3s', lasts: '3s', every: '6s' })
    const { errorRate } = await sim.load({ rate: 100, duration: '10m' })
    const ejections = changes(sim).flatMap(
      (text) => /ejected for (\d+) ms/.exec(text)?.slice(1).map(Number) ?? [],
    )
    // A hundred outages. The ejections last for 10, 20, 30 s and so on, so eleven of them take eleven minutes.
    expect(ejections.length).toBeGreaterThan(3)
    expect(ejections.length).toBeLessThanOrEqual(11)
    for (const [i, lasts] of ejections.entries()) {
      expect(lasts).toBeGreaterThanOrEqual(10_000 * (i + 1))
      expect(lasts).toBeLessThanOrEqual(11_000 * (i + 1))
    }
    // No outage is as long as three probes.
    expect(changes(sim).filter((text) => text.includes(': unhealthy'))).toEqual([])
    expect(errorRate).toBeLessThan(0.005)
    await sim.assertNoLeaks()
  })

  test.each(['leastConnections', 'leastResponseTime'] as const)(
    'keeps %s from sending everything to an endpoint that fails fast',
    { timeout: 60_000 },
    async (balancer) => {
      const run = async (shape: (it: Pool) => Pool): Promise<number> => {
        await using sim = simulated((it) => shape(it[balancer]()))
        for (const it of sim.upstreams) it.latency({ kind: 'exponential', meanMs: 40 })
        sim.upstream('http://u1').reply({ status: 503 }).latency({ kind: 'constant', ms: 0 })
        const { errorRate } = await sim.load({ rate: 300, duration: '60s' })
        await sim.assertNoLeaks()
        return errorRate
      }
      expect(await run((it) => it)).toBeGreaterThan(0.5)
      expect(await run((it) => it.eject())).toBeLessThan(0.02)
    },
  )

  test('holds one timer while something is ejected, and none after that or after the end', async () => {
    const clock = virtualClock()
    const network = memoryNetwork({ clock })
    const told: string[] = []
    const observer: Observer = {
      ejected: ({ id }) => told.push(`${id} ejected at ${clock.now()}`),
      restored: ({ id }) => told.push(`${id} restored at ${clock.now()}`),
    }
    const running = await proxy()
      .listen({ host: 'gateway', port: 80 })
      .route(
        '/',
        pool(['http://one', 'http://two']).eject({ consecutiveErrors: 1, maxEjected: 1, jitter: 0 }),
      )
      .start({ signals: false, surroundings: { clock, network, random: seededRandom(1), observer } })
    const ask = async (): Promise<number> => {
      const client = await clock.until(rawClient(network, running.url))
      await client.send('GET / HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n')
      const { status } = await clock.until(client.response())
      await client.close()
      return status
    }
    const timers = clock.pending
    // Nobody listens at either address.
    expect(await ask()).toBe(502)
    await clock.advance('10s')
    expect(clock.pending).toBe(timers + 1)
    expect(await ask()).toBe(502)
    await clock.advance('5s')
    expect(clock.pending).toBe(timers + 1)
    await clock.advance('1m')
    expect(clock.pending).toBe(timers)
    const [first, other] = told[0]!.startsWith('http://one') ? ['one', 'two'] : ['two', 'one']
    expect(told).toEqual([
      `http://${first} ejected at 0`,
      `http://${other} ejected at 10000`,
      `http://${first} restored at 30000`,
      `http://${other} restored at 40000`,
    ])
    await ask()
    expect(told).toHaveLength(5)
    await clock.until(running.close())
    expect([network.leaks(), clock.pending]).toEqual([[], 0])
  })
})

test('pool.eject and pool.slowStart draw no lots, set no timers and say nothing as long as nothing fails', async () => {
  const run = async (shape: (it: Pool) => Pool): Promise<string> => {
    await using sim = simulated((it) => shape(it.random().health({ path: '/healthz' })))
    for (const it of sim.upstreams) it.latency({ kind: 'exponential', meanMs: 20 })
    sim.upstream('http://u1').inject(fault.refuse(), { chance: 0.1 })
    await sim.load({ rate: 100, duration: '20s', patience: '100ms' })
    await sim.assertNoLeaks()
    return sim.journal.hash()
  }
  const plain = await run((it) => it)
  expect(await run((it) => it.eject({ successRate: {}, latency: {} }).slowStart({ lastsMs: '10s' }))).toBe(
    plain,
  )
  // So the comparison can fail.
  expect(await run((it) => it.eject({ consecutiveErrors: 1 }))).not.toBe(plain)
})

test('whatever fails, a pool that ejects always has an endpoint, and leaves nothing', {
  timeout: 60_000,
}, async () => {
  const run = fc.record({ schedule: faultSchedules({ upstreams: URLS, lasts: '20s' }), seed: fc.nat() })
  await fc.assert(
    fc.asyncProperty(run, async ({ schedule, seed }) => {
      const target = pool(URLS, { connectMs: '500ms', headMs: '1s', panicThreshold: 0.3 })
        .leastConnections()
        .health({ path: '/healthz', intervalMs: '1s', timeoutMs: '500ms' })
        .eject({
          consecutiveErrors: 2,
          ejectMs: '2s',
          intervalMs: '3s',
          successRate: { minRequests: 10, minEndpoints: 3 },
          latency: { minRequests: 10, marginMs: 10 },
        })
        .slowStart({ lastsMs: '3s' })
        .retry()
      await using sim = simulate(proxy().route('/', target), { seed, keep: 100_000 })
      injectAll(schedule, sim)
      const { byError } = await sim.load({ rate: 50, duration: '20s' })
      expect(byError.no_endpoint).toBeUndefined()
      const out = new Set<string>()
      for (const text of changes(sim)) {
        const [, id, change] = /^endpoint (\S+): (ejected for|ejected no more)/.exec(text) ?? []
        if (change === undefined) continue
        // Each goes before it returns and returns before it goes, and half of them is the most.
        expect(out.has(id!)).toBe(change === 'ejected no more')
        if (change === 'ejected for') out.add(id!)
        else out.delete(id!)
        expect(out.size).toBeLessThanOrEqual(2)
      }
      await sim.assertNoLeaks()
    }),
    { numRuns: 30 },
  )
})

describe('a pool in a panic', () => {
  test('goes on serving when all are ejected', async () => {
    await using sim = simulated((it) => it.eject({ maxEjected: 1, ejectMs: '1m' }))
    for (const it of sim.upstreams) it.outage({ after: '5s', lasts: '5s' })
    const { byError, byStatus } = await sim.load({ rate: 100, duration: '30s', arrivals: 'constant' })
    expect(changes(sim)).toHaveLength(4)
    expect(byError.no_endpoint).toBeUndefined()
    expect(byStatus[200]).toBe(2_500)
    await sim.assertNoLeaks()
  })

  test('shares the load among all where fewer are left than the threshold', async () => {
    const shareOfOne = async (panicThreshold: number): Promise<number> => {
      await using sim = simulated((it) => it.eject({ maxEjected: 1 }), URLS, panicThreshold)
      for (const it of sim.upstreams.slice(1)) it.inject(fault.refuse(), { next: 5 })
      await sim.load({ rate: 100, duration: '2s' })
      expect(changes(sim)).toHaveLength(3)
      const { byEndpoint } = await sim.load({ rate: 100, duration: '10s' })
      await sim.assertNoLeaks()
      return byEndpoint['http://u1']!.share
    }
    expect(await shareOfOne(0)).toBe(1)
    expect(await shareOfOne(0.5)).toBeCloseTo(0.25, 1)
  })
})
