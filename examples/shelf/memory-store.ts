/** Two filters that count together, and a thousand clients of which a hundred are kept. */
import assert from 'node:assert/strict'
import { proxy, respond } from 'gatewright'
import { memoryStore } from 'gatewright/filters/memory-store'
import { rateLimit } from 'gatewright/filters/rate-limit'
import { assertProblem, assertStatus, simulate } from 'gatewright/testing'

const store = memoryStore({ maxKeys: 100 })
const limit = () => rateLimit({ limit: 2, per: '1h', store })
const ok = () => respond(200, 'ok')
const sim = simulate(proxy().route('/a', limit(), ok).route('/b', limit(), ok))

assertStatus(await sim.get('/a'), 200)
assertStatus(await sim.get('/b'), 200)
assertProblem(await sim.get('/a'), 'rate_limited')

for (let i = 0; i < 1_000; i++) await sim.client(`198.51.${i >> 8}.${i & 255}`).get('/a')
assert.equal(store.keys, 100)
// Nobody got anything back by that.
assertProblem(await sim.get('/b'), 'rate_limited')
await sim.assertNoLeaks()
