import { type Filter, pool, proxy } from 'gatewright'
import { type CacheOptions, cache } from 'gatewright/cache'
import { type FakeReply, type Simulation, simulate } from 'gatewright/testing'
import { describe, expect, test } from 'vitest'
import { MapStore } from './map-store.ts'

const SERVICE = 'http://service'

function start(options: CacheOptions = {}, behind: Filter[] = []) {
  const pages = cache(options)
  let app = proxy().use(pages)
  for (const filter of behind) app = app.use(filter)
  const sim = simulate(app.route('/*', pool([SERVICE])))
  const service = sim.upstream(SERVICE)
  const replies = (cacheControl: string, { etag, ...more }: FakeReply & { etag?: string } = {}) =>
    service.reply({ ...more, headers: { 'Cache-Control': cacheControl, ...(etag && { ETag: etag }) } })
  return { sim, pages, service, replies }
}

const asked = (sim: Simulation) => sim.upstream(SERVICE).requests.length

describe('a 304 that makes a response private', () => {
  test('is for the one alone whose request was sent', async () => {
    const { sim, replies } = start()
    await using _ = sim
    replies('max-age=10', { etag: '"1"', body: 'text' })
    await sim.get('/a')
    await sim.advance('11s')
    replies('private, max-age=60', { status: 304, etag: '"1"', delayMs: 100 })
    const both = await Promise.all([sim.get('/a'), sim.get('/a')])
    expect(both.map((it) => it.text())).toEqual(['text', 'text'])
    expect(both.map((it) => it.headers.get('cache-status'))).not.toContainEqual(
      expect.stringContaining('collapsed'),
    )
    expect(asked(sim)).toBe(3)
    await sim.assertNoLeaks()
  })
})

describe('an error that may be stored', () => {
  test('takes nothing away that answers while it is refreshed', async () => {
    const { sim, replies, service } = start({ defaultLifetimes: { 503: '10s' } })
    await using _ = sim
    replies('max-age=10, stale-while-revalidate=60', { body: 'text' })
    await sim.get('/a')
    await sim.advance('20s')
    service.reply({ status: 503, body: 'down' })
    for (let i = 0; i < 3; i++) {
      expect((await sim.get('/a')).text()).toBe('text')
      await sim.advance('100ms')
    }
    expect(asked(sim)).toBe(2)
    await sim.assertNoLeaks()
  })
})

describe('a refresh', () => {
  test('is not for what a client has asked for, whose directives the service never sees', async () => {
    const { sim, replies, service } = start()
    await using _ = sim
    replies('max-age=10, stale-while-revalidate=60')
    await sim.get('/a')
    await sim.advance('20s')
    await sim.get('/a', { headers: { 'Cache-Control': 'no-store' } })
    expect(asked(sim)).toBe(1)
    await sim.get('/a', { headers: { 'Cache-Control': 'only-if-cached, max-stale' } })
    await sim.advance('100ms')
    expect(service.requests.at(-1)!.header('cache-control')).toBeUndefined()
    expect(asked(sim)).toBe(2)
    await sim.assertNoLeaks()
  })
})

describe('a refresh of what a content asks for', () => {
  test('has that content, though the client has gone', async () => {
    const store = new MapStore()
    const { sim, service } = start({ methods: ['QUERY'], store })
    await using _ = sim
    service.reply(({ body }) => ({
      headers: { 'Cache-Control': 'max-age=10, stale-while-revalidate=60' },
      body: `found ${String(body)}`,
    }))
    const find = (body: string | AsyncIterable<string>) => sim.request({ method: 'QUERY', url: '/a', body })
    async function* chunks() {
      yield 'bl'
      yield 'ue'
    }
    await find(chunks())
    await sim.advance('20s')
    const gate = Promise.withResolvers<void>()
    const inTime = store.find.bind(store)
    store.find = async (key) => {
      await gate.promise
      return inTime(key)
    }
    expect((await find(chunks())).text()).toBe('found blue')
    await sim.advance('100ms')
    expect(asked(sim)).toBe(1)
    gate.resolve()
    await sim.advance('1s')
    expect(service.requests.map(({ body }) => String(body))).toEqual(['blue', 'blue'])
    expect((await find('blue')).text()).toBe('found blue')
    await sim.assertNoLeaks()
  })
})

describe('what is stale and long, in a store', () => {
  test('is called stale, and refreshed', async () => {
    const store = new MapStore()
    const pages = [cache({ store }), cache({ store })]
    const sim = simulate(
      proxy()
        .use((exchange, next) => pages[exchange.request.headers.has('x-other') ? 1 : 0]!(exchange, next))
        .route('/*', pool([SERVICE])),
    )
    await using _ = sim
    const headers = { 'Cache-Control': 'max-age=10, stale-while-revalidate=60' }
    sim.upstream(SERVICE).reply({ headers, body: Buffer.alloc(1_200_000) })
    await sim.get('/a')
    await sim.advance('20s')
    const stale = await sim.get('/a', { headers: { 'X-Other': '1' } })
    expect(stale.headers.get('cache-status')).toBe('gatewright; hit; ttl=-10; detail=stale-while-revalidate')
    await sim.advance('1s')
    expect(asked(sim)).toBe(2)
    await sim.assertNoLeaks()
  })
})

describe('a question', () => {
  test('is about what was asked for, though filters before the cache ask for something else since', async () => {
    const store = new MapStore()
    const before: Filter = async (exchange, next) => {
      const first = await next(exchange)
      if (!exchange.request.headers.has('x-twice')) return first
      first.body.discard()
      exchange.request.path = '/b'
      exchange.request.headers.set('Accept-Language', 'de')
      return next(exchange)
    }
    const sim = simulate(
      proxy()
        .use(before)
        .use(cache({ store }))
        .route('/*', pool([SERVICE])),
    )
    await using _ = sim
    sim.upstream(SERVICE).reply((request) => ({
      headers: { 'Cache-Control': 'max-age=10, stale-while-revalidate=60', Vary: 'Accept-Language' },
      body: `${request.target} ${request.header('accept-language')}`,
    }))
    const english = { 'Accept-Language': 'en' }
    await sim.get('/a', { headers: english })
    await sim.get('/b', { headers: { 'Accept-Language': 'de' } })
    await sim.advance('20s')
    const gate = Promise.withResolvers<void>()
    const inTime = store.find.bind(store)
    store.find = async (key) => {
      await gate.promise
      return inTime(key)
    }
    const twice = await sim.get('/a', { headers: { ...english, 'X-Twice': '1' } })
    expect(twice.text()).toBe('/b de')
    gate.resolve()
    await sim.advance('1s')
    const refreshed = await sim.get('/a', { headers: english })
    expect([refreshed.text(), refreshed.headers.get('age')]).toEqual(['/a en', '1'])
    await sim.assertNoLeaks()
  })
})

describe('what was asked for earlier', () => {
  test('does not take the place of what was asked for later, however long it takes', async () => {
    const { sim, replies } = start()
    await using _ = sim
    const gate = Promise.withResolvers<void>()
    async function* slowly() {
      yield 'old-'
      await gate.promise
      yield 'old'
    }
    replies('max-age=600', { body: slowly() })
    const slow = sim.get('/a')
    await sim.advance('1s')
    replies('max-age=600', { body: 'new' })
    expect((await sim.get('/a', { headers: { 'Cache-Control': 'no-cache' } })).text()).toBe('new')
    gate.resolve()
    expect((await slow).text()).toBe('old-old')
    expect((await sim.get('/a')).text()).toBe('new')
    await sim.assertNoLeaks()
  })
})

describe('a content that is too long for the memory', () => {
  test.each([
    ['alone', () => ({})],
    ['before a store', () => ({ store: new MapStore() })],
  ])('takes the place of an older one: %s', async (_name, more) => {
    const { sim, replies } = start({ maxEntryBytes: 1_000, ...more() })
    await using _ = sim
    replies('max-age=600', { body: 'short' })
    await sim.get('/a')
    const long = 'long'.repeat(1_000)
    replies('max-age=600', { body: long })
    expect((await sim.get('/a', { headers: { 'Cache-Control': 'no-cache' } })).text()).toBe(long)
    await sim.advance('1s')
    expect((await sim.get('/a')).text()).toBe(long)
    await sim.assertNoLeaks()
  })
})

describe('a purge by a tag', () => {
  test('that a 304 leaves out is about what was stored before', async () => {
    const { sim, pages } = start()
    await using _ = sim
    const service = sim.upstream(SERVICE)
    service.reply({
      headers: { 'Cache-Control': 'max-age=10', 'Cache-Tag': 'one', ETag: '"1"' },
      body: 'old',
    })
    await sim.get('/a')
    await sim.advance('11s')
    service.reply({
      status: 304,
      headers: { 'Cache-Control': 'max-age=60', 'Cache-Tag': 'two', ETag: '"1"' },
      delayMs: 1_000,
    })
    const waiting = sim.get('/a')
    await sim.advance('500ms')
    await pages.purge({ tag: 'one' })
    expect((await waiting).text()).toBe('old')
    service.reply({ headers: { 'Cache-Control': 'max-age=60' }, body: 'new' })
    expect((await sim.get('/a')).text()).toBe('new')
    await sim.assertNoLeaks()
  })
})

describe('parts', () => {
  test('that are confirmed with another validator are asked for anew', async () => {
    const { sim, service } = start()
    await using _ = sim
    const headers = { 'Cache-Control': 'max-age=10', ETag: '"1"' }
    const part: FakeReply = {
      status: 206,
      headers: { ...headers, 'Content-Range': 'bytes 0-3/10' },
      body: '0123',
    }
    service.reply(part)
    const asks = { headers: { Range: 'bytes=0-3', 'If-Range': '"1"' } }
    await sim.get('/a', { headers: { Range: 'bytes=0-3' } })
    await sim.advance('11s')
    service.reply({ status: 304, headers: { 'Cache-Control': 'max-age=60', ETag: 'W/"1"' } }, part)
    const answer = await sim.get('/a', asks)
    expect([answer.status, answer.text()]).toEqual([206, '0123'])
    await sim.assertNoLeaks()
  })

  test('are not explained as what answers a request for all of it', async () => {
    const { sim, pages } = start()
    await using _ = sim
    const headers = { 'Cache-Control': 'max-age=60', ETag: '"1"', 'Content-Range': 'bytes 0-3/10' }
    sim.upstream(SERVICE).reply({ status: 206, headers, body: '0123' })
    await sim.get('/a', { headers: { Host: 'a.example', Range: 'bytes=0-3' } })
    const { use, responses } = await pages.explain({ url: 'http://a.example/a' })
    expect([use, responses.length]).toEqual(['forward', 1])
    await sim.assertNoLeaks()
  })

  test('stay where the answer to another one is for that client alone', async () => {
    const { sim, service } = start()
    await using _ = sim
    const part = (range: string, body: string): FakeReply => ({
      status: 206,
      headers: { 'Cache-Control': 'max-age=60', ETag: '"1"', 'Content-Range': `bytes ${range}/10` },
      body,
    })
    service.reply(part('0-3', '0123'), part('4-7', '4567'), part('0-7', '01234567'))
    await sim.get('/a', { headers: { Range: 'bytes=0-3' } })
    const own = await sim.get('/a', { headers: { Range: 'bytes=0-7', Authorization: 'x' } })
    expect(own.text()).toBe('01234567')
    const before = asked(sim)
    expect((await sim.get('/a', { headers: { Range: 'bytes=0-3' } })).text()).toBe('0123')
    expect(asked(sim)).toBe(before)
    await sim.assertNoLeaks()
  })
})

describe('an unsafe request', () => {
  test('takes away what was stored under its further key, though filters behind change it', async () => {
    const store = new MapStore()
    const behind: Filter = (exchange, next) => {
      exchange.request.headers.delete('x-tenant')
      return next(exchange)
    }
    const key: CacheOptions['key'] = ({ request }) => request.headers.get('x-tenant') ?? 'none'
    const { sim, replies } = start({ key, store }, [behind])
    await using _ = sim
    replies('max-age=60', { body: 'old' })
    const headers = { 'X-Tenant': 'one' }
    await sim.get('/a', { headers })
    await sim.advance('1s')
    const kept = store.size
    await sim.request({ method: 'DELETE', url: '/a', headers })
    await sim.advance('1s')
    expect([kept, store.size]).toEqual([1, 0])
    await sim.assertNoLeaks()
  })
})
