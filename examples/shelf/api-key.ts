/** API keys: some known by their hash, the rest found in a database; the service sees whose it is, and never the key. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { onRequest, pool, proxy } from 'gatewright'
import { apiKey, apiKeyIdentity } from 'gatewright/filters/api-key'
import { assertProblem, simulate } from 'gatewright/testing'

const sha256 = (key: string) => createHash('sha256').update(key).digest('hex')
const database = new Map([[sha256('gw_live_5f0c1d7e9a'), { id: 'shop-42', attributes: { plan: 'pro' } }]])

const keys = apiKey({
  keys: [{ id: 'monitoring', sha256: sha256('gw_ops_2b9e6a4c80') }],
  lookup: async (hash) => database.get(hash),
})
const tellService = onRequest((exchange) => {
  exchange.request.headers.set('X-Client-Id', exchange.get(apiKeyIdentity)!.id)
})

const sim = simulate(
  proxy()
    .listen(8080)
    .route('/orders', keys, tellService, pool(['http://orders'])),
)

for (const key of ['gw_ops_2b9e6a4c80', 'gw_live_5f0c1d7e9a'])
  assert.equal((await sim.get('/orders', { headers: { 'x-api-key': key } })).status, 200)
const seen = sim.upstream('http://orders').requests
assert.deepEqual(
  seen.map((it) => it.header('x-client-id')),
  ['monitoring', 'shop-42'],
)
assert.equal(seen[0]?.header('x-api-key'), undefined)

assertProblem(await sim.get('/orders', { headers: { 'x-api-key': 'guessed' } }), 'unauthenticated')

await sim.assertNoLeaks()
console.log('two keys known, one refused')
