/** A line for each exchange: why it ended as it did, where the time went, and no secret. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { accessLog, currentRequestId, requestId } from 'gatewright/filters'
import { fault, simulate } from 'gatewright/testing'

const lines: string[] = []

const app = proxy()
  .use(
    accessLog({
      to: (text) => lines.push(...text.trimEnd().split('\n')),
      skip: ({ request }) => request.path === '/healthz',
      query: 'keep',
      fields: { id: currentRequestId },
    }),
    requestId(),
  )
  .route('/', pool(['http://users']))

const sim = simulate(app)
await sim.get('/users/7?page=2&token=s3cret')
await sim.get('/healthz')
sim.upstream('http://users').inject(fault.resetBeforeHead())
await sim.get('/users/8')
await sim.assertNoLeaks()

const [first, second, ...more] = lines.map((line) => JSON.parse(line))
assert.equal(more.length, 0)
assert.deepEqual([first.path, first.query, first.status], ['/users/7', 'page=2&token=***', 200])
assert.equal(first.fields.id, first.requestId)
assert.deepEqual([second.status, second.reason, second.by], [502, 'upstream_reset', 'upstream'])
console.log(lines[1])
