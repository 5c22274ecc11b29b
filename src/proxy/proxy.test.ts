import { describe, expect, test } from 'vitest'
import { attribute } from '../core/attribute.ts'
import type { Filter } from '../core/handler.ts'
import { onRequest, onResponse } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { exchange } from '../testing/exchange.ts'
import { type ProxyBuilder, proxy, type RoutedProxy } from './proxy.ts'

const trail = attribute<string[]>('trail')

/** A filter that notes when it was passed, on the way in and on the way out. */
function noting(name: string): Filter {
  return async (it, next) => {
    it.set(trail, [...(it.get(trail) ?? []), `${name} in`])
    const response = await next(it)
    it.set(trail, [...(it.get(trail) ?? []), `${name} out`])
    return response
  }
}

const ok = () => respond(200, 'ok')

describe('proxy', () => {
  test('runs filters from the outside in, and back', async () => {
    const handler = proxy()
      .use(noting('all'))
      .group('/a', (group) => group.use(noting('group')).route('/b', noting('route'), ok))
      .handler()
    const served = exchange({ url: '/a/b' })
    expect((await handler(served)).status).toBe(200)
    expect(served.get(trail)).toEqual(['all in', 'group in', 'route in', 'route out', 'group out', 'all out'])
    expect(served.route).toEqual({ name: expect.stringContaining('/a'), path: '/a/b' })
  })

  test('is a new description after each call', async () => {
    const base = proxy().use(noting('one'))
    const two = base.use(noting('two')).route('/', ok)
    const one = base.route('/', ok)
    const [first, second] = [exchange(), exchange()]
    await one.handler()(first)
    await two.handler()(second)
    expect(first.get(trail)).toHaveLength(2)
    expect(second.get(trail)).toHaveLength(4)
  })

  test('refuses filters behind a route, and says what to write', () => {
    const routed = proxy().route('/', ok)
    expect(() => (routed as ProxyBuilder).use(noting('late'))).toThrow(/\.group\(prefix/)
    // @ts-expect-error A routed proxy has no `use`.
    expect(typeof (routed as RoutedProxy).use).toBe('function')
  })

  test.each<[string, () => unknown, string]>([
    [
      'a port out of range',
      () => proxy().listen(70_000),
      'listen: "port" must be a whole number from 0 to 65535, got 70000',
    ],
    [
      'a misspelt listen option',
      () => proxy().listen({ prot: 1 } as never),
      'listen: "prot" must be one of the options that exist',
    ],
    [
      'a trusted proxy that is no range',
      () => proxy().listen({ trustedProxies: ['10.0.0.0/40'] }),
      'listen: "trustedProxies" must be',
    ],
    [
      'a limit that is no size',
      () => proxy().listen({ limits: { headBytes: 'big' as '1mb' } }),
      'limits: "headBytes" must be a size',
    ],
    ['a filter that is none', () => proxy().use({} as never), 'use: "filter" must be a function'],
    [
      'a target that is none',
      () => proxy().route('/', 'http://a' as never),
      'route: "handler" must be a pool',
    ],
    ['a route that is hidden', () => proxy().route('/a', ok).route('/a', ok), 'can never be reached'],
    ['an unknown proxy option', () => proxy({ cas: true } as never), 'proxy: "cas" must be'],
    ['the same listener twice', () => proxy().listen(1).listen(1), 'listen: "port" must be different'],
    [
      'a filter in the place of a handler',
      () => proxy().route('/', noting('x') as never),
      'as a filter does',
    ],
    [
      'a misspelling, with the right word',
      () => proxy().listen({ limits: { bodybytes: 1 } as never }),
      'did you mean "bodyBytes"?',
    ],
    ['an error handler that is none', () => proxy().onError(1 as never), 'onError: "handler" must be'],
  ])('refuses %s at the call', (_, call, message) => {
    expect(call).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
    )
  })
})

describe('proxy.handler', () => {
  test.each([
    ['/nowhere', 'GET', 404, undefined],
    ['/read', 'POST', 405, 'GET, HEAD'],
    ['/throws', 'GET', 500, undefined],
  ])('answers errors: %s %s', async (url, method, status, allow) => {
    const handler = proxy()
      .route('GET /read', ok)
      .route('/throws', () => {
        throw new Error('secret')
      })
      .handler()
    const response = await handler(exchange({ url, method }))
    expect(response.status).toBe(status)
    expect(response.headers.get('allow')).toBe(allow)
    expect(await response.body.text()).not.toContain('secret')
  })

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'undefined'],
    ['a string', 'ok', 'string'],
    ['the response of another world', new Response('ok'), 'Response'],
  ])('says what is wrong with a handler that returns %s', async (_, returned, named) => {
    const failures: unknown[] = []
    const handler = proxy()
      .use((it, next) => next(it))
      .onError(({ cause }) => {
        failures.push(cause)
        return undefined
      })
      .route('/', (() => returned) as never)
      .handler()
    expect((await handler(exchange())).status).toBe(500)
    expect(String(failures[0])).toMatch(new RegExp(`must return a ResponseMessage.*got ${named}`))
  })

  test('has errors answered by onError, and by default when that gives nothing', async () => {
    const handler = proxy()
      .onError((error) => (error.status === 404 ? respond(404, 'lost') : undefined))
      .route('GET /x', ok)
      .handler()
    expect(await (await handler(exchange({ url: '/y' }))).body.text()).toBe('lost')
    expect((await handler(exchange({ url: '/x', method: 'PUT' }))).headers.get('content-type')).toBe(
      'application/problem+json',
    )
  })

  test.each([undefined, {}, 'x'])('a step that is no function is refused at the call: %s', (step) => {
    for (const make of [onRequest, onResponse])
      expect(() => make(step as never)).toThrow(
        expect.objectContaining({
          code: 'ERR_OPTION_INVALID',
          message: expect.stringContaining(`${make.name}: "step" must be a function`),
        }),
      )
  })

  test('a step for requests may answer early, and one for responses may replace', async () => {
    const handler = proxy()
      .use(
        onResponse((response) => {
          response.headers.set('X-Seen', '1')
        }),
        onRequest((it) => (it.request.headers.has('x-stop') ? respond(403) : undefined)),
      )
      .route('/', ok)
      .handler()
    const stopped = await handler(exchange({ headers: { 'X-Stop': '1' } }))
    expect([stopped.status, stopped.headers.get('x-seen')]).toEqual([403, '1'])
    expect((await handler(exchange())).status).toBe(200)
  })
})

describe('proxy.explain', () => {
  const app = proxy()
    .use(noting('all'))
    .route(
      '/users/:id',
      pool([{ url: 'http://a:1', weight: 3, zone: 'z' }], { name: 'users' }).leastConnections(),
    )
    .route('GET /read', ok)

  test('names route, parameters, filters and endpoints', () => {
    const found = app.explain('GET http://host/users/7?x=1')
    expect(found).toMatchObject({
      route: '/users/:id',
      params: { id: '7' },
      status: undefined,
      target: {
        kind: 'pool',
        name: 'users',
        balancer: 'leastConnections',
        endpoints: [{ url: 'http://a:1', weight: 3, zone: 'z' }],
      },
    })
    expect(String(found)).toContain('endpoint   http://a:1, weight 3, zone z')
  })

  test('tells endpoints apart by tier, zone and labels, and names those that are not used', () => {
    const endpoints = [
      { url: 'http://a:1', zone: 'z', labels: { version: 'v2', stage: 'prod' } },
      { url: 'http://b:1', priority: 1 },
      { url: 'http://c:1', priority: 1 },
    ]
    const found = proxy()
      .route('/', pool(endpoints).aperture({ instance: 1, size: 1 }))
      .explain('/')
    expect(found.target!.endpoints!.map(({ priority, labels, used }) => [priority, labels, used])).toEqual([
      [0, { version: 'v2', stage: 'prod' }, true],
      [1, {}, false],
      [1, {}, true],
    ])
    expect(String(found)).toContain(
      [
        '  endpoint   http://a:1, weight 1, zone z, version=v2, stage=prod',
        '  endpoint   http://b:1, weight 1, priority 1, outside the aperture',
        '  endpoint   http://c:1, weight 1, priority 1',
      ].join('\n'),
    )
  })

  test.each([
    ['/none', 404],
    ['POST /read', 405],
    ['/a/..%2fb', 400],
  ])('tells what the proxy itself answers to %s', (question, status) => {
    expect(app.explain(question).status).toBe(status)
  })

  test('refuses a question that is none', () => {
    expect(() => app.explain('what?')).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID' }))
  })
})
