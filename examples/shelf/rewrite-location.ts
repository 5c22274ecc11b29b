/** A service that knows nothing of its prefix, nor of its public name, redirects; clients end up where it meant. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { rewriteLocation } from 'gatewright/filters/rewrite-location'
import { stripPrefix } from 'gatewright/filters/strip-prefix'
import { simulate } from 'gatewright/testing'

const app = proxy().route('/shop', rewriteLocation(), stripPrefix('/shop'), pool(['http://10.0.0.7:8080']))

const sim = simulate(app)
sim
  .upstream('http://10.0.0.7:8080')
  .on('GET /cart', { status: 302, headers: { Location: 'http://10.0.0.7:8080/login?next=cart' } })
  .on('GET /pay', { status: 303, headers: { Location: 'https://bank.example/pay' } })
  .on('GET /login', { body: 'log in' })

const { headers } = await sim.get('/shop/cart')
const location = headers.get('location') ?? ''
assert.equal(location, '/shop/login?next=cart')
assert.equal((await sim.get(location)).text(), 'log in')

// The address of someone else stays as it is.
assert.equal((await sim.get('/shop/pay')).headers.get('location'), 'https://bank.example/pay')
await sim.assertNoLeaks()
console.log(location)
