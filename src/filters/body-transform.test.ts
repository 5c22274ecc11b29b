import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EndlessSource, inPieces, PausingSink, pieceSizes } from '../../test/filters/body-pieces.ts'
import { Body } from '../core/body.ts'
import { ProxyError } from '../core/errors.ts'
import type { Handler } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, run, simulate } from '../testing/index.ts'
import { type BodyStep, type BodyTransformOptions, bodyTransform } from './body-transform.ts'
import { compress } from './compress.ts'
import { decompress } from './decompress.ts'

const inverted: BodyStep = async function* (chunks) {
  for await (const chunk of chunks) yield chunk.map((byte) => 255 - byte)
}

const capitals: BodyStep = async function* (chunks) {
  for await (const chunk of chunks)
    yield Buffer.from(Buffer.from(chunk).toString('latin1').toUpperCase(), 'latin1')
}

const answering =
  (headers: Record<string, string> = {}, body: string | undefined = 'text', status = 200): Handler =>
  () =>
    respond(status, body, { 'content-type': 'text/plain', ...headers })

async function answered(
  options: BodyTransformOptions,
  handler: Handler,
  asked: Parameters<typeof exchange>[0] = {},
) {
  const { response } = await run(bodyTransform(options), exchange(asked), handler)
  return { headers: response.headers, length: response.body.length, text: await response.body.text() }
}

describe('bodyTransform', () => {
  test('gives the same content for any split into pieces', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), pieceSizes, async (bytes, sizes) => {
        const { response } = await run(bodyTransform({ response: inverted }), exchange(), () =>
          respond(200, inPieces(bytes, sizes)),
        )
        expect((await response.body.buffer()).equals(Buffer.from(bytes.map((it) => 255 - it)))).toBe(true)
      }),
    )
  })

  test('sends requests and responses through their steps, and gives those the exchange', async () => {
    const naming: BodyStep = async function* (chunks, at) {
      yield Buffer.from(`${at.request.path}: `)
      yield* chunks
    }
    const request = exchange({ url: '/a', method: 'POST', body: 'asked', headers: { 'content-digest': 'x' } })
    const filter = bodyTransform({ request: capitals, response: naming })
    const { calls, response } = await run(filter, request, async (at) =>
      respond(200, await at.request.body.text()),
    )
    expect(await response.body.text()).toBe('/a: ASKED')
    expect([calls[0]!.headers.has('content-length'), calls[0]!.headers.has('content-digest')]).toEqual([
      false,
      false,
    ])
  })

  test('takes back what was said of the content, and its length', async () => {
    const fields = {
      'content-length': '4',
      'accept-ranges': 'bytes',
      etag: '"a"',
      'repr-digest': 'x',
      'content-md5': 'x',
    }
    const { headers, length, text } = await answered({ response: capitals }, answering(fields))
    expect([...headers].map(([name]) => name.toLowerCase())).toEqual(['content-type', 'etag'])
    expect([headers.get('etag'), length, text]).toEqual(['W/"a"', undefined, 'TEXT'])
    const head = await answered({ response: capitals }, answering(fields, ''), { method: 'HEAD' })
    expect([...head.headers]).toEqual([...headers])
    const stale = await answered({ response: capitals }, () => respond(304, undefined, { etag: '"a"' }), {
      headers: { 'if-none-match': 'W/"a"' },
    })
    expect(stale.headers.get('etag')).toBe('W/"a"')
  })

  test.each([
    ['of another type', { 'content-type': 'text/html' }, 200],
    ['without a type', { 'content-type': '' }, 200],
    ['with a coding', { 'content-encoding': 'gzip' }, 200],
    ['of which it is a part', { 'content-range': 'bytes 0-3/9' }, 206],
  ])('leaves content alone %s', async (_, fields, status) => {
    const headers = Object.fromEntries(
      Object.entries({ 'content-type': 'text/plain', ...fields }).filter(([, it]) => it !== ''),
    )
    const handler: Handler = () => respond(status, Buffer.from('text'), { etag: '"a"', ...headers })
    const got = await answered({ response: capitals, types: 'text/plain' }, handler)
    expect([got.text, got.headers.get('etag')]).toEqual(['text', '"a"'])
    const { calls } = await run(
      bodyTransform({ request: capitals, types: ['text/plain'] }),
      exchange({ method: 'POST', body: 'text', headers: headers as Record<string, string> }),
    )
    expect(String(calls[0]!.body)).toBe('text')
  })

  test('runs no step where there is no content', async () => {
    const never: BodyStep = () => expect.unreachable()
    expect((await answered({ response: never, request: never }, answering({}, ''))).text).toBe('')
  })

  test('reads one chunk at a time, and none for a reader that pauses', async () => {
    const piece = Buffer.alloc(20_000)
    const endless = new EndlessSource(piece)
    const { response } = await run(bodyTransform({ response: inverted }), exchange(), () =>
      respond(200, new Body(endless)),
    )
    const source = response.body.take()
    const sink = new PausingSink(source, 100_000)
    source.open(sink)
    await sink.paused
    for (let i = 0; i < 20; i++) {
      await sink.more(piece.length)
      expect(endless.given - sink.taken).toBeLessThanOrEqual(2 * piece.length)
    }
    source.cancel(new ProxyError('client_aborted'))
    expect(endless.cancelled).toBe(true)
  })

  test('tells of what a step throws as of a failure of the proxy', async () => {
    const failing: BodyStep = async function* (chunks) {
      yield* chunks
      throw new Error('step')
    }
    await expect(answered({ response: failing }, answering())).rejects.toThrow('step')
  })
})

describe('bodyTransform before a service', () => {
  test('stands between compress and decompress', async () => {
    const app = proxy().route(
      '/',
      compress(),
      bodyTransform({ response: capitals }),
      decompress(),
      pool(['http://u']),
    )
    await using sim = simulate(app)
    const text = 'some text '.repeat(1_000)
    sim
      .upstream('http://u')
      .reply({ body: gzipSync(text), headers: { 'content-encoding': 'gzip', 'content-type': 'text/plain' } })
    const { body } = await sim.get('/', { headers: { 'accept-encoding': 'gzip' } })
    expect(String(gunzipSync(body)) === text.toUpperCase()).toBe(true)
    await sim.assertNoLeaks()
  })

  test('ends the step of a client that leaves', async () => {
    let ended = false
    const watched: BodyStep = async function* (chunks) {
      try {
        yield* chunks
      } finally {
        ended = true
      }
    }
    await using sim = simulate(proxy().route('/', bodyTransform({ response: watched }), pool(['http://u'])))
    async function* endless() {
      for (;;) {
        yield 'x'
        await new Promise<void>((resolve) => sim.clock.setTimeout(resolve, 10))
      }
    }
    sim.upstream('http://u').reply(() => ({ body: endless() }))
    const asked = sim.get('/')
    await sim.advance(100)
    asked.leave()
    await sim.advance(100)
    expect(ended).toBe(true)
    await sim.assertNoLeaks()
  })

  test('drops checksums from trailers', async () => {
    await using sim = simulate(proxy().route('/', bodyTransform({ response: capitals }), pool(['http://u'])))
    sim.upstream('http://u').reply(() => ({
      body: (async function* () {
        yield 'text'
      })(),
      trailers: { 'Repr-Digest': 'x', 'X-Took': '3' },
    }))
    const { trailers, body } = await sim.get('/')
    expect([String(body), [...trailers]]).toEqual(['TEXT', [['X-Took', '3']]])
    await sim.assertNoLeaks()
  })
})

test.each([
  ['response', {}],
  ['response', { response: 'x' }],
  ['request', { request: {} }],
  ['types', { response: capitals, types: ['text'] }],
  ['respond', { respond: capitals }],
])('bodyTransform refuses a wrong %s: %j', (option, options) => {
  expect(() => bodyTransform(options as BodyTransformOptions)).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }) as Error,
  )
})
