import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { inPieces } from '../../test/filters/body-pieces.ts'
import { Body, type BodyInit } from '../core/body.ts'
import { ProxyError } from '../core/errors.ts'
import type { Handler } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, run, simulate } from '../testing/index.ts'
import { decompress } from './decompress.ts'
import { type JsonOptions, json } from './json.ts'

interface User {
  readonly name: string
  readonly password?: string
}

const TYPE = { 'content-type': 'application/json' }
const withoutPassword = json({ response: ({ name }: User) => ({ name }) })
const kept = json({ request: (document) => document, response: (document) => document })

const asked = (body: BodyInit, headers: Record<string, string> = TYPE) =>
  exchange({ method: 'POST', headers, body: Body.from(body) })

const answering =
  (body: BodyInit, headers: Record<string, string> = TYPE, status = 200): Handler =>
  () =>
    respond(status, body, headers)

describe('json of requests', () => {
  test('changes the document, which may take its time', async () => {
    const filter = json({
      request: async (order: { n: number }, { client }) => ({
        ...order,
        n: order.n + 1,
        from: client.address,
      }),
    })
    const headers = { ...TYPE, 'content-digest': 'x' }
    const { calls } = await run(filter, asked(inPieces(Buffer.from('\ufeff{"n": 1}'), [3]), headers))
    expect(String(calls[0]!.body)).toBe('{"n":2,"from":"192.0.2.1"}')
    expect(calls[0]!.headers.has('content-digest')).toBe(false)
  })

  test.each([
    'application/json',
    'APPLICATION/JSON; charset="UTF-8"',
    'application/vnd.a.b+json;v=1',
    'application/json;charset=us-ascii',
  ])('reads %s', async (type) => {
    expect((await run(kept, asked('[1]', { 'content-type': type }))).callCount).toBe(1)
  })

  test.each([
    ['text/plain', 415, 'request_content_unsupported'],
    ['', 415, 'request_content_unsupported'],
    ['application/jsonp', 415, 'request_content_unsupported'],
    ['application/json; charset=utf-16', 415, 'request_content_unsupported'],
  ])('answers a request of type %j with %i', async (type, status, code) => {
    const headers: Record<string, string> = type === '' ? {} : { 'content-type': type }
    await expect(run(kept, asked('{}', headers))).rejects.toMatchObject({ status, code })
  })

  test('answers one in a coding with 415, and says so', async () => {
    const error: unknown = await run(
      kept,
      asked(gzipSync('{}'), { ...TYPE, 'content-encoding': 'gzip' }),
    ).catch((it: unknown) => it)
    expect(error).toMatchObject({ code: 'request_content_unsupported' })
    expect((error as ProxyError).headers?.get('accept-encoding')).toBe('identity')
  })

  test.each(['{', '{"a":1,"a":2}', '{"__proto__":1}', '"\xff'])('answers %j with 400', async (text) => {
    await expect(run(kept, asked(Buffer.from(text, 'latin1')))).rejects.toMatchObject({
      code: 'request_malformed',
    })
  })

  test('answers what is too large with 413', async () => {
    const small = json({ request: (it) => it, maxBytes: 10 })
    await expect(run(small, asked('["12345678"]'))).rejects.toMatchObject({ code: 'request_body_too_large' })
    expect((await run(small, asked('["123456"]'))).callCount).toBe(1)
  })

  test('lets one without content pass', async () => {
    const { calls } = await run(
      json({ request: () => expect.unreachable() }),
      asked(inPieces(Buffer.alloc(0), [1])),
    )
    expect(calls[0]!.body).toHaveLength(0)
    expect((await run(json({ request: () => expect.unreachable() }), exchange())).callCount).toBe(1)
  })

  test('takes a function that returns nothing for a mistake', async () => {
    await expect(run(json({ request: () => {} }), asked('{}'))).rejects.toThrow('must return the document')
  })

  test('answers with the error that a function throws', async () => {
    const refusing = json({
      request: () => {
        throw new ProxyError('access_denied')
      },
    })
    await expect(run(refusing, asked('{}'))).rejects.toMatchObject({ code: 'access_denied' })
  })
})

describe('json of responses', () => {
  const secret = '{"name":"a","password":"p"}'

  test('changes the document, and what is said of it', async () => {
    const headers = {
      ...TYPE,
      'content-length': '27',
      etag: '"a"',
      'repr-digest': 'x',
      'accept-ranges': 'bytes',
    }
    const { response } = await run(
      withoutPassword,
      exchange(),
      answering(inPieces(Buffer.from(secret), [5]), headers),
    )
    expect([
      await response.body.text(),
      [...response.headers].map(([name]) => name.toLowerCase()),
      response.headers.get('etag'),
    ]).toEqual(['{"name":"a"}', ['content-type', 'etag'], 'W/"a"'])
  })

  test.each([
    ['of another type', 200, { 'content-type': 'text/html' }],
    ['of an error', 404, { 'content-type': 'application/problem+json' }],
    ['of a service that fails', 500, TYPE],
  ])('leaves a response alone %s', async (_, status, headers) => {
    const { response } = await run(withoutPassword, exchange(), answering(secret, headers, status))
    expect(await response.body.text()).toBe(secret)
  })

  test.each([
    ['no JSON', 'password', TYPE, 200, 'upstream_response_malformed'],
    ['a name twice', '{"password":1,"password":2}', TYPE, 200, 'upstream_response_malformed'],
    ['a coding', secret, { ...TYPE, 'content-encoding': 'gzip' }, 200, 'upstream_response_malformed'],
    [
      'another charset',
      secret,
      { 'content-type': 'application/json; charset=latin1' },
      200,
      'upstream_response_malformed',
    ],
    ['a part', secret, { ...TYPE, 'content-range': 'bytes 0-26/27' }, 206, 'upstream_response_malformed'],
    ['too much', `["${'x'.repeat(1_048_576)}"]`, TYPE, 200, 'upstream_body_too_large'],
  ])('never shows what it could not read: %s', async (_, body, headers, status, code) => {
    await expect(run(withoutPassword, exchange(), answering(body, headers, status))).rejects.toMatchObject({
      code,
    })
  })

  test('asks for the whole', async () => {
    const request = exchange({ headers: { range: 'bytes=0-3', 'if-range': '"a"' } })
    const { calls } = await run(withoutPassword, request, answering(secret))
    expect([calls[0]!.headers.has('range'), calls[0]!.headers.has('if-range')]).toEqual([false, false])
  })

  test('tells of an answer to HEAD, of a 304 and of no content what there is to tell', async () => {
    const head = await run(
      withoutPassword,
      exchange({ method: 'HEAD' }),
      answering('', { ...TYPE, 'content-length': '27', etag: '"a"' }),
    )
    expect([head.response.headers.has('content-length'), head.response.headers.get('etag')]).toEqual([
      false,
      'W/"a"',
    ])
    const stale = await run(
      withoutPassword,
      exchange({ headers: { 'if-none-match': 'W/"a"' } }),
      answering('', { etag: '"a"' }, 304),
    )
    expect(stale.response.headers.get('etag')).toBe('W/"a"')
    const none = await run(withoutPassword, exchange(), answering(inPieces(Buffer.alloc(0), [1])))
    expect(await none.response.body.text()).toBe('')
  })
})

test('json before a service: both ways, with decompress behind it', async () => {
  const filter = json({
    request: (it: object) => ({ ...it, more: true }),
    response: ({ name }: User) => ({ name }),
  })
  await using sim = simulate(proxy().route('/', filter, decompress(), pool(['http://u'])))
  sim.upstream('http://u').reply({
    body: gzipSync('{"name":"ä","password":"p"}'),
    headers: { ...TYPE, 'content-encoding': 'gzip' },
  })
  const response = await sim.post('/', { json: { a: 1 } })
  expect([
    response.text(),
    response.headers.get('content-length'),
    response.headers.has('content-encoding'),
  ]).toEqual(['{"name":"ä"}', '13', false])
  expect(JSON.parse(String(sim.upstream('http://u').requests[0]!.body))).toEqual({ a: 1, more: true })
  const refused = await sim.post('/', { body: '{', headers: TYPE })
  expect([refused.status, sim.upstream('http://u').requests.length]).toEqual([400, 1])
  await sim.assertNoLeaks()
})

test('json answers 502 for a service whose document cannot be read', async () => {
  await using sim = simulate(proxy().route('/', withoutPassword, pool(['http://u'])))
  sim.upstream('http://u').reply({ body: gzipSync('{}'), headers: { ...TYPE, 'content-encoding': 'gzip' } })
  const response = await sim.get('/')
  expect([response.status, response.json()]).toEqual([
    502,
    expect.objectContaining({ code: 'upstream_response_malformed' }),
  ])
  await sim.assertNoLeaks()
})

test.each([
  ['response', {}],
  ['request', { request: {} }],
  ['response', { response: 'x' }],
  ['maxBytes', { request: (it: unknown) => it, maxBytes: 0 }],
  ['maxBytes', { request: (it: unknown) => it, maxBytes: Number.POSITIVE_INFINITY }],
  ['map', { map: () => {} }],
])('json refuses a wrong %s: %j', (option, options) => {
  expect(() => json(options as JsonOptions)).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }) as Error,
  )
})

test('json is a type mistake where a function does not fit', () => {
  // @ts-expect-error the document is an order, not a text
  json<{ n: number }>({ request: (order: string) => order })
})
