import { pool, proxy } from 'gatewright'
import { type CacheOptions, cache } from 'gatewright/cache'
import { type Simulation, simulate } from 'gatewright/testing'
import { describe, expect, test } from 'vitest'

const SERVICE = 'http://service'
const FRESH = { 'Cache-Control': 'max-age=60' }

function start(options: CacheOptions, headers: Record<string, string> = FRESH) {
  const app = proxy()
    .use(cache(options))
    .route('/', pool([SERVICE]))
  const sim = simulate(app)
  let answers = 0
  sim.upstream(SERVICE).reply(({ method, body }) => ({ headers, body: `${method} ${body} ${++answers}` }))
  return sim
}

const asked = (sim: Simulation) => sim.upstream(SERVICE).requests.length
const query = (sim: Simulation, body: string | AsyncIterable<string>, more: Record<string, string> = {}) =>
  sim.request({ method: 'QUERY', url: '/q', body, headers: { 'Content-Type': 'text/plain', ...more } })

async function* parts(...texts: string[]) {
  yield* texts
}

describe('requests with content', () => {
  test('are answered from what was stored for the same content, type and coding', async () => {
    await using sim = start({ methods: ['QUERY'] })
    expect((await query(sim, 'a')).text()).toBe('QUERY a 1')
    const again = await query(sim, 'a')
    expect([again.text(), again.headers.get('cache-status')]).toEqual([
      'QUERY a 1',
      'gatewright; hit; ttl=60',
    ])
    expect((await query(sim, parts('', 'a'))).text()).toBe('QUERY a 1')
    expect((await query(sim, 'b')).text()).toBe('QUERY b 2')
    expect((await query(sim, 'a', { 'Content-Type': 'text/html' })).text()).toBe('QUERY a 3')
    expect((await query(sim, 'a', { 'Content-Encoding': 'x' })).text()).toBe('QUERY a 4')
    await sim.assertNoLeaks()
  })

  test('of different methods are not the same', async () => {
    await using sim = start({ methods: ['QUERY', 'POST'] })
    await query(sim, 'a')
    expect((await sim.post('/q', { body: 'a', headers: { 'Content-Type': 'text/plain' } })).text()).toBe(
      'POST a 2',
    )
    expect((await sim.get('/q')).text()).toBe('GET  3')
    await sim.assertNoLeaks()
  })

  test('wait for one answer', async () => {
    await using sim = start({ methods: ['QUERY'] })
    const all = await Promise.all(Array.from({ length: 5 }, () => query(sim, 'a')))
    expect(all.map((it) => it.text())).toEqual(Array(5).fill('QUERY a 1'))
    await sim.assertNoLeaks()
  })

  test('are not stored without a lifetime that the response names, nor validated', async () => {
    await using sim = start(
      { methods: ['QUERY'] },
      { ETag: '"1"', 'Last-Modified': 'Wed, 01 Jan 2020 00:00:00 GMT' },
    )
    for (let i = 1; i <= 2; i++) expect((await query(sim, 'a')).text()).toBe(`QUERY a ${i}`)
    expect(sim.upstream(SERVICE).requests[1]!.header('if-none-match')).toBeUndefined()
    await sim.assertNoLeaks()
  })

  test('are not validated when they are stale', async () => {
    await using sim = start({ methods: ['QUERY'] }, { ...FRESH, ETag: '"1"' })
    await query(sim, 'a')
    await sim.advance('61s')
    expect((await query(sim, 'a')).text()).toBe('QUERY a 2')
    expect(sim.upstream(SERVICE).requests[1]!.header('if-none-match')).toBeUndefined()
    await sim.assertNoLeaks()
  })

  test('that have conditions of their own go past the cache', async () => {
    await using sim = start({ methods: ['QUERY'] })
    await query(sim, 'a')
    expect((await query(sim, 'a', { 'If-None-Match': '*' })).headers.get('cache-status')).toBe(
      'gatewright; fwd=bypass',
    )
    expect(sim.upstream(SERVICE).requests[1]!.header('if-none-match')).toBe('*')
    await sim.assertNoLeaks()
  })

  test.each([
    ['of a length that is known', (text: string) => text],
    ['of a length that is not', (text: string) => parts(text.slice(0, 7), text.slice(7))],
  ])('pass whole and are not stored when they are too long, %s', async (_, bodyOf) => {
    await using sim = start({ methods: ['QUERY'], maxRequestBytes: 10 })
    const long = 'x'.repeat(10_000)
    for (let i = 1; i <= 2; i++) {
      const response = await query(sim, bodyOf(long))
      expect(response.text()).toBe(`QUERY ${long} ${i}`)
      expect(response.headers.get('cache-status')).toBe('gatewright; fwd=bypass')
    }
    for (let i = 0; i < 2; i++)
      expect((await query(sim, bodyOf('x'.repeat(10)))).text()).toBe('QUERY xxxxxxxxxx 3')
    await sim.assertNoLeaks()
  })

  test('with trailers pass, and those with them', async () => {
    await using sim = start({ methods: ['QUERY'] })
    for (let i = 1; i <= 2; i++) {
      const request = { method: 'QUERY', url: '/q', body: parts('a', 'b'), trailers: { 'X-Sum': '1' } }
      expect((await sim.request(request)).text()).toBe(`QUERY ab ${i}`)
    }
    expect(sim.upstream(SERVICE).requests[0]!.trailers).toEqual([['X-Sum', '1']])
    await sim.assertNoLeaks()
  })

  test('whose client leaves before all of it has come leave nothing', async () => {
    await using sim = start({ methods: ['QUERY'] })
    const never = Promise.withResolvers<string>()
    const left = query(
      sim,
      (async function* () {
        yield 'a'
        yield await never.promise
      })(),
    )
    await sim.advance('100ms')
    left.leave()
    never.resolve('b')
    await sim.advance('100ms')
    expect(asked(sim)).toBe(0)
    await sim.assertNoLeaks()
  })

  test('are sent again when an attempt fails', async () => {
    const app = proxy()
      .use(cache({ methods: ['QUERY'] }))
      .route('/', pool([SERVICE]).retry({ attempts: 2, on: [503], methods: ['QUERY'] }))
    await using sim = simulate(app)
    sim.upstream(SERVICE).reply({ status: 503 }, ({ body }) => ({ headers: FRESH, body: `got ${body}` }))
    expect((await query(sim, 'a')).text()).toBe('got a')
    expect(asked(sim)).toBe(2)
    await sim.assertNoLeaks()
  })
})

describe('unsafe requests', () => {
  test('that are stored leave what is stored of other contents; those that are not make all of it invalid', async () => {
    await using sim = start({ methods: ['POST', 'QUERY'] })
    sim.upstream(SERVICE).reply(({ method, body }) => ({
      headers: String(body) === 'change' ? {} : FRESH,
      body: `${method} ${body} ${asked(sim)}`,
    }))
    const all = async () => [
      (await query(sim, 'a')).text(),
      (await sim.post('/q', { body: 'ask' })).text(),
      (await sim.get('/q')).text(),
    ]
    const first = await all()
    expect(await all()).toEqual(first)
    await sim.post('/q', { body: 'change' })
    await sim.advance('1s')
    const second = await all()
    for (const [i, text] of second.entries()) expect(text).not.toBe(first[i])
    expect(await all()).toEqual(second)
    await sim.assertNoLeaks()
  })

  test('find what is stored under further keys', async () => {
    await using sim = start({ key: ({ request }) => request.headers.get('tenant') ?? '' })
    const headers = { Tenant: 'a' }
    await sim.get('/q', { headers })
    await sim.post('/q', { body: 'x', headers })
    expect((await sim.get('/q', { headers })).text()).toBe('GET  3')
    await sim.assertNoLeaks()
  })
})

describe('cache({ methods, maxRequestBytes })', () => {
  test.each([
    [{ methods: ['PUT'] }, 'cache: "methods" must be a list of QUERY and POST'],
    [{ methods: 'POST' }, 'cache: "methods" must be a list of QUERY and POST'],
    [{ maxRequestBytes: 0 }, 'cache: "maxRequestBytes" must be'],
  ])('%j is refused', (options, message) => {
    expect(() => cache(options as CacheOptions)).toThrow(message)
  })
})
