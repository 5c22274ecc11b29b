import { pool, proxy, respond } from 'gatewright'
import { memoryNetwork } from 'gatewright/testing'
import { expect, test } from 'vitest'
import type { Filter, Handler } from '../core/handler.ts'

const log: Filter = (exchange, next) => next(exchange)
const auth: Filter = (exchange, next) => next(exchange)
const health: Handler = () => respond(200, 'ok')

test('routes lists every route with all that surrounds it, in the order of writing', () => {
  const app = proxy()
    .use(log)
    .route('GET /users/:id', auth, pool(['http://a:1'], { name: 'users' }).deadline({ ms: '2s' }))
    .group('/admin', (admin) => admin.use(auth).route('/health', health))

  expect(app.routes).toEqual([
    {
      match: 'GET /users/:id',
      filters: ['log', 'auth'],
      target: {
        kind: 'pool',
        name: 'users',
        balancer: 'roundRobin',
        guards: [],
        filters: [],
        endpoints: [
          {
            id: 'http://a:1',
            url: 'http://a:1',
            weight: 1,
            priority: 0,
            zone: undefined,
            labels: {},
            used: true,
          },
        ],
        resilience: expect.objectContaining({
          retry: undefined,
          deadline: { ms: 2_000, header: undefined, grpc: false },
        }),
        limits: expect.objectContaining({ connectMs: 5_000 }),
      },
    },
    { match: '/admin/health', filters: ['log', 'auth'], target: { kind: 'handler', name: 'health' } },
  ])
})

test('routes of a proxy without routes is empty', () => {
  expect(proxy().use(log).routes).toEqual([])
})

test('closed resolves when the proxy is closed, and not before', async () => {
  const running = await proxy()
    .listen(0)
    .route('/', health)
    .start({ signals: false, surroundings: { network: memoryNetwork() } })
  let closed = false
  const told = running.closed.then(() => {
    closed = true
  })

  await Promise.resolve()
  expect(closed).toBe(false)
  await running.drain(0)
  await told
  expect(closed).toBe(true)
})
