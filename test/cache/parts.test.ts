import { pool, proxy } from 'gatewright'
import { type Cache, type CacheOptions, cache } from 'gatewright/cache'
import { type FakeReply, type FakeRequest, fault, simulate } from 'gatewright/testing'
import { describe, expect, test } from 'vitest'

const SERVICE = 'http://service'
const CONTENT = Array.from({ length: 1_000 }, (_, i) => String.fromCharCode(97 + (i % 26))).join('')

/** What a service with ranges answers. */
function partly(request: FakeRequest, fields: Record<string, string> = {}): FakeReply {
  const headers = {
    'Cache-Control': 'max-age=60',
    'Content-Type': 'text/plain',
    ETag: '"1"',
    ...fields,
  }
  const tag = fields.ETag ?? '"1"'
  if (request.header('if-none-match') === tag) return { status: 304, headers }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.header('range') ?? '')
  const ifRange = request.header('if-range')
  if (range === null || (ifRange !== undefined && ifRange !== tag)) return { headers, body: CONTENT }
  const first = Number(range[1])
  const last = range[2] === '' ? CONTENT.length - 1 : Math.min(Number(range[2]), CONTENT.length - 1)
  return {
    status: 206,
    headers: { ...headers, 'Content-Range': `bytes ${first}-${last}/${CONTENT.length}` },
    body: CONTENT.slice(first, last + 1),
  }
}

function start(options: CacheOptions = {}) {
  const pages: Cache = cache(options)
  const sim = simulate(
    proxy()
      .use(pages)
      .route('/*', pool([SERVICE])),
  )
  const service = sim.upstream(SERVICE)
  service.reply((request) => partly(request))
  const get = (range?: string, more: Record<string, string> = {}) =>
    sim.get('/a', { headers: range === undefined ? more : { Range: range, ...more } })
  /** What the service was asked for since the last time. */
  let seen = 0
  const asked = () => {
    const since = service.requests.slice(seen)
    seen = service.requests.length
    return since.map((it) => [it.header('range'), it.header('if-range'), it.header('if-none-match')])
  }
  return { pages, sim, service, get, asked }
}

describe('parts', () => {
  test('answer with what describes the whole, and with 304 to those who have it', async () => {
    const { sim, get, asked } = start()
    await using _ = sim
    await get('bytes=0-99')
    asked()
    const part = await get('bytes=10-19')
    expect([
      part.status,
      part.text(),
      part.headers.get('content-range'),
      part.headers.get('content-type'),
    ]).toEqual([206, CONTENT.slice(10, 20), 'bytes 10-19/1000', 'text/plain'])
    expect((await get('bytes=10-19', { 'If-Range': '"1"' })).status).toBe(206)
    expect((await get('bytes=10-19', { 'If-None-Match': '"1"' })).status).toBe(304)
    const several = await get('bytes=0-0,90-90')
    expect([several.status, several.headers.get('content-type')]).toEqual([
      206,
      expect.stringContaining('multipart/byteranges'),
    ])
    expect(asked()).toEqual([])
    await sim.assertNoLeaks()
  })

  test('do not answer for what is beyond them, or is asked for in other ways', async () => {
    const { sim, get, asked } = start()
    await using _ = sim
    await get('bytes=100-199')
    asked()
    expect((await get('bytes=300-309')).text()).toBe(CONTENT.slice(300, 310))
    expect((await get('bytes=100-109', { 'If-Range': '"2"' })).text()).toBe(CONTENT)
    expect(asked()).toEqual([
      ['bytes=300-309', undefined, undefined],
      ['bytes=100-109', '"2"', undefined],
    ])
    await sim.assertNoLeaks()
  })

  test('do not answer HEAD, nor what is beyond the end', async () => {
    const { sim, get, asked } = start()
    await using _ = sim
    await get('bytes=100-199')
    await sim.request({ method: 'HEAD', url: '/a' })
    expect(asked()).toHaveLength(2)
    await get('bytes=2000-')
    expect(asked()).toHaveLength(1)
    await sim.assertNoLeaks()
  })

  test('are validated when they are stale, and fresh again when they are confirmed', async () => {
    const { sim, get, asked } = start()
    await using _ = sim
    await get('bytes=0-99')
    await sim.advance('61s')
    asked()
    const part = await get('bytes=10-19')
    expect([part.status, part.text(), part.headers.get('cache-status')]).toEqual([
      206,
      CONTENT.slice(10, 20),
      'gatewright; fwd=stale; fwd-status=304',
    ])
    expect(asked()).toEqual([['bytes=10-19', undefined, '"1"']])
    expect((await get('bytes=0-99')).headers.get('cache-status')).toContain('hit')
    await sim.assertNoLeaks()
  })

  test('that have changed make room for the new ones', async () => {
    const { sim, service, get, asked } = start()
    await using _ = sim
    await get('bytes=0-99')
    await sim.advance('61s')
    service.reply((request) => partly(request, { ETag: '"2"' }))
    expect((await get('bytes=10-19')).headers.get('etag')).toBe('"2"')
    asked()
    expect((await get('bytes=10-19')).headers.get('etag')).toBe('"2"')
    expect(asked()).toEqual([])
    await get('bytes=20-99')
    expect(asked()).toHaveLength(1)
    await sim.assertNoLeaks()
  })

  test('answer while they are validated in the background, and in place of errors', async () => {
    const { sim, service, get, asked } = start({ staleWhileRevalidateMs: '1m', staleIfErrorMs: '5m' })
    await using _ = sim
    await get('bytes=0-99')
    await sim.advance('70s')
    asked()
    for (let i = 0; i < 3; i++) expect((await get('bytes=10-19')).text()).toBe(CONTENT.slice(10, 20))
    expect((await get()).text()).toBe(CONTENT)
    expect(asked()[0]).toEqual([undefined, undefined, '"1"'])
    await sim.post('/a', { body: 'x' })
    await get('bytes=0-99')
    await sim.advance('200s')
    service.inject(fault.refuse(), { next: 1 })
    const stale = await get('bytes=10-19')
    expect([stale.text(), stale.headers.get('cache-status')]).toEqual([
      CONTENT.slice(10, 20),
      'gatewright; fwd=stale; detail=stale-if-error',
    ])
    await sim.assertNoLeaks()
  })

  test('are completed once for all who want the whole', async () => {
    const { sim, get, asked } = start()
    await using _ = sim
    await get('bytes=0-99')
    await get('bytes=600-699')
    asked()
    for (const whole of await Promise.all([get(), get(), get()]))
      expect([whole.status, whole.text(), whole.headers.get('content-range')]).toEqual([
        200,
        CONTENT,
        undefined,
      ])
    expect(asked()).toEqual([['bytes=100-', '"1"', undefined]])
    await sim.assertNoLeaks()
  })

  test('in the middle are no reason to ask for a part', async () => {
    const { sim, get, asked } = start()
    await using _ = sim
    await get('bytes=300-399')
    asked()
    expect((await get()).text()).toBe(CONTENT)
    expect((await get('bytes=300-399')).text()).toBe(CONTENT.slice(300, 400))
    expect(asked()).toEqual([[undefined, undefined, undefined]])
    await sim.assertNoLeaks()
  })

  test('of a response that broke off again are completed from where it was', async () => {
    const { sim, service, get, asked } = start()
    await using _ = sim
    await get('bytes=0-99')
    service.inject(fault.truncate(100), { next: 1 })
    const broken = await get()
    expect([broken.complete, broken.text()]).toEqual([false, CONTENT.slice(0, 200)])
    asked()
    expect((await get()).text()).toBe(CONTENT)
    expect(asked()).toEqual([['bytes=200-', '"1"', undefined]])
    await sim.assertNoLeaks()
  })

  test('keep what came for a client that has left', async () => {
    const { sim, service, get, asked } = start()
    await using _ = sim
    service.inject(fault.drip(100, '100ms'), { next: 1 })
    const left = get('bytes=0-999')
    await sim.advance('450ms')
    left.leave()
    await sim.advance('1s')
    asked()
    expect((await get('bytes=0-99')).text()).toBe(CONTENT.slice(0, 100))
    expect(asked()).toEqual([])
    await sim.assertNoLeaks()
  })

  test('go when what they are of is changed', async () => {
    const { sim, get, asked } = start()
    await using _ = sim
    await get('bytes=0-99')
    await sim.post('/a', { body: 'x' })
    asked()
    await get('bytes=0-99')
    expect(asked()).toHaveLength(1)
    await sim.assertNoLeaks()
  })

  test('go when all of it is stored', async () => {
    const { sim, pages, get } = start()
    await using _ = sim
    await get('bytes=0-99')
    await get()
    expect(pages.entries).toBe(1)
    await sim.assertNoLeaks()
  })

  test('of different variants are not combined', async () => {
    const { sim, service, get, asked } = start()
    await using _ = sim
    service.reply((request) => partly(request, { Vary: 'Accept-Language' }))
    await get('bytes=0-499', { 'Accept-Language': 'de' })
    await get('bytes=500-999', { 'Accept-Language': 'en' })
    asked()
    await get('bytes=0-499', { 'Accept-Language': 'en' })
    await get('bytes=0-499', { 'Accept-Language': 'de' })
    expect(asked()).toHaveLength(1)
    await sim.assertNoLeaks()
  })

  test('are not begun with an answer to If-Range, which may lack fields', async () => {
    const { sim, get, asked } = start()
    await using _ = sim
    await get('bytes=0-99', { 'If-Range': '"1"' })
    asked()
    await get('bytes=0-99')
    expect(asked()).toHaveLength(1)
    await sim.assertNoLeaks()
  })
})

describe('trailers', () => {
  test('come with the whole alone', async () => {
    const { sim, service, get } = start()
    await using _ = sim
    service.reply({
      headers: { 'Cache-Control': 'max-age=60', ETag: '"1"' },
      body: CONTENT,
      trailers: { 'X-Sum': '1' },
    })
    const trailersOf = async (range?: string) => {
      const response = await get(range, { TE: 'trailers' })
      return [response.text().length, response.trailers.get('x-sum')]
    }
    expect(await trailersOf()).toEqual([1_000, '1'])
    expect(await trailersOf()).toEqual([1_000, '1'])
    expect(await trailersOf('bytes=0-9')).toEqual([10, undefined])
    expect(service.requests).toHaveLength(1)
    await sim.assertNoLeaks()
  })
})

describe('what services say of parts', () => {
  const range = (value: string, body: string, more: Record<string, string> = {}): FakeReply => ({
    status: 206,
    headers: { 'Cache-Control': 'max-age=60', ETag: '"1"', 'Content-Range': value, ...more },
    body,
  })

  test.each([
    ['no number of bytes is as long', 'bytes 0-99999999999999999/99999999999999999999', 'x'],
    ['backwards', 'bytes 9-0/10', 'x'],
    ['beyond the end', 'bytes 5-14/10', 'xxxxxxxxxx'],
    ['of an unknown size', 'bytes 0-4/*', 'xxxxx'],
    ['of another unit', 'lines 0-4/10', 'xxxxx'],
    ['more bytes than it says', 'bytes 0-4/10', 'xxxxxxxxxx'],
    ['fewer bytes than it says', 'bytes 0-4/10', 'xxx'],
    ['fewer bytes than it says, to the end of time', 'bytes 0-9007199254740989/9007199254740990', 'xxx'],
    ['nothing', 'bytes 0-4/10', ''],
  ])('is passed on and not stored: %s', async (_, value, body) => {
    for (const framing of ['length', 'chunked'] as const) {
      const { sim, pages, service, get } = start()
      await using _sim = sim
      service.reply({ ...range(value, body), framing })
      for (let i = 0; i < 2; i++) {
        const response = await get('bytes=0-4')
        expect([response.status, response.text()]).toEqual([206, body])
      }
      expect(service.requests).toHaveLength(2)
      expect(pages.entries).toBe(0)
      await sim.assertNoLeaks()
    }
  })

  test('is not believed when the size changes', async () => {
    const { sim, service, get } = start()
    await using _ = sim
    service.reply(
      range('bytes 0-4/10', 'aaaaa'),
      range('bytes 5-9/11', 'bbbbb'),
      range('bytes 0-4/11', 'ccccc'),
    )
    await get('bytes=0-4')
    await get('bytes=5-9')
    expect((await get('bytes=0-4')).text()).toBe('ccccc')
    expect((await get('bytes=0-9')).text()).toBe('cccccbbbbb')
    await sim.assertNoLeaks()
  })

  test('may overlap, and be of more than was asked for', async () => {
    const { sim, service, get } = start()
    await using _ = sim
    service.reply(range('bytes 0-5/10', 'abcdef'), range('bytes 3-9/10', 'defghij'))
    await get('bytes=0-2')
    await get('bytes=8-9')
    const whole = await get()
    expect([whole.status, whole.text(), service.requests.length]).toEqual([200, 'abcdefghij', 2])
    await sim.assertNoLeaks()
  })

  test.each<[string, FakeReply]>([
    ['another part', range('bytes 4-8/10', 'xxxxx')],
    ['a part of another size', range('bytes 5-9/11', 'xxxxx')],
    ['a part of something else', range('bytes 5-9/10', 'xxxxx', { ETag: '"2"' })],
    [
      'a part without a tag',
      { ...range('bytes 5-9/10', 'xxxxx'), headers: { 'Content-Range': 'bytes 5-9/10' } },
    ],
    ['a part of another length', range('bytes 5-9/10', 'xxxx')],
    ['a part that is not to be stored', range('bytes 5-9/10', 'xxxxx', { 'Cache-Control': 'no-store' })],
    ['a part that varies', range('bytes 5-9/10', 'xxxxx', { Vary: 'Accept' })],
    ['several parts', range('bytes 5-9/10', 'xxxxx', { 'Content-Type': 'multipart/byteranges; boundary=x' })],
    ['that there is no such part', { status: 416, headers: { 'Content-Range': 'bytes */10' } }],
    ['that it has not changed', { status: 304, headers: { ETag: '"1"' } }],
  ])('makes all of it be asked for where the missing part was: %s', async (_, reply) => {
    const { sim, service, get, asked } = start()
    await using _sim = sim
    const whole = { headers: { 'Cache-Control': 'max-age=60', ETag: '"3"' }, body: 'ABCDEFGHIJ' }
    service.reply(range('bytes 0-4/10', 'abcde'), reply, whole)
    await get('bytes=0-4')
    const response = await get()
    expect([response.status, response.text()]).toEqual([200, 'ABCDEFGHIJ'])
    expect(asked().map(([it, ifRange]) => [it, ifRange])).toEqual([
      ['bytes=0-4', undefined],
      ['bytes=5-', '"1"'],
      [undefined, undefined],
    ])
    expect((await get('bytes=0-4')).text()).toBe('ABCDE')
    await sim.assertNoLeaks()
  })

  test.each(['xxx', 'xxxxxxx'])(
    'breaks off what it was to complete, where it is another number of bytes: %s',
    async (body) => {
      const { sim, service, get } = start()
      await using _ = sim
      service.reply(range('bytes 0-4/10', 'abcde'), { ...range('bytes 5-9/10', body), framing: 'chunked' })
      await get('bytes=0-4')
      const response = await get()
      expect([response.status, response.complete]).toEqual([200, false])
      service.reply({ headers: { 'Cache-Control': 'max-age=60', ETag: '"3"' }, body: 'ABCDEFGHIJ' })
      expect((await get()).text()).toBe('ABCDEFGHIJ')
      await sim.assertNoLeaks()
    },
  )
})
