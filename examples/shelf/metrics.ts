/** What went through, counted for Prometheus: by route, status and endpoint, with a failure that a retry has made good. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { metrics } from 'gatewright/filters/metrics'
import { fault, simulate } from 'gatewright/testing'

const numbers = metrics()
const app = proxy()
  .use(numbers)
  .route('/metrics', numbers.handler) // with an admin listener, it is there already
  .route('/users/:id', pool(['http://u1', 'http://u2'], { name: 'users' }).retry({ attempts: 2 }))

const sim = simulate(app)
sim.upstream('http://u1').inject(fault.resetBeforeHead(), { next: 1 })
for (const id of [1, 2, 3]) await sim.get(`/users/${id}`)

const shown = (await sim.get('/metrics')).text()
const lines = shown.split('\n').filter((line) => /^proxy_(?:requests|retries)_total/.test(line))
assert.deepEqual(lines, [
  'proxy_requests_total{route="/users/:id",method="GET",code="200"} 3',
  'proxy_retries_total{route="/users/:id",reason="upstream_reset"} 1',
])
await sim.assertNoLeaks()
