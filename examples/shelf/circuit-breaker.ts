/** A service is down for four seconds: it gets twenty requests, and then none until it is tried again. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { circuitBreaker } from 'gatewright/filters/circuit-breaker'
import { assertProblem, fault, simulate } from 'gatewright/testing'

const changes: string[] = []
const breaker = circuitBreaker({ openMs: '5s', onChange: ({ kind }) => changes.push(kind) })
const app = proxy().route('/', breaker, pool(['http://users']))

const sim = simulate(app, { seed: 1 })
const down = sim.upstream('http://users').inject(fault.refuse(), { lasts: '4s' })
const load = sim.load({ rate: 50, duration: '10s', arrivals: 'constant' })

await sim.advance('3s')
assert.equal(breaker.state.kind, 'open')
assert.equal(down.hits, 20) // the least from which it judges
const refused = await sim.get('/')
assertProblem(refused, 'circuit_open')
assert.ok(Number(refused.headers.get('retry-after')) > 0)

await load
assert.deepEqual(changes, ['open', 'half-open', 'half-open', 'half-open', 'closed'])
await sim.assertNoLeaks()
