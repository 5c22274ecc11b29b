/** One description for both ports: clients that come without TLS are sent to the other one. */
import assert from 'node:assert/strict'
import { proxy, respond, selfSigned } from 'gatewright'
import { redirectToHttps } from 'gatewright/filters/redirect-to-https'
import { simulate } from 'gatewright/testing'

const app = proxy()
  .listen({ port: 8080 })
  .listen({ port: 8443, tls: { certificates: [selfSigned({ names: ['shop.example'] })] } })
  .use(redirectToHttps({ port: 8443 }))
  .route('/', () => respond(200, 'hello'))

const sim = simulate(app)
const plain = await sim.get('/cart?sum=1', { headers: { Host: 'shop.example:8080' } })
const location = plain.headers.get('location') ?? ''
assert.deepEqual([plain.status, location], [308, 'https://shop.example:8443/cart?sum=1'])

const safe = await sim.get('https://shop.example:8443/cart?sum=1')
assert.equal(safe.text(), 'hello')
await sim.assertNoLeaks()
console.log(location)
