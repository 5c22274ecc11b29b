import { describe, expect, it } from 'vitest'
import type { Companion } from '../core/companion.ts'
import type { Filter } from '../core/handler.ts'
import { type ProxyBuilder, proxy } from '../proxy/proxy.ts'
import { type Simulation, simulate } from '../testing/index.ts'
import { type Pool, pool } from './pool.ts'

const URL = 'http://users'

/** Numbers attempts in a field of their own, as what traces them does. */
function numbering(): Companion {
  let count = 0
  return {
    kind: 'numbering',
    observer: { attemptBegan: (attempt) => attempt.ownHeaders().append('X-Attempt', String(++count)) },
  }
}

/** The values of a field in each request that the service has got. */
function received(sim: Simulation, field: string): string[][] {
  return sim
    .upstream(URL)
    .requests.map(({ headers }) =>
      headers.filter(([name]) => name.toLowerCase() === field).map(([, value]) => value),
    )
}

async function sent(users: Pool, app: ProxyBuilder = proxy(), http2 = false): Promise<string[][]> {
  await using sim = simulate(app.attach(numbering()).route('/', users))
  const service = sim.upstream(URL)
  service.on('POST /flaky', { status: 503 }, { status: 200, body: 'ok' })
  const client = sim.client('192.0.2.7', { http2 })
  const response = await client.post('/flaky', { body: 'hello' })
  await client.post('/flaky', { body: 'again' })
  expect(response.status).toBe(service.requests.length > 2 ? 200 : 503)
  expect(service.requests.map(({ body }) => body.toString())).toEqual(
    service.requests.length > 2 ? ['hello', 'hello', 'again'] : ['hello', 'again'],
  )
  const all = received(sim, 'x-attempt')
  await sim.assertNoLeaks()
  return all
}

const users = pool([URL], { name: 'users' })
const retrying = { attempts: 2, on: [503], methods: ['POST'], replayBytes: '1kb' } as const

describe('PooledAttempt.ownHeaders', () => {
  it('gives fields that go out with the attempt, and with no other', async () => {
    expect(await sent(users)).toEqual([['1'], ['2']])
    expect(await sent(users.retry(retrying))).toEqual([['1'], ['2'], ['3']])
    expect(await sent(users.retry({ ...retrying, perAttemptMs: '1s' }))).toEqual([['1'], ['2'], ['3']])
  })

  it('does so over HTTP/2, from the client and to the service', async () => {
    const http2 = pool([URL], { name: 'users', http2: true })
    expect(await sent(http2.retry(retrying), proxy(), true)).toEqual([['1'], ['2'], ['3']])
  })

  it('keeps them from the filters of the proxy and of the pool, whose fields it has', async () => {
    const seen: string[] = []
    const watching = (name: string): Filter =>
      async function watch(exchange, next) {
        const { headers } = exchange.request
        headers.append('X-By', name)
        const response = await next(exchange)
        seen.push(`${name} ${headers.get('x-attempt')} ${exchange.origin.request.headers.get('x-attempt')}`)
        return response
      }
    const own = users.use(watching('pool')).retry(retrying)
    await using sim = simulate(proxy().use(watching('proxy')).attach(numbering()).route('/', own))
    sim.upstream(URL).on('POST /', { status: 503 }, { status: 200 })
    await sim.post('/', { body: 'hello' })
    expect(seen).toEqual([
      'pool undefined undefined',
      'pool undefined undefined',
      'proxy undefined undefined',
    ])
    expect(received(sim, 'x-attempt')).toEqual([['1'], ['2']])
    expect(received(sim, 'x-by')).toEqual([
      ['proxy', 'pool'],
      ['proxy', 'pool'],
    ])
  })
})
