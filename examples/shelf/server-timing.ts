/** Where the time went, for those who may know. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { serverTiming } from 'gatewright/filters/server-timing'
import { simulate } from 'gatewright/testing'

const sim = simulate(
  proxy()
    .use(serverTiming())
    .route('/', pool(['http://users'])),
)
sim.upstream('http://users').reply({ delayMs: 20, headers: { 'Server-Timing': 'db;dur=12' } })

const here = await sim.client('127.0.0.1').get('/users/7')
assert.equal(here.headers.get('server-timing'), 'db;dur=12, upstream;dur=20, filters;dur=0')

const stranger = await sim.client('198.51.100.7').get('/users/7')
assert.equal(stranger.headers.get('server-timing'), 'db;dur=12')

await sim.assertNoLeaks()
console.log(`Server-Timing: ${here.headers.get('server-timing')}`)
