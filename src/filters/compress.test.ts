import { brotliDecompressSync, constants, gunzipSync, zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EndlessSource, inPieces, PausingSink, pieceSizes } from '../../test/filters/body-pieces.ts'
import { ZlibHandles } from '../../test/filters/zlib-handles.ts'
import { Body } from '../core/body.ts'
import { ProxyError } from '../core/errors.ts'
import { type Handler, onRequest } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, run, simulate } from '../testing/index.ts'
import { type CompressOptions, compress } from './compress.ts'

const TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(100)
const DECODE = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync }
const CODINGS = ['gzip', 'br', 'zstd'] as const

type Fields = Record<string, string>

const answering =
  (headers: Fields = {}, body: Body | Uint8Array | string | undefined = TEXT, status = 200): Handler =>
  () =>
    respond(status, body, { 'content-type': 'text/plain', ...headers })

interface Asked {
  readonly method?: string
  readonly headers?: Fields
  readonly options?: CompressOptions
}

/** What a client gets that says this of codings. */
async function answered(accept: string | undefined, handler: Handler = answering(), asked: Asked = {}) {
  const { options = {}, method = 'GET' } = asked
  const headers = { ...(accept === undefined ? {} : { 'accept-encoding': accept }), ...asked.headers }
  const filter = compress(options)
  const { response } = await run(filter, exchange({ method, headers }), handler)
  const body = await response.body.buffer({ maxBytes: Number.POSITIVE_INFINITY })
  expect(filter.streams).toBe(0)
  return {
    headers: response.headers,
    coding: response.headers.get('content-encoding'),
    vary: response.headers.get('vary'),
    body,
  }
}

describe('compress', () => {
  describe.each(CODINGS)('with %s', (coding) => {
    test('gives the same content for any split into pieces', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uint8Array({ maxLength: 20_000 }),
          fc.integer({ min: 1, max: 20 }),
          pieceSizes,
          async (seed, times, sizes) => {
            const plain = Buffer.concat(Array.from({ length: times }, () => seed))
            const { body } = await answered(coding, answering({}, inPieces(plain, sizes)))
            expect(DECODE[coding](body).equals(plain)).toBe(true)
          },
        ),
        { numRuns: 30 },
      )
    })

    test.each([
      ['a small body', TEXT],
      ['a large one', TEXT.repeat(100)],
    ])('makes %s small', async (_, text) => {
      const { body, coding: got, vary } = await answered(coding, answering({}, text))
      expect([got, vary, String(DECODE[coding](body)) === text]).toEqual([coding, 'Accept-Encoding', true])
      expect(body.length).toBeLessThan(text.length / 10)
    })

    test('ends an empty body of unknown length as the coding asks for', async () => {
      const { body } = await answered(coding, answering({}, inPieces(Buffer.alloc(0), [1])))
      expect([body.length > 0, DECODE[coding](body).length]).toEqual([true, 0])
    })

    test('closes its stream when a body fails, and tells of its error', async () => {
      using handles = new ZlibHandles()
      async function* failing() {
        yield Buffer.from(TEXT)
        throw new ProxyError('upstream_reset')
      }
      const failed = answered(coding, answering({}, Body.from(failing())))
      await expect(failed).rejects.toMatchObject({ code: 'upstream_reset' })
      expect([handles.made, handles.closed]).toEqual([1, 1])
    })

    test('reads nothing for a client that pauses, holds 64 KiB at most, and closes its stream when that client leaves', async () => {
      using handles = new ZlibHandles()
      const noise = Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * i * 31 + i * 7) % 253))
      const endless = new EndlessSource(noise)
      const filter = compress()
      const request = exchange({ headers: { 'accept-encoding': coding } })
      const { response } = await run(filter, request, answering({}, new Body(endless)))
      const source = response.body.take()
      const sink = new PausingSink(source, 100)
      source.open(sink)
      await sink.paused
      // What is being written, and what waits for it.
      expect(endless.given).toBeLessThanOrEqual(2 * (65_536 + noise.length))
      for (let i = 0; i < 5; i++) {
        await sink.more(1)
        // Nothing is read while the client pauses: turns of the event loop change nothing.
        const { given } = endless
        for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
        expect(endless.given - given).toBe(0)
      }
      expect([handles.made, handles.closed, filter.streams]).toEqual([1, 0, 1])
      source.cancel(new ProxyError('client_aborted'))
      await new Promise((resolve) => setImmediate(resolve))
      expect([endless.cancelled, handles.closed, filter.streams]).toEqual([true, 1, 0])
    })
  })

  test.each([
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['gzip, deflate, br, zstd', 'zstd'],
    ['gzip;q=1.0, br;q=0.9', 'gzip'],
    ['br;q=0.5, gzip;q=0.5', 'br'],
    ['zstd;q=0, *', 'br'],
    ['*', 'zstd'],
    ['*;q=0.1, gzip', 'gzip'],
    ['identity;q=0.5, gzip;q=0.4', undefined],
    ['identity;q=0.5, gzip;q=0.5', 'gzip'],
    ['identity, gzip', 'gzip'],
    ['gzip;q=0', undefined],
    ['gzip;q=0.000', undefined],
    ['*;q=0', undefined],
    ['identity', undefined],
    ['', undefined],
    [undefined, undefined],
    ['deflate, compress', undefined],
    ['gzip;q=2, br', 'br'],
    ['gzip;q=-1', undefined],
    ['gzip;level=9', undefined],
    ['gzip ; q=0.3 , , br ;Q=0.2', 'gzip'],
    ['gzip;q=0, gzip', undefined],
    [`${'x,'.repeat(5_000)}gzip`, undefined],
  ])('gives a client that says %j the coding %s', async (accept, coding) => {
    const { coding: got, vary, body } = await answered(accept)
    expect([got, vary]).toEqual([coding, 'Accept-Encoding'])
    if (coding === undefined) expect(String(body)).toBe(TEXT)
  })

  test('takes only the codings that it was given, in their order', async () => {
    const only = (codings: CompressOptions['codings']) =>
      answered('zstd, br, gzip', answering(), { options: codings === undefined ? {} : { codings } })
    expect((await only(['gzip', 'br'])).coding).toBe('gzip')
    expect((await only(['br'])).coding).toBe('br')
  })

  test.each(CODINGS)('uses the level that it was given for %s', async (coding) => {
    const mixed = Array.from(
      { length: 3_000 },
      (_, i) => `${(i * 7919) % 1_009} ${(i * 104_729) % 773} word`,
    ).join(',')
    const level = async (low: boolean) =>
      (
        await answered(coding, answering({}, mixed), {
          options: { gzipLevel: low ? 1 : 9, brotliQuality: low ? 0 : 9, zstdLevel: low ? 1 : 19 },
        })
      ).body.length
    expect(await level(true)).not.toBe(await level(false))
  })

  test.each([
    ['text/html; charset=utf-8', true],
    ['Text/HTML', true],
    ['application/json', true],
    ['application/problem+json', true],
    ['application/atom+xml;x=y', true],
    ['image/svg+xml', true],
    ['text/event-stream', true],
    ['application/wasm', true],
    ['image/png', false],
    ['video/mp4', false],
    ['application/grpc', false],
    ['application/zip', false],
    ['application/jsonx', false],
    ['text', false],
    ['', false],
  ])('knows whether %j can be compressed: %s', async (type, yes) => {
    const handler: Handler = () =>
      respond(200, Buffer.from(TEXT), type === '' ? {} : { 'content-type': type })
    const { coding, vary } = await answered('gzip', handler)
    expect([coding, vary]).toEqual(yes ? ['gzip', 'Accept-Encoding'] : [undefined, undefined])
  })

  test.each([
    ['text/html', 'text/html', true],
    [['application/vnd.x', 'font/*'], 'font/woff', true],
    [['application/*+json'], 'application/json', false],
    [['application/*+json'], 'application/a.b+json;c=d', true],
  ])('takes the types %j, and %s is one: %s', async (types, type, yes) => {
    const { coding } = await answered('gzip', answering({ 'content-type': type }), { options: { types } })
    expect(coding).toBe(yes ? 'gzip' : undefined)
  })

  test.each([
    ['a coding already', { 'content-encoding': 'br' }, 200],
    ['the coding identity', { 'content-encoding': 'identity' }, 200],
    ['no-transform', { 'cache-control': 'max-age=1, No-Transform' }, 200],
    ['a part', { 'content-range': 'bytes 0-3/9' }, 206],
    ['a part without a range', {}, 206],
    ['no content', {}, 204],
  ])('leaves a response alone that has %s', async (_, headers, status) => {
    const handler = answering(
      { etag: '"a"', ...(headers as Fields) },
      status === 204 ? undefined : TEXT,
      status,
    )
    const { headers: got, body } = await answered('gzip', handler)
    expect([...got]).toEqual([
      ['content-type', 'text/plain'],
      ['etag', '"a"'],
      ...Object.entries(headers).map(([name, value]) => [
        expect.stringMatching(new RegExp(name, 'i')),
        value,
      ]),
    ])
    expect(String(body)).toBe(TEXT)
  })

  test('heeds no-transform of a request', async () => {
    const { coding, vary } = await answered('gzip', answering(), {
      headers: { 'cache-control': 'no-transform' },
    })
    expect([coding, vary]).toEqual([undefined, 'Accept-Encoding'])
  })

  test('leaves short content alone, unless the client refuses it so', async () => {
    const short = answering({}, 'x'.repeat(1_023))
    expect(await answered('gzip', short)).toMatchObject({ coding: undefined, vary: 'Accept-Encoding' })
    expect(await answered('gzip', answering({}, 'x'.repeat(1_024)))).toMatchObject({ coding: 'gzip' })
    expect(await answered('gzip', short, { options: { minBytes: 0 } })).toMatchObject({ coding: 'gzip' })
    expect(await answered('gzip, identity;q=0', short)).toMatchObject({ coding: 'gzip' })
    expect(await answered('gzip, *;q=0', short)).toMatchObject({ coding: 'gzip' })
    // What cannot be coded as it is wanted is sent all the same.
    expect(await answered('compress, identity;q=0', short)).toMatchObject({ coding: undefined })
    expect(await answered('gzip', answering({}, ''), { options: { minBytes: 0 } })).toMatchObject({
      coding: undefined,
    })
  })

  test('takes back what was said of the content as it was', async () => {
    const { headers } = await answered(
      'gzip',
      answering({
        'content-length': '4500',
        'accept-ranges': 'bytes',
        etag: '"a"',
        'content-digest': 'sha-256=:x:',
        'repr-digest': 'sha-256=:x:',
        digest: 'x',
        'content-md5': 'x',
        vary: 'Accept, accept-encoding',
      }),
    )
    expect([...headers].map(([name, value]) => `${name.toLowerCase()}: ${value}`)).toEqual([
      'content-type: text/plain',
      'etag: W/"a"',
      'vary: Accept, accept-encoding',
      'content-encoding: gzip',
    ])
  })

  test('leaves a weak tag and a malformed one as they are', async () => {
    for (const etag of ['W/"a"', 'a'])
      expect((await answered('gzip', answering({ etag }))).headers.get('etag')).toBe(etag)
  })

  test('tells HEAD what it would tell GET', async () => {
    const head = (length: string | undefined) => {
      const fields: Fields = { 'content-type': 'text/plain', etag: '"a"' }
      if (length !== undefined) fields['content-length'] = length
      return answered('gzip', () => respond(200, undefined, fields), { method: 'HEAD' })
    }
    for (const length of ['5000', undefined]) {
      const { headers, body } = await head(length)
      expect([
        headers.get('content-encoding'),
        headers.get('content-length'),
        headers.get('etag'),
        body.length,
      ]).toEqual(['gzip', undefined, 'W/"a"', 0])
    }
    expect((await head('10')).headers.get('content-length')).toBe('10')
    expect((await head('0')).vary).toBe(undefined)
  })

  test.each([
    ['W/"a"', 'W/"a"'],
    ['"a"', '"a"'],
    ['"b", W/"a"', 'W/"a"'],
    ['W/"a", "a"', '"a"'],
    [undefined, '"a"'],
  ])('gives a 304 to %s the tag %s', async (asked, tag) => {
    const { headers, vary } = await answered('gzip', () => respond(304, undefined, { etag: '"a"' }), {
      headers: asked === undefined ? {} : { 'if-none-match': asked },
    })
    expect([headers.get('etag'), vary]).toEqual([tag, 'Accept-Encoding'])
  })

  test('goes by what the client has said, whatever a filter behind it tells the service', async () => {
    const strip = onRequest(({ request }) => void request.headers.delete('accept-encoding'))
    const behind: Handler = (at) => strip(at, answering()) as never
    expect((await answered('br', behind)).coding).toBe('br')
  })

  test('lets content through as it is while there are too many streams', async () => {
    const filter = compress({ maxStreams: 1 })
    const large = TEXT.repeat(100)
    const ask = () => run(filter, exchange({ headers: { 'accept-encoding': 'gzip' } }), answering({}, large))
    const first = (await ask()).response.body.take()
    const sink = new PausingSink(first, 1)
    first.open(sink)
    await sink.paused
    const second = (await ask()).response
    expect([filter.streams, second.headers.get('content-encoding'), second.headers.get('vary')]).toEqual([
      1,
      undefined,
      'Accept-Encoding',
    ])
    first.cancel(new ProxyError('client_aborted'))
    const third = (await ask()).response
    expect([filter.streams, third.headers.get('content-encoding')]).toEqual([0, 'gzip'])
    third.body.discard()
  })

  test('opens nothing for a body that nobody reads', async () => {
    using handles = new ZlibHandles()
    const { response } = await run(
      compress(),
      exchange({ headers: { 'accept-encoding': 'gzip' } }),
      answering(),
    )
    response.body.discard()
    expect(handles.made).toBe(0)
  })
})

describe('compress before a service', () => {
  const world = (options: CompressOptions = {}) =>
    simulate(proxy().route('/', compress(options), pool(['http://u'])))

  test.each(CODINGS)('sends each event of a stream in %s when it comes', async (coding) => {
    await using sim = world()
    async function* events() {
      for (let i = 0; i < 3; i++) {
        yield `data: ${i}\n\n`
        await new Promise<void>((resolve) => sim.clock.setTimeout(resolve, 10_000))
      }
    }
    sim
      .upstream('http://u')
      .reply(() => ({ headers: { 'content-type': 'text/event-stream' }, body: events() }))
    const client = await sim.connect()
    await client.send(`GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: ${coding}\r\n\r\n`)
    const partly = {
      gzip: (bytes: Buffer) => gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }),
      br: (bytes: Buffer) => brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH }),
      zstd: (bytes: Buffer) => zstdDecompressSync(bytes, { finishFlush: constants.ZSTD_e_flush }),
    }[coding]
    for (let i = 0; i < 3; i++) {
      await sim.advance(i === 0 ? 1 : 10_000)
      const sent = client.unread.toString('latin1')
      const chunked = sent.slice(sent.indexOf('\r\n\r\n') + 4)
      expect(String(partly(dechunked(chunked)))).toBe(
        Array.from({ length: i + 1 }, (_, n) => `data: ${n}\n\n`).join(''),
      )
    }
    await client.close()
    // The service's own timer.
    await sim.advance(10_000)
    await sim.assertNoLeaks()
  })

  test('frames anew, and keeps trailers but for checksums', async () => {
    await using sim = world()
    sim.upstream('http://u').reply(() => ({
      headers: { 'content-type': 'text/plain' },
      body: (async function* () {
        yield TEXT
      })(),
      trailers: { 'Content-Digest': 'sha-256=:x:', 'X-Took': '3' },
    }))
    const { body, headers, trailers } = await sim.get('/', { headers: { 'accept-encoding': 'gzip' } })
    expect([String(gunzipSync(body)), headers.get('transfer-encoding'), [...trailers]]).toEqual([
      TEXT,
      'chunked',
      [['X-Took', '3']],
    ])
    await sim.assertNoLeaks()
  })

  test('lets go of everything when the client leaves in the midst', async () => {
    using handles = new ZlibHandles()
    const filter = compress()
    await using sim = simulate(proxy().route('/', filter, pool(['http://u'])))
    let left = false
    async function* endless() {
      try {
        for (let i = 0; ; i++) {
          yield `line ${i} ${'x'.repeat(1_000)}\n`
          await new Promise<void>((resolve) => sim.clock.setTimeout(resolve, 10))
        }
      } finally {
        left = true
      }
    }
    sim.upstream('http://u').reply(() => ({ headers: { 'content-type': 'text/plain' }, body: endless() }))
    const asked = sim.get('/', { headers: { 'accept-encoding': 'br' } })
    await sim.advance(1_000)
    expect([handles.made, handles.closed, filter.streams]).toEqual([1, 0, 1])
    asked.leave()
    await sim.advance(1_000)
    expect([left, filter.streams, handles.closed]).toEqual([true, 0, 1])
    await sim.assertNoLeaks()
  })

  test('compresses for clients of HTTP/2', async () => {
    await using sim = world()
    sim.upstream('http://u').reply({ headers: { 'content-type': 'text/plain' }, body: TEXT.repeat(20) })
    const { body } = await sim
      .client('198.51.100.7', { http2: true })
      .get('/', { headers: { 'accept-encoding': 'zstd' } })
    expect(String(zstdDecompressSync(body)) === TEXT.repeat(20)).toBe(true)
    await sim.assertNoLeaks()
  })
})

test.each([
  ['codings', { codings: [] }],
  ['codings', { codings: ['deflate'] }],
  ['codings', { codings: 'gzip' }],
  ['gzipLevel', { gzipLevel: 0 }],
  ['brotliQuality', { brotliQuality: 12 }],
  ['zstdLevel', { zstdLevel: 1.5 }],
  ['minBytes', { minBytes: '1 tb' }],
  ['types', { types: [] }],
  ['types', { types: ['html'] }],
  ['types', { types: '*' }],
  ['types', { types: [/text/] }],
  ['maxStreams', { maxStreams: 0 }],
  ['level', { level: 3 }],
])('compress refuses a wrong %s: %j', (option, options) => {
  expect(() => compress(options as CompressOptions)).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }) as Error,
  )
})

/** The content of what has come of a chunked body. */
function dechunked(text: string): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, end), 16)
    if (size === 0) break
    parts.push(Buffer.from(text.slice(end + 2, end + 2 + size), 'latin1'))
    at = end + size + 4
  }
  return Buffer.concat(parts)
}
