/** Opaque tokens: the authorization server says whether one is good, and what it is good for. */
import assert from 'node:assert/strict'
import { onRequest, pool, proxy } from 'gatewright'
import { introspect, introspection } from 'gatewright/filters/introspect'
import { assertProblem, fault, simulate } from 'gatewright/testing'

const app = proxy()
  .listen(8080)
  .use(
    introspect({
      endpoint: 'https://id.example.com/oauth2/introspect',
      auth: { clientId: 'gateway', clientSecret: 'of-the-gateway' },
      scopes: ['orders:read'],
    }),
    onRequest((exchange) => {
      exchange.request.headers.set('X-User', exchange.get(introspection)?.sub ?? '')
    }),
  )
  .route('/orders', pool(['http://orders']))

const sim = simulate(app)
const id = sim.upstream('https://id.example.com')
id.on('POST /oauth2/introspect', ({ body }) => {
  const token = new URLSearchParams(body.toString()).get('token')
  const scope = token === 'of-ada' ? 'orders:read orders:write' : 'profile'
  return { body: JSON.stringify({ active: token !== 'revoked', sub: 'ada', scope }) }
})
const get = (token: string) => sim.get('/orders', { headers: { authorization: `Bearer ${token}` } })

assert.equal((await get('of-ada')).status, 200)
assert.equal(sim.upstream('http://orders').requests[0]?.header('x-user'), 'ada')
assertProblem(await get('revoked'), 'unauthenticated')
assertProblem(await get('for-the-profile'), 'access_denied')

// The server is down: who is known passes for a minute, others are asked to come again.
id.inject(fault.resetBeforeHead())
assert.equal((await get('of-ada')).status, 200)
assertProblem(await get('of-grace'), 'identity_unavailable')

await sim.assertNoLeaks()
console.log(`the server was asked ${id.requests.length} times`)
