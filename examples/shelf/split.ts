/** One user in twenty gets the canary, and keeps it; testers get it when they ask for it. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { split, splitArm } from 'gatewright/filters/split'
import { simulate } from 'gatewright/testing'

const stable = pool(['http://stable:8080'], { name: 'stable' })
const canary = pool(['http://canary:8080'], { name: 'canary' })
const counts: Record<string, number> = { stable: 0, canary: 0 }

const app = proxy()
  .use((exchange, next) => {
    exchange.onComplete(() => counts[exchange.get(splitArm) ?? '']!++)
    return next(exchange)
  })
  .route(
    '/',
    split(
      [
        { weight: 95, to: stable },
        { weight: 5, to: canary, when: ({ request }) => request.headers.get('x-canary') === 'yes' },
      ],
      { by: ({ request }) => request.headers.get('x-user') },
    ),
  )

const sim = simulate(app)
sim.upstream('http://canary:8080').reply({ body: 'canary' })
sim.upstream('http://stable:8080').reply({ body: 'stable' })
for (let user = 0; user < 1_000; user++) {
  const asked = { headers: { 'X-User': `user ${user}` } }
  const first = await sim.get('/', asked)
  if (user < 100) assert.equal((await sim.get('/', asked)).text(), first.text())
}
assert.ok(counts.canary! > 30 && counts.canary! < 90)

const tester = await sim.get('/', { headers: { 'X-User': 'user 1', 'X-Canary': 'yes' } })
assert.equal(tester.text(), 'canary')
await sim.assertNoLeaks()
console.log(counts)
