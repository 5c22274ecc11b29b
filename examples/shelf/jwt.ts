/** Access tokens of an identity provider: its keys are fetched once, and still serve while it is down. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { pool, proxy, respond } from 'gatewright'
import { claims, jwt } from 'gatewright/filters/jwt'
import { assertProblem, fault, simulate } from 'gatewright/testing'

const failures: unknown[] = []
const issuer = 'https://id.example.com'
const users = jwt({
  jwks: 'https://id.example.com/jwks.json',
  algorithms: ['ES256'],
  issuer,
  audience: 'shop',
  claimsToHeaders: { 'x-user': 'sub' },
  onFetchFailure: (error) => failures.push(error),
  forward: false, // the service sees who it is, and never the token
})
const admins = jwt({
  jwks: 'https://id.example.com/jwks.json',
  algorithms: ['ES256'],
  issuer,
  audience: 'shop',
  roles: ['admin'],
})
const app = proxy()
  .route('/orders', users, pool(['http://orders']))
  .route('/admin', admins, (exchange) => respond(200, `hello ${exchange.get(claims)!.sub}`))

// What the identity provider does: it publishes a key, and signs with its other half.
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
function tokenOf(sub: string, more: object = {}): string {
  const payload = { iss: issuer, aud: 'shop', sub, exp: Date.UTC(2026, 0, 1, 1) / 1_000, ...more }
  const input = `${part({ alg: 'ES256', kid: 'k1' })}.${part(payload)}`
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}
const as = (token: string) => ({ headers: { authorization: `Bearer ${token}`, 'x-user': 'root' } })
const [ada, bob, eve] = [
  tokenOf('ada'),
  tokenOf('bob', { roles: ['admin'] }),
  tokenOf('eve', { aud: 'mail' }),
]

const sim = simulate(app, { startAt: Date.UTC(2026, 0, 1) })
sim.upstream(issuer).reply({ json: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' }] } })

for (let i = 0; i < 3; i++) assert.equal((await sim.get('/orders', as(ada))).status, 200)
assert.equal(sim.upstream(issuer).totalRequests, 1)
const [seen] = sim.upstream('http://orders').requests
assert.equal(seen!.header('x-user'), 'ada')
assert.equal(seen!.header('authorization'), undefined)

assertProblem(await sim.get('/orders'), 'unauthenticated')
const wrong = await sim.get('/orders', as(eve))
assertProblem(wrong, 'unauthenticated')
assert.match(
  wrong.headers.get('www-authenticate')!,
  /error="invalid_token", error_description="[^"]*audience/,
)

assertProblem(await sim.get('/admin', as(ada)), 'access_denied')
assert.equal((await sim.get('/admin', as(bob))).text(), 'hello bob')

sim.upstream(issuer).inject(fault.refuse())
await sim.advance('30m')
assert.equal((await sim.get('/orders', as(ada))).status, 200)
assert.equal(failures.length, 1)
await sim.advance('1h')
assertProblem(await sim.get('/orders', as(ada)), 'unauthenticated') // expired

await sim.assertNoLeaks()
console.log('keys were fetched once, and tokens checked with them')
