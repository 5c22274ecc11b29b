/** Two events with four minutes between them reach the client, on the one route that allows it. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { streamIdleTimeout } from 'gatewright/filters/stream-idle-timeout'
import { simulate } from 'gatewright/testing'

const news = pool(['http://news'])
const app = proxy().route('/events', streamIdleTimeout('5m'), news).route('/', news)

const sim = simulate(app)
async function* events() {
  yield 'data: first\n\n'
  await new Promise<void>((resolve) => sim.clock.setTimeout(resolve, 4 * 60_000))
  yield 'data: second\n\n'
}
sim
  .upstream('http://news')
  .reply(() => ({ headers: { 'content-type': 'text/event-stream' }, body: events() }))

const patient = await sim.get('/events')
assert.equal(patient.complete, true)
assert.equal(patient.durationMs, 240_000)

const cutOff = await sim.get('/elsewhere')
assert.equal(cutOff.complete, false) // after a minute, by the pool's bodyIdleMs
assert.equal(cutOff.exchange?.outcome?.error?.code, 'upstream_body_timeout')
await sim.advance('3m') // until the service has nothing more to say
await sim.assertNoLeaks()
