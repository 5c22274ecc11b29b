/** Requests that another site makes a visitor's browser send are refused; forms need no token. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { csrf } from 'gatewright/filters/csrf'
import { assertProblem, simulate } from 'gatewright/testing'

const app = proxy()
  .listen(8080)
  .use(csrf({ trustedOrigins: ['https://admin.example'] }))
  .route('/', pool(['http://shop']))

const sim = simulate(app)
const order = (headers: Record<string, string>) =>
  sim.post('http://shop.example/cart', { body: 'item=7', headers })

assert.equal((await order({ 'sec-fetch-site': 'same-origin', origin: 'https://shop.example' })).status, 200)
assert.equal((await order({ 'sec-fetch-site': 'cross-site', origin: 'https://admin.example' })).status, 200)
assert.equal((await order({})).status, 200) // a program

assertProblem(await order({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' }), 'access_denied')
assertProblem(await order({ origin: 'https://evil.test' }), 'access_denied') // an old browser

await sim.assertNoLeaks()
console.log('two refused: both came from evil.test')
