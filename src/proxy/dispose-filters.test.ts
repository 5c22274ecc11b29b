import { expect, test, vi } from 'vitest'
import type { Filter, Handler } from '../core/handler.ts'
import { RequestMessage, respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { simulate } from '../testing/index.ts'
import { proxy } from './proxy.ts'

/** A filter that holds something, and notes when it is told to let it go. */
function holding(name: string, released: string[]): Filter {
  const filter: Filter = (exchange, next) => next(exchange)
  return Object.assign(filter, { [Symbol.dispose]: () => released.push(name) })
}

function app(released: string[]) {
  const users = pool(['http://u1']).guard(holding('guard', released)).use(holding('attempt', released))
  return proxy()
    .use(holding('proxy', released))
    .group('/a', (a) => a.use(holding('group', released)).route('/b', holding('route', released), users))
}

const ALL = ['attempt', 'group', 'guard', 'proxy', 'route']

test('filters let go of what they hold when the proxy is closed', async () => {
  const released: string[] = []
  await using sim = simulate(app(released))
  await sim.get('/a/b')
  expect(released).toEqual([])
  await sim.assertNoLeaks()
  expect(released.sort()).toEqual(ALL)
})

test('filters let go of what they hold when a reload has taken them away and their last exchange is over', async () => {
  const released: string[] = []
  await using sim = simulate(app(released))
  sim.upstream('http://u1').reply({ delayMs: 1_000 })
  const running = sim.get('/a/b')
  await sim.advance('100ms')
  await sim.reload(proxy().route('/', () => respond(200)))
  expect(released).toEqual([])
  await running
  expect(released.sort()).toEqual(ALL)
  await sim.assertNoLeaks()
})

test('filters let go of what they hold once, also where a call of theirs begins too late', async () => {
  const released: string[] = []
  const [gate, began] = [Promise.withResolvers<void>(), Promise.withResolvers<unknown>()]
  const late: Handler = async (call) => {
    await gate.promise
    const nested = call.call(() => respond(200), new RequestMessage(), { detached: true })
    began.resolve(nested.catch((error) => error.code))
    return respond(200)
  }
  const calls: Filter = (exchange, next) => {
    void exchange.call(late, new RequestMessage())
    return next(exchange)
  }
  await using sim = simulate(
    proxy()
      .use(holding('proxy', released), calls)
      .route('/', () => respond(200)),
  )
  await sim.get('/')
  await sim.reload(proxy().route('/', () => respond(200)))
  expect(released).toEqual(['proxy'])
  gate.resolve()
  expect(await began.promise).toBe('proxy_closed')
  expect(released).toEqual(['proxy'])
  await sim.assertNoLeaks()
})

test('a filter that fails over its end keeps no other one, and no connection', async () => {
  const released: string[] = []
  const failing = (name: string): Filter => {
    const filter: Filter = (exchange, next) => next(exchange)
    return Object.assign(filter, {
      [Symbol.dispose]: () => {
        throw new Error(`not now, says ${name}`)
      },
    })
  }
  const users = pool(['http://u1'])
    .guard(failing('guard'))
    .use(failing('attempt'), holding('attempt', released))
    .useEach(() => failing('each'))
    .useEach(() => holding('each', released))
  const failed = proxy()
    .use(failing('proxy'), holding('proxy', released))
    .route('/', failing('route'), holding('route', released), users)
  const said = vi.spyOn(console, 'error').mockImplementation(() => {})
  await using sim = simulate(failed)
  sim.upstream('http://u1').reply({ delayMs: 1_000 })
  const running = sim.get('/')
  await sim.advance('100ms')
  await sim.reload(proxy().route('/', () => respond(200)))
  expect((await running).status).toBe(200)
  await sim.assertNoLeaks()
  expect(released.sort()).toEqual(['attempt', 'each', 'proxy', 'route'])
  expect(said.mock.calls.map(([, error]) => (error as Error).message).sort()).toEqual(
    ['attempt', 'each', 'guard', 'proxy', 'route'].map((name) => `not now, says ${name}`),
  )
  said.mockRestore()
})
