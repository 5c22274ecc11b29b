import { type Cache, type CacheOptions, cache, type PurgeSelector } from 'gatewright/cache'
import { pool, proxy } from 'gatewright'
import { fault, type Simulation, simulate } from 'gatewright/testing'
import { describe, expect, test } from 'vitest'

const SERVICE = 'http://service'

function start(options: CacheOptions = {}): { sim: Simulation; pages: Cache } {
  const pages = cache(options)
  const app = proxy()
    .use(pages)
    .route('/', pool([SERVICE]))
  return { sim: simulate(app), pages }
}

const LONG = { 'Cache-Control': 'max-age=1000' }
const asked = (sim: Simulation) => sim.upstream(SERVICE).requests.length

/** Asks for a path, and says whether the service was asked for it. */
async function isAsked(sim: Simulation, path: string, init: Parameters<Simulation['get']>[1] = {}) {
  const before = asked(sim)
  await sim.get(path, init)
  return asked(sim) > before
}

describe('purge', () => {
  test('by url: all variants and methods of it, and nothing else', async () => {
    const { sim, pages } = start({ key: ({ request }) => request.headers.get('x-tenant') ?? '' })
    await using _ = sim
    sim.upstream(SERVICE).reply({ headers: { ...LONG, Vary: 'Accept-Language' }, body: 'x' })
    const requests = [
      ['/x?y', {}],
      ['/x?y', { 'Accept-Language': 'de' }],
      ['/x?y', { 'X-Tenant': 'two' }],
      ['/x', {}],
      ['/x?y=1', {}],
    ] as const
    const all = async () => {
      const now: boolean[] = []
      for (const [path, headers] of requests) now.push(await isAsked(sim, path, { headers }))
      return now
    }
    expect(await all()).toEqual([true, true, true, true, true])
    expect(await all()).toEqual([false, false, false, false, false])
    const host = new URL(sim.url).host
    await pages.purge({ url: `http://${host.toUpperCase()}/x?y` })
    expect(await all()).toEqual([true, true, true, false, false])
    expect(await all()).toEqual([false, false, false, false, false])
    await sim.assertNoLeaks()
  })
})
