/** Five requests at once and ten a minute, for each client; who is refused is told how long to wait. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { rateLimit } from 'gatewright/filters/rate-limit'
import { assertProblem, assertStatus, simulate } from 'gatewright/testing'

const limit = rateLimit({
  rules: [
    { name: 'burst', limit: 5, per: '1s' },
    { name: 'minute', limit: 10, per: '1m', algorithm: 'sliding-window' },
  ],
})
const sim = simulate(
  proxy()
    .use(limit)
    .route('/', pool(['http://users'])),
)

const first = await sim.get('/')
assert.equal(first.headers.get('ratelimit'), '"burst";r=4;t=1, "minute";r=9;t=60')
for (let i = 0; i < 4; i++) assertStatus(await sim.get('/'), 200)
const refused = await sim.get('/')
assertProblem(refused, 'rate_limited')
assert.equal(refused.headers.get('retry-after'), '1')

await sim.advance('1s')
for (let i = 0; i < 5; i++) assertStatus(await sim.get('/'), 200)
await sim.advance('1s')
// The minute is used up, and refused requests have not made it longer.
assert.equal((await sim.get('/')).headers.get('retry-after'), '58')
assertStatus(await sim.client('198.51.100.9').get('/'), 200)
assert.deepEqual([limit.admitted, limit.refused], [11, 2])
await sim.assertNoLeaks()
