import { generateKeyPairSync } from 'node:crypto'
import { SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, run, simulate } from '../testing/index.ts'
import { claims, jwt } from './jwt.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const NOW = Date.UTC(2026, 0, 1) / 1000

test('slice', async () => {
  const token = await new SignJWT({ sub: 'ada' })
    .setProtectedHeader({ alg: 'RS256', kid: 'a' })
    .setIssuer('me')
    .setAudience('you')
    .setExpirationTime(NOW + 60)
    .sign(privateKey)
  const filter = jwt({ algorithms: ['RS256'], issuer: 'me', audience: 'you', keys: publicKey })
  const { exchange: ex } = await run(filter, exchange({ headers: { authorization: `Bearer ${token}` } }))
  expect(ex.get(claims)).toMatchObject({ sub: 'ada' })
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'a' }] }
  const app = proxy()
    .use(
      jwt({
        algorithms: ['RS256'],
        issuer: 'me',
        audience: 'you',
        jwks: 'https://id.example.com/jwks.json',
        claimsToHeaders: { 'x-user': 'sub' },
      }),
    )
    .route('/', pool(['http://users']))
  await using sim = simulate(app)
  sim.upstream('https://id.example.com').reply({ body: JSON.stringify(jwks) })
  for (let i = 0; i < 3; i++) {
    const r = await sim.get('/', {
      headers: { authorization: `Bearer ${token}`, X_User: 'root', connection: 'x-user' },
    })
    expect(r.status).toBe(200)
  }
  console.log(sim.upstream('http://users').requests[0]!.headers)
  expect((await sim.get('/')).headers.get('www-authenticate')).toBe('Bearer realm="api"')
  await sim.assertNoLeaks()
})
