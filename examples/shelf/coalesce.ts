/** A page that everybody wants at once, from a service that takes its time. The client whose request was sent leaves. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { coalesce } from 'gatewright/filters/coalesce'
import { simulate } from 'gatewright/testing'

const one = coalesce({ headers: ['x-tenant'] })
const sim = simulate(proxy().route('GET /catalog', one, pool(['http://shop'])))
const shop = sim.upstream('http://shop').reply({ delayMs: 200, json: ['tea', 'cups'] })

const first = sim.get('/catalog')
first.catch(() => {})
await sim.advance(100)
const others = Array.from({ length: 50 }, () => sim.get('/catalog'))
const tenant = sim.get('/catalog', { headers: { 'X-Tenant': 'b' } }) // another question
await sim.advance(50)
first.leave()

for (const response of await Promise.all(others)) assert.equal(response.text(), '["tea","cups"]')
await tenant
assert.equal(shop.requests.length, 2)
assert.equal(one.joined, 50)
await sim.assertNoLeaks()
