import { describe, expect, test } from 'vitest'
import type { ProxyError } from '../core/errors.ts'
import type { Filter } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, run, simulate } from '../testing/index.ts'
import { type BodyLimitOptions, bodyLimit } from './body-limit.ts'

async function* chunks(...sizes: number[]) {
  for (const size of sizes) yield Buffer.alloc(size, 'x')
}

const failure = (running: Promise<unknown>) =>
  running.then(
    () => undefined,
    (error: ProxyError) => error.code,
  )

describe('bodyLimit, requests', () => {
  test.each([
    [0, undefined],
    [10, undefined],
    [11, 'request_body_too_large'],
  ])('of %d bytes, told beforehand', async (size, code) => {
    let read = false
    const at = exchange({ method: 'POST', body: 'x'.repeat(size) })
    at.request.body.onClose((error) => {
      read = error === undefined
    })
    expect(await failure(run(bodyLimit({ request: 10 }), at))).toBe(code)
    expect(read).toBe(code === undefined)
  })

  test.each([
    [[], undefined],
    [[4, 6], undefined],
    [[4, 7], 'request_body_too_large'],
    [[11], 'request_body_too_large'],
  ])('of chunks of %j bytes', async (sizes, code) => {
    const at = exchange({ method: 'POST', body: chunks(...sizes) })
    expect(await failure(run(bodyLimit({ request: 10 }), at))).toBe(code)
  })

  test('what is too large is not read further', async () => {
    let given = 0
    async function* endless() {
      for (;;) yield Buffer.alloc(++given)
    }
    const at = exchange({ method: 'POST', body: endless() })
    expect(await failure(run(bodyLimit({ request: 10 }), at))).toBe('request_body_too_large')
    // 1 + 2 + 3 + 4 are ten, and the fifth is too many.
    expect(given).toBe(5)
  })

  test('without a limit are left alone', async () => {
    const at = exchange({ method: 'POST', body: chunks(100) })
    const { body } = at.request
    await run(bodyLimit({ response: 10 }), at)
    expect(at.request.body).toBe(body)
  })
})

describe('bodyLimit, responses', () => {
  const answer = (body: string | AsyncIterable<Uint8Array>, limit: BodyLimitOptions = { response: 10 }) =>
    run(bodyLimit(limit), exchange(), () => respond(200, body))

  test.each([
    [10, undefined],
    [11, 'upstream_body_too_large'],
  ])('of %d bytes, told beforehand', async (size, code) => {
    expect(await failure(answer('x'.repeat(size)))).toBe(code)
  })

  test.each([
    [[4, 6], undefined],
    [[4, 7], 'upstream_body_too_large'],
  ])('of chunks of %j bytes', async (sizes, code) => {
    const { response } = await answer(chunks(...sizes))
    expect(await failure(response.body.buffer())).toBe(code)
  })

  test('what is refused at once is dropped', async () => {
    const ended: unknown[] = []
    const response = respond(200, 'x'.repeat(11))
    response.body.onClose((error) => ended.push(error))
    await failure(run(bodyLimit({ response: 10 }), exchange(), () => response))
    expect(ended).toEqual([expect.objectContaining({ code: 'upstream_body_too_large' })])
  })

  test('is the limit that whoever collects it is told of', async () => {
    const { response } = await answer(chunks(100), { response: 1_000 })
    expect(await failure(response.body.buffer({ maxBytes: 10 }))).toBe('upstream_body_too_large')
  })
})

describe('bodyLimit in a proxy', () => {
  const inFront = (filter: Filter) =>
    simulate(
      proxy()
        .use(filter)
        .route('/', pool(['http://files'])),
    )

  test('a length that is too large: no service is asked, and nothing is read', async () => {
    const sim = inFront(bodyLimit({ request: '1kb' }))
    const raw = await sim.connect()
    await raw.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\nExpect: 100-continue\r\n\r\n')
    const early = await raw.response()
    expect([early.status, early.informational]).toEqual([413, []])
    const refused = await sim.post('/', { body: 'x'.repeat(1_025) })
    expect([refused.status, refused.json()]).toMatchObject([
      413,
      { code: 'request_body_too_large', detail: 'more than 1024 bytes' },
    ])
    expect((await sim.post('/', { body: 'x'.repeat(1_024) })).status).toBe(200)
    expect(sim.upstream('http://files').requests).toHaveLength(1)
    await raw.close()
    await sim.assertNoLeaks()
  })

  test.each([false, true])('chunks that become too many: 413, by HTTP/2: %s', async (http2) => {
    const sim = inFront(bodyLimit({ request: '1kb' }))
    const client = sim.client('192.0.2.7', { http2 })
    const refused = await client.post('/', { body: chunks(512, 512, 1, 512) })
    expect([refused.status, refused.exchange?.outcome?.error?.code]).toEqual([413, 'request_body_too_large'])
    expect((await client.post('/', { body: chunks(512, 512) })).status).toBe(200)
    await sim.assertNoLeaks()
  })

  test.each([false, true])(
    'a response that is too large: 502, or broken off where it has begun, by HTTP/2: %s',
    async (http2) => {
      const sim = inFront(bodyLimit({ response: '1kb' }))
      const files = sim.upstream('http://files')
      files
        .on('GET /known', { body: 'x'.repeat(1_025) })
        .on('GET /chunked', { body: chunks(1_000, 25) })
        .on('HEAD /', { headers: { 'content-length': '2000' } })
      const client = sim.client('192.0.2.7', { http2 })
      const known = await client.get('/known')
      expect([known.status, known.exchange?.outcome?.error?.code]).toEqual([502, 'upstream_body_too_large'])
      const chunked = await client.get('/chunked')
      expect([chunked.complete, chunked.exchange?.outcome?.error?.code]).toEqual([
        false,
        'upstream_body_too_large',
      ])
      await sim.assertNoLeaks()
    },
  )
})

describe('bodyLimit refuses', () => {
  test.each<[string, BodyLimitOptions]>([
    ['request', {}],
    ['request', { request: -1 }],
    ['request', { request: '1 tb' as '1gb' }],
    ['response', { response: Number.POSITIVE_INFINITY }],
    ['response', { response: 0.5 }],
    ['maxBytes', { maxBytes: 5 } as BodyLimitOptions],
  ])('a wrong %s', (option, options) => {
    expect(() => bodyLimit(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }))
  })
})
