/** Only orders that are orders reach the service; who sends another is told where it is wrong. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { validate } from 'gatewright/filters/validate'
import { simulate } from 'gatewright/testing'

const app = proxy().route(
  '/shops/:shop/orders',
  validate({
    params: { type: 'object', properties: { shop: { type: 'integer' } } },
    query: { type: 'object', additionalProperties: false, properties: { dry: { type: 'boolean' } } },
    body: {
      type: 'object',
      required: ['items'],
      properties: {
        mail: { type: 'string', format: 'email' },
        items: {
          type: 'array',
          minItems: 1,
          maxItems: 100,
          items: {
            type: 'object',
            required: ['sku'],
            properties: { count: { type: 'integer', minimum: 1 } },
          },
        },
      },
    },
  }),
  pool(['http://orders']),
)

const sim = simulate(app)
const orders = sim.upstream('http://orders').reply({ status: 201 })

assert.equal((await sim.post('/shops/7/orders?dry=true', { json: { items: [{ sku: 'tea' }] } })).status, 201)

const refused = await sim.post('/shops/x/orders', {
  json: { mail: 'me', items: [{ sku: 'tea', count: 0 }, {}] },
})
assert.equal(refused.status, 422)
assert.deepEqual((refused.json() as { errors: unknown }).errors, [
  { in: 'params', pointer: '/shop', detail: 'must be integer' },
  { in: 'body', pointer: '/mail', detail: 'must match format "email"' },
  { in: 'body', pointer: '/items/0/count', detail: 'must be >= 1' },
  { in: 'body', pointer: '/items/1', detail: "must have required property 'sku'" },
])
assert.equal(orders.requests.length, 1)
await sim.assertNoLeaks()
