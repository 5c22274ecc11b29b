import { pool, proxy } from 'gatewright'
import { type CacheOptions, cache } from 'gatewright/cache'
import { circuitBreaker } from 'gatewright/filters/circuit-breaker'
import { fault, type Simulation, simulate } from 'gatewright/testing'
import { describe, expect, test } from 'vitest'
import { ScriptedStore } from './scripted-store.ts'

const SERVICE = 'http://service'

function start(options: CacheOptions, reply: Record<string, string>, to = pool([SERVICE])) {
  const sim = simulate(proxy().use(cache(options)).route('/', to), { seed: 5 })
  const replies = (body: string, more: { status?: number; delayMs?: number } = {}) =>
    sim.upstream(SERVICE).reply({ headers: reply, body, delayMs: 200, ...more })
  replies('old')
  return { sim, replies }
}

const asked = (sim: Simulation) => sim.upstream(SERVICE).requests.length
const status = (response: { headers: { get(name: string): string | undefined } }) =>
  response.headers.get('cache-status')!

describe('early refresh', () => {
  const LIFE = { 'Cache-Control': 'max-age=10' }

  test('has one of many requests refresh what is fresh, so that none ever waits', async () => {
    const { sim, replies } = start({ earlyRefresh: 1 }, LIFE)
    await sim.get('/a')
    replies('new')
    const waited: string[] = []
    for (let i = 0; i < 3_000; i++) {
      const before = sim.clock.now()
      await sim.get('/a')
      if (sim.clock.now() > before) waited.push(`${before}`)
      await sim.advance('10ms')
    }
    expect(waited).toEqual([])
    // Three lifetimes, and one refresh towards the end of each.
    expect(asked(sim)).toBe(4)
    await sim.assertNoLeaks()
    await sim.close()
  })

  test('is off where nothing is said of it', async () => {
    const { sim } = start({}, LIFE)
    await sim.get('/a')
    for (let i = 0; i < 950; i++) {
      await sim.get('/a')
      await sim.advance('10ms')
    }
    expect(asked(sim)).toBe(1)
    await sim.assertNoLeaks()
    await sim.close()
  })

  test('that fails is tried again after 1, 2, 4 seconds and so on, and the fresh response answers meanwhile', async () => {
    const { sim } = start({ earlyRefresh: 1_000 }, { 'Cache-Control': 'max-age=100' })
    await sim.get('/a')
    sim.upstream(SERVICE).reply({ status: 500 })
    for (let i = 0; i < 950; i++) {
      expect((await sim.get('/a')).text()).toBe('old')
      await sim.advance('100ms')
    }
    const at = sim.upstream(SERVICE).requests.map(({ atMs }) => atMs)
    const waits = at.slice(2).map((ms, i) => Math.round((ms - at[i + 1]!) / 1_000))
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30].slice(0, waits.length))
    expect(waits.length).toBeGreaterThan(5)
    await sim.assertNoLeaks()
    await sim.close()
  })
})

describe('refreshing in the background', () => {
  const STALE = { 'Cache-Control': 'max-age=1, stale-while-revalidate=1000' }

  test.each([
    ['answers with an error', (sim: Simulation) => sim.upstream(SERVICE).reply({ status: 502 })],
    ['closes the connection', (sim: Simulation) => sim.upstream(SERVICE).inject(fault.resetBeforeHead())],
    [
      'breaks off',
      (sim: Simulation) =>
        sim.upstream(SERVICE).reply({ headers: STALE, body: 'xxxx' }).inject(fault.truncate(2)),
    ],
  ])('asks a service seldom that %s', async (_, breaks) => {
    const { sim } = start({}, STALE)
    await sim.get('/a')
    await sim.advance('2s')
    breaks(sim)
    const before = asked(sim)
    for (let i = 0; i < 600; i++) {
      expect((await sim.get('/a')).text()).toBe('old')
      await sim.advance('100ms')
    }
    // At 0, 1, 3, 7, 15, 31 seconds; the first one may be sent again, since it went over a connection that was kept.
    expect([6, 7]).toContain(asked(sim) - before)
    await sim.assertNoLeaks()
    await sim.close()
  })

  test('is left out beyond so many at once, and what is stale answers', async () => {
    const { sim, replies } = start({ maxBackgroundFetches: 2 }, STALE)
    for (let i = 0; i < 5; i++) await sim.get(`/${i}`)
    await sim.advance('2s')
    replies('new', { delayMs: 5_000 })
    for (let i = 0; i < 5; i++) expect((await sim.get(`/${i}`)).text()).toBe('old')
    expect(asked(sim)).toBe(7)
    await sim.advance('6s')
    for (let i = 0; i < 5; i++) expect((await sim.get(`/${i}`)).text()).toBe(i < 2 ? 'new' : 'old')
    expect(asked(sim)).toBe(9)
    await sim.advance('6s')
    await sim.assertNoLeaks()
    await sim.close()
  })

  test('goes through the retries of the pool before anything counts as a failure', async () => {
    const { sim, replies } = start({}, STALE, pool([SERVICE]).retry({ attempts: 3 }))
    await sim.get('/a')
    await sim.advance('2s')
    replies('new')
    sim.upstream(SERVICE).inject(fault.refuse(), { next: 1 })
    expect((await sim.get('/a')).text()).toBe('old')
    await sim.advance('1s')
    expect((await sim.get('/a')).text()).toBe('new')
    await sim.advance('1s')
    await sim.assertNoLeaks()
    await sim.close()
  })
})

test('an open circuit breaker: what is stale answers, as for any error', async () => {
  const to = pool([SERVICE]).guard(circuitBreaker({ minVolume: 5, openMs: '1m' }))
  const { sim } = start({}, { 'Cache-Control': 'max-age=1, stale-if-error=1000' }, to)
  await sim.get('/a')
  await sim.advance('2s')
  sim.upstream(SERVICE).reply({ status: 503 })
  for (let i = 0; i < 10; i++) await sim.get(`/other-${i}`)
  const before = asked(sim)
  const stale = await sim.get('/a')
  expect([stale.text(), status(stale)]).toEqual(['old', expect.stringContaining('stale-if-error')])
  expect(asked(sim)).toBe(before)
  await sim.assertNoLeaks()
  await sim.close()
})

test('jitter: what came at once goes one after the other, and a restart changes nothing about when', async () => {
  const store = new ScriptedStore()
  const expired: boolean[][] = []
  for (const round of [1, 2]) {
    const kept = cache({ jitter: 0.5, store })
    const sim = simulate(
      proxy()
        .use(kept)
        .route('/', pool([SERVICE])),
    )
    sim.upstream(SERVICE).reply({ headers: { 'Cache-Control': 'max-age=100' }, body: 'x' })
    if (round === 1) for (let i = 0; i < 100; i++) await sim.get(`/${i}`)
    else await sim.advance('75s')
    if (round === 1) await sim.advance('75s')
    const ask = async (i: number) =>
      (await sim.get(`/${i}`, { headers: { 'Cache-Control': 'only-if-cached' } })).status === 504
    const all: boolean[] = []
    for (let i = 0; i < 100; i++) all.push(await ask(i))
    expired.push(all)
    await kept.close()
    await sim.assertNoLeaks()
    await sim.close()
  }
  const share = expired[0]!.filter((it) => it).length
  expect(share).toBeGreaterThan(30)
  expect(share).toBeLessThan(70)
  expect(expired[1]).toEqual(expired[0])
})

test.each([
  ['earlyRefresh', -1],
  ['earlyRefresh', Number.NaN],
  ['earlyRefresh', Number.POSITIVE_INFINITY],
  ['jitter', 1.1],
  ['jitter', '0.5'],
  ['maxBackgroundFetches', -1],
  ['maxBackgroundFetches', 1.5],
])('the option %s is not %s', (option, value) => {
  expect(() => cache({ [option]: value })).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID' }))
  expect(() => cache({ [option]: value })).toThrow(option)
})
