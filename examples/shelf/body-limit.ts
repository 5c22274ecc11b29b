/** What is too large is refused before it is read; what turns out to be, in the middle of it. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { bodyLimit } from 'gatewright/filters/body-limit'
import { assertProblem, assertStatus, simulate } from 'gatewright/testing'

const sim = simulate(proxy().route('/upload', bodyLimit({ request: '10kb' }), pool(['http://files'])))
const announced = await sim.post('/upload', { body: 'x'.repeat(10_241) })
assertProblem(announced, 'request_body_too_large')
// No service was asked.
assert.equal(announced.exchange?.attempts.length, 0)

async function* endless() {
  for (;;) yield 'x'.repeat(1_024)
}
assertProblem(await sim.post('/upload', { body: endless() }), 'request_body_too_large')
assertStatus(await sim.post('/upload', { body: 'x'.repeat(10_240) }), 200)
await sim.assertNoLeaks()
