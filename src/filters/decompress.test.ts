import { randomBytes } from 'node:crypto'
import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EndlessSource, inPieces, PausingSink, pieceSizes } from '../../test/filters/body-pieces.ts'
import { ZlibHandles } from '../../test/filters/zlib-handles.ts'
import { Body } from '../core/body.ts'
import { ProxyError } from '../core/errors.ts'
import type { Handler } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, run, simulate } from '../testing/index.ts'
import { type DecompressOptions, decompress } from './decompress.ts'

const TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(100)
const ENCODE = { gzip: gzipSync, br: brotliCompressSync, zstd: zstdCompressSync, deflate: deflateSync }
const CODINGS = ['gzip', 'br', 'zstd', 'deflate'] as const

/** What comes of a response whose content has this coding, and of a request. */
async function decoded(
  coding: string,
  body: Uint8Array | Body,
  options: DecompressOptions = {},
  headers: Record<string, string> = {},
) {
  const filter = decompress(options)
  const handler: Handler = () => respond(200, body, { 'content-encoding': coding, ...headers })
  const { response } = await run(filter, exchange(), handler)
  const content = await response.body.buffer({ maxBytes: Number.POSITIVE_INFINITY })
  expect(filter.streams).toBe(0)
  return { headers: response.headers, content }
}

const codeOf = async (result: Promise<unknown>) =>
  result.then(
    () => 'no error',
    (error: unknown) => (error instanceof ProxyError ? error.code : error),
  )

describe('decompress', () => {
  test.each(CODINGS)('takes %s off, for any split into pieces', async (coding) => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 40_000 }),
        fc.integer({ min: 1, max: 20 }),
        pieceSizes,
        async (seed, times, sizes) => {
          const plain = Buffer.concat(Array.from({ length: times }, () => seed))
          const { content, headers } = await decoded(coding, inPieces(ENCODE[coding](plain), sizes))
          expect(content.equals(plain)).toBe(true)
          expect(headers.has('content-encoding')).toBe(false)
        },
      ),
      { numRuns: 30 },
    )
  })

  test.each(CODINGS)('takes %s off a body that is there whole', async (coding) => {
    for (const plain of [TEXT, TEXT.repeat(200), '', Buffer.alloc(100_000).toString()]) {
      const { content } = await decoded(coding, ENCODE[coding](plain))
      expect(String(content) === plain).toBe(true)
    }
  })

  test.each(['gzip', 'zstd'] as const)('reads each part of %s, for any split', async (coding) => {
    const whole = Buffer.concat(['a', '', TEXT, 'b'].map((it) => ENCODE[coding](it)))
    for (let size = 1; size < whole.length + 1; size += size < 60 ? 1 : 17) {
      const { content } = await decoded(coding, inPieces(whole, [size]))
      expect(String(content) === `a${TEXT}b`).toBe(true)
    }
    expect(String((await decoded(coding, whole)).content) === `a${TEXT}b`).toBe(true)
  })

  test('takes stacked codings off, the last one first', async () => {
    const { content } = await decoded(
      'gzip, identity, BR , zstd',
      zstdCompressSync(brotliCompressSync(gzipSync(TEXT))),
    )
    expect(String(content)).toBe(TEXT)
    expect(String((await decoded('x-gzip', gzipSync('a'))).content)).toBe('a')
  })

  describe.each(CODINGS)('of %s', (coding) => {
    const whole = ENCODE[coding](TEXT)

    test('takes what is broken off for an error, wherever it breaks', async () => {
      for (let size = 1; size < whole.length; size++) {
        const cut = whole.subarray(0, size)
        expect([size, await codeOf(decoded(coding, inPieces(cut, [50])))]).toEqual([
          size,
          'upstream_response_malformed',
        ])
        expect([size, await codeOf(decoded(coding, cut))]).toEqual([size, 'upstream_response_malformed'])
      }
    })

    test.each(['x', '\0', '\0\0\0\0\0\0\0\0\0\0', 'garbage'])(
      'takes %j behind its end for an error, for any split',
      async (more) => {
        const bytes = Buffer.concat([whole, Buffer.from(more)])
        expect(await codeOf(decoded(coding, bytes))).toBe('upstream_response_malformed')
        for (const size of [1, whole.length - 1, whole.length, whole.length + 1, bytes.length])
          expect([size, await codeOf(decoded(coding, inPieces(bytes, [size])))]).toEqual([
            size,
            'upstream_response_malformed',
          ])
      },
    )

    test('takes random bytes for an error or for content, and never for anything else', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uint8Array({ minLength: 1, maxLength: 200 }),
          pieceSizes,
          async (bytes, sizes) => {
            expect(['no error', 'upstream_response_malformed']).toContain(
              await codeOf(decoded(coding, inPieces(bytes, sizes))),
            )
          },
        ),
        { numRuns: 50 },
      )
    })

    test('is an empty body where there are no bytes', async () => {
      expect((await decoded(coding, inPieces(Buffer.alloc(0), [1]))).content.length).toBe(0)
    })

    test('breaks off what expands too much', async () => {
      using handles = new ZlibHandles()
      // Brotli and Zstandard make some hundred bytes of it.
      const bomb = ENCODE[coding](Buffer.alloc(20_000_000))
      for (const body of [bomb, inPieces(bomb, [1_000])]) {
        expect(await codeOf(decoded(coding, body))).toBe('upstream_body_too_large')
      }
      const some = ENCODE[coding](Buffer.from(TEXT))
      for (const body of [some, inPieces(some, [10])])
        expect(await codeOf(decoded(coding, body, { maxBytes: TEXT.length - 1 }))).toBe(
          'upstream_body_too_large',
        )
      expect((await decoded(coding, some, { maxBytes: TEXT.length })).content.length).toBe(TEXT.length)
      const unlimited = { maxRatio: Number.POSITIVE_INFINITY }
      expect((await decoded(coding, bomb, unlimited)).content.length).toBe(20_000_000)
      expect([handles.made > 0, handles.made]).toEqual([true, handles.closed])
    })
  })

  test('of Zstandard: bounds how many parts there may be', async () => {
    // A frame of nothing has 9 bytes; each would take a stream of its own.
    const frames = Buffer.concat(Array.from({ length: 5_000 }, () => zstdCompressSync('')))
    expect(await codeOf(decoded('zstd', frames))).toBe('upstream_response_malformed')
  })

  test('of Zstandard: refuses a window that would take more than 8 MiB', async () => {
    const params = { [constants.ZSTD_c_windowLog]: 24, [constants.ZSTD_c_contentSizeFlag]: 0 }
    const wide = zstdCompressSync(Buffer.alloc(20_000_000, TEXT), { params })
    expect(await codeOf(decoded('zstd', wide, { maxRatio: 1e9 }))).toBe('upstream_response_malformed')
  })

  test.each(['br', 'deflate'] as const)('of %s: refuses a second body behind the first', async (coding) => {
    const twice = Buffer.concat([ENCODE[coding]('a'), ENCODE[coding]('b')])
    for (const body of [twice, inPieces(twice, [twice.length]), inPieces(twice, [twice.length / 2])])
      expect(await codeOf(decoded(coding, body))).toBe('upstream_response_malformed')
  })

  test('of deflate: refuses what has no head of zlib', async () => {
    expect(await codeOf(decoded('deflate', deflateRawSync(TEXT)))).toBe('upstream_response_malformed')
  })

  test('takes back what was said of the coded content', async () => {
    const { headers } = await decoded(
      'gzip',
      gzipSync(TEXT),
      {},
      {
        'content-length': '1',
        'accept-ranges': 'bytes',
        etag: '"a"',
        'content-digest': 'sha-256=:x:',
        'repr-digest': 'sha-256=:x:',
        digest: 'x',
        'content-md5': 'x',
        vary: 'accept-encoding',
      },
    )
    expect([...headers]).toEqual(
      [
        ['etag', 'W/"a"'],
        ['vary', 'accept-encoding'],
      ].map(([name, value]) => [expect.stringMatching(new RegExp(`^${name}$`, 'i')), value]),
    )
  })

  test.each([
    ['an unknown coding', { 'content-encoding': 'compress' }, 200],
    ['one unknown coding of several', { 'content-encoding': 'gzip, aws-chunked' }, 200],
    ['too many', { 'content-encoding': 'gzip, gzip, gzip, gzip' }, 200],
    ['no-transform', { 'content-encoding': 'gzip', 'cache-control': 'public, no-transform' }, 200],
    ['a part', { 'content-encoding': 'gzip', 'content-range': 'bytes 0-3/9' }, 206],
    ['no coding', {}, 200],
  ] as const)('leaves a response alone: %s', async (_, headers, status) => {
    const { response } = await run(decompress(), exchange(), () => respond(status, 'body', headers))
    expect(response.headers.get('content-encoding')).toBe(
      (headers as Record<string, string>)['content-encoding'],
    )
    expect(await response.body.text()).toBe('body')
  })

  test('tells of a response to HEAD what it would tell of one to GET', async () => {
    const headers = { 'content-encoding': 'gzip', 'content-length': '99', etag: '"a"' }
    const { response } = await run(decompress(), exchange({ method: 'HEAD' }), () =>
      respond(200, undefined, headers),
    )
    expect([...response.headers]).toEqual([['ETag', 'W/"a"']])
  })

  test('gives a 304 the tag that the client has', async () => {
    const at = (tag: string) => exchange({ headers: { 'if-none-match': tag } })
    for (const [tag, expected] of [
      ['W/"a"', 'W/"a"'],
      ['"a"', '"a"'],
      ['W/"a", "a"', '"a"'],
      ['W/"b"', '"a"'],
    ] as const) {
      const { response } = await run(decompress(), at(tag), () => respond(304, undefined, { etag: '"a"' }))
      expect([tag, response.headers.get('etag')]).toEqual([tag, expected])
    }
  })

  test('reads no further than 128 KiB ahead of a reader that pauses', async () => {
    const piece = ENCODE.gzip(Buffer.from(TEXT), { level: 1 })
    const endless = new EndlessSource(piece)
    const { response } = await run(decompress({ maxBytes: Number.POSITIVE_INFINITY }), exchange(), () =>
      respond(200, new Body(endless) as never, { 'content-encoding': 'gzip' }),
    )
    const source = response.body.take()
    const sink = new PausingSink(source, 1_000_000)
    source.open(sink)
    await sink.paused
    for (let i = 0; i < 20; i++) {
      const before = endless.given
      await sink.more(300_000)
      expect(endless.given - before).toBeLessThan(131_072 + 2 * piece.length + 300_000)
    }
    const ahead = (endless.given / piece.length) * TEXT.length - sink.taken
    expect(ahead / (TEXT.length / piece.length)).toBeLessThan(131_072 + 65_536)
    using handles = new ZlibHandles()
    source.cancel(new ProxyError('client_aborted'))
    expect([endless.cancelled, handles.made]).toEqual([true, 0])
  })
})

describe('decompress of requests', () => {
  const asked = (coding: string, body: Uint8Array, options: DecompressOptions = {}) =>
    run(
      decompress({ requests: true, ...options }),
      exchange({ method: 'POST', headers: { 'content-encoding': coding }, body }),
    )

  test.each(CODINGS)('takes %s off', async (coding) => {
    const { calls } = await asked(coding, ENCODE[coding](TEXT))
    expect([
      String(calls[0]!.body),
      calls[0]!.headers.has('content-encoding'),
      calls[0]!.headers.has('content-length'),
    ]).toEqual([TEXT, false, false])
  })

  test.each(['compress', 'gzip, exotic', 'gzip,gzip,gzip,gzip', 'gzip;q=1'])(
    'answers %j with 415',
    async (coding) => {
      const error: unknown = await asked(coding, Buffer.from('x')).catch((it: unknown) => it)
      expect(error).toMatchObject({ code: 'request_content_unsupported', status: 415 })
      expect((error as ProxyError).headers?.get('accept-encoding')).toBe('zstd, br, gzip, deflate')
    },
  )

  test('leaves them alone unless it is told to', async () => {
    const { calls } = await run(
      decompress(),
      exchange({ method: 'POST', headers: { 'content-encoding': 'gzip' }, body: gzipSync('a') }),
    )
    expect(calls[0]!.headers.get('content-encoding')).toBe('gzip')
  })

  test('is of the client when it is broken', async () => {
    expect(await codeOf(asked('gzip', Buffer.from('no gzip')))).toBe('request_malformed')
    expect(await codeOf(asked('gzip', gzipSync(TEXT), { maxBytes: 10 }))).toBe('request_body_too_large')
  })
})

describe('decompress before a service', () => {
  const world = (options: DecompressOptions) =>
    simulate(proxy().route('/', decompress(options), pool(['http://u'])))

  test('sends plain content both ways, and frames it anew', async () => {
    await using sim = world({ requests: true })
    sim.upstream('http://u').reply({ body: brotliCompressSync(TEXT), headers: { 'content-encoding': 'br' } })
    const response = await sim.post('/', { headers: { 'content-encoding': 'gzip' }, body: gzipSync(TEXT) })
    expect(String(sim.upstream('http://u').requests[0]!.body)).toBe(TEXT)
    expect([response.text(), response.complete]).toEqual([TEXT, true])
    await sim.assertNoLeaks()
  })

  test.each([
    [413, gzipSync(Buffer.alloc(30_000_000))],
    [400, gzipSync(TEXT).subarray(0, 30)],
    [400, Buffer.from('no gzip at all')],
  ])('answers with %i what is not as it must be', async (status, body) => {
    await using sim = world({ requests: true })
    sim.upstream('http://u').reply({ body: 'ok' })
    const response = await sim.post('/', { headers: { 'content-encoding': 'gzip' }, body })
    expect([response.status, response.headers.get('content-type')]).toEqual([
      status,
      'application/problem+json',
    ])
    await sim.assertNoLeaks()
  })

  test('breaks a response off that turns out to be corrupt', async () => {
    await using sim = world({})
    const body = gzipSync(randomBytes(300_000))
    body[body.length - 6]! ^= 0xff
    sim.upstream('http://u').reply(() => ({ headers: { 'content-encoding': 'gzip' }, body }))
    const response = await sim.get('/')
    expect([response.complete, response.exchange?.outcome?.error?.code]).toEqual([
      false,
      'upstream_response_malformed',
    ])
    await sim.assertNoLeaks()
  })
})

test.each([
  ['requests', { requests: 1 }],
  ['responses', { responses: 'yes' }],
  ['responses', { responses: false }],
  ['codings', { codings: [] }],
  ['codings', { codings: ['compress'] }],
  ['codings', { codings: 'gzip' }],
  ['maxBytes', { maxBytes: '1 tb' }],
  ['maxRatio', { maxRatio: 0 }],
  ['maxRatio', { maxRatio: '100' }],
  ['maxRatio', { maxRatio: Number.NaN }],
  ['ratio', { ratio: 3 }],
])('decompress refuses a wrong %s: %j', (option, options) => {
  expect(() => decompress(options as DecompressOptions)).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }) as Error,
  )
})
