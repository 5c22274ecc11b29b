import { pool, proxy } from 'gatewright'
import { jwt } from 'gatewright/filters/jwt'
import { fakeUpstream } from 'gatewright/testing'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, test } from 'vitest'

test('tokens of every algorithm that jose signs pass on real sockets, with keys that are fetched once', async () => {
  const algorithms = [
    'RS256',
    'RS384',
    'RS512',
    'PS256',
    'PS384',
    'PS512',
    'ES256',
    'ES384',
    'ES512',
    'EdDSA',
  ] as const
  const pairs = await Promise.all(
    algorithms.map(async (alg) => ({ alg, ...(await generateKeyPair(alg, { extractable: true })) })),
  )
  const keys = await Promise.all(
    pairs.map(async ({ alg, publicKey }) => ({ ...(await exportJWK(publicKey)), kid: alg, alg })),
  )
  await using id = await fakeUpstream({ socket: true }).on('GET /jwks', { json: { keys } }).start()
  await using users = await fakeUpstream({ socket: true }).start()
  const filter = jwt({
    jwks: `${id.url}/jwks`,
    algorithms,
    issuer: 'id',
    audience: 'api',
    claimsToHeaders: { 'x-user': 'sub' },
  })
  await using running = await proxy()
    .listen({ port: 0, host: '127.0.0.1' })
    .route('/', filter, pool([users.url]))
    .start()
  const ask = async (token: string) => {
    const response = await fetch(running.url, { headers: { authorization: `Bearer ${token}` } })
    return [response.status, response.headers.get('www-authenticate'), await response.text()] as const
  }
  for (const { alg, privateKey } of pairs) {
    const signed = new SignJWT()
      .setIssuer('id')
      .setAudience('api')
      .setSubject(alg)
      .setExpirationTime('5m')
      .setIssuedAt()
    const token = await signed.setProtectedHeader({ alg, kid: alg }).sign(privateKey)
    for (let i = 0; i < 2; i++) expect(await ask(token)).toEqual([200, null, 'ok'])
    const forged = token.slice(0, -8) + token.slice(-8).split('').reverse().join('')
    expect((await ask(forged)).slice(0, 2)).toEqual([401, expect.stringContaining('error="invalid_token"')])
  }
  expect(id.totalRequests).toBe(1)
  expect(users.requests.map((it) => it.header('x-user'))).toEqual(algorithms.flatMap((it) => [it, it]))
})
