/** One description for both ports: clients that come without TLS are sent to the other one. */
import assert from 'node:assert/strict'
import { proxy, respond, selfSigned } from 'gatewright'
import { redirectToHttps } from 'gatewright/filters/redirect-to-https'
import { simulate } from 'gatewright/testing'

const app = proxy()
  .listen(80)
  .listen({ port: 443, tls: { certificates: [selfSigned({ names: ['shop.example'] })] } })
  .use(redirectToHttps())
  .route('/', () => respond(200, 'hello'))

const sim = simulate(app)
const plain = await sim.get('/cart?sum=1', { headers: { Host: 'shop.example' } })
const location = plain.headers.get('location') ?? ''
assert.deepEqual([plain.status, location], [308, 'https://shop.example/cart?sum=1'])

const safe = await sim.get('https://shop.example/cart?sum=1')
assert.equal(safe.text(), 'hello')
await sim.assertNoLeaks()
console.log(location)
