/** Names and passwords of an htpasswd file, as `htpasswd -B` writes it. */
import assert from 'node:assert/strict'
import { onRequest, pool, proxy } from 'gatewright'
import { basicAuth, basicAuthUser, hashPassword } from 'gatewright/filters/basic-auth'
import { assertProblem, simulate } from 'gatewright/testing'

const htpasswd = `
# ada's password is "analytical"
ada:$2y$05$RZ0a.AeDsXMtQsexNKlRD.1oPMAm0qIuJrJ.DzXFTNtwDzPjU3kku
`
const users = { grace: await hashPassword('compiler') }

const tellService = onRequest((exchange) => {
  exchange.request.headers.set('X-User', exchange.get(basicAuthUser)!)
})
const app = proxy()
  .listen(8080)
  .use(basicAuth({ htpasswd, users, realm: 'staff' }), tellService)
  .route('/', pool(['http://wiki']))

const sim = simulate(app)
const login = (name: string, password: string) =>
  sim.get('/', {
    headers: { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` },
  })

assert.equal((await login('ada', 'analytical')).status, 200)
assert.equal((await login('grace', 'compiler')).status, 200)
const seen = sim.upstream('http://wiki').requests
assert.deepEqual(
  seen.map((it) => it.header('x-user')),
  ['ada', 'grace'],
)
assert.equal(seen[0]?.header('authorization'), undefined)

assertProblem(await login('ada', 'difference'), 'unauthenticated')
assert.equal((await sim.get('/')).headers.get('www-authenticate'), 'Basic realm="staff", charset="UTF-8"')

await sim.assertNoLeaks()
console.log('ada and grace are in')
