/** A service that knows nothing of its public name and of TLS sets cookies, and browsers take them. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { cookies } from 'gatewright/filters/cookies'
import { stripPrefix } from 'gatewright/filters/strip-prefix'
import { simulate } from 'gatewright/testing'

const shop = cookies({
  request: { remove: ['_ga', '_gid'] },
  response: { domain: false, path: { '/': '/shop' }, secure: true, httpOnly: true, sameSite: 'lax' },
})
const app = proxy().route('/shop', shop, stripPrefix('/shop'), pool(['http://shop.internal:8080']))

const sim = simulate(app)
sim.upstream('http://shop.internal:8080').reply((request) => ({
  headers: { 'Set-Cookie': 'session=7; Domain=shop.internal; Path=/; Priority=High' },
  body: `service got: ${request.header('cookie')}\n`,
}))

const response = await sim.get('/shop/cart', { headers: { Cookie: '_ga=GA1.2.3; session=6' } })
assert.equal(response.text(), 'service got: session=6\n')
const [cookie = ''] = response.headers.getAll('set-cookie')
assert.equal(cookie, 'session=7; Path=/shop; Priority=High; SameSite=Lax; HttpOnly; Secure')
await sim.assertNoLeaks()
console.log(cookie)
