import { describe, expect, expectTypeOf, it, onTestFinished, vi } from 'vitest'
import type { Handler } from '../core/handler.ts'
import { RequestMessage, type ResponseMessage, respond, respondJson } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange } from '../testing/exchange.ts'
import { simulate } from '../testing/simulation/simulate.ts'
import { fault } from '../testing/upstream/fault.ts'
import { type AggregatedPart, type AggregateOptions, type AggregatePart, aggregate } from './aggregate.ts'

type Asked = Parameters<typeof exchange>[0]

async function answer(options: AggregateOptions, given: Asked = {}): Promise<ResponseMessage> {
  return aggregate(options)(exchange(given))
}

/** What a part is asked with. */
async function asked(
  part: Omit<AggregatePart, 'from'>,
  given: Asked = {},
  more: Partial<AggregateOptions> = {},
) {
  let seen: RequestMessage | undefined
  const from: Handler = ({ request }) => {
    seen = request
    return respondJson(200, 1)
  }
  const response = await answer({ parts: { it: { ...part, from } }, ...more }, given)
  return { seen, response, text: await response.body.text() }
}

const silenced = () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => error.mockRestore())
  return error
}

describe('the document', () => {
  it('has the content of each part, as it came', async () => {
    const response = await answer({
      parts: {
        one: { from: () => respond(200, '{"n": 12345678901234567890, "f": 1.0}') },
        'a "quoted" name': { from: () => respondJson(200, ['x']) },
        empty: { from: () => respond(204) },
      },
    })
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json'])
    expect(await response.body.text()).toBe(
      '{"data":{"one":{"n": 12345678901234567890, "f": 1.0},"a \\"quoted\\" name":["x"],"empty":null}}',
    )
  })

  it.each<[string, Handler, object]>([
    ['a status', () => respond(404, 'who?'), { type: 'about:blank', title: 'Not Found', status: 404 }],
    ['a redirect', () => respond(302, '', { Location: 'http://inner' }), { title: 'Found', status: 502 }],
    [
      'a problem of its own',
      () =>
        respondJson(409, { title: 'No', status: 200, x: 1 }, { 'Content-Type': 'application/problem+json' }),
      { title: 'No', status: 409, x: 1 },
    ],
    [
      'a problem that is none',
      () => respond(409, 'no', { 'Content-Type': 'application/problem+json' }),
      { title: 'Conflict', status: 409 },
    ],
    ['no JSON', () => respond(200, '<html>'), { code: 'upstream_response_malformed', status: 502 }],
    ['nothing', () => respond(200), { code: 'upstream_response_malformed' }],
    ['too much', () => respondJson(200, 'x'.repeat(2_000)), { code: 'upstream_body_too_large' }],
  ])('has a problem where a part answers with %s', async (_, from, problem) => {
    const response = await answer({
      parts: { bad: { from, maxBytes: 1_000 }, good: { from: () => respond(200, '1') } },
    })
    expect(response.status).toBe(200)
    expect(await response.body.json()).toEqual({
      data: { good: 1 },
      errors: { bad: expect.objectContaining(problem) },
    })
  })

  it('lacks a part that is too deep to be written again', async () => {
    const deep: Handler = () => respond(200, `{"x":${'['.repeat(9_000)}${']'.repeat(9_000)}}`)
    const options: AggregateOptions = {
      parts: { it: { from: () => respond(200, '["[[[\\"[", 1]') }, deep: { from: deep } },
    }
    for (const combine of [undefined, (parts: unknown) => parts]) {
      const document = await (
        await answer(combine === undefined ? options : { ...options, combine })
      ).body.text()
      expect(document).toContain('["[[[\\"[", 1]'.replace(combine === undefined ? '' : ' ', ''))
      expect(document).toContain('upstream_response_malformed')
    }
  })

  it('has a problem that cannot be written again as its status alone', async () => {
    const deep = `{"title":"No","x":${'['.repeat(8_000)}${']'.repeat(8_000)}}`
    const broken: Handler = () => respond(409, deep, { 'Content-Type': 'application/problem+json' })
    const response = await answer({
      parts: { it: { from: () => respondJson(200, 1) }, broken: { from: broken } },
    })
    expect(await response.body.text()).toBe(
      '{"data":{"it":1},"errors":{"broken":{"type":"about:blank","title":"Conflict","status":409}}}',
    )
    const alone = await answer({ parts: { broken: { from: broken, required: true } } })
    expect([alone.status, await alone.body.json()]).toEqual([
      409,
      { type: 'about:blank', title: 'Conflict', status: 409 },
    ])
  })

  it('tells nothing of the inside, and whoever runs the proxy all of it', async () => {
    const error = silenced()
    const response = await answer({
      parts: {
        bad: {
          from: () => {
            throw new Error('secret')
          },
        },
        good: { from: () => respond(200, '1') },
      },
    })
    expect(await response.body.text()).not.toContain('secret')
    expect(error.mock.calls.flat()).toContainEqual(expect.objectContaining({ message: 'secret' }))
  })

  it('is 502 where all parts have failed', async () => {
    const from: Handler = () => respond(503)
    const response = await answer({ parts: { one: { from }, other: { from } } })
    expect(response.status).toBe(502)
    expect(Object.keys((await response.body.json()) as object)).toEqual(['data', 'errors'])
  })

  it('is what is made of the parts, with their types', async () => {
    const handler = aggregate({
      parts: { user: { from: () => respond(200, '{"name":"ann"}') }, news: { from: () => respond(500) } },
      combine(parts, { request }) {
        expectTypeOf(parts).toEqualTypeOf<Readonly<Partial<Record<'user' | 'news', AggregatedPart>>>>()
        return { ...parts, path: request.path }
      },
    })
    const response = await handler(exchange({ url: '/home' }))
    expect(await response.body.json()).toEqual({
      user: { ok: true, status: 200, value: { name: 'ann' } },
      news: { ok: false, problem: expect.objectContaining({ status: 500 }) },
      path: '/home',
    })
  })
})

describe('a required part', () => {
  it('that is answered with an error is the answer, with what the service says', async () => {
    const response = await answer({
      parts: {
        user: {
          required: true,
          from: () =>
            respondJson(404, { title: 'No such user' }, { 'Content-Type': 'application/problem+json' }),
        },
        news: { from: () => respond(200, '1') },
      },
    })
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
    expect(await response.body.json()).toEqual({ title: 'No such user', status: 404 })
  })

  it('that fails is an error as any other', async () => {
    const user = { required: true, from: () => respond(200, 'no JSON') }
    await expect(answer({ parts: { user } })).rejects.toMatchObject({ code: 'upstream_response_malformed' })
  })
})

describe('the request of a part', () => {
  it('is a GET with no fields but those that are named', async () => {
    const headers = [
      ['Authorization', 'Bearer x'],
      ['Cookie', 'a=1'],
      ['Accept', 'text/html'],
      ['X-A', '1'],
      ['X-A', '2'],
    ] as [string, string][]
    const plain = await asked({}, { method: 'POST', url: '/a?x=1', headers, body: 'hi' })
    expect([plain.seen?.method, plain.seen?.target]).toEqual(['GET', '/a?x=1'])
    expect(plain.seen?.headers.toJSON()).toEqual([['Accept', 'application/json']])
    const passed = await asked({}, { headers }, { passHeaders: ['authorization', 'x-a', 'accept', 'x-none'] })
    expect(passed.seen?.headers.toJSON()).toEqual([
      ['authorization', 'Bearer x'],
      ['x-a', '1'],
      ['x-a', '2'],
      ['accept', 'text/html'],
    ])
  })

  it('has parameters of the route', async () => {
    const { seen } = await asked(
      { request: '/users/:id/files/*?limit=10' },
      { params: { id: 'a/b c?', '*': 'x/y z' } },
    )
    expect(seen?.target).toBe('/users/a%2Fb%20c%3F/files/x/y%20z?limit=10')
  })

  it.each(['..', '.', 'a/../..', '..;x', '\0'])('with the parameter %j asks for nothing else', async (id) => {
    const { seen, text } = await asked({ request: '/users/:id' }, { params: { id } })
    expect([seen, JSON.parse(text).errors.it.code]).toEqual([undefined, 'request_malformed'])
  })

  it('is what a function makes', async () => {
    expect(
      (await asked({ request: ({ request }) => `/x${request.path}?y` }, { url: '/a' })).seen?.target,
    ).toBe('/x/a?y')
    const made = new RequestMessage({ method: 'PUT', target: '/made' })
    expect((await asked({ request: () => made })).seen?.method).toBe('PUT')
    expect(await asked({ request: () => undefined })).toMatchObject({ seen: undefined, text: '{"data":{}}' })
  })

  it('that a function makes badly is a problem of the part', async () => {
    silenced()
    const { text } = await asked({ request: () => 'no path' })
    expect(JSON.parse(text)).toMatchObject({ errors: { it: { code: 'internal_error' } } })
  })
})

describe('in a proxy', () => {
  const home = (more: Partial<AggregateOptions> = {}) =>
    proxy().route(
      'GET /home/:id',
      aggregate({
        timeoutMs: '2s',
        parts: {
          user: { from: pool(['http://users']), request: '/users/:id' },
          news: { from: 'http://news', request: '/top' },
          ads: { from: 'http://ads', request: '/ads' },
        },
        ...more,
      }),
    )

  it('answers in time with what there is, and problems for the rest', async () => {
    await using sim = simulate(home())
    sim
      .upstream('http://users')
      .on('GET /users/:id', ({ params }) => ({ delayMs: 30, json: { id: params.id } }))
    sim.upstream('http://news').pause()
    sim.upstream('http://ads').inject(fault.resetAfterHead())
    const response = await sim.get('/home/7')
    expect([response.status, response.durationMs]).toEqual([200, 2_000])
    expect(response.json()).toEqual({
      data: { user: { id: '7' } },
      errors: {
        news: expect.objectContaining({ code: 'upstream_deadline', status: 504 }),
        ads: expect.objectContaining({ code: 'upstream_response_incomplete', status: 502 }),
      },
    })
    await sim.assertNoLeaks()
  })

  it('asks at the same time', async () => {
    await using sim = simulate(home())
    for (const name of ['users', 'news', 'ads'])
      sim.upstream(`http://${name}`).reply({ delayMs: 100, json: name })
    const response = await sim.get('/home/7')
    expect([response.durationMs, response.json()]).toEqual([
      100,
      { data: { user: 'users', news: 'news', ads: 'ads' } },
    ])
    await sim.assertNoLeaks()
  })

  it('a part that stalls in the middle of its content is given up in time', async () => {
    await using sim = simulate(home())
    for (const name of ['users', 'ads']) sim.upstream(`http://${name}`).reply({ json: name })
    sim
      .upstream('http://news')
      .reply({ raw: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1,', after: 'keep' })
    const response = await sim.get('/home/7')
    expect(response.durationMs).toBe(2_000)
    expect(Object.keys((response.json() as { errors: object }).errors)).toEqual(['news'])
    await sim.assertNoLeaks()
  })

  it('waits for nothing once a required part has failed', async () => {
    const parts = {
      user: { from: 'http://users', request: '/users/:id', required: true },
      news: { from: 'http://news', request: '/top' },
    }
    await using sim = simulate(home({ parts }))
    sim.upstream('http://users').reply({ delayMs: 10, status: 404 })
    sim.upstream('http://news').pause()
    const response = await sim.get('/home/7')
    expect([response.status, response.durationMs]).toEqual([404, 10])
    await sim.settle()
    expect(sim.journal.toString()).toContain('call GET /top of a filter to http://news failed')
    await sim.assertNoLeaks()
  })

  it('ends all parts when the client leaves', async () => {
    await using sim = simulate(home())
    for (const name of ['users', 'news', 'ads']) sim.upstream(`http://${name}`).pause()
    const pending = sim.get('/home/7')
    pending.catch(() => {})
    await sim.advance(100)
    pending.leave()
    await sim.settle()
    expect(sim.exchanges.at(-1)?.outcome?.result).toBe('aborted')
    expect(sim.journal.toString().match(/of a filter to \S+ failed/g)).toHaveLength(3)
    await sim.assertNoLeaks()
  })
})

describe('aggregate', () => {
  const from: Handler = () => respond(200, '1')
  it.each<[string, unknown]>([
    ['parts', {}],
    ['parts', { parts: {} }],
    ['from', { parts: { a: {} } }],
    ['from', { parts: { a: { from: 'users' } } }],
    ['request', { parts: { a: { from, request: 'users' } } }],
    ['request', { parts: { a: { from, request: '/a/../b' } } }],
    ['request', { parts: { a: { from, request: '/a?b c' } } }],
    ['request', { parts: { a: { from, request: 7 } } }],
    ['required', { parts: { a: { from, required: 'yes' } } }],
    ['maxBytes', { parts: { a: { from, maxBytes: -1 } } }],
    ['timeoutMs', { parts: { a: { from, timeoutMs: 0 } } }],
    ['optional', { parts: { a: { from, optional: true } } }],
    ['timeoutMs', { parts: { a: { from } }, timeoutMs: 'soon' }],
    ['passHeaders', { parts: { a: { from } }, passHeaders: 'cookie' }],
    ['combine', { parts: { a: { from } }, combine: {} }],
    ['part', { parts: { a: { from } }, part: {} }],
  ])('refuses a wrong %s', (option, options) => {
    expect(() => aggregate(options as AggregateOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })
})
