import { pool, proxy } from 'gatewright'
import { cache } from 'gatewright/cache'
import { simulate } from 'gatewright/testing'
import { describe, expect, test } from 'vitest'
import { MapStore } from './map-store.ts'

const SERVICE = 'http://service'
const URL = 'http://shop.example/a'

function start() {
  const store = new MapStore()
  const pages = cache({ store, staleIfErrorMs: '1m' })
  const sim = simulate(
    proxy()
      .use(pages)
      .route('/', pool([SERVICE])),
  )
  const get = (headers: Record<string, string> = {}) =>
    sim.get('/a', { headers: { Host: 'shop.example', ...headers } })
  return { sim, pages, store, get }
}

describe('cache.explain', () => {
  test('says what is stored, where, and what it would do with it', async () => {
    const { sim, pages, get } = start()
    await using _ = sim
    sim.upstream(SERVICE).reply({
      headers: { 'Cache-Control': 'max-age=60', Vary: 'Accept', ETag: '"1"', 'Cache-Tag': 'one two' },
      body: 'text',
    })
    expect(await pages.explain({ url: URL })).toEqual({ use: 'forward', reason: 'uri-miss', responses: [] })
    await get({ Accept: 'text/plain' })
    await sim.advance('20s')
    const { use, reason, responses } = await pages.explain({ url: URL, headers: { Accept: 'text/plain' } })
    expect([use, reason]).toEqual(['answer', 'fresh'])
    expect(responses.map(({ level }) => level)).toEqual(['memory', 'map'])
    expect(responses[0]).toEqual({
      level: 'memory',
      status: 200,
      bytes: 4,
      vary: ['accept'],
      matches: true,
      ageMs: 20_000,
      lifetimeMs: 60_000,
      lifetimeSource: 'max-age',
      remainingMs: 40_000,
      validateAlways: false,
      staleWhileRevalidateMs: 0,
      staleIfErrorMs: 60_000,
      etag: '"1"',
      tags: ['one', 'two'],
    })
    const other = await pages.explain({ url: URL, headers: { Accept: 'text/html' } })
    expect([other.use, other.reason, other.responses[0]?.matches]).toEqual(['forward', 'vary-miss', false])
    const wish = { Accept: 'text/plain', 'Cache-Control': 'only-if-cached, max-age=5' }
    const refused = await pages.explain({ url: URL, headers: wish })
    expect([refused.use, refused.reason]).toEqual(['refuse', 'request-max-age'])
    await pages.purge({ tag: 'two' })
    expect((await pages.explain({ url: URL })).responses).toEqual([])
    expect(sim.upstream(SERVICE).requests.length).toBe(1)
    await sim.assertNoLeaks()
  })

  test.each([
    [{ url: '/a' }, /"url" must be an http or https URL/],
    [{ url: URL, key: 7 }, /"key" must be a text or a list of texts/],
    [{ url: URL, header: {} }, /"header" must be one of the options that exist/],
  ])('refuses %j', (question, message) => {
    expect(() => cache().explain(question as never)).toThrow(message)
  })
})
