/** Clients by their address: the office, but not its guests; and everyone only as trusted proxies name them. */
import assert from 'node:assert/strict'
import { proxy, respond } from 'gatewright'
import { ipFilter } from 'gatewright/filters/ip-filter'
import { assertProblem, simulate } from 'gatewright/testing'

const app = proxy()
  .listen({ port: 8080, trustedProxies: ['10.0.0.1'] })
  .use(ipFilter({ allow: ['192.0.2.0/24', '2001:db8::/32'], deny: ['192.0.2.128/25'] }))
  .route('/', () => respond(200, 'welcome'))

const sim = simulate(app)
const office = { 'x-forwarded-for': '192.0.2.7' }

assert.equal((await sim.client('192.0.2.7').get('/')).status, 200)
assertProblem(await sim.client('192.0.2.200').get('/'), 'access_denied') // a guest
assert.equal((await sim.client('10.0.0.1').get('/', { headers: office })).status, 200)
assertProblem(await sim.client('198.51.100.7').get('/', { headers: office }), 'access_denied') // anyone can say so

await sim.assertNoLeaks()
console.log('the office is in, its guests are not')
