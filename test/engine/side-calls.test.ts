import {
  type Filter,
  type Handler,
  ProxyError,
  pool,
  proxy,
  RequestMessage,
  type RoutedProxy,
  respond,
  targetOf,
  withTargets,
} from 'gatewright'
import { headers } from 'gatewright/filters/headers'
import { fault, simulate } from 'gatewright/testing'
import { expect, test } from 'vitest'

/** Of a request as a service has received it. */
function field(
  received: { readonly headers: readonly (readonly [string, string])[] } | undefined,
  name: string,
) {
  return received?.headers.find(([it]) => it.toLowerCase() === name)?.[1]
}

const request = (target = '/') => new RequestMessage({ target })

test('a filter calls a pool that it has named, and the pool is ended with the proxy', async () => {
  const sessions = pool(['http://sessions'])
  const asks: Filter = async (exchange, next) => {
    const answer = await exchange.call(sessions, request('/who?id=7'))
    const who = await answer.body.text()
    exchange.request.headers.set('x-who', who)
    return next(exchange)
  }
  await using sim = simulate(
    proxy()
      .use(withTargets(asks, [sessions]))
      .route('/', pool(['http://users'])),
  )
  sim.upstream('http://sessions').reply({ body: 'ada' })
  expect((await sim.get('/a')).status).toBe(200)
  const [asked] = sim.upstream('http://sessions').requests
  expect([asked!.target, field(asked, 'host'), field(asked, 'x-forwarded-for')]).toEqual([
    '/who?id=7',
    'sessions',
    '192.0.2.1',
  ])
  expect(field(sim.upstream('http://users').requests[0], 'x-who')).toBe('ada')
  await sim.assertNoLeaks()
})

test('a service that is named by its address is called, once for all who name it, and told of no client if asked', async () => {
  const first = targetOf('keys', 'service', 'https://id.example.com')
  const second = targetOf('keys', 'service', 'https://id.example.com/')
  const asks = (target: typeof first): Filter =>
    withTargets(
      async (exchange, next) => {
        const answer = await exchange.call(target, request('/keys'), { onBehalf: false })
        await answer.body.buffer()
        return next(exchange)
      },
      [target],
    )
  const app = proxy()
    .use(asks(first), asks(second))
    .route('/', () => respond(200))
  await using sim = simulate(app)
  expect((await sim.get('/')).status).toBe(200)
  const { requests } = sim.upstream('https://id.example.com')
  expect(requests).toHaveLength(2)
  expect(requests.map((it) => field(it, 'x-forwarded-for'))).toEqual([undefined, undefined])
  expect(field(requests[0], 'host')).toBe('id.example.com')
  expect(app.explain('GET /').toString()).toContain('calls      https://id.example.com')
  await sim.assertNoLeaks()
})

test('a handler has the exchange answered by pools that it has named', async () => {
  const [one, other] = [pool(['http://one']), pool(['http://other'])]
  const choice = withTargets(
    (exchange: Parameters<Filter>[0]) => exchange.answerFrom(exchange.request.path === '/one' ? one : other),
    [one, other],
  )
  await using sim = simulate(proxy().route('/', choice))
  await sim.get('/one')
  await sim.get('/two')
  await sim.get('/three')
  expect(sim.upstream('http://one').requests).toHaveLength(1)
  expect(sim.upstream('http://other').requests).toHaveLength(2)
  await sim.assertNoLeaks()
})

test('what nobody has named fails with a word on what is missing', async () => {
  const unknown = pool(['http://unknown'])
  let thrown: unknown
  const asks: Filter = async (exchange, next) => {
    await exchange.call(unknown, request()).catch((error) => {
      thrown = error
    })
    return next(exchange)
  }
  await using sim = simulate(proxy().route('/', asks, () => respond(204)))
  expect((await sim.get('/')).status).toBe(204)
  expect(String(thrown)).toContain('withTargets')
})

const slow = pool(['http://slow'])
/** A route whose filter calls the slow service, and what it was told of the end of that. */
function slowCall(options: { detached: boolean }): { readonly app: RoutedProxy; told: unknown } {
  const asks: Filter = (exchange, next) => {
    exchange
      .call(slow, request(), { ...options, timeoutMs: '20s' })
      .then((answer) => answer.body.buffer())
      .then(
        () => {
          call.told = 'through'
        },
        (error) => {
          call.told = error
        },
      )
    return next(exchange)
  }
  const app = proxy().route('/', withTargets(asks, [slow]), () => respond(200))
  const call = { app, told: undefined as unknown }
  return call
}

test('a call ends with the exchange that it is for', async () => {
  const call = slowCall({ detached: false })
  await using sim = simulate(call.app)
  sim.upstream('http://slow').reply({ delayMs: 10_000 })
  await sim.get('/')
  await sim.advance('1s')
  expect(call.told).toMatchObject({ code: 'exchange_aborted' })
  await sim.assertNoLeaks()
})

test('a detached call goes on after it, to its end', async () => {
  const call = slowCall({ detached: true })
  await using sim = simulate(call.app)
  sim.upstream('http://slow').reply({ delayMs: 10_000 })
  await sim.get('/')
  await sim.advance('9s')
  expect(call.told).toBeUndefined()
  await sim.advance('2s')
  expect(call.told).toBe('through')
  await sim.assertNoLeaks()
})

test('a detached call keeps its pool over a reload that has it no more', async () => {
  const call = slowCall({ detached: true })
  await using sim = simulate(call.app)
  sim.upstream('http://slow').reply({ delayMs: 10_000 })
  await sim.get('/')
  await sim.reload(proxy().route('/', () => respond(201)))
  await sim.advance('11s')
  expect(call.told).toBe('through')
  await sim.assertNoLeaks()
})

test('a detached call ends with the proxy', async () => {
  const call = slowCall({ detached: true })
  await using sim = simulate(call.app)
  sim.upstream('http://slow').reply({ delayMs: 10_000 })
  await sim.get('/')
  await sim.drain('1s')
  expect(call.told).toMatchObject({ code: 'proxy_closed' })
  await sim.assertNoLeaks()
})

test.each([
  ['before the head', fault.acceptAndStall()],
  ['in its body', fault.drip(1, '1s')],
])('a call that takes too long fails %s', async (_, injected) => {
  const call = slowCall({ detached: true })
  await using sim = simulate(call.app)
  sim
    .upstream('http://slow')
    .reply({ body: 'x'.repeat(1_000) })
    .inject(injected)
  await sim.get('/')
  await sim.advance('19s')
  expect(call.told).toBeUndefined()
  await sim.advance('2s')
  expect(call.told).toMatchObject({ code: 'upstream_deadline' })
  await sim.assertNoLeaks()
})

test.each([
  [true, [103]],
  [false, []],
  [undefined, []],
])('interim responses to a call go to the client only if asked: %s', async (informs, expected) => {
  const users = pool(['http://users'])
  const calls: Filter = (exchange) =>
    exchange.call(users, request('/'), informs === undefined ? {} : { informs })
  await using sim = simulate(
    proxy()
      .use(withTargets(calls, [users]))
      .route('/', () => respond(404)),
  )
  sim.upstream('http://users').reply({ informational: [{ status: 103, headers: { Link: '</a>' } }] })
  const { status, informational } = await sim.get('/')
  expect([status, informational.map((it) => it.status)]).toEqual([200, expected])
  await sim.assertNoLeaks()
})

test('a call whose body nobody reads is given up with its exchange', async () => {
  const forgets: Filter = async (exchange, next) => {
    await exchange.call(slow, request())
    return next(exchange)
  }
  await using sim = simulate(proxy().route('/', withTargets(forgets, [slow]), () => respond(200)))
  sim.upstream('http://slow').reply({ body: 'x'.repeat(100_000) })
  expect((await sim.get('/')).status).toBe(200)
  await sim.assertNoLeaks()
})

test('a call that fails rejects with what it failed of', async () => {
  const asks: Filter = async (exchange, next) => {
    const why = await exchange.call(slow, request()).then(
      () => 'fine',
      (error) => error.code,
    )
    exchange.request.headers.set('x-why', why)
    return next(exchange)
  }
  await using sim = simulate(
    proxy().route('/', withTargets(asks, [slow]), (exchange) =>
      respond(200, exchange.request.headers.get('x-why')),
    ),
  )
  sim.upstream('http://slow').inject(fault.refuse())
  expect((await sim.get('/')).text()).toBe('upstream_refused')
  await sim.assertNoLeaks()
})

test('a client that leaves ends the calls that were made for it', async () => {
  const asks: Filter = async (exchange, next) => {
    await exchange.call(slow, request())
    return next(exchange)
  }
  await using sim = simulate(proxy().route('/', withTargets(asks, [slow]), () => respond(200)))
  sim.upstream('http://slow').reply({ delayMs: 10_000 })
  const pending = sim.get('/')
  await sim.advance('1s')
  pending.leave()
  await sim.advance('1s')
  expect(sim.exchanges[0]!.outcome!.result).toBe('aborted')
  await sim.assertNoLeaks()
})

test('a call to a handler whose content never ends is given up in time, and whoever reads it is told', async () => {
  const endless = () =>
    respond(
      200,
      (async function* () {
        yield Buffer.from('a beginning')
        await new Promise(() => {})
      })(),
    )
  const asks: Handler = async (exchange) => {
    const answer = await exchange.call(endless, request(), { timeoutMs: '2s' })
    return respond(200, await answer.body.text().catch((error) => `given up: ${error.code}`))
  }
  await using sim = simulate(proxy().route('/', asks))
  const response = await sim.get('/')
  expect([response.durationMs, response.text()]).toEqual([2_000, 'given up: upstream_deadline'])
  await sim.assertNoLeaks()
})

test('what filters of a call ask for in error answers is not in those of the exchange that it was made for', async () => {
  const onErrors = (name: string) => headers({ response: { set: { [name]: '1' }, onErrors: true } })
  const asks: Handler = async (exchange) => {
    const inner = onErrors('X-Inner')
    const answer = await exchange.call((call) => inner(call, () => respond(204)), request())
    answer.body.discard()
    throw new ProxyError('no_endpoint')
  }
  await using sim = simulate(proxy().use(onErrors('X-Outer')).route('/', asks))
  const response = await sim.get('/')
  expect([response.status, response.headers.get('x-outer'), response.headers.get('x-inner')]).toEqual([
    503,
    '1',
    undefined,
  ])
  await sim.assertNoLeaks()
})
