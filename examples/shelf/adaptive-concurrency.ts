/** A shop that can do 16 things at once, which nobody has told the limit, is asked for three times what it can do. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { adaptiveConcurrency } from 'gatewright/filters/adaptive-concurrency'
import { simulate } from 'gatewright/testing'

const limit = adaptiveConcurrency({
  priority: ({ request }) => (request.path.startsWith('/checkout') ? 1 : 0),
})
const app = proxy().route('/', limit, pool(['http://shop']))

const sim = simulate(app, { seed: 1 })
sim.upstream('http://shop').capacity({ workers: 16, serviceTime: { kind: 'exponential', meanMs: 50 } })
const { byStatus, latency } = await sim.load({
  rate: 960,
  duration: '6s',
  request: (number) => (number % 6 === 0 ? '/checkout' : '/suggestions'),
})

assert.ok(limit.limit > 16 && limit.limit < 64)
assert.deepEqual(Object.keys(byStatus), ['200', '503'])
assert.ok(latency.p99Ms < 500) // what is answered is answered in time
await sim.assertNoLeaks()
