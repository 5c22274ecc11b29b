import { pool, proxy } from 'gatewright'
import { type Cache, type CacheOptions, cache, type PurgeSelector } from 'gatewright/cache'
import { fault, type Simulation, simulate } from 'gatewright/testing'
import { describe, expect, test } from 'vitest'

const SERVICE = 'http://service'
const LONG = { 'Cache-Control': 'max-age=1000' }

interface Started {
  readonly sim: Simulation
  readonly pages: Cache
}

function start(options: CacheOptions = {}): Started {
  const pages = cache(options)
  const app = proxy()
    .use(pages)
    .route('/', pool([SERVICE]))
  return { sim: simulate(app), pages }
}

const asked = (sim: Simulation) => sim.upstream(SERVICE).requests.length

type Request = readonly [path: string, headers?: Record<string, string>]

/** For which of these requests, one after the other, the service is asked. */
async function askedFor(sim: Simulation, requests: readonly Request[]): Promise<string[]> {
  const all: string[] = []
  for (const [path, headers = {}] of requests) {
    const before = asked(sim)
    await sim.get(path, { headers: { Host: 'a.example', ...headers } })
    if (asked(sim) > before) all.push([path, ...Object.values(headers)].join(' '))
  }
  return all
}

/** Fills the cache with these; then a purge; then those for which the service is asked again. */
async function goneAfter(
  { sim, pages }: Started,
  requests: readonly Request[],
  what: PurgeSelector,
): Promise<string[]> {
  expect(await askedFor(sim, requests)).toHaveLength(requests.length)
  expect(await askedFor(sim, requests)).toEqual([])
  await pages.purge(what)
  const gone = await askedFor(sim, requests)
  expect(await askedFor(sim, requests)).toEqual([])
  return gone
}

describe('purge', () => {
  test('by url reaches all variants and whatever the option key adds, and no other url', async () => {
    const it = start({ key: ({ request }) => request.headers.get('x-tenant') ?? '' })
    await using sim = it.sim
    sim.upstream(SERVICE).reply({ headers: { ...LONG, Vary: 'Accept-Language' }, body: 'x' })
    const requests: Request[] = [
      ['/x?y'],
      ['/x?y', { 'Accept-Language': 'de' }],
      ['/x?y', { 'X-Tenant': 'two' }],
      ['/x?y', { Host: 'b.example' }],
      ['/x'],
      ['/x?y=1'],
      ['/X?y'],
    ]
    const gone = await goneAfter(it, requests, { url: 'http://A.example:80/./x?y' })
    expect(gone).toEqual(['/x?y', '/x?y de', '/x?y two'])
    await sim.assertNoLeaks()
  })

  test.each<[PurgeSelector, string[]]>([
    [{ tag: 'one' }, ['/one', '/both']],
    [{ tags: ['one', 'two'] }, ['/one', '/both', '/two']],
    [{ tag: 'three' }, ['/commas']],
    [{ tag: 'four' }, ['/commas']],
    [{ tag: 'ü' }, ['/commas']],
    [{ tag: 'On' }, []],
  ])('by %j reaches what has the tag', async (what, expected) => {
    const it = start()
    await using sim = it.sim
    const tags: Record<string, string[][]> = {
      '/one': [['Surrogate-Key', 'one']],
      '/both': [['surrogate-key', ' two  one ']],
      '/two': [['Surrogate-Key', 'two']],
      '/commas': [
        ['Cache-Tag', 'three,five'],
        ['Cache-Tag', ', four, Ã¼'],
      ],
      '/none': [],
    }
    for (const [path, fields] of Object.entries(tags)) {
      const headers = [['Cache-Control', 'max-age=1000'], ...fields] as [string, string][]
      sim.upstream(SERVICE).on(`GET ${path}`, { headers, body: 'x' })
    }
    const requests = Object.keys(tags).map((path): Request => [path])
    expect(await goneAfter(it, requests, what)).toEqual(expected)
    await sim.assertNoLeaks()
  })

  test.each<[PurgeSelector, string[]]>([
    [{ pattern: { path: '/images/*' } }, ['/images/a', '/images/a/b?c', '/images%2Fa', '/images/a b.test']],
    [
      { pattern: { path: '/images' } },
      ['/images', '/images/', '/images/a', '/images/a/b?c', '/images%2Fa', '/images/a b.test'],
    ],
    [{ pattern: { host: 'b.test', path: '/' } }, ['/images/a b.test']],
    [{ pattern: { host: '*.test', path: '/' } }, ['/images/a b.test']],
    [{ pattern: { host: 'a.example', path: '/users/:id/avatar' } }, ['/users/7/avatar']],
    [
      { everything: true },
      [
        '/images',
        '/images/',
        '/images/a',
        '/images/a/b?c',
        '/images%2Fa',
        '/imagesx',
        '/users/7/avatar',
        '/images/a b.test',
      ],
    ],
  ])('by %j reaches what matches', async (what, expected) => {
    const it = start()
    await using sim = it.sim
    sim.upstream(SERVICE).reply({ headers: LONG, body: 'x' })
    const paths = [
      '/images',
      '/images/',
      '/images/a',
      '/images/a/b?c',
      '/images%2Fa',
      '/imagesx',
      '/users/7/avatar',
    ]
    const requests: Request[] = [...paths.map((path): Request => [path]), ['/images/a', { Host: 'b.test' }]]
    expect(await goneAfter(it, requests, what)).toEqual(expected)
    await sim.assertNoLeaks()
  })

  test('lets go of what is gone when it is looked for, and of everything at once', async () => {
    const { sim, pages } = start()
    await using _ = sim
    sim.upstream(SERVICE).reply({ headers: { ...LONG, 'Cache-Tag': 'one' }, body: 'x' })
    await sim.get('/a')
    await sim.get('/b')
    await pages.purge({ tag: 'one' })
    await sim.get('/a', { headers: { 'Cache-Control': 'only-if-cached' } })
    expect(pages.entries).toBe(1)
    await pages.purge({ everything: true })
    expect([pages.entries, pages.bytes]).toEqual([0, 0])
    await sim.assertNoLeaks()
  })

  test('sends tags on to clients', async () => {
    const { sim } = start()
    await using _ = sim
    sim.upstream(SERVICE).reply({ headers: { ...LONG, 'Surrogate-Key': 'one two' }, body: 'x' })
    await sim.get('/a')
    expect((await sim.get('/a')).headers.get('surrogate-key')).toBe('one two')
    await sim.assertNoLeaks()
  })

  test('goes by the fields of the option tagFields alone', async () => {
    const it = start({ tagFields: ['X-Tags'] })
    await using sim = it.sim
    sim.upstream(SERVICE).reply({ headers: { ...LONG, 'X-Tags': 'one', 'Cache-Tag': 'two' }, body: 'x' })
    expect(await goneAfter(it, [['/a']], { tag: 'two' })).toEqual([])
    await it.pages.purge({ tag: 'one' })
    expect(await askedFor(sim, [['/a']])).toEqual(['/a'])
    await sim.assertNoLeaks()
  })

  test('stores nothing that has more tags than can be kept', async () => {
    const { sim, pages } = start()
    await using _ = sim
    const tags = Array.from({ length: 1_001 }, (_, i) => String(i)).join(' ')
    for (const field of [tags, 'x'.repeat(1_025)]) {
      sim.upstream(SERVICE).reply({ headers: { ...LONG, 'Surrogate-Key': field }, body: 'x' })
      await sim.get('/a')
      expect(pages.entries).toBe(0)
    }
    expect(pages.stats().notStored.tags).toBe(2)
    await sim.assertNoLeaks()
  })

  test('knows the tags that a validation has brought', async () => {
    const { sim, pages } = start()
    await using _ = sim
    const service = sim.upstream(SERVICE)
    service.reply({ headers: { 'Cache-Control': 'max-age=10', ETag: '"1"', 'Cache-Tag': 'old' }, body: 'x' })
    await sim.get('/a')
    await sim.advance('20s')
    service.reply({ status: 304, headers: { ...LONG, ETag: '"1"', 'Cache-Tag': 'new' } })
    await sim.get('/a')
    await pages.purge({ tag: 'old' })
    await sim.get('/a')
    expect(asked(sim)).toBe(2)
    service.reply({ headers: LONG, body: 'y' })
    await pages.purge({ tag: 'new' })
    expect((await sim.get('/a')).text()).toBe('y')
    await sim.assertNoLeaks()
  })

  test('is about what was asked for before it, whatever has become of the clock', async () => {
    const it = start()
    await using sim = it.sim
    sim.upstream(SERVICE).reply({ headers: { ...LONG, 'Cache-Tag': 'one' }, body: 'x' })
    // All of it in the same millisecond.
    for (let i = 0; i < 3; i++) {
      await it.pages.purge({ tag: 'one' })
      expect(await askedFor(sim, [['/a'], ['/a']])).toEqual(['/a'])
    }
    await sim.assertNoLeaks()
  })
})

describe('a soft purge', () => {
  test('leaves what is stale, to be validated', async () => {
    const { sim, pages } = start()
    await using _ = sim
    const service = sim.upstream(SERVICE)
    service.reply({ headers: { ...LONG, ETag: '"1"', 'Cache-Tag': 'one' }, body: 'x' })
    await sim.get('/a')
    await sim.advance('5s')
    await pages.purge({ tag: 'one' }, { soft: true })
    service.reply({ status: 304, headers: { ...LONG, ETag: '"1"' } })
    const validated = await sim.get('/a')
    expect([validated.status, validated.text()]).toEqual([200, 'x'])
    expect(validated.headers.get('cache-status')).toBe('gatewright; fwd=stale; fwd-status=304')
    expect(service.requests.at(-1)!.headers).toContainEqual(['If-None-Match', '"1"'])
    await sim.get('/a')
    expect(asked(sim)).toBe(2)
    await sim.assertNoLeaks()
  })

  test('leaves what answers while it is validated, for as long after the purge as it may', async () => {
    const { sim, pages } = start()
    await using _ = sim
    const service = sim.upstream(SERVICE)
    const headers = { 'Cache-Control': 'max-age=1000, stale-while-revalidate=60' }
    service.reply({ headers, body: 'old' })
    await sim.get('/a')
    await sim.get('/b')
    await sim.advance('100s')
    await pages.purge({ everything: true }, { soft: true })
    service.reply({ headers, body: 'new' })
    await sim.advance('59s')
    expect((await sim.get('/a')).text()).toBe('old')
    await sim.settle()
    expect((await sim.get('/a')).text()).toBe('new')
    await sim.advance('2s')
    expect((await sim.get('/b')).text()).toBe('new')
    await sim.assertNoLeaks()
  })

  test('leaves what answers in place of an error; a hard one does not', async () => {
    const { sim, pages } = start()
    await using _ = sim
    const service = sim.upstream(SERVICE)
    service.reply({ headers: { 'Cache-Control': 'max-age=1000, stale-if-error=1000' }, body: 'old' })
    await sim.get('/a')
    await pages.purge({ url: `http://${new URL(SERVICE).host}/other` })
    await pages.purge({ everything: true }, { soft: true })
    service.reply({ status: 503 })
    expect((await sim.get('/a')).headers.get('cache-status')).toContain('stale-if-error')
    await pages.purge({ everything: true })
    expect((await sim.get('/a')).status).toBe(503)
    await sim.assertNoLeaks()
  })

  test('changes nothing of what is gone, and a hard one counts beside it', async () => {
    const { sim, pages } = start()
    await using _ = sim
    const service = sim.upstream(SERVICE)
    service.reply({ headers: { ...LONG, ETag: '"1"', 'Cache-Tag': 'one two' }, body: 'x' })
    await sim.get('/a')
    await pages.purge({ tag: 'one' })
    await pages.purge({ tag: 'two' }, { soft: true })
    await sim.get('/a')
    expect(service.requests.at(-1)!.headers.map(([name]) => name)).not.toContain('If-None-Match')
    await sim.assertNoLeaks()
  })
})

describe('what is being asked for while it is purged', () => {
  const PURGES: [string, PurgeSelector][] = [
    ['its url', { url: 'http://a.example/a' }],
    ['its tag', { tag: 'one' }],
    ['a pattern', { pattern: { path: '/a' } }],
    ['everything', { everything: true }],
  ]

  /** Someone who asks before the purge, someone between it and the answer, and someone later; the service answers after 2 s. */
  async function around(what: PurgeSelector, soft: boolean, joins = false) {
    const { sim, pages } = start()
    await using _ = sim
    const service = sim.upstream(SERVICE)
    const headers = { ...LONG, ETag: '"1"', 'Cache-Tag': 'one' }
    const ask = () => sim.get('/a', { headers: { Host: 'a.example' } })
    service.reply({ headers, body: 'before', delayMs: 2_000 })
    const early = [ask(), ask()]
    await sim.advance('1s')
    await pages.purge(what, { soft })
    service.reply({ headers: { ...headers, ETag: '"2"' }, body: 'after' })
    const late = ask()
    // Its tag is known only when the answer is here.
    const waits = joins || 'tag' in what
    if (!waits) expect((await late).text()).toBe('after')
    if (!waits) expect(sim.nowMs).toBe(1_000)
    const bodies = (await Promise.all([...early, late])).map((it) => it.text())
    bodies.push((await ask()).text())
    await sim.assertNoLeaks()
    return [...bodies, service.requests.length]
  }

  test.each(PURGES)('by %s: those who waited have it, nobody else', async (_, what) => {
    for (const soft of [false, true])
      expect(await around(what, soft)).toEqual(['before', 'before', 'after', 'after', 2])
  })

  test('is joined where the purge is about something else', async () => {
    for (const what of [{ tag: 'two' }, { url: 'http://a.example/b' }, { pattern: { path: '/b' } }])
      expect(await around(what, false, true)).toEqual(['before', 'before', 'before', 'before', 1])
  })

  test('is not stored, or is stored as stale', async () => {
    for (const soft of [false, true]) {
      const { sim, pages } = start()
      await using _ = sim
      const service = sim.upstream(SERVICE)
      service.reply({ headers: { ...LONG, ETag: '"1"', 'Cache-Tag': 'one' }, body: 'before', delayMs: 2_000 })
      const early = sim.get('/a')
      await sim.advance('1s')
      await pages.purge({ tag: 'one' }, { soft })
      expect((await early).text()).toBe('before')
      expect(pages.entries).toBe(soft ? 1 : 0)
      const next = await sim.get('/a')
      expect(next.headers.get('cache-status')).toContain(soft ? 'fwd=stale' : 'fwd=uri-miss')
      await sim.assertNoLeaks()
    }
  })

  test('is not joined while its content comes', async () => {
    const { sim, pages } = start()
    await using _ = sim
    const service = sim.upstream(SERVICE)
    const body = 'x'.repeat(300_000)
    service
      .reply({ headers: { ...LONG, 'Cache-Tag': 'one' }, body })
      .inject(fault.drip(10_000, '100ms'), { next: 1 })
    const early = sim.get('/a')
    await sim.advance('1s')
    await pages.purge({ tag: 'one' })
    service.reply({ headers: LONG, body: 'after' })
    expect((await sim.get('/a')).text()).toBe('after')
    expect((await early).text() === body).toBe(true)
    // What came late has not taken the place of what is newer.
    expect((await sim.get('/a')).text()).toBe('after')
    expect(asked(sim)).toBe(2)
    await sim.assertNoLeaks()
  })

  test('is not confirmed by a validation that was sent before', async () => {
    for (const soft of [false, true]) {
      const { sim, pages } = start()
      await using _ = sim
      const service = sim.upstream(SERVICE)
      service.reply({
        headers: { 'Cache-Control': 'max-age=10', ETag: '"1"', 'Cache-Tag': 'one' },
        body: 'x',
      })
      await sim.get('/a')
      await sim.advance('20s')
      service.reply({ status: 304, headers: { ...LONG, ETag: '"1"' }, delayMs: 2_000 })
      const validating = sim.get('/a')
      await sim.advance('1s')
      await pages.purge({ tag: 'one' }, { soft })
      expect((await validating).text()).toBe('x')
      service.reply({ headers: LONG, body: 'after' })
      expect((await sim.get('/a')).text()).toBe('after')
      await sim.assertNoLeaks()
    }
  })

  test('does not answer in place of an error that comes after the purge', async () => {
    const { sim, pages } = start()
    await using _ = sim
    const service = sim.upstream(SERVICE)
    service.reply({ headers: { 'Cache-Control': 'max-age=10, stale-if-error=1000' }, body: 'x' })
    await sim.get('/a')
    await sim.advance('20s')
    service.reply({ status: 503, delayMs: 2_000 })
    const asking = sim.get('/a')
    await sim.advance('1s')
    await pages.purge({ everything: true })
    expect((await asking).status).toBe(503)
    await sim.assertNoLeaks()
  })
})

describe('parts', () => {
  test.each<[PurgeSelector]>([
    [{ tag: 'one' }],
    [{ url: 'http://a.example/a' }],
    [{ pattern: { path: '/a' } }],
  ])('are gone after a purge by %j, and not combined with what comes later', async (what) => {
    const { sim, pages } = start()
    await using _ = sim
    const service = sim.upstream(SERVICE)
    const part = async (first: number) => {
      const before = asked(sim)
      const range = `${first}-${first + 4}`
      const body = String(first).repeat(5).slice(0, 5)
      const headers = { ...LONG, ETag: '"1"', 'Cache-Tag': 'one', 'Content-Range': `bytes ${range}/20` }
      service.reply({ status: 206, headers, body })
      await sim.get('/a', { headers: { Host: 'a.example', Range: `bytes=${range}` } })
      return asked(sim) > before
    }
    expect([await part(0), await part(0)]).toEqual([true, false])
    await pages.purge(what)
    expect([await part(5), await part(5), await part(0)]).toEqual([true, false, true])
    expect([await part(5), await part(0)]).toEqual([false, false])
    await pages.purge(what)
    expect([await part(0), await part(5)]).toEqual([true, true])
    await sim.assertNoLeaks()
  })

  test('that were asked for before a purge are not stored', async () => {
    for (const soft of [false, true]) {
      const { sim, pages } = start()
      await using _ = sim
      const service = sim.upstream(SERVICE)
      const headers = { ...LONG, ETag: '"1"', 'Cache-Tag': 'one', 'Content-Range': 'bytes 0-4/20' }
      service.reply({ status: 206, headers, body: 'xxxxx', delayMs: 2_000 })
      const asking = sim.get('/a', { headers: { Range: 'bytes=0-4' } })
      await sim.advance('1s')
      await pages.purge({ tag: 'one' }, { soft })
      expect((await asking).text()).toBe('xxxxx')
      expect(pages.entries).toBe(0)
      await sim.assertNoLeaks()
    }
  })
})

describe('an unsafe request', () => {
  test('invalidates all that is stored of its url, whatever the option key adds', async () => {
    const { sim } = start({ key: ({ request }) => request.headers.get('x-tenant') ?? '' })
    await using _ = sim
    sim.upstream(SERVICE).reply({ headers: LONG, body: 'x' })
    const requests: Request[] = [
      ['/a', { 'X-Tenant': 'one' }],
      ['/a', { 'X-Tenant': 'two' }],
      ['/b', { 'X-Tenant': 'one' }],
    ]
    await askedFor(sim, requests)
    expect(await askedFor(sim, requests)).toEqual([])
    await sim.post('/a', { headers: { Host: 'a.example', 'X-Tenant': 'two' }, body: 'x' })
    expect(await askedFor(sim, requests)).toEqual(['/a one', '/a two'])
    await sim.assertNoLeaks()
  })

  test('has what was asked for before it, with another key, not stored', async () => {
    const { sim } = start({ key: ({ request }) => request.headers.get('x-tenant') ?? '' })
    await using _ = sim
    const service = sim.upstream(SERVICE)
    service.reply({ headers: LONG, body: 'before', delayMs: 2_000 })
    const before = sim.get('/a', { headers: { 'X-Tenant': 'one' } })
    await sim.advance('1s')
    service.reply({ headers: LONG, body: 'after' })
    await sim.post('/a', { body: 'x' })
    expect((await before).text()).toBe('before')
    expect((await sim.get('/a', { headers: { 'X-Tenant': 'one' } })).text()).toBe('after')
    await sim.assertNoLeaks()
  })
})

describe('a purge of nothing that can be', () => {
  test.each<[unknown, string]>([
    [{}, 'what'],
    [{ tag: 'a', url: 'http://a/' }, 'what'],
    [{ url: '/x' }, 'url'],
    [{ url: 'ftp://a/x' }, 'url'],
    [{ url: 'http://*.a/x' }, 'url'],
    [{ url: 'http://me@a/x' }, 'url'],
    [{ url: 'http://a/x#y' }, 'url'],
    [{ url: 'http://a/../x' }, 'url'],
    [{ url: 'http://a/x y' }, 'url'],
    [{ url: 7 }, 'url'],
    [{ tag: '' }, 'tag'],
    [{ tag: 'a b' }, 'tag'],
    [{ tag: 'a,b' }, 'tag'],
    [{ tag: 'x'.repeat(1_025) }, 'tag'],
    [{ tag: 7 }, 'tag'],
    [{ tags: [] }, 'tags'],
    [{ tags: 'a' }, 'tags'],
    [{ tags: ['a', ''] }, 'tags'],
    [{ tags: Array.from({ length: 1_001 }, String) }, 'tags'],
    [{ pattern: { path: 'x' } }, 'pattern.path'],
    [{ pattern: { host: 'a/b', path: '/' } }, 'pattern.host'],
    [{ pattern: { path: '/', hosts: 'a' } }, 'hosts'],
    [{ pattern: '/x' }, 'options'],
    [{ everything: false }, 'everything'],
    [{ everthing: true }, 'everthing'],
    ['everything', 'options'],
  ])('%j is refused at the call', (what, option) => {
    const purge = () => cache().purge(what as PurgeSelector)
    expect(purge).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }))
  })

  test.each([
    [{ soft: 1 }, 'soft'],
    [{ hard: true }, 'hard'],
  ])('%j is refused', (options, option) => {
    const purge = () => cache().purge({ everything: true }, options as object)
    expect(purge).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }))
  })

  test('and fields that are none, as tagFields', () => {
    const make = () => cache({ tagFields: ['a b'] })
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', option: 'tagFields' }))
  })
})
