/** A fifth of all traffic is tried on the next version too, which is slow, and dies. Clients notice nothing. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { mirror } from 'gatewright/filters/mirror'
import { simulate } from 'gatewright/testing'

const copies = mirror({
  to: pool(['http://next']),
  share: 0.2,
  when: ({ request }) => request.method === 'GET',
  removeHeaders: ['authorization', 'cookie'],
})

const sim = simulate(proxy().route('/', copies, pool(['http://shop'])), { seed: 3 })
sim.upstream('http://shop').reply({ delayMs: 10, body: 'ok' })
const next = sim.upstream('http://next').reply({ delayMs: 3_000 })
next.outage({ after: '5s', lasts: '1h' })

const { byStatus, latency } = await sim.load({ rate: 100, duration: '10s' })
assert.deepEqual(Object.keys(byStatus), ['200'])
assert.equal(Math.round(latency.maxMs), 10)
await sim.advance('1m')
assert.ok(Math.abs(copies.sent + copies.dropped - 200) < 50)
assert.ok(copies.failed > 0)
await sim.assertNoLeaks()
