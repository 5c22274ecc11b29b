/** A field is added on the way in, and one never gets out. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { json } from 'gatewright/filters/json'
import { simulate } from 'gatewright/testing'

interface Order {
  readonly item: string
}

interface StoredOrder extends Order {
  readonly id: number
  readonly margin: number
}

const app = proxy().route(
  '/orders',
  json({
    request: (order: Order, { client }) => ({ ...order, from: client.address }),
    response: ({ margin: _hidden, ...order }: StoredOrder) => ({ ...order, link: `/orders/${order.id}` }),
  }),
  pool(['http://orders']),
)

const sim = simulate(app)
const orders = sim.upstream('http://orders').reply({ status: 201, json: { id: 7, item: 'tea', margin: 0.4 } })

const created = await sim.post('/orders', { json: { item: 'tea' } })
assert.deepEqual(created.json(), { id: 7, item: 'tea', link: '/orders/7' })
assert.deepEqual(Object.keys(JSON.parse(String(orders.requests[0]!.body)) as object), ['item', 'from'])

// What could be read in two ways is refused, and so is what is no JSON.
const type = { 'Content-Type': 'application/json' }
assert.equal((await sim.post('/orders', { headers: type, body: '{"item":"tea","item":"gold"}' })).status, 400)
assert.equal((await sim.post('/orders', { body: 'item=tea' })).status, 415)

// Where the document cannot be read, it is not shown.
orders.reply({ headers: type, body: '{"id":7,"margin":0.4' })
assert.equal((await sim.get('/orders')).status, 502)
await sim.assertNoLeaks()
