/** Nobody gets more than two answers at once, and nobody waits because of somebody else. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { concurrencyLimit } from 'gatewright/filters/concurrency-limit'
import { assertProblem, assertStatus, simulate } from 'gatewright/testing'

const perClient = concurrencyLimit({ limit: 2, per: ({ client }) => client.address })
const app = proxy().route('/reports', perClient, pool(['http://reports']))

const sim = simulate(app)
sim.upstream('http://reports').latency({ kind: 'constant', ms: 3_000 })
const greedy = sim.client('198.51.100.1')
const [first, second, third] = await Promise.all(
  ['/a', '/b', '/c'].map((path) => greedy.get(`/reports${path}`)),
)
assertStatus(first!, 200)
assertStatus(second!, 200)
assertProblem(third!, 'concurrency_exceeded')

assertStatus(await sim.client('198.51.100.2').get('/reports/d'), 200)
assert.deepEqual([perClient.inFlight, perClient.keys], [0, 0])
await sim.assertNoLeaks()
