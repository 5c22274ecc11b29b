/** One id for a request: a trusted proxy's is kept, a client's is not. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { requestId } from 'gatewright/filters/request-id'
import { simulate } from 'gatewright/testing'

const app = proxy()
  .listen({ port: 8080, trustedProxies: ['10.0.0.0/8'] })
  .use(requestId())
  .route('/', pool(['http://users']))

const sim = simulate(app)
const headers = { 'x-request-id': 'lb-7f3a' }

const behindLoadBalancer = await sim.client('10.0.0.5').get('/users/7', { headers })
assert.equal(behindLoadBalancer.headers.get('x-request-id'), 'lb-7f3a')

const direct = await sim.client('198.51.100.7').get('/users/7', { headers })
const id = direct.headers.get('x-request-id')
assert.notEqual(id, 'lb-7f3a')
assert.equal(sim.upstream('http://users').requests.at(-1)?.header('x-request-id'), id)

await sim.assertNoLeaks()
console.log(`made for the client: ${id}`)
