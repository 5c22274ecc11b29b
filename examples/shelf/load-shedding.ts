/** The proxy has too much to do for two seconds: suggestions are shed, checkouts are not. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { loadShedding } from 'gatewright/filters/load-shedding'
import { simulate } from 'gatewright/testing'

let delayMs = 0
const shedding = loadShedding({
  priority: ({ request }) => (request.path.startsWith('/checkout') ? 1 : 0.1),
  delayMs: () => delayMs, // measured by the filter itself where this is left out
})
const app = proxy()
  .use(shedding)
  .route('/', pool(['http://shop']))

const sim = simulate(app, { seed: 1 })
const load = sim.load({
  rate: 200,
  duration: '6s',
  request: (number) => (number % 2 === 0 ? '/checkout' : '/suggestions'),
})
await sim.advance('1s')
delayMs = 50
await sim.advance('2s')
assert.ok(shedding.share > 0.1)

delayMs = 0
await load
assert.ok(shedding.share < 0.05)
const shed = sim.exchanges.filter(({ outcome }) => outcome?.status === 503)
assert.ok(shed.length > 20)
assert.deepEqual(new Set(shed.map(({ target }) => target)), new Set(['/suggestions']))
await sim.assertNoLeaks()
