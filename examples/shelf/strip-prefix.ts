/** Services that know nothing of the prefix under which the gateway shows them. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { stripPrefix } from 'gatewright/filters/strip-prefix'
import { simulate } from 'gatewright/testing'

const shop = pool(['http://shop:8080'])
const app = proxy()
  .route('/shop', stripPrefix('/shop'), shop)
  .route('/tenants/:tenant/shop', stripPrefix('/tenants/:tenant/shop'), shop)

const sim = simulate(app)
sim.upstream('http://shop:8080').reply(({ target }) => ({ body: target }))

assert.equal((await sim.get('/shop/cart?sum=1')).text(), '/cart?sum=1')
assert.equal((await sim.get('/shop')).text(), '/')
assert.equal((await sim.get('/tenants/acme/shop/cart')).text(), '/cart')
// By segment: this is another path.
assert.equal((await sim.get('/shopping')).status, 404)
await sim.assertNoLeaks()
console.log('/shop/cart is /cart to the service')
