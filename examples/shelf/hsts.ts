/** Browsers that have once come by HTTPS come by nothing else for a day. */
import assert from 'node:assert/strict'
import { proxy, respond, selfSigned } from 'gatewright'
import { hsts } from 'gatewright/filters/hsts'
import { simulate } from 'gatewright/testing'

const app = proxy()
  .listen({ port: 8080 })
  .listen({ port: 8443, tls: { certificates: [selfSigned({ names: ['shop.example'] })] } })
  .use(hsts({ maxAge: '1d', includeSubDomains: true }))
  .route('/', () => respond(200, 'hello'))

const sim = simulate(app)
const safe = await sim.get('https://shop.example:8443/')
const field = safe.headers.get('strict-transport-security')
assert.equal(field, 'max-age=86400; includeSubDomains')

// Anyone between could have put it into a plain response, so it is not said there.
const plain = await sim.get('/')
assert.equal(plain.headers.has('strict-transport-security'), false)
await sim.assertNoLeaks()
console.log(field)
