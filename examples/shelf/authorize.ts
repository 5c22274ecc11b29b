/** Who may do what: a function of yours decides, behind the filter that finds out who asks. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { apiKey, apiKeyIdentity } from 'gatewright/filters/api-key'
import { authorize } from 'gatewright/filters/authorize'
import { assertProblem, simulate } from 'gatewright/testing'

const keys = apiKey({
  keys: [
    { id: 'shop', key: 'key-of-the-shop-1' },
    { id: 'back-office', key: 'key-of-back-office', attributes: { mayDelete: true } },
  ],
})
const mayDelete = authorize((exchange) => exchange.get(apiKeyIdentity)?.attributes?.mayDelete === true, {
  message: 'this key may not delete orders',
})
const orders = pool(['http://orders'])

const app = proxy()
  .listen(8080)
  .use(keys)
  .route('DELETE /orders/:id', mayDelete, orders)
  .route('/orders', orders)

const sim = simulate(app)
const remove = (key: string) =>
  sim.request({ method: 'DELETE', url: '/orders/1', headers: { 'x-api-key': key } })

assertProblem(await remove('key-of-the-shop-1'), 'access_denied')
assert.equal((await remove('key-of-back-office')).status, 200)
assert.equal((await sim.get('/orders/1', { headers: { 'x-api-key': 'key-of-the-shop-1' } })).status, 200)

await sim.assertNoLeaks()
console.log('the shop reads orders, the back office deletes them')
