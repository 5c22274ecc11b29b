/** A fetch-style app, here without a framework, beside a service of another kind. */
import assert from 'node:assert/strict'
import { fromFetch, pool, proxy } from 'gatewright'
import { simulate } from 'gatewright/testing'

// With Hono: `fromFetch(new Hono().post('/app/echo', ...))`.
const app = {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (request.method === 'POST') return new Response(request.body, { headers: { 'X-Path': pathname } })
    const headers = new Headers({ 'Content-Type': 'text/plain' })
    headers.append('Set-Cookie', 'seen=1')
    headers.append('Set-Cookie', `path=${pathname}`)
    return new Response(`from ${request.headers.get('x-forwarded-for')}\n`, { headers })
  },
}

const sim = simulate(
  proxy()
    .route('/app', fromFetch(app))
    .route('/', pool(['http://users'])),
)
sim.upstream('http://users').reply({ body: 'from a pool\n' })

const page = await sim.get('/app/page')
assert.equal(page.text(), 'from 192.0.2.1\n')
assert.deepEqual(page.headers.getAll('set-cookie'), ['seen=1', 'path=/app/page'])

const echo = await sim.post('/app/echo', { body: 'x'.repeat(200_000) }) // streamed, both ways
assert.equal(echo.body.length, 200_000)
assert.equal((await sim.get('/users/7')).text(), 'from a pool\n')
await sim.assertNoLeaks()
