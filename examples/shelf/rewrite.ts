/** The public paths stay, while the service has moved its own. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { rewrite } from 'gatewright/filters/rewrite'
import { simulate } from 'gatewright/testing'

const files = pool(['http://files:8080'])
const app = proxy()
  .route('/v1', rewrite('/v1', '/v2'), files)
  .route('/u', rewrite('/u/:id/*', '/users/:id/files/*'), files)

const sim = simulate(app)
sim.upstream('http://files:8080').reply(({ target }) => ({ body: target }))

assert.equal((await sim.get('/v1/users/7?full=1')).text(), '/v2/users/7?full=1')
assert.equal((await sim.get('/u/7/photos/a.jpg')).text(), '/users/7/files/photos/a.jpg')
// What stands in the path stays encoded, and in its place.
assert.equal((await sim.get('/u/..%2Fadmin/a')).status, 400)
assert.equal((await sim.get('/u/a%2Fb/c')).text(), '/users/a%2Fb/files/c')
await sim.assertNoLeaks()
console.log('/u/:id/* is /users/:id/files/* to the service')
