import { describe, expect, test } from 'vitest'
import { ProxyError } from '../core/errors.ts'
import type { Filter } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { pool, proxy } from '../index.ts'
import { fault, simulate } from '../testing/index.ts'
import { apiKey } from './api-key.ts'
import { authorize } from './authorize.ts'
import { bandwidth } from './bandwidth.ts'
import { basicAuth } from './basic-auth.ts'
import { bodyLimit } from './body-limit.ts'
import { forwardAuth } from './forward-auth.ts'
import { introspect } from './introspect.ts'
import { ipFilter } from './ip-filter.ts'
import { jwt } from './jwt.ts'
import { rateLimit } from './rate-limit.ts'

const REFUSING: readonly (readonly [name: string, status: number, filter: () => Filter])[] = [
  ['apiKey', 401, () => apiKey({ keys: [{ id: 'a', key: 'a key that nobody sends' }] })],
  ['apiKey, later', 401, () => apiKey({ lookup: async () => undefined, from: { query: 'key' } })],
  ['authorize', 403, () => authorize(async () => false)],
  ['authorize, of its own', 401, () => authorize(() => Promise.reject(new ProxyError('unauthenticated')))],
  ['basicAuth', 401, () => basicAuth({ verify: () => false })],
  ['forwardAuth', 401, () => forwardAuth({ endpoint: { service: () => respond(401), path: '/' } })],
  ['forwardAuth, broken', 503, () => forwardAuth({ endpoint: { service: () => respond(500), path: '/' } })],
  ['introspect', 401, () => introspect({ endpoint: { service: () => respond(500), path: '/' } })],
  ['ipFilter', 403, () => ipFilter({ allow: ['203.0.113.7'] })],
  ['jwt', 401, () => jwt({ algorithms: ['HS256'], keys: 'k'.repeat(32), issuer: false, audience: false })],
  ['rateLimit', 429, () => rateLimit({ limit: 1, per: '1m', cost: 2 })],
  [
    'rateLimit, broken',
    503,
    () =>
      rateLimit({
        limit: 1,
        per: '1m',
        whenUnavailable: 'refuse',
        store: { limiter: () => ({ take: () => Promise.reject(new Error('down')) }) },
      }),
  ],
]

describe('A request that a filter of a pool refuses is tried once', () => {
  const retry = { attempts: 3, on: ['unsent', 'reset', 'timeout'] } as const
  test.each(REFUSING)('%s: %d', async (_, status, make) => {
    for (const hedged of [false, true]) {
      let asked = 0
      const count: Filter = (exchange, next) => {
        asked++
        return next(exchange)
      }
      const base = pool(['http://u1', 'http://u2', 'http://u3']).retry(retry)
      const target = (hedged ? base.hedge({ afterMs: 50 }) : base).use(count).use(make())
      await using sim = simulate(proxy().listen(80).route('/', target))
      for (const name of ['u1', 'u2', 'u3']) sim.upstream(`http://${name}`)
      expect((await sim.get('/?key=of-nobody')).status).toBe(status)
      expect(asked).toBe(1)
      for (const name of ['u1', 'u2', 'u3']) expect(sim.upstream(`http://${name}`).requests).toEqual([])
      await sim.assertNoLeaks()
    }
  })
})

async function* pieces(count: number) {
  for (let i = 0; i < count; i++) yield Buffer.alloc(10, 'x')
}

describe('A body that a filter of a pool watches goes to another endpoint as well', () => {
  test.each<[string, Filter, number, number]>([
    ['bodyLimit', bodyLimit({ request: 50 }), 5, 200],
    ['bodyLimit, too large', bodyLimit({ request: 50 }), 6, 413],
    ['bandwidth', bandwidth({ request: 1_000 }), 50, 200],
    ['bandwidth, shared', bandwidth({ request: 1_000, key: 'all' }), 50, 200],
  ])('%s', async (_, filter, count, status) => {
    for (const given of [fault.refuse(), fault.resetBeforeHead()]) {
      const target = pool(['http://u1', 'http://u2'])
        .retry({ attempts: 2, methods: ['PUT'] })
        .use(filter)
      await using sim = simulate(proxy().listen(80).route('/', target))
      sim.upstream('http://u1').inject(given)
      sim.upstream('http://u2')
      const response = await sim.request({ method: 'PUT', url: '/', body: pieces(count) })
      expect(response.status).toBe(status)
      if (status === 200) expect(sim.upstream('http://u2').requests[0]!.body.length).toBe(10 * count)
      await sim.assertNoLeaks()
    }
  })
})
