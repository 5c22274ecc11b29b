/** Fields for browsers: a policy with a nonce that the service writes into its pages. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { securityHeaders } from 'gatewright/filters/security-headers'
import { fault, simulate } from 'gatewright/testing'

const app = proxy()
  .listen(8080)
  .use(securityHeaders({ contentSecurityPolicy: "script-src 'nonce-{nonce}'", frame: 'deny' }))
  .route('/', pool(['http://shop']))
  .route('/cart', pool(['http://cart']))

const sim = simulate(app)
const shop = sim.upstream('http://shop')
shop.on('GET /', (request) => ({
  headers: { Server: 'shop/1.2' },
  body: `<script nonce="${request.header('x-csp-nonce')}">1</script>`,
}))

const page = await sim.get('/')
const nonce = /nonce="([^"]+)"/.exec(page.text())?.[1]
assert.equal(
  page.headers.get('content-security-policy'),
  `script-src 'nonce-${nonce}'; frame-ancestors 'none'`,
)
assert.equal(page.headers.has('server'), false)

// Error answers of the proxy have the fields too.
sim.upstream('http://cart').inject(fault.refuse())
const failed = await sim.get('/cart')
assert.deepEqual([failed.status, failed.headers.get('x-frame-options')], [502, 'DENY'])

await sim.assertNoLeaks()
console.log('the page may run its own script, and no other')
