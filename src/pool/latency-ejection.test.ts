import { describe, expect, test } from 'vitest'
import type { Balancer } from '../core/balancer.ts'
import { proxy } from '../proxy/proxy.ts'
import { type Simulation, simulate } from '../testing/index.ts'
import { type Pool, pool } from './pool.ts'

const THREE = ['http://u1', 'http://u2', 'http://u3']

function simulated(shape: (it: Pool) => Pool, urls: readonly string[] = THREE): Simulation {
  return simulate(proxy().route('/', shape(pool(urls))), { seed: 5, keep: 1_000_000 })
}

/** Each takes so many milliseconds on average, by an exponential distribution. */
function takes(sim: Simulation, meanMs: number, url?: string): void {
  for (const it of url === undefined ? sim.upstreams : [sim.upstream(url)])
    it.latency({ kind: 'exponential', meanMs })
}

function changes({ journal }: Simulation): string[] {
  return journal.entries.filter(({ subject }) => subject === 'endpoint').map(({ text }) => text)
}

function ejections(sim: Simulation): { atMs: number; url: string; lastsMs: number }[] {
  return sim.journal.entries.flatMap(({ atMs, text }) => {
    const [, url, lastsMs] = /^endpoint (\S+): ejected for (\d+) ms/.exec(text) ?? []
    return url === undefined ? [] : [{ atMs, url, lastsMs: Number(lastsMs) }]
  })
}

describe('pool.eject by latency', { timeout: 60_000 }, () => {
  /** One of three is healthy for half an interval, and then takes twenty times as long. */
  async function slowOne(shape: (it: Pool) => Pool) {
    const sim = simulated(shape)
    takes(sim, 10)
    const before = await sim.load({ rate: 100, duration: '10s' })
    takes(sim, 200, 'http://u2')
    const during = await sim.load({ rate: 100, duration: '10s' })
    const after = await sim.load({ rate: 100, duration: '20s' })
    await sim.assertNoLeaks()
    return { sim, p99: [before, during, after].map(({ latency }) => latency.p99Ms) }
  }

  test('takes an endpoint out that is twenty times slower, within an interval', async () => {
    const { sim, p99 } = await slowOne((it) => it.eject({ latency: {} }))
    const [before, during, after] = p99
    expect(during!).toBeGreaterThan(10 * before!)
    expect(after!).toBeLessThan(1.5 * before!)
    const [first, ...others] = ejections(sim)
    expect(first).toMatchObject({ url: 'http://u2' })
    expect(first!.atMs).toBeGreaterThan(10_000)
    expect(first!.atMs).toBeLessThan(20_100)
    expect(others).toEqual([])
    expect(changes(sim)[0]).toMatch(/\(median response time 1\d\d ms, the pool's \d\.\d ms\)$/)
  })

  test('is what does it', async () => {
    const { sim, p99 } = await slowOne((it) => it.eject())
    expect(p99[2]!).toBeGreaterThan(10 * p99[0]!)
    expect(changes(sim)).toEqual([])
  })

  test.each<[string, number[]]>([
    ['differences within the margin', [0.5, 20, 0.5, 0.5]],
    ['what is not three times as slow', [100, 200, 100, 100]],
    ['a pool of which most are slow', [10, 200, 200, 200]],
    ['a pool that is slow as a whole', [200, 200, 200, 200]],
  ])('leaves alone %s', async (_, means) => {
    const urls = ['http://u1', 'http://u2', 'http://u3', 'http://u4']
    await using sim = simulated((it) => it.eject({ latency: {} }), urls)
    for (const [i, meanMs] of means.entries()) takes(sim, meanMs, urls[i])
    await sim.load({ rate: 100, duration: '25s' })
    expect(changes(sim)).toEqual([])
    await sim.assertNoLeaks()
  })

  test('compares what has enough attempts, and only where there is enough to compare', async () => {
    const run = async (latency: object, urls: readonly string[], rate: number): Promise<string[]> => {
      await using sim = simulated((it) => it.eject({ latency }), urls)
      takes(sim, 10)
      takes(sim, 400, 'http://u2')
      await sim.load({ rate, duration: '25s' })
      await sim.assertNoLeaks()
      return changes(sim)
    }
    expect(await run({}, THREE, 60)).toHaveLength(1)
    expect(await run({}, THREE, 10)).toEqual([])
    expect(await run({ minRequests: 20 }, THREE, 10)).toHaveLength(1)
    expect(await run({}, THREE.slice(0, 2), 60)).toEqual([])
    expect(await run({ minEndpoints: 2 }, THREE.slice(0, 2), 60)).toHaveLength(1)
  })

  test('takes no more than its share, the slowest first', async () => {
    const urls = Array.from({ length: 5 }, (_, i) => `http://u${i + 1}`)
    await using sim = simulated((it) => it.eject({ latency: {}, maxEjected: 0.2 }), urls)
    takes(sim, 10)
    takes(sim, 300, 'http://u1')
    takes(sim, 900, 'http://u4')
    await sim.load({ rate: 200, duration: '30s' })
    expect(ejections(sim).map(({ url }) => url)).toEqual(['http://u4'])
    await sim.assertNoLeaks()
  })

  test('does not take a service that works for one that is slow, beside those that fail at once', async () => {
    for (const status of [500, 503, 429]) {
      await using sim = simulated((it) =>
        it.eject({ consecutiveErrors: Infinity, latency: { minEndpoints: 2 } }),
      )
      takes(sim, 200, 'http://u1')
      sim.upstream('http://u2').reply({ status })
      sim.upstream('http://u3').reply({ status })
      await sim.load({ rate: 100, duration: '25s' })
      expect(changes(sim)).toEqual([])
      await sim.assertNoLeaks()
    }
  })

  test('sees that clients give an endpoint up', async () => {
    await using sim = simulated((it) => it.eject({ latency: {} }))
    takes(sim, 10)
    sim.upstream('http://u3').latency({ kind: 'constant', ms: 5_000 })
    const { byOutcome } = await sim.load({ rate: 100, duration: '11s', patience: '300ms' })
    expect(byOutcome.left).toBeGreaterThan(300)
    expect(changes(sim)).toEqual([
      expect.stringMatching(
        /u3: ejected for \d+ ms \(median response time 3\d\d ms, the pool's \d\.\d ms\)$/,
      ),
    ])
    await sim.assertNoLeaks()
  })

  test('sees attempts that took too long for their pool', async () => {
    await using sim = simulated((it) =>
      it.retry({ perAttemptMs: '250ms', budget: 1 }).eject({ consecutiveErrors: Infinity, latency: {} }),
    )
    takes(sim, 10)
    sim.upstream('http://u1').latency({ kind: 'constant', ms: 5_000 })
    await sim.load({ rate: 100, duration: '11s' })
    expect(changes(sim)).toEqual([
      expect.stringMatching(/u1: ejected for \d+ ms \(median response time 2\d\d ms/),
    ])
    await sim.assertNoLeaks()
  })

  test('takes out what the balancer asks little, but not never', async () => {
    const run = async (shape: (it: Pool) => Pool): Promise<[string[], number]> => {
      await using sim = simulated((it) => shape(it.leastResponseTime()))
      takes(sim, 10)
      takes(sim, 400, 'http://u1')
      await sim.load({ rate: 200, duration: '11s' })
      const { byEndpoint } = await sim.load({ rate: 200, duration: '10s' })
      await sim.assertNoLeaks()
      return [ejections(sim).map(({ url }) => url), byEndpoint['http://u1']?.count ?? 0]
    }
    const [none, without] = await run((it) => it.eject())
    expect(none).toEqual([])
    expect(without).toBeGreaterThan(0)
    expect(without).toBeLessThan(30)
    expect(await run((it) => it.eject({ latency: { minRequests: 5 } }))).toEqual([['http://u1'], 0])
  })

  test('is not blind to what hedging hides', async () => {
    const urls = Array.from({ length: 20 }, (_, i) => `http://u${i + 1}`)
    const run = async (shape: (it: Pool) => Pool): Promise<[string[], number]> => {
      await using sim = simulated((it) => shape(it.hedge({ budget: 0.1 })), urls)
      takes(sim, 10)
      sim.upstream('http://u7').latency({ kind: 'constant', ms: 2_000 })
      const { latency } = await sim.load({ rate: 200, duration: '11s' })
      await sim.assertNoLeaks()
      return [ejections(sim).map(({ url }) => url), latency.percentileMs(99)]
    }
    const [found, p99] = await run((it) => it.eject({ latency: { marginMs: 20 } }))
    // What goes to it loses, within a few dozen milliseconds.
    expect(p99).toBeLessThan(100)
    expect(found).toEqual(['http://u7'])
  })

  test.each(['sends', 'sends, before it leaves'])('counts no time in which a client %s', async (how) => {
    const byPath: Balancer = (all, { request }) => all[request.path === '/u2' ? 1 : 0]!
    await using sim = simulated((it) => it.balance(byPath).eject({ latency: { minEndpoints: 2 } }))
    for (let i = 0; i < 60; i++) {
      await sim.post('/u1')
      const client = await sim.connect()
      await client.send('POST /u2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\na')
      await sim.advance('100ms')
      if (how === 'sends') await client.send('b')
      else await client.reset()
    }
    await sim.advance('5s')
    await sim.get('/u1')
    expect(sim.exchanges.filter(({ target }) => target === '/u2')).toHaveLength(60)
    expect(changes(sim)).toEqual([])
    await sim.assertNoLeaks()
  })

  test('forgets attempts from before an endpoint has returned', async () => {
    const byPath: Balancer = (all, { request }) => all[Number(request.path.slice(1)) - 1] ?? all[0]!
    const eject = { intervalMs: 1_000, ejectMs: 1_000, jitter: 0, latency: { minRequests: 5 } } as const
    await using sim = simulated((it) => it.balance(byPath).eject(eject))
    const five = (path: string) => Array.from({ length: 5 }, () => sim.get(path))
    for (const it of sim.upstreams) it.latency({ kind: 'constant', ms: 10 })
    sim.upstream('http://u1').latency({ kind: 'constant', ms: 900 })
    await Promise.all([...five('/1'), ...five('/2'), ...five('/3')])
    sim.upstream('http://u1').latency({ kind: 'constant', ms: 2_000 })
    const late = five('/1')
    await sim.advance('100ms')
    // The first word of the next interval.
    await sim.get('/2')
    expect(sim.nowMs).toBe(1_010)
    await sim.advance('1s')
    expect(changes(sim)).toHaveLength(2)
    await Promise.all([...five('/2'), ...five('/3'), ...late])
    await sim.advance('1s')
    await sim.get('/2')
    expect(changes(sim)).toEqual([
      "endpoint http://u1: ejected for 1000 ms (median response time 939 ms, the pool's 10 ms)",
      'endpoint http://u1: ejected no more',
    ])
    await sim.assertNoLeaks()
  })

  test('takes an endpoint out for longer each time that it returns as slow as before', async () => {
    for (const [interval, duration] of [
      ['10s', '150s'],
      ['1m', '400s'],
    ] as const) {
      await using sim = simulated((it) => it.eject({ intervalMs: interval, jitter: 0, latency: {} }))
      takes(sim, 10)
      takes(sim, 300, 'http://u2')
      await sim.load({ rate: 30, duration })
      expect(
        ejections(sim)
          .slice(0, 3)
          .map(({ lastsMs }) => lastsMs),
      ).toEqual([30_000, 60_000, 90_000])
      await sim.assertNoLeaks()
    }
  })

  test('keeps the changes of an endpoint few that is slow now and then', async () => {
    await using sim = simulated((it) => it.eject({ ejectMs: '10s', latency: {} }))
    takes(sim, 10)
    let slow = false
    sim.every('15s', () => {
      slow = !slow
      takes(sim, slow ? 300 : 10, 'http://u2')
    })
    await sim.load({ rate: 40, duration: '5m' })
    const found = ejections(sim)
    // It is slow ten times. Those that are seen last for 10, 20, 30 s and so on, less what is forgiven in between.
    expect(found.length).toBeGreaterThan(2)
    expect(found.length).toBeLessThanOrEqual(7)
    expect(new Set(found.map(({ url }) => url))).toEqual(new Set(['http://u2']))
    await sim.assertNoLeaks()
  })
})
