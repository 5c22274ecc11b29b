import {
  context,
  INVALID_SPAN_CONTEXT,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  ParentBasedSampler,
  type ReadableSpan,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Balancer } from '../core/balancer.ts'
import { ProxyError } from '../core/errors.ts'
import type { Filter } from '../core/handler.ts'
import { log } from '../core/log.ts'
import { RequestMessage, respond } from '../core/message.ts'
import { withTargets } from '../core/target.ts'
import { traceContext } from '../core/trace-context.ts'
import { any, pool, proxy } from '../index.ts'
import { exchange, fault, run, type Simulation, simulate } from '../testing/index.ts'
import { type TracingOptions, tracing } from './tracing.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const PARENT = `00-${TRACE}-${SPAN}-01`
const inOrder: Balancer = (candidates) => candidates[0]!

const ended: ReadableSpan[] = []
/** Without the timers of the SDK's own, which a simulation does not let be set. */
const recorder: SpanProcessor = {
  onStart() {},
  onEnd: (span) => ended.push(span),
  forceFlush: async () => {},
  shutdown: async () => {},
}

function register(sampled = 1, processors: SpanProcessor[] = [recorder]): void {
  const sampler = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampled) })
  trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler, spanProcessors: processors }))
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
}

beforeEach(() => {
  ended.length = 0
})

afterEach(() => {
  trace.disable()
  context.disable()
  propagation.disable()
})

/** One service behind one route. */
function world(options: TracingOptions = {}, shape = (it: ReturnType<typeof pool>) => it): Simulation {
  return simulate(
    proxy()
      .listen({ port: 80, trustedProxies: ['10.0.0.0/8'] })
      .use(tracing(options))
      .route('GET /users/:id', shape(pool(['http://u1:8080', 'http://u2']).balance(inOrder)))
      .route('POST /users', pool(['http://u1:8080'])),
  )
}

const spans = (): ReadableSpan[] => ended
const server = (): ReadableSpan => spans().find(({ kind }) => kind === 1)!
const clients = (): ReadableSpan[] => spans().filter(({ kind }) => kind === 2)
const parentOf = (span: ReadableSpan): string | undefined => span.parentSpanContext?.spanId
const idOf = (span: ReadableSpan): string => span.spanContext().spanId

describe('tracing', () => {
  it('makes a span of an exchange and one of its attempt, and tells the service of the latter', async () => {
    register()
    await using sim = world()
    const service = sim.upstream('http://u1:8080')
    await sim.get('/users/7?token=secret', { headers: { 'user-agent': 'curl/8' } })
    await sim.settle()

    const [attempt] = clients()
    expect([server().name, attempt!.name, spans()]).toEqual([
      'GET /users/:id',
      'GET',
      expect.objectContaining({ length: 2 }),
    ])
    expect(server().attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'http.route': '/users/:id',
      'url.scheme': 'http',
      'url.path': '/users/7',
      'server.address': '127.0.0.1',
      'server.port': 80,
      'client.address': '192.0.2.1',
      'network.peer.address': '192.0.2.1',
      'network.peer.port': expect.any(Number) as number,
      'network.protocol.version': '1.1',
      'user_agent.original': 'curl/8',
    })
    expect(attempt!.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'network.protocol.version': '1.1',
      'server.address': 'u1',
      'server.port': 8080,
      'url.full': 'http://u1:8080/users/7',
    })
    expect([parentOf(server()), parentOf(attempt!)]).toEqual([undefined, idOf(server())])
    expect(service.requests[0]!.header('traceparent')).toBe(
      `00-${server().spanContext().traceId}-${idOf(attempt!)}-01`,
    )
    expect([server().status.code, attempt!.status.code]).toEqual([0, 0])
    await sim.assertNoLeaks()
  })

  it.each([
    ['2', { http2: true }],
    ['1.1', {}],
  ])('says of an attempt that its connection speaks HTTP/%s', async (version, options) => {
    register()
    await using sim = simulate(
      proxy()
        .listen({ port: 80, http2: true })
        .use(tracing())
        .route('/', pool(['http://u1'], options)),
    )
    // What the client speaks is another matter.
    const client = version === '2' ? sim.client('192.0.2.9') : sim.client('192.0.2.9', { http2: true })
    await client.get('/')
    await sim.settle()
    const versions = [server(), ...clients()].map(({ attributes }) => attributes['network.protocol.version'])
    expect(versions).toEqual([version === '2' ? '1.1' : '2', version])
  })

  it('names the span of the exchange where the SDK makes none of an attempt any more', async () => {
    register()
    const spanless = trace.wrapSpanContext(INVALID_SPAN_CONTEXT)
    const leaving = new BasicTracerProvider({ spanProcessors: [recorder] }).getTracer('leaving')
    const startSpan = leaving.startSpan.bind(leaving)
    leaving.startSpan = (name, options, within) =>
      options?.kind === SpanKind.CLIENT ? spanless : startSpan(name, options, within)
    await using sim = world({ tracerProvider: { getTracer: () => leaving } })
    const service = sim.upstream('http://u1:8080')
    await sim.get('/users/7')
    await sim.settle()
    expect(service.requests[0]!.header('traceparent')).toBe(
      `00-${server().spanContext().traceId}-${idOf(server())}-01`,
    )
  })

  it('calls a route by its path alone, whatever else it asks for', async () => {
    register()
    const users = pool(['http://u1:8080'])
    await using sim = simulate(
      proxy()
        .listen(80)
        .use(tracing())
        .route('GET *.example/users/:id', users)
        .route(any('/x', { host: 'a.test', path: '/y/*' }), users),
    )
    sim.upstream('http://u1:8080')
    await sim.get('http://api.example/users/7')
    await sim.get('http://a.test/y/1')
    await sim.settle()
    expect(
      spans()
        .filter(({ kind }) => kind === 1)
        .map(({ name, attributes }) => [name, attributes['http.route']]),
    ).toEqual([
      ['GET /users/:id', '/users/:id'],
      ['GET /y/*', '/y/*'],
    ])
  })

  it('tells the time by the engine’s clock, up to the last byte', async () => {
    register()
    await using sim = world()
    sim
      .upstream('http://u1:8080')
      .reply({ delayMs: 100, body: 'x'.repeat(10) })
      .inject(fault.drip(1, '200ms'))
    const { durationMs } = await sim.get('/users/7')
    expect(server().startTime).toEqual([Date.UTC(2026, 0, 1) / 1_000, 0])
    expect(server().duration[0] * 1_000 + server().duration[1] / 1e6).toBeCloseTo(durationMs)
    expect(durationMs).toBeGreaterThan(1_000)
  })

  it('continues the trace of a trusted proxy', async () => {
    register(0)
    await using sim = world()
    const service = sim.upstream('http://u1:8080')
    const headers = { traceparent: `00-${TRACE}-${SPAN}-03`, tracestate: 'a=1', baggage: 'k=v' }
    await sim.client('10.0.0.1').get('/users/7', { headers })
    expect([server().spanContext().traceId, parentOf(server())]).toEqual([TRACE, SPAN])
    const [request] = service.requests
    expect(request!.header('traceparent')).toBe(`00-${TRACE}-${idOf(clients()[0]!)}-03`)
    expect([request!.header('tracestate'), request!.header('baggage')]).toEqual(['a=1', 'k=v'])
  })

  it('begins a new trace for anyone else, with a link to theirs', async () => {
    register()
    await using sim = world()
    const service = sim.upstream('http://u1:8080')
    await sim.get('/users/7', { headers: { traceparent: PARENT, tracestate: 'a=1', baggage: 'k=v' } })
    expect(server().spanContext().traceId).not.toBe(TRACE)
    expect(parentOf(server())).toBeUndefined()
    expect(server().links.map((it) => it.context)).toMatchObject([{ traceId: TRACE, spanId: SPAN }])
    const [request] = service.requests
    expect(request!.header('traceparent')).toContain(server().spanContext().traceId)
    expect([request!.header('tracestate'), request!.header('baggage')]).toEqual([undefined, undefined])
  })

  it.each([
    [{ accept: 'anyone' } as const, true, 'k=v'],
    [{ accept: 'nobody' } as const, false, undefined],
    [{ accept: 'anyone', baggage: 'nobody' } as const, true, undefined],
    [{ baggage: 'anyone' } as const, false, 'k=v'],
  ])('believes a client as it is told to by %j', async (options, continued, baggage) => {
    register()
    await using sim = world(options)
    await sim.get('/users/7', { headers: { traceparent: PARENT, baggage: 'k=v' } })
    expect(server().spanContext().traceId === TRACE).toBe(continued)
    expect(sim.upstream('http://u1:8080').requests[0]!.header('baggage')).toBe(baggage)
  })

  it('counts retries', async () => {
    register()
    await using sim = world({}, (it) => it.retry({ attempts: 2, budget: 1 }))
    sim.upstream('http://u1:8080').inject(fault.resetBeforeHead())
    await sim.get('/users/7')
    const [failed, second] = clients()
    expect(failed!.attributes).toMatchObject({ 'error.type': 'upstream_reset', 'server.address': 'u1' })
    expect(failed!.attributes).not.toHaveProperty(['http.request.resend_count'])
    expect(failed!.status).toEqual({ code: SpanStatusCode.ERROR, message: 'upstream_reset' })
    expect(second!.attributes).toMatchObject({
      'http.request.resend_count': 1,
      'http.response.status_code': 200,
      'server.address': 'u2',
      'server.port': 80,
    })
    expect([parentOf(failed!), parentOf(second!)]).toEqual([idOf(server()), idOf(server())])
    expect(sim.upstream('http://u2').requests[0]!.header('traceparent')).toContain(idOf(second!))
  })

  it('counts what a filter has sent once more', async () => {
    register()
    const again: Filter = async (it, next) => {
      const response = await next(it)
      response.body.discard()
      return next(it)
    }
    await using sim = simulate(
      proxy()
        .listen(80)
        .use(tracing(), again)
        .route('/', pool(['http://u1'])),
    )
    await sim.get('/')
    await sim.settle()
    expect(clients().map(({ attributes }) => attributes['http.request.resend_count'])).toEqual([undefined, 1])
  })

  it('names a trace that is not sampled to those whom filters call', async () => {
    register(0)
    const other = pool(['http://auth'])
    const calling: Filter = withTargets(
      async (it, next) => {
        const answer = await it.call(other, new RequestMessage({ target: '/check' }))
        answer.body.discard()
        return next(it)
      },
      [other],
    )
    await using sim = simulate(
      proxy()
        .listen(80)
        .use(tracing(), calling)
        .route('/', pool(['http://u1'])),
    )
    await sim.get('/')
    const [asked] = sim.upstream('http://auth').requests
    expect(asked!.header('traceparent')).toMatch(/-00$/)
    expect(sim.upstream('http://u1').requests[0]!.header('traceparent')).toBe(asked!.header('traceparent'))
  })

  it('gives a hedge a link to the attempt that is late', async () => {
    register()
    await using sim = world({}, (it) => it.hedge({ afterMs: 50, budget: 1 }))
    sim.upstream('http://u1:8080').reply({ delayMs: 1_000 })
    await sim.get('/users/7')
    await sim.settle()
    const late = clients().find((it) => it.attributes['server.address'] === 'u1')!
    const hedge = clients().find((it) => it.attributes['server.address'] === 'u2')!
    expect(hedge.links.map((it) => it.context.spanId)).toEqual([idOf(late)])
    expect(late.links).toEqual([])
    expect(hedge.attributes).not.toHaveProperty(['http.request.resend_count'])
    expect([late.attributes['error.type'], late.status.code]).toEqual(['hedge_lost', SpanStatusCode.UNSET])
  })

  it.each([
    [404, 'UNSET', undefined, 'ERROR'],
    [503, 'ERROR', '503', 'ERROR'],
    [302, 'UNSET', undefined, 'UNSET'],
  ] as const)('says what a status of %d of the service is', async (status, own, type, attempts) => {
    register()
    await using sim = world()
    sim.upstream('http://u1:8080').reply({ status })
    await sim.get('/users/7')
    await sim.settle()
    expect(server().status).toEqual({ code: SpanStatusCode[own] })
    expect(server().attributes['error.type']).toBe(type)
    expect(clients()[0]!.status.code).toBe(SpanStatusCode[attempts])
    expect(clients()[0]!.attributes['error.type']).toBe(status < 400 ? undefined : String(status))
  })

  it('says why there was no answer in time', async () => {
    register()
    await using sim = world({}, (it) => it.deadline({ ms: '1s' }))
    sim.upstream('http://u1:8080').inject(fault.noAnswer())
    expect((await sim.get('/users/7')).status).toBe(504)
    expect(server().attributes).toMatchObject({
      'error.type': 'upstream_deadline',
      'http.response.status_code': 504,
    })
    expect(server().status.code).toBe(SpanStatusCode.ERROR)
    expect(clients()[0]!.attributes['error.type']).toBe('upstream_deadline')
  })

  it('says that the client has left', async () => {
    register()
    await using sim = world()
    sim.upstream('http://u1:8080').inject(fault.noAnswer())
    const pending = sim.get('/users/7')
    await sim.advance('1s')
    pending.leave()
    await sim.settle()
    expect(server().attributes['error.type']).toBe('client_aborted')
    expect(server().attributes).not.toHaveProperty(['http.response.status_code'])
    expect([server().status.code, clients()[0]!.attributes['error.type']]).toEqual([
      SpanStatusCode.ERROR,
      'client_aborted',
    ])
    await sim.assertNoLeaks()
  })

  it('says why a filter has refused, which is no error of the proxy', async () => {
    register()
    const refuse: Filter = () => {
      throw new ProxyError('rate_limited')
    }
    await using sim = simulate(
      proxy()
        .listen(80)
        .use(tracing(), refuse)
        .route('/', pool(['http://u1'])),
    )
    await sim.get('/')
    expect([spans().length, server().name]).toEqual([1, 'GET'])
    expect(server().attributes).toMatchObject({
      'error.type': 'rate_limited',
      'http.response.status_code': 429,
    })
    expect(server().status.code).toBe(SpanStatusCode.UNSET)
  })

  it('calls a method that it does not know HTTP, unless it is told of it', async () => {
    register()
    const ask = async (method: string, options: TracingOptions): Promise<void> => {
      await using sim = simulate(
        proxy()
          .listen(80)
          .use(tracing(options))
          .route('/x', () => respond(200)),
      )
      await sim.request({ method, url: '/x' })
    }
    await ask('PURGE', {})
    await ask('PURGE', { knownMethods: ['PURGE'] })
    await ask('get', {})
    expect(
      spans().map(({ name, attributes }) => [
        name,
        attributes['http.request.method'],
        attributes['http.request.method_original'],
      ]),
    ).toEqual([
      ['HTTP /x', '_OTHER', 'PURGE'],
      ['PURGE /x', 'PURGE', undefined],
      ['HTTP /x', '_OTHER', 'get'],
    ])
  })

  it('shows of a query only what it is told to', async () => {
    register()
    await using sim = world({ query: ['page'] })
    await sim.get('/users/7?page=2&token=secret&raw&page=3&sig=')
    const shown = 'page=2&token=REDACTED&REDACTED&page=3&sig=REDACTED'
    expect(server().attributes['url.query']).toBe(shown)
    expect(clients()[0]!.attributes['url.full']).toBe(`http://u1:8080/users/7?${shown}`)
  })

  it('records the fields that it is told to, shortened', async () => {
    register()
    await using sim = world({ requestHeaders: ['X-Tenant', 'x-none'], responseHeaders: ['X-Cache'] })
    sim.upstream('http://u1:8080').reply({ headers: { 'x-cache': 'hit' } })
    await sim.get('/users/7', {
      headers: [
        ['x-tenant', 'a'],
        ['x-tenant', 'b'.repeat(2_000)],
      ],
    })
    expect(server().attributes).toMatchObject({
      'http.request.header.x-tenant': ['a', 'b'.repeat(1_024)],
      'http.response.header.x-cache': ['hit'],
    })
    expect(server().attributes).not.toHaveProperty(['http.request.header.x-none'])
  })

  it('makes the span active for filters inside, and tells others of its ids', async () => {
    register()
    const seen: unknown[] = []
    const inside: Filter = async (it, next) => {
      seen.push(trace.getActiveSpan()?.spanContext().spanId, it.get(traceContext)?.spanId)
      seen.push(propagation.getActiveBaggage()?.getEntry('k')?.value)
      const response = await next(it)
      seen.push(trace.getActiveSpan()?.spanContext().spanId)
      return response
    }
    await using sim = simulate(
      proxy()
        .listen(80)
        .use(tracing({ accept: 'anyone' }), inside)
        .route('/', pool(['http://u1'])),
    )
    await sim.get('/', { headers: { baggage: 'k=v' } })
    expect(seen).toEqual([idOf(server()), idOf(server()), 'v', idOf(server())])
    expect(trace.getActiveSpan()).toBeUndefined()
  })

  it.each([
    ['is', true],
    ['is none, which nobody sees,', false],
  ])('makes a span active that is not recorded, where a context manager %s there', async (_, kept) => {
    register(0)
    if (!kept) context.disable()
    const seen: unknown[] = []
    const inside: Filter = (it, next) => {
      seen.push(trace.getActiveSpan()?.spanContext().spanId === it.get(traceContext)!.spanId)
      return next(it)
    }
    await using sim = simulate(
      proxy()
        .listen(80)
        .use(tracing(), inside)
        .route('/', () => respond(200, 'ok')),
    )
    expect((await sim.get('/')).status).toBe(200)
    expect(seen).toEqual([kept])
  })

  it('begins at the root, whatever is active where a connection is read', async () => {
    register()
    const other = trace.getTracer('other').startSpan('other')
    const seen: string[] = []
    const next = () => {
      seen.push(trace.getActiveSpan()!.spanContext().traceId)
      return respond(200)
    }
    await context.with(trace.setSpan(context.active(), other), async () => {
      await run(tracing(), exchange(), next)
    })
    expect(seen).toHaveLength(1)
    expect(seen[0]).not.toBe(other.spanContext().traceId)
  })

  it('makes calls of filters attempts of the exchange', async () => {
    register()
    const other = pool(['http://auth']).retry({ attempts: 2, budget: 1 })
    const calling: Filter = Object.assign(
      (async (it, next) => {
        const answer = await it.call(other, new RequestMessage({ target: '/check' }))
        answer.body.discard()
        return next(it)
      }) as Filter,
      { uses: [other] },
    )
    await using sim = simulate(
      proxy()
        .listen(80)
        .use(tracing(), calling)
        .route('/', pool(['http://u1'])),
    )
    const auth = sim.upstream('http://auth')
    auth.inject(fault.resetBeforeHead(), { next: 1 })
    await sim.get('/')
    await sim.settle()
    expect(
      clients().map(({ attributes }) => [attributes['url.full'], attributes['http.request.resend_count']]),
    ).toEqual([
      ['http://auth/check', undefined],
      ['http://auth/check', 1],
      ['http://u1/', undefined],
    ])
    expect(new Set(clients().map(parentOf))).toEqual(new Set([idOf(server())]))
    expect(auth.requests.at(-1)!.header('traceparent')).toContain(idOf(clients()[1]!))
  })

  it('ends the span of a tunnel with the tunnel', async () => {
    register()
    await using sim = simulate(
      proxy()
        .listen(80)
        .use(tracing())
        .route('/chat', pool(['http://u1'])),
    )
    sim.upstream('http://u1').websocket('/chat')
    const socket = await sim.websocket('/chat')
    await sim.advance('10s')
    expect(spans()).toEqual([])
    await socket.close()
    await sim.advance('10s')
    expect([server().attributes['http.response.status_code'], server().duration[0]]).toEqual([101, 10])
    expect([clients()[0]!.attributes['http.response.status_code'], clients()[0]!.duration[0]]).toEqual([
      101, 10,
    ])
  })

  it('records nothing of a trace that is not sampled, and passes it on', async () => {
    register(0)
    const seen: unknown[] = []
    const inside: Filter = (it, next) => {
      seen.push(it.get(traceContext)?.sampled, it.recording)
      return next(it)
    }
    await using sim = simulate(
      proxy()
        .listen(80)
        .use(tracing(), inside)
        .route('/', pool(['http://u1'])),
    )
    await sim.get('/')
    expect(spans()).toEqual([])
    expect(sim.upstream('http://u1').requests[0]!.header('traceparent')).toMatch(
      /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/,
    )
    expect(seen[0]).toBe(false)
  })

  it('passes on what a trusted proxy says where no SDK is registered, and nothing of others', async () => {
    await using sim = world()
    const service = sim.upstream('http://u1:8080')
    const headers = { traceparent: PARENT, tracestate: 'a=1', baggage: 'k=v' }
    await sim.client('10.0.0.1').get('/users/7', { headers })
    await sim.get('/users/7', { headers })
    expect(
      service.requests.map((it) => ['traceparent', 'tracestate', 'baggage'].map((name) => it.header(name))),
    ).toEqual([
      [PARENT, 'a=1', 'k=v'],
      [undefined, undefined, undefined],
    ])
  })

  it('sees an SDK that is registered later, and one that is taken away', async () => {
    await using sim = world()
    await sim.get('/users/7')
    register()
    await sim.get('/users/7')
    trace.disable()
    await sim.get('/users/7')
    expect(spans()).toHaveLength(2)
    expect(
      sim.upstream('http://u1:8080').requests.map((it) => it.header('traceparent') !== undefined),
    ).toEqual([false, true, false])
  })

  it('uses the provider that it was given', async () => {
    const provider = new BasicTracerProvider({ spanProcessors: [recorder] })
    await using sim = world({ tracerProvider: provider })
    await sim.get('/users/7')
    expect(server().name).toBe('GET /users/:id')
  })

  it('makes no spans of what it is told to ignore', async () => {
    register()
    await using sim = world({ accept: 'anyone', ignore: ({ request }) => request.path === '/users/7' })
    await sim.get('/users/7', { headers: { traceparent: PARENT } })
    expect(spans()).toEqual([])
    expect(sim.upstream('http://u1:8080').requests[0]!.header('traceparent')).toBe(PARENT)
  })

  it('is one, however often it stands on the way', async () => {
    register()
    const twice = simulate(
      proxy()
        .listen(80)
        .use(tracing())
        .route('/', tracing(), pool(['http://u1']).use(tracing())),
    )
    await using sim = twice
    await sim.get('/')
    await sim.settle()
    expect(spans()).toHaveLength(2)
    expect(parentOf(clients()[0]!)).toBe(idOf(server()))
  })

  it('in a pool, names its trace in each attempt', async () => {
    register(0)
    await using sim = simulate(
      proxy()
        .listen(80)
        .route(
          '/',
          pool(['http://u1', 'http://u2']).balance(inOrder).retry({ attempts: 2, budget: 1 }).use(tracing()),
        ),
    )
    sim.upstream('http://u1').reply({ status: 200 }).inject(fault.resetBeforeHead())
    await sim.get('/', { headers: { traceparent: PARENT } })
    const lines = sim
      .upstream('http://u2')
      .requests[0]!.headers.filter(([name]) => name.toLowerCase() === 'traceparent')
    expect(lines).toHaveLength(1)
    expect(lines[0]![1]).not.toContain(TRACE)
  })

  it('ends what is in flight when a reload takes it away', async () => {
    register()
    const users = pool(['http://u1'])
    await using sim = simulate(proxy().listen(80).use(tracing()).route('/', users))
    sim.upstream('http://u1').reply({ delayMs: 1_000 })
    const pending = sim.get('/')
    await sim.advance(100)
    await sim.reload(proxy().listen(80).route('/', users))
    await pending
    await sim.settle()
    expect(
      spans()
        .map(({ kind }) => kind)
        .toSorted((a, b) => a - b),
    ).toEqual([1, 2])
    expect(clients()[0]!.attributes['http.response.status_code']).toBe(200)
  })

  it.each([
    ['gets an answer', 1_000, 200, 200, undefined],
    ['fails', 60_000, 200, undefined, 'upstream_deadline'],
    // What came of the call is not what came of its first attempt.
    ['is tried again', 1_000, 503, undefined, undefined],
  ])(
    'ends the span of a detached call that %s after a reload has taken it away',
    async (_, delayMs, first, status, error) => {
      register()
      const other = pool(['http://audit']).retry({ attempts: 2, on: 503, budget: 1 })
      const calling = withTargets(
        ((it, next) => {
          const sent = it.call(other, new RequestMessage({ target: '/log' }), { detached: true })
          void sent.then(
            (answer) => answer.body.discard(),
            () => {},
          )
          return next(it)
        }) as Filter,
        [other],
      )
      const users = pool(['http://u1'])
      await using sim = simulate(proxy().listen(80).use(tracing(), calling).route('/', users))
      let calls = 0
      sim.upstream('http://audit').reply(() => ({ delayMs, status: calls++ === 0 ? first : 200 }))
      await sim.get('/')
      await sim.advance(100)
      await sim.reload(proxy().listen(80).use(calling).route('/', users))
      await sim.advance(40_000)
      await sim.settle()
      const call = clients().find(({ attributes }) => attributes['url.full'] === 'http://audit/log')
      expect([call?.attributes['http.response.status_code'], call?.attributes['error.type']]).toEqual([
        status,
        error,
      ])
      expect([spans().length, calls]).toEqual([3, first === 503 ? 2 : 1])
    },
  )

  it('goes on over a reload', async () => {
    register()
    const app = () =>
      proxy()
        .listen(80)
        .use(tracing())
        .route('/', pool(['http://u1']))
    await using sim = simulate(app())
    sim.upstream('http://u1').reply({ delayMs: 1_000 })
    const pending = sim.get('/')
    await sim.advance(100)
    await sim.reload(app())
    await pending
    await sim.get('/')
    await sim.settle()
    expect(clients()).toHaveLength(2)
    expect(clients()[0]!.attributes['http.response.status_code']).toBe(200)
  })
})

describe('tracing with an SDK that throws', () => {
  const broken = (): never => {
    throw new Error('broken')
  }
  const registered = (processors?: SpanProcessor[]): TracingOptions => {
    register(1, processors)
    return {}
  }

  it.each<[string, () => TracingOptions]>([
    ['when a span begins', () => registered([{ ...recorder, onStart: broken }])],
    ['when a span ends', () => registered([{ ...recorder, onEnd: broken }])],
    ['at once', () => ({ tracerProvider: { getTracer: broken } })],
    [
      'from its spans',
      () => ({
        tracerProvider: {
          getTracer: () => ({
            startActiveSpan: broken,
            startSpan: () =>
              ({
                spanContext: () => ({ traceId: TRACE, spanId: SPAN, traceFlags: 1 }),
                isRecording: () => true,
                setAttributes: broken,
                setAttribute: broken,
                setStatus: broken,
                updateName: broken,
                end: broken,
              }) as never,
          }),
        },
      }),
    ],
    [
      'from its context manager',
      () => {
        register()
        context.disable()
        context.setGlobalContextManager({
          active: broken,
          with: broken,
          bind: broken,
          enable: broken,
          disable: () => context as never,
        })
        return {}
      },
    ],
    ['in `ignore`', () => ({ ...registered(), ignore: broken })],
  ])('answers all the same %s', async (_, prepare) => {
    const entries: unknown[] = []
    log.to = (entry) => entries.push(entry)
    try {
      await using sim = world(prepare())
      for (let i = 0; i < 5; i++) expect((await sim.get('/users/7')).status).toBe(200)
      await sim.settle()
      // The first, the second, the fourth and so on.
      expect(entries.length).toBeGreaterThanOrEqual(3)
      expect(entries.length).toBeLessThan(7)
      expect(entries[0]).toMatchObject({
        level: 'warn',
        cause: expect.objectContaining({ message: 'broken' }),
      })
      await sim.assertNoLeaks()
    } finally {
      log.to = ({ message }) => console.error(`gatewright: ${message}`)
    }
  })
})

describe('tracing refuses', () => {
  it.each<[string, unknown]>([
    ['accept', 'all'],
    ['baggage', true],
    ['propagation', 'jaeger'],
    ['propagation', []],
    ['propagation', ['w3c', 'w3c']],
    ['propagation', 7],
    ['tracerProvider', {}],
    ['tracerProvider', null],
    ['ignore', '/healthz'],
    ['requestHeaders', 'x-tenant'],
    ['requestHeaders', ['x tenant']],
    ['requestHeaders', ['Authorization']],
    ['requestHeaders', ['cookie']],
    ['responseHeaders', ['Set-Cookie']],
    ['responseHeaders', [7]],
    ['query', 'page'],
    ['query', [7]],
    ['knownMethods', ['a b']],
    ['propagator', 'w3c'],
  ])('a wrong %s: %j', (option, value) => {
    expect(() => tracing({ [option]: value })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }) as Error,
    )
  })
})
