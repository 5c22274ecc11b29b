/** A session stays at the endpoint that has begun it, and goes on elsewhere when that one is gone. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { sticky } from 'gatewright/filters/sticky'
import { simulate } from 'gatewright/testing'

// In earnest a secret of 32 bytes or more, the same on all proxies: `openssl rand -base64 32`.
const keys = ['only-for-this-example-0123456789']
const cart = (...urls: string[]) => proxy().route('/', pool(urls, { name: 'cart' }).guard(sticky({ keys })))

const sim = simulate(cart('http://cart1:8080', 'http://cart2:8080', 'http://cart3:8080'))
for (const upstream of sim.upstreams) upstream.reply({ body: upstream.url })

const first = await sim.get('/')
const cookie = first.headers.get('set-cookie') ?? ''
assert.match(cookie, /^__Host-affinity=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax$/)
const session = { headers: { Cookie: cookie.split(';')[0] ?? '' } }
for (let i = 0; i < 10; i++) assert.equal((await sim.get('/', session)).text(), first.text())

// A reload takes the endpoint away: the session goes on at another one, and its client is told of that.
const left = ['http://cart1:8080', 'http://cart2:8080', 'http://cart3:8080'].filter(
  (it) => it !== first.text(),
)
await sim.reload(cart(...left))
const moved = await sim.get('/', session)
assert.ok(left.includes(moved.text()))
assert.ok(moved.headers.has('set-cookie'))
await sim.assertNoLeaks()
console.log(`begun at ${first.text()}, moved to ${moved.text()}`)
