import { describe, expect, it } from 'vitest'
import { cache } from '../../cache/index.ts'
import { respond } from '../../core/message.ts'
import type { Observer } from '../../core/observer.ts'
import { pool } from '../../pool/pool.ts'
import { proxy } from '../../proxy/proxy.ts'
import { simulate } from '../../testing/index.ts'
import { EndedExchange } from './ended-exchange.ts'
import { holds } from './expression.ts'
import { parseExpression } from './parse-expression.ts'

/** What the tap has to go by of a few exchanges that differ. */
async function someEnded(): Promise<ReadonlyMap<string, EndedExchange>> {
  const ended = new Map<string, EndedExchange>()
  const observer: Observer = {
    exchangeEnded: (exchange, outcome) => {
      const one = new EndedExchange(exchange, outcome)
      ended.set(`${exchange.request.method} ${one.text('path')}`, one)
    },
  }
  const users = pool(['http://users'], { name: 'users' }).retry({ attempts: 2, on: 503 })
  const app = proxy()
    .attach({ kind: 'test', observer })
    .route('/users', users)
    .route('/rewritten', (exchange) => {
      exchange.request.path = '/inside'
      return respond(200, 'abc')
    })
    .route('/news', cache(), pool(['http://news'], { name: 'news' }))
  await using sim = simulate(app)
  let requests = 0
  sim
    .upstream('http://users')
    .reply(() => ({ status: requests++ === 0 ? 503 : 200, body: 'hello', delayMs: 20 }))
  sim.upstream('http://news').reply({ headers: { 'Cache-Control': 'max-age=60' }, body: 'news' })
  const headers = {
    'X-Tenant': 'blue',
    Authorization: 'Bearer s3cret',
    Referer: 'https://a.test/b?code=s3cret',
  }
  await sim.get('/users', { headers })
  await sim.post('/rewritten', { body: 'four', headers: { host: 'B.test' } })
  await sim.get('/none')
  await sim.get('/news')
  await sim.request({ method: 'HEAD', url: '/news' })
  const left = sim.request({ method: 'DELETE', url: '/users' })
  await sim.settle()
  left.leave()
  await sim.settle()
  return ended
}

describe('EndedExchange', () => {
  it.each([
    [`method == 'POST'`, 'POST /rewritten'],
    [`host == 'b.test'`, 'POST /rewritten'],
    [`path == '/rewritten'`, 'POST /rewritten'],
    [`route == ''`, 'GET /none'],
    [`route == '/rewritten'`, 'POST /rewritten'],
    [`pool == 'users' and method == 'GET'`, 'GET /users'],
    [`endpoint == 'http://users' and method == 'GET'`, 'GET /users'],
    [`client == '192.0.2.1' and header.x-tenant == 'blue'`, 'GET /users'],
    [`result == 'aborted'`, 'DELETE /users'],
    [`reason == 'client_aborted'`, 'DELETE /users'],
    [`reason == 'route_not_found'`, 'GET /none'],
    [`cache == 'miss'`, 'GET /news'],
    [`cache == 'hit'`, 'HEAD /news'],
    ['status == 404', 'GET /none'],
    [`attempts == 2`, 'GET /users'],
    ['duration >= 20ms', 'GET /users'],
    ['bytesSent == 3', 'POST /rewritten'],
    ['bytesReceived == 4', 'POST /rewritten'],
  ])('is what it was, for %s', async (where, found) => {
    const all = await someEnded()
    expect(all.size).toBe(6)
    const expression = parseExpression(where)
    expect([...all].filter(([, one]) => holds(expression, one)).map(([name]) => name)).toEqual([found])
  })

  it.each([
    `header.authorization ~ 'Bearer *'`,
    `header.authorization == 'Bearer s3cret'`,
    `header.authorization ~ '*s3*'`,
    `header.referer ~ '*s3cret*'`,
  ])('gives no secret away to whoever compares with it: %s', async (where) => {
    const expression = parseExpression(where)
    expect([...(await someEnded()).values()].filter((one) => holds(expression, one))).toEqual([])
  })

  it.each([
    `header.authorization != ''`,
    `header.authorization == '***'`,
    `header.referer ~ 'https://a.test/b?*'`,
  ])('tells that there is one: %s', async (where) => {
    const expression = parseExpression(where)
    const found = [...(await someEnded())].filter(([, one]) => holds(expression, one))
    expect(found.map(([name]) => name)).toEqual(['GET /users'])
  })
})
