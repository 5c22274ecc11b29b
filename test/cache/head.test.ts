import { pool, proxy } from 'gatewright'
import { cache } from 'gatewright/cache'
import { simulate } from 'gatewright/testing'
import { describe, expect, test } from 'vitest'
import { MapStore } from './map-store.ts'

const SERVICE = 'http://service'
const HEADERS = { 'Cache-Control': 'max-age=60', ETag: '"1"' }

/** Two caches with one store: what the one stores, the other finds. */
function caches() {
  const store = new MapStore()
  const app = (name: string) => cache({ name, store })
  const [one, two] = [app('one'), app('two')]
  let which = 'one'
  const sim = simulate(
    proxy()
      .use((exchange, next) => (which === 'one' ? one : two)(exchange, next))
      .route('/', pool([SERVICE])),
  )
  sim.upstream(SERVICE).reply({ headers: HEADERS, body: 'text' })
  return {
    sim,
    store,
    by(name: 'one' | 'two') {
      which = name
      return sim
    },
  }
}

describe('HEAD', () => {
  test('loads no content from a store', async () => {
    const { sim, store, by } = caches()
    await using _ = sim
    await by('one').get('/a')
    const head = await by('two').request({ method: 'HEAD', url: '/a' })
    expect([head.status, head.headers.get('content-length'), head.headers.get('cache-status')]).toEqual([
      200,
      '4',
      'two; hit; ttl=60; detail=map',
    ])
    expect(store.reads).toBe(0)
    expect((await by('two').get('/a')).text()).toBe('text')
    expect(store.reads).toBe(1)
    await sim.assertNoLeaks()
  })

  test.each([
    ['the same', '"1"', 'old', false],
    ['other', '"2"', 'new', true],
  ])('whose answer has %s validators is told to the store', async (_, etag, text, isAsked) => {
    const { sim, by } = caches()
    await using _sim = sim
    sim.upstream(SERVICE).reply({ headers: HEADERS, body: 'old' })
    await by('one').get('/a')
    await sim.advance('50s')
    const headers = { ...HEADERS, ETag: etag, 'X-New': '1' }
    sim.upstream(SERVICE).reply({ headers, body: 'new' })
    await by('one').request({ method: 'HEAD', url: '/a', headers: { 'Cache-Control': 'no-cache' } })
    await sim.advance('5s')
    const asked = sim.upstream(SERVICE).requests.length
    const answer = await by('two').get('/a')
    expect([answer.text(), answer.headers.get('x-new')]).toEqual([text, '1'])
    expect(sim.upstream(SERVICE).requests.length - asked).toBe(isAsked ? 1 : 0)
    if (isAsked) expect(sim.upstream(SERVICE).requests.at(-1)!.header('if-none-match')).toBe('"1"')
    await sim.assertNoLeaks()
  })

  test('of one who wants nothing stored leaves what is stored', async () => {
    const { sim, by } = caches()
    await using _ = sim
    await by('one').get('/a')
    const headers = { 'Cache-Control': 'no-cache, no-store' }
    await by('one').request({ method: 'HEAD', url: '/a', headers })
    expect((await by('one').get('/a')).headers.get('cache-status')).toContain('hit')
    await sim.assertNoLeaks()
  })
})
