/** CORS: the proxy answers preflights itself, and its error answers can be read by the page too. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { cors } from 'gatewright/filters/cors'
import { fault, simulate } from 'gatewright/testing'

const app = proxy()
  .listen(8080)
  .use(
    cors({
      origins: ['https://shop.example', /https:\/\/[a-z0-9-]+\.preview\.shop\.example/],
      methods: ['GET', 'PUT'],
      credentials: true,
    }),
  )
  .route('/items', pool(['http://items']))

const sim = simulate(app)
const origin = 'https://pr-7.preview.shop.example'

const preflight = await sim.request({
  method: 'OPTIONS',
  url: '/items/7',
  headers: { origin, 'access-control-request-method': 'PUT' },
})
assert.equal(preflight.status, 204)
assert.equal(preflight.headers.get('access-control-allow-methods'), 'GET, PUT')
assert.equal(sim.upstream('http://items').requests.length, 0)

sim.upstream('http://items').inject(fault.refuse())
const failed = await sim.get('/items/7', { headers: { origin } })
assert.equal(failed.status, 502)
assert.equal(failed.headers.get('access-control-allow-origin'), origin)

// Whoever else asks gets the answer too, and no page may read it; caches learn that it depends on the origin.
const foreign = await sim.get('/items/7', { headers: { origin: 'https://evil.test' } })
assert.equal(foreign.headers.has('access-control-allow-origin'), false)
assert.equal(foreign.headers.get('vary'), 'Origin')

await sim.assertNoLeaks()
console.log(`${origin} may read, others may not`)
