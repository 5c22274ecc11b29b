/** Another service decides: it lets requests pass and says who asks, or sends the client to its log-in. */
import assert from 'node:assert/strict'
import { pool, proxy } from 'gatewright'
import { forwardAuth } from 'gatewright/filters/forward-auth'
import { simulate } from 'gatewright/testing'

const app = proxy()
  .listen(8080)
  .use(
    forwardAuth({
      endpoint: { service: 'http://authelia:9091', path: '/api/authz/forward-auth' },
      identityHeaders: ['Remote-User', 'Remote-Groups'],
      cacheKey: ({ request }) => `${request.headers.get('cookie')} ${request.method} ${request.target}`,
      cacheMs: '5s',
    }),
  )
  .route('/', pool(['http://wiki']))

const sim = simulate(app)
const authelia = sim.upstream('http://authelia:9091')
authelia.on('GET /api/authz/forward-auth', (request) =>
  request.header('cookie') === 'session=of-ada'
    ? { headers: { 'Remote-User': 'ada' } }
    : {
        status: 302,
        headers: { Location: `https://login.example/?rd=${request.header('x-forwarded-uri')}` },
      },
)

const login = await sim.get('/pages/7')
assert.deepEqual([login.status, login.headers.get('location')], [302, 'https://login.example/?rd=/pages/7'])

// Who is logged in passes; what a client says of itself does not come through.
const headers = { cookie: 'session=of-ada', 'remote-groups': 'admins' }
for (let i = 0; i < 3; i++) assert.equal((await sim.get('/pages/7', { headers })).status, 200)
const [seen] = sim.upstream('http://wiki').requests
assert.deepEqual([seen?.header('remote-user'), seen?.header('remote-groups')], ['ada', undefined])
assert.equal(authelia.requests.length, 2)

await sim.assertNoLeaks()
console.log('asked twice for four requests')
