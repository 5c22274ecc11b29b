import { expect, test } from 'vitest'
import type { Filter } from '../../src/core/handler.ts'
import { cookies } from '../../src/filters/cookies.ts'
import { fault } from '../../src/filters/fault.ts'
import { headers } from '../../src/filters/headers.ts'
import { rewriteLocation } from '../../src/filters/rewrite-location.ts'
import { split } from '../../src/filters/split.ts'
import { sticky } from '../../src/filters/sticky.ts'
import { stripPrefix } from '../../src/filters/strip-prefix.ts'
import { pool } from '../../src/pool/pool.ts'
import { proxy } from '../../src/proxy/proxy.ts'
import { simulate } from '../../src/testing/index.ts'

const FILTERS: readonly Filter[] = [
  headers({ request: { set: { 'X-Client': '{client.address}' } }, response: { set: { 'X-By': 'gateway' } } }),
  cookies({
    request: { remove: ['_ga'] },
    response: { path: { '/': '/shop' }, secure: true },
  }),
  rewriteLocation(),
  sticky({ keys: 'k'.repeat(32) }),
  fault({ enabled: () => true, delay: { ms: 10 }, bandwidth: { bytesPerSecond: '1mb' } }),
]

/** Every order of some things. */
function ordersOf<T>(things: readonly T[]): T[][] {
  if (things.length === 0) return [[]]
  return things.flatMap((first, i) =>
    ordersOf(things.filter((_, other) => other !== i)).map((rest) => [first, ...rest]),
  )
}

test('filters that shape messages and traffic do the same in every order', async () => {
  const seen = new Set<string>()
  const orders = ordersOf(FILTERS)
  for (const order of orders) {
    const target = split([{ weight: 1, to: pool(['http://shop']) }])
    const app = proxy().route('/shop', ...order, stripPrefix('/shop'), target)
    await using sim = simulate(app)
    sim.upstream('http://shop').reply((request) => ({
      status: 302,
      headers: { Location: '/login', 'Set-Cookie': 'session=7; Path=/' },
      body: `${request.target} ${request.header('cookie')} ${request.header('x-client')}`,
    }))
    const response = await sim.get('/shop/cart', { headers: { Cookie: '_ga=1; session=6' } })
    const fields = [...response.headers].map(([name, value]) => `${name}: ${value}`).sort()
    seen.add(JSON.stringify([response.status, response.text(), response.durationMs, fields]))
    await sim.assertNoLeaks()
  }
  expect(orders).toHaveLength(120)
  expect([...seen]).toEqual([expect.stringContaining('"/cart session=6 192.0.2.1",10,')])
  expect([...seen][0]).toMatch(
    /Location: \/shop\/login.*__Host-affinity=[\w-]+; Path=\/; Secure.*session=7; Path=\/shop; Secure.*X-By: gateway/,
  )
})
