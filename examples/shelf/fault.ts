/** Testers make a route slow and unreliable for themselves, and for nobody else. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { fault } from 'gatewright/filters/fault'
import { simulate } from 'gatewright/testing'

const chaos = fault({
  enabled: ({ request }) => request.headers.get('x-chaos') === 'yes',
  delay: { ms: '2s' },
  abort: { share: 0.5 },
})
const app = proxy().route('/', chaos, pool(['http://users:8080']))

const sim = simulate(app, { seed: 7 })
const user = await sim.get('/users/7')
assert.deepEqual([user.status, user.durationMs], [200, 0])

let failed = 0
for (let i = 0; i < 100; i++) {
  const { status, durationMs } = await sim.get('/users/7', { headers: { 'X-Chaos': 'yes' } })
  assert.equal(durationMs, 2_000)
  if (status === 503) failed++
}
assert.ok(failed >= 30 && failed <= 70)
await sim.assertNoLeaks()
console.log(`${failed} of 100 requests of the tester have failed, of users none`)
