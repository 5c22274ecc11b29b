import { describe, expect, test } from 'vitest'
import type { Handler } from '../core/handler.ts'
import type { HeaderList, HeadersInit } from '../core/headers.ts'
import { type ResponseMessage, respond } from '../core/message.ts'
import { pool, proxy } from '../index.ts'
import {
  assertProblem,
  type ExchangeOptions,
  exchange,
  fault,
  run,
  simulate,
  virtualClock,
} from '../testing/index.ts'
import { type ForwardAuthOptions, forwardAuth } from './forward-auth.ts'

/** An auth service in a function, and what it was asked. */
function service(answer: (headers: HeaderList) => ResponseMessage | Promise<ResponseMessage>) {
  const asked: { readonly line: string; readonly fields: Record<string, string> }[] = []
  const handler: Handler = ({ request }) => {
    const fields = [...request.headers].map(([name, value]) => [name.toLowerCase(), value])
    asked.push({ line: `${request.method} ${request.target}`, fields: Object.fromEntries(fields) })
    return answer(request.headers)
  }
  return { asked, endpoint: { service: handler, path: '/verify?v=1' } }
}

async function come(options: ForwardAuthOptions, made: ExchangeOptions = {}, answer?: Handler) {
  const result = await run(forwardAuth(options), exchange(made), answer)
  return { ...result, sent: result.calls[0]?.headers }
}

describe('forwardAuth', () => {
  test('asks with the fields of the list, and what the request is', async () => {
    const { asked, endpoint } = service(() => respond(200))
    await come(
      { endpoint, requestHeaders: ['Cookie', 'X-Key'] },
      {
        method: 'PUT',
        url: '/orders/7?a=1',
        headers: [
          ['cookie', 'id=7'],
          ['x-key', 'k'],
          ['authorization', 'Bearer abc'],
          ['x-forwarded-method', 'GET'],
          ['x-forwarded-uri', '/public'],
        ],
        body: 'content',
      },
    )
    expect(asked).toEqual([
      {
        line: 'GET /verify?v=1',
        fields: {
          cookie: 'id=7',
          'x-key': 'k',
          'x-forwarded-method': 'PUT',
          'x-forwarded-uri': '/orders/7?a=1',
        },
      },
    ])
  })

  test('asks with the usual fields by itself', async () => {
    const { asked, endpoint } = service(() => respond(200))
    const headers = { cookie: 'a', authorization: 'b', accept: 'c', 'x-requested-with': 'd', 'x-other': 'e' }
    await come({ endpoint }, { headers })
    expect(Object.keys(asked[0]!.fields).slice(0, 4)).toEqual([
      'authorization',
      'cookie',
      'accept',
      'x-requested-with',
    ])
    expect(asked[0]!.fields['x-other']).toBeUndefined()
  })

  test('copies fields of its answer, and no client can put them there', async () => {
    const { endpoint } = service(() => respond(204, undefined, { 'X-User': 'ada', 'X-Other': 'no' }))
    const { sent } = await come(
      { endpoint, identityHeaders: ['X-User', 'X-Groups', 'Remote_Name'] },
      {
        headers: [
          ['x-user', 'root'],
          ['X-USER', 'root'],
          ['x_user', 'root'],
          ['x-groups', 'admins'],
          ['X_Groups', 'admins'],
          ['remote-name', 'root'],
          ['x-other', 'stays'],
        ],
      },
    )
    expect([...sent!].filter(([name]) => name !== 'Host')).toEqual([
      ['x-other', 'stays'],
      ['X-User', 'ada'],
    ])
  })

  test('puts fields of its answer into the response', async () => {
    const cookies: HeadersInit = [
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
      ['X-Secret', 'internal'],
    ]
    const { endpoint } = service(() => respond(200, 'ok', cookies))
    const { response } = await come({ endpoint, clientHeaders: ['Set-Cookie'] }, {}, () =>
      respond(200, 'page', { 'Set-Cookie': 'c=3' }),
    )
    expect(response.headers.getAll('set-cookie')).toEqual(['c=3', 'a=1', 'b=2'])
    expect(response.headers.has('x-secret')).toBe(false)
  })

  test.each([
    [302, { Location: 'https://login.example/?rd=1', 'Set-Cookie': 'state=1' }],
    [401, { 'WWW-Authenticate': 'Basic realm="x"' }],
    [403, {}],
    [404, {}],
    [429, { 'Retry-After': '3' }],
  ])('gives the client its answer of %i as it is', async (status, fields) => {
    const { endpoint } = service(() => respond(status, 'not you', fields))
    const { response, callCount } = await come({ endpoint })
    expect([response.status, await response.body.text(), callCount]).toEqual([status, 'not you', 0])
    for (const [name, value] of Object.entries(fields)) expect(response.headers.get(name)).toBe(value)
  })

  test.each<[string, () => ResponseMessage | Promise<ResponseMessage>]>([
    ['with 500', () => respond(500, 'stack trace')],
    ['with 503', () => respond(503)],
    ['with too much', () => respond(200, 'x'.repeat(2 ** 20 + 1))],
    ['never', () => new Promise(() => {})],
    [
      'with an exception',
      () => {
        throw new Error('down')
      },
    ],
  ])('is unavailable where the service answers %s', async (_, answer) => {
    const { endpoint } = service(answer)
    await expect(come({ endpoint })).rejects.toMatchObject({ code: 'identity_unavailable' })
  })
})

describe('forwardAuth with a key', () => {
  const cacheKey: ForwardAuthOptions['cacheKey'] = ({ request }) => request.headers.get('cookie')

  test('keeps what passes for its time, with its fields, and nothing else', async () => {
    const { asked, endpoint } = service((headers) => {
      const cookie = headers.get('cookie')
      if (cookie === 'bad') return respond(302, undefined, { Location: '/login', 'Set-Cookie': 'state=1' })
      if (cookie === 'renewed') return respond(200, undefined, { 'Set-Cookie': 'id=8' })
      return respond(200, undefined, { 'X-User': cookie ?? 'nobody' })
    })
    const filter = forwardAuth({
      endpoint,
      cacheKey,
      cacheMs: '10s',
      identityHeaders: ['X-User'],
      clientHeaders: ['Set-Cookie'],
    })
    const clock = virtualClock()
    const comes = async (cookie?: string) => {
      const headers = { 'x-user': 'root', ...(cookie !== undefined && { cookie }) }
      const { calls, response } = await run(filter, exchange({ clock, headers }))
      return calls[0]?.headers.get('x-user') ?? response.headers.get('set-cookie')
    }
    expect(await comes('ada')).toBe('ada')
    expect(await comes('ada')).toBe('ada')
    expect(await comes('bob')).toBe('bob')
    expect(asked).toHaveLength(2)
    for (const [cookie, expected] of [
      ['bad', 'state=1'],
      ['renewed', 'id=8'],
      [undefined, 'nobody'],
    ] as const)
      expect([await comes(cookie), await comes(cookie)]).toEqual([expected, expected])
    expect(asked).toHaveLength(8)
    await clock.advance('10s')
    expect(await comes('ada')).toBe('ada')
    expect(asked).toHaveLength(9)
    expect(clock.pending).toBe(0)
  })

  test.each<[string, unknown]>([
    ['a promise, which as a text is the same for everyone', Promise.resolve('ada')],
    ['null', null],
    ['an object', {}],
  ])('takes no key from %s', async (_, key) => {
    const { endpoint } = service(() => respond(200, undefined, { 'X-User': 'ada' }))
    const filter = forwardAuth({ endpoint, cacheKey: () => key as string, identityHeaders: ['X-User'] })
    await expect(run(filter, exchange())).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      option: 'cacheKey',
    })
  })

  test('keeps fewer answers where they are large', async () => {
    const { asked, endpoint } = service(() => respond(200, undefined, { 'X-User': 'x'.repeat(60_000) }))
    const filter = forwardAuth({ endpoint, cacheKey, cacheMax: 100, identityHeaders: ['X-User'] })
    const clock = virtualClock()
    for (const cookie of [...Array.from({ length: 100 }, (_, i) => `c${i}`), 'c99', 'c0'])
      await run(filter, exchange({ clock, headers: { cookie } }))
    expect(asked.map(({ fields }) => fields.cookie).slice(99)).toEqual(['c99', 'c0'])
  })

  test('tells keys apart that are not well-formed', async () => {
    const { asked, endpoint } = service(() => respond(200))
    const keys = ['\ud800', '\ud801', '\ufffd']
    const filter = forwardAuth({ endpoint, cacheKey: () => keys.shift() })
    const clock = virtualClock()
    for (let i = 0; i < 3; i++) await run(filter, exchange({ clock }))
    expect(asked).toHaveLength(3)
  })

  test('keeps no more than so many', async () => {
    const { asked, endpoint } = service(() => respond(200))
    const filter = forwardAuth({ endpoint, cacheKey, cacheMax: 2 })
    const clock = virtualClock()
    for (const cookie of ['a', 'b', 'c', 'c', 'b', 'a'])
      await run(filter, exchange({ clock, headers: { cookie } }))
    expect(asked.map(({ fields }) => fields.cookie)).toEqual(['a', 'b', 'c', 'a'])
  })
})

test('forwardAuth in a whole proxy: who is told of what, log-ins, outages, and clients that leave', async () => {
  await using sim = simulate(
    proxy()
      .listen({ port: 80, trustedProxies: ['10.0.0.1'] })
      .use(
        forwardAuth({
          endpoint: { service: 'http://auth:9091', path: '/verify' },
          identityHeaders: ['Remote-User'],
        }),
      )
      .route('/', pool(['http://u1'])),
  )
  const auth = sim.upstream('http://auth:9091')
  auth.on('GET /verify', (request) =>
    request.header('cookie') === 'id=7'
      ? { headers: { 'Remote-User': 'ada' }, body: 'ok' }
      : {
          status: 302,
          headers: [
            ['Location', 'https://login.example/'],
            ['Set-Cookie', 'a=1'],
            ['Set-Cookie', 'b=2'],
            ['Connection', 'X-Hop'],
            ['X-Hop', '1'],
          ],
          body: 'log in',
        },
  )
  const known = { cookie: 'id=7', host: 'shop.example', 'remote-user': 'root' }

  // 1. A request that passes. The service sees the client, the host that it asked for, and the request.
  expect((await sim.post('/cart?x=1', { headers: known, body: 'item=7' })).status).toBe(200)
  const [asked] = auth.requests
  const told = [
    'host',
    'x-forwarded-host',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-forwarded-method',
    'x-forwarded-uri',
  ]
  expect([asked!.method, asked!.body.length, ...told.map((it) => asked!.header(it))]).toEqual([
    'GET',
    0,
    'auth:9091',
    'shop.example',
    '192.0.2.1',
    'http',
    'POST',
    '/cart?x=1',
  ])
  const [served] = sim.upstream('http://u1').requests
  expect([served!.header('remote-user'), served!.body.toString()]).toEqual(['ada', 'item=7'])

  // 2. What a trusted proxy says of the client is told; what a client says of itself is not.
  const forwarded = { ...known, 'x-forwarded-host': 'outside.example', 'x-forwarded-for': '198.51.100.7' }
  await sim.client('10.0.0.1').get('/', { headers: forwarded })
  await sim.client('192.0.2.9').get('/', { headers: forwarded })
  expect(
    auth.requests.slice(1).map((it) => [it.header('x-forwarded-host'), it.header('x-forwarded-for')]),
  ).toEqual([
    ['outside.example', '198.51.100.7, 10.0.0.1'],
    ['shop.example', '192.0.2.9'],
  ])

  // 3. A log-in is the client's to see, but for the fields of the connection.
  const login = await sim.get('/')
  expect([login.status, login.text(), login.headers.get('location')]).toEqual([
    302,
    'log in',
    'https://login.example/',
  ])
  expect([login.headers.getAll('set-cookie'), login.headers.has('x-hop')]).toEqual([['a=1', 'b=2'], false])
  expect((await sim.request({ method: 'HEAD', url: '/' })).status).toBe(302)

  // 4. An outage, and one who does not wait for its end.
  auth.inject(fault.resetBeforeHead())
  assertProblem(await sim.get('/', { headers: known }), 'identity_unavailable')
  auth.pause()
  const leaves = sim.get('/', { headers: known })
  await sim.settle()
  leaves.leave()
  await sim.settle()
  expect(sim.upstream('http://u1').requests).toHaveLength(3)
  await sim.assertNoLeaks()
})

test('forwardAuth takes half an answer for none, and gives all of one to a client that reads slowly', async () => {
  await using sim = simulate(
    proxy()
      .listen(80)
      .use(forwardAuth({ endpoint: { service: 'http://auth', path: '/' }, timeoutMs: '1s' }))
      .route('/', pool(['http://u1'])),
  )
  const auth = sim.upstream('http://auth')
  auth.reply({ status: 403, body: 'x'.repeat(500_000) })
  const slow = await sim.connect()
  slow.pause()
  await slow.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await sim.advance('10s')
  slow.resume()
  expect((await slow.response()).body).toHaveLength(500_000)

  auth.inject(fault.resetAfterBytes(1_000))
  assertProblem(await sim.get('/'), 'identity_unavailable')
  expect(sim.upstream('http://u1').requests).toHaveLength(0)
  await sim.assertNoLeaks()
})

describe('forwardAuth does not take', () => {
  const endpoint = { service: () => respond(200), path: '/' }
  test.each<[string, unknown]>([
    ['endpoint', {}],
    ['endpoint', { endpoint: 'http://auth.internal/verify' }],
    ['endpoint.service', { endpoint: { service: 'http://auth/verify', path: '/' } }],
    ['requestHeaders', { endpoint, requestHeaders: 'Cookie' }],
    ['requestHeaders', { endpoint, requestHeaders: ['X-Forwarded-For'] }],
    ['requestHeaders', { endpoint, requestHeaders: ['Content-Length'] }],
    ['identityHeaders', { endpoint, identityHeaders: ['a b'] }],
    ['identityHeaders', { endpoint, identityHeaders: ['Host'] }],
    ['clientHeaders', { endpoint, clientHeaders: ['Transfer-Encoding'] }],
    ...['X-Real-IP', 'Via', 'Expect', 'Sec-WebSocket-Key', 'X_Forwarded_For', 'Proxy-Authorization'].map(
      (name): [string, unknown] => ['identityHeaders', { endpoint, identityHeaders: [name] }],
    ),
    ['cacheKey', { endpoint, cacheKey: 'cookie' }],
    ['cacheMs', { endpoint, cacheMs: '10s' }],
    ['cacheMax', { endpoint, cacheMax: 5 }],
    ['cacheMs', { endpoint, cacheKey: () => '', cacheMs: -1 }],
    ['cacheMax', { endpoint, cacheKey: () => '', cacheMax: 0 }],
    ['timeoutMs', { endpoint, timeoutMs: 0 }],
    ['address', { address: 'https://auth' }],
  ])('a wrong %s: %j', (option, options) => {
    expect(() => forwardAuth(options as ForwardAuthOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })
})
