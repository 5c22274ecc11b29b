import { createSecretKey, generateKeyPairSync, webcrypto } from 'node:crypto'
import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { ProxyError } from '../core/errors.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, run, simulate, virtualClock } from '../testing/index.ts'
import { claims, type JwtOptions, jwt } from './jwt.ts'

const NOW = Date.UTC(2026, 0, 1) / 1_000
const SECRET = 's'.repeat(64)
const OPTIONS: JwtOptions = { algorithms: ['HS256'], issuer: 'id', audience: 'api', keys: SECRET }
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const web = await webcrypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
const webRsa = await webcrypto.subtle.generateKey(
  { name: 'RSA-PSS', hash: 'SHA-512', modulusLength: 2_048, publicExponent: new Uint8Array([1, 0, 1]) },
  false,
  ['sign', 'verify'],
)
const pss = generateKeyPairSync('rsa-pss', {
  modulusLength: 2_048,
  hashAlgorithm: 'sha384',
  mgf1HashAlgorithm: 'sha384',
})

function tokenOf(payload: Record<string, unknown> = {}, header: object = {}): Promise<string> {
  return new SignJWT({ iss: 'id', aud: 'api', sub: 'ada', exp: NOW + 300, ...payload })
    .setProtectedHeader({ alg: 'HS256', ...header })
    .sign(Buffer.from(SECRET))
}

interface Asked {
  readonly url?: string
  readonly headers?: Record<string, string | readonly string[]>
}

/** What the service is asked, or the code of the refusal. */
async function asked(options: Partial<JwtOptions>, request: Asked) {
  const at = exchange({ url: request.url, headers: request.headers })
  try {
    const { calls } = await run(jwt({ ...OPTIONS, ...options }), at)
    const { target, headers } = calls[0]!
    return { code: 'passed', target, headers, claims: at.get(claims) }
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error
    return { code: error.code, challenge: error.headers?.get('www-authenticate'), error }
  }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('jwt', () => {
  test('gives later filters the claims, which nobody can change', async () => {
    const { code, claims: found } = await asked({}, { headers: bearer(await tokenOf({ a: { b: ['c'] } })) })
    expect(code).toBe('passed')
    expect(found).toEqual({ iss: 'id', aud: 'api', sub: 'ada', exp: NOW + 300, a: { b: ['c'] } })
    expect(Object.isFrozen(found)).toBe(true)
    expect(() => (found!.a as { b: string[] }).b.push('d')).toThrow(TypeError)
  })

  test('passes on a request of a known token at once, without a promise', async () => {
    const filter = jwt(OPTIONS)
    const headers = bearer(await tokenOf())
    const response = respond(200)
    expect(filter(exchange({ headers }), () => response)).toBeInstanceOf(Promise)
    await run(filter, exchange({ headers }))
    const at = exchange({ headers })
    expect(filter(at, () => response)).toBe(response)
    expect(at.get(claims)).toMatchObject({ sub: 'ada' })
  })

  test('forgets it when it expires, to the tolerance', async () => {
    const filter = jwt({ ...OPTIONS, clockToleranceMs: '10s' })
    const clock = virtualClock()
    const ask = (token: string) =>
      run(filter, exchange({ headers: bearer(token), clock })).then(
        () => 'passed',
        (error) => error.detail,
      )
    const token = await tokenOf({ exp: NOW + 60 })
    expect(await ask(token)).toBe('passed')
    await clock.advance(69_999)
    expect(await ask(token)).toBe('passed')
    await clock.advance(1)
    expect(await ask(token)).toBe('the token has expired')
  })

  test('can do without a memory', async () => {
    const filter = jwt({ ...OPTIONS, cacheBytes: 0 })
    const headers = bearer(await tokenOf())
    await run(filter, exchange({ headers }))
    expect(filter(exchange({ headers }), () => respond(200))).toBeInstanceOf(Promise)
  })

  test('does not pass on for a client that has left meanwhile', async () => {
    const at = exchange({ headers: bearer(await tokenOf()) })
    const running = run(jwt(OPTIONS), at)
    at.abort(new ProxyError('client_aborted'))
    await expect(running).rejects.toMatchObject({ code: 'client_aborted' })
  })

  test('takes a token of a type alone, if told so', async () => {
    const at = { typ: 'at+jwt' }
    expect(await asked(at, { headers: bearer(await tokenOf({}, { typ: 'AT+JWT' })) })).toMatchObject({
      code: 'passed',
    })
    for (const header of [{}, { typ: 'JWT' }])
      expect(await asked(at, { headers: bearer(await tokenOf({}, header)) })).toMatchObject({
        code: 'unauthenticated',
      })
  })

  test('takes tokens of anyone, for anyone, for ever, if told so by name', async () => {
    const headers = bearer(await tokenOf({ iss: 'x', aud: undefined, exp: undefined }))
    expect(await asked({ issuer: false, audience: false, requireExpiry: false }, { headers })).toMatchObject({
      code: 'passed',
    })
    expect(await asked({ audience: false, requireExpiry: false }, { headers })).toMatchObject({
      code: 'unauthenticated',
    })
    expect(await asked({ issuer: false, requireExpiry: false }, { headers })).toMatchObject({
      code: 'unauthenticated',
    })
    expect(await asked({ issuer: false, audience: false }, { headers })).toMatchObject({
      code: 'unauthenticated',
    })
  })

  test('takes one of several issuers and audiences', async () => {
    const options = { issuer: ['a', 'b'], audience: ['x', 'y'] }
    for (const [iss, aud, code] of [
      ['b', 'x', 'passed'],
      ['a', ['z', 'y'], 'passed'],
      ['c', 'x', 'unauthenticated'],
      ['a', 'z', 'unauthenticated'],
    ])
      expect(await asked(options, { headers: bearer(await tokenOf({ iss, aud })) })).toMatchObject({ code })
  })

  test('asks for claims that must be there', async () => {
    const options = { requiredClaims: ['tenant'] }
    expect(await asked(options, { headers: bearer(await tokenOf({ tenant: 't' })) })).toMatchObject({
      code: 'passed',
    })
    const { code, challenge } = await asked(options, { headers: bearer(await tokenOf()) })
    expect([code, challenge]).toEqual(['unauthenticated', expect.stringContaining('no tenant')])
  })

  test('lets requests without a token pass if it is optional, and none with a bad one', async () => {
    const options = { optional: true, claimsToHeaders: { 'x-user': 'sub' } }
    const none = await asked(options, { headers: { 'x-user': 'root', X_User: 'root' } })
    expect([none.code, none.claims, none.headers?.has('x-user'), none.headers?.has('x_user')]).toEqual([
      'passed',
      undefined,
      false,
      false,
    ])
    expect(await asked(options, { headers: bearer('bad') })).toMatchObject({ code: 'unauthenticated' })
    for (const headers of [{ x_t: 'bad' }, { 'x-t': await tokenOf(), x_t: 'bad' }])
      expect(await asked({ ...options, from: { header: 'x-t' } }, { headers })).toMatchObject({
        code: 'unauthenticated',
      })
    for (const authorization of ['Bearer', `Bearer\t${await tokenOf()}`])
      expect(await asked(options, { headers: { authorization } })).toMatchObject({ code: 'unauthenticated' })
  })

  test('writes its realm, quoted', async () => {
    expect((await asked({ realm: 'the "shop"' }, {})).challenge).toBe('Bearer realm="the \\"shop\\""')
  })

  test('answers gRPC as gRPC', async () => {
    await using sim = simulate(proxy().route('/', jwt(OPTIONS), pool(['http://users'])))
    const { status, headers } = await sim.post('/a.B/C', {
      headers: { 'content-type': 'application/grpc', te: 'trailers' },
    })
    expect([status, headers.get('grpc-status'), headers.get('www-authenticate')]).toEqual([
      200,
      '16',
      'Bearer realm="api"',
    ])
    await sim.assertNoLeaks()
  })

  test('is shown in the record of a request that it refuses', async () => {
    const at = exchange()
    const record = at.record()
    await expect(run(jwt({ ...OPTIONS, name: 'users only' }), at)).rejects.toThrow()
    expect(record.refusals).toMatchObject([
      { filter: 'users only', code: 'unauthenticated', detail: 'the request needs a token' },
    ])
  })

  test('knows no more tokens than fit', async () => {
    const filter = jwt({ ...OPTIONS, cacheBytes: 10_000 })
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, i) => tokenOf({ jti: `${i}` })))
    for (const token of tokens) await run(filter, exchange({ headers: bearer(token) }))
    const known = tokens.filter(
      (it) => !(filter(exchange({ headers: bearer(it) }), () => respond(200)) instanceof Promise),
    )
    expect(known).toEqual(tokens.slice(-known.length))
    expect(known.length).toBe(Math.floor(10_000 / (4 * tokens[19]!.length + 512)))
  })
})

describe('jwt finds the token', () => {
  test.each<[string, JwtOptions['from'] & {}, (token: string) => Asked]>([
    ['in Authorization', 'authorization', (it) => ({ headers: bearer(it) })],
    ['in a field', { header: 'X-Assertion' }, (it) => ({ headers: { 'x-assertion': it } })],
    ['in a cookie', { cookie: 'session' }, (it) => ({ headers: { cookie: `a=b; session=${it} ;c` } })],
    ['in one line of cookies', { cookie: 's' }, (it) => ({ headers: { cookie: ['a=b', `s=${it}`] } })],
    ['in the query', { query: 'access_token' }, (it) => ({ url: `/x?a=b&access_token=${it}&c` })],
    ['in the first place', ['authorization', { cookie: 's' }], (it) => ({ headers: bearer(it) })],
    ['in the second', ['authorization', { cookie: 's' }], (it) => ({ headers: { cookie: `s=${it}` } })],
    [
      'beside another scheme',
      ['authorization', { query: 't' }],
      (it) => ({ url: `/?t=${it}`, headers: { authorization: 'Basic YTpi' } }),
    ],
  ])('%s', async (_, from, request) => {
    const token = await tokenOf()
    const given = request(token)
    const kept = await asked({ from }, given)
    expect(kept).toMatchObject({ code: 'passed', target: given.url ?? '/', claims: { sub: 'ada' } })
    expect(JSON.stringify([kept.target, kept.headers])).toContain(token)
    const removed = await asked({ from, forward: false }, given)
    expect(removed.code).toBe('passed')
    expect(JSON.stringify([removed.target, removed.headers])).not.toContain(token)
  })

  test.each(['authorization', { header: 'x-t' }, { cookie: 't' }, { query: 't' }] as const)(
    'and does not look at one that is too long: %j',
    async (from) => {
      const token = await tokenOf()
      const request = {
        url: `/?t=${token}`,
        headers: { ...bearer(token), 'x-t': token, cookie: `t=${token}` },
      }
      const { length } = token
      expect(await asked({ from, maxTokenLength: length }, request)).toMatchObject({ code: 'passed' })
      expect(await asked({ from, maxTokenLength: length - 1 }, request)).toMatchObject({
        code: 'unauthenticated',
        challenge: expect.stringMatching(/error="invalid_request", error_description="[^"]+too long"$/),
      })
    },
  )

  test('nowhere else', async () => {
    const token = await tokenOf()
    for (const from of [{ header: 'x-t' }, { cookie: 't' }, { query: 't' }] as const)
      for (const request of [
        { headers: bearer(token) },
        { headers: { cookie: `tt=${token}; T=${token}; x=t=${token}` } },
        { headers: { 'x-tt': token } },
        { url: `/?tt=${token}&T=${token}&x=t=${token}` },
      ])
        expect(await asked({ from }, request)).toMatchObject({
          code: 'unauthenticated',
          challenge: 'Bearer realm="api"',
        })
  })

  test('and leaves all else as it was when it removes it', async () => {
    const token = await tokenOf()
    const cookies = await asked(
      { from: { cookie: 't' }, forward: false },
      { headers: { cookie: `a=b\xa0; t=${token}; c="d e"` } },
    )
    expect(cookies.headers!.getAll('cookie')).toEqual(['a=b\xa0; c="d e"'])
    const alone = await asked(
      { from: { cookie: 't' }, forward: false },
      { headers: { cookie: `t=${token}` } },
    )
    expect(alone.headers!.has('cookie')).toBe(false)
    const query = await asked({ from: { query: 't' }, forward: false }, { url: `/x?a=%20&t=${token}&b&&c=t` })
    expect(query.target).toBe('/x?a=%20&b&&c=t')
    expect((await asked({ from: { query: 't' }, forward: false }, { url: `/x?t=${token}` })).target).toBe(
      '/x',
    )
  })

  test.each<[string, JwtOptions['from'] & {}, (token: string) => Asked]>([
    ['two cookies', { cookie: 's' }, (it) => ({ headers: { cookie: `s=${it}; s=${it}` } })],
    ['two lines of cookies', { cookie: 's' }, (it) => ({ headers: { cookie: [`s=${it}`, `s=${it}`] } })],
    ['two parameters', { query: 't' }, (it) => ({ url: `/?t=${it}&t=${it}` })],
    [
      'two parameters, one in disguise',
      { query: 'access_token' },
      (it) => ({ url: `/?access_token=${it}&%61ccess%5Ftoken=x` }),
    ],
    ['two fields', { header: 'x-t' }, (it) => ({ headers: { 'x-t': [it, it] } })],
    ['one that is too long', { query: 't' }, (it) => ({ url: `/?t=${it}${'A'.repeat(8_192)}` })],
    ['a parameter without a value', { query: 't' }, () => ({ url: '/?t' })],
    ['an empty cookie', { cookie: 't' }, () => ({ headers: { cookie: 't=' } })],
    ['a quoted one', { cookie: 't' }, (it) => ({ headers: { cookie: `t="${it}"` } })],
    ['an encoded one', { query: 't' }, (it) => ({ url: `/?t=${it.replace('.', '%2E')}` })],
    ['a name that is no UTF-8', [{ query: 't' }], (it) => ({ url: `/?%ff=${it}&t=x` })],
  ])('and takes for no token: %s', async (_, from, request) => {
    expect(await asked({ from }, request(await tokenOf()))).toMatchObject({
      code: 'unauthenticated',
      challenge: expect.stringMatching(/error="invalid_(request|token)"/),
    })
  })
})

describe('jwt tells the service of claims', () => {
  const claimsToHeaders = {
    'x-user': 'sub',
    'x-roles': ['realm', 'roles'],
    'x-level': 'level',
    'x-admin': 'admin',
  } as const

  async function told(payload: Record<string, unknown>, headers: Record<string, string> = {}) {
    const given = { ...bearer(await tokenOf(payload)), ...headers }
    const { headers: sent } = await asked({ claimsToHeaders }, { headers: given })
    return Object.keys(claimsToHeaders).map((name) => sent!.getAll(name).join('|'))
  }

  test('as they are', async () => {
    expect(await told({ sub: 'auth0|7', realm: { roles: ['a', 'b c'] }, level: 7.5, admin: false })).toEqual([
      'auth0|7',
      'a,b c',
      '7.5',
      'false',
    ])
  })

  test('with what a field cannot hold encoded, so that no two texts become one', async () => {
    expect(await told({ sub: 'a\r\nx-admin: true' })).toEqual(['a%0D%0Ax-admin: true', '', '', ''])
    expect(await told({ sub: ' J\u00fcrgen \u{1f600} 100% ' })).toEqual([
      '%20J%C3%BCrgen %F0%9F%98%80 100%25%20',
      '',
      '',
      '',
    ])
    expect(await told({ sub: '\ud800\0\x7f\t' })).toEqual(['%EF%BF%BD%00%7F%09', '', '', ''])
    expect(await told({ realm: { roles: ['a,admin', 'b'] } })).toEqual(['ada', 'a%2Cadmin,b', '', ''])
    expect(await told({ sub: '' })).toEqual(['', '', '', ''])
  })

  test('and leaves out what no field can tell', async () => {
    expect(await told({ sub: null, realm: { roles: ['a', { a: 1 }] }, level: {}, admin: [[true]] })).toEqual([
      '',
      '',
      '',
      '',
    ])
    expect(await told({ sub: undefined, realm: 'roles', level: undefined })).toEqual(['', '', '', ''])
  })

  test('and of nothing that the client has made up, in whatever spelling', async () => {
    const forged = { 'X-User': 'root', x_user: 'root', 'X-ROLES': 'admin', X_Level: '99', 'x-admin': 'true' }
    expect(await told({}, forged)).toEqual(['ada', '', '', ''])
    const { headers } = await asked(
      { claimsToHeaders },
      { headers: { ...bearer(await tokenOf()), ...forged } },
    )
    expect([...headers!].filter(([name]) => /^x[-_]/i.test(name))).toEqual([['x-user', 'ada']])
  })

  test('and again for a token that is known', async () => {
    const filter = jwt({ ...OPTIONS, claimsToHeaders, forward: false })
    const headers = { ...bearer(await tokenOf()), 'x-user': 'root' }
    for (let i = 0; i < 2; i++) {
      const { calls } = await run(filter, exchange({ headers }))
      expect([calls[0]!.headers.getAll('x-user'), calls[0]!.headers.has('authorization')]).toEqual([
        ['ada'],
        false,
      ])
    }
  })

  test('though the client nominates the field away', async () => {
    await using sim = simulate(
      proxy().route('/', jwt({ ...OPTIONS, claimsToHeaders }), pool(['http://users'])),
    )
    const headers = { ...bearer(await tokenOf()), connection: 'x-user, authorization', 'x-user': 'root' }
    expect((await sim.get('/', { headers })).status).toBe(401)
    expect((await sim.get('/', { headers: { ...headers, connection: 'x-user' } })).status).toBe(200)
    const [request] = sim.upstream('http://users').requests
    expect(request!.headers.filter(([name]) => name.toLowerCase() === 'x-user')).toEqual([['x-user', 'ada']])
    await sim.assertNoLeaks()
  })
})

describe('jwt looks at what a token entitles to', () => {
  const insufficient = (more = '') =>
    expect.stringMatching(
      new RegExp(`^Bearer realm="api", error="insufficient_scope", error_description="[^"]+"${more}$`),
    )

  test.each<[string, object, boolean]>([
    ['a text', { scope: 'a b c' }, true],
    ['another order', { scope: 'b a' }, true],
    ['a list', { scope: ['b', 'a'] }, true],
    ['scp, a list', { scp: ['a', 'b'] }, true],
    ['scp, a text', { scp: 'a b' }, true],
    ['one only', { scope: 'a' }, false],
    ['one that begins alike', { scope: 'a bb' }, false],
    ['other capitals', { scope: 'a B' }, false],
    ['none', {}, false],
    ['an object', { scope: { a: 1, b: 1 } }, false],
    ['scope counts before scp', { scope: 'a', scp: ['a', 'b'] }, false],
  ])('scopes: %s', async (_, payload, enough) => {
    const result = await asked({ scopes: ['a', 'b'] }, { headers: bearer(await tokenOf({ ...payload })) })
    expect(result).toMatchObject(
      enough ? { code: 'passed' } : { code: 'access_denied', challenge: insufficient(', scope="a b"') },
    )
  })

  test.each<[string, object, JwtOptions['rolesClaim'], boolean]>([
    ['one of them', { roles: ['x', 'editor'] }, undefined, true],
    ['a text', { roles: 'admin' }, undefined, true],
    ['others', { roles: ['x'] }, undefined, false],
    ['none', {}, undefined, false],
    ['a text of several', { roles: 'admin editor' }, undefined, false],
    ['an object', { roles: { admin: true } }, undefined, false],
    ['a claim of another name', { 'https://x.example/roles': ['admin'] }, 'https://x.example/roles', true],
    ['a claim within another', { realm_access: { roles: ['admin'] } }, ['realm_access', 'roles'], true],
    ['a claim that is inherited', {}, ['constructor', 'name'], false],
  ])('roles: %s', async (_, payload, rolesClaim, enough) => {
    const options = { roles: ['admin', 'editor'], ...(rolesClaim !== undefined && { rolesClaim }) }
    const result = await asked(options, { headers: bearer(await tokenOf({ ...payload })) })
    expect(result).toMatchObject(
      enough ? { code: 'passed' } : { code: 'access_denied', challenge: insufficient() },
    )
  })

  test('for a token that is known too', async () => {
    const filter = jwt({ ...OPTIONS, roles: ['admin'] })
    const headers = bearer(await tokenOf())
    for (let i = 0; i < 2; i++)
      await expect(run(filter, exchange({ headers }))).rejects.toMatchObject({ code: 'access_denied' })
  })

  test.each<[string, () => unknown, string]>([
    ['true', () => true, 'passed'],
    ['a promise of it', () => Promise.resolve(true), 'passed'],
    ['false', () => false, 'access_denied'],
    ['a promise of that', () => Promise.resolve(false), 'access_denied'],
    ['what is only nearly true', () => 1, 'access_denied'],
    ['nothing', () => undefined, 'access_denied'],
    ['a failure', () => Promise.reject(new Error('down')), 'identity_unavailable'],
    ['an error of its own', () => Promise.reject(new ProxyError('rate_limited')), 'rate_limited'],
    [
      'a throw',
      () => {
        throw new Error('down')
      },
      'identity_unavailable',
    ],
  ])('allow: %s', async (_, allow, code) => {
    const filter = jwt({ ...OPTIONS, allow: allow as () => boolean })
    const headers = bearer(await tokenOf())
    for (let i = 0; i < 2; i++)
      expect(
        await run(filter, exchange({ headers })).then(
          () => 'passed',
          (error) => error.code,
        ),
      ).toBe(code)
  })

  test('allow sees the claims and the request', async () => {
    const allow: JwtOptions['allow'] = ({ sub }, { request }) => request.path === `/users/${sub}`
    const headers = bearer(await tokenOf())
    expect((await asked({ allow }, { headers, url: '/users/ada' })).code).toBe('passed')
    expect((await asked({ allow }, { headers, url: '/users/bob' })).code).toBe('access_denied')
  })

  test.each<[string, () => unknown, string]>([
    ['false', () => false, 'passed'],
    ['a promise of it', () => Promise.resolve(false), 'passed'],
    ['true', () => true, 'unauthenticated'],
    ['a promise of that', () => Promise.resolve(true), 'unauthenticated'],
    ['nothing', () => undefined, 'unauthenticated'],
    ['what is only nearly false', () => 0, 'unauthenticated'],
    ['a failure', () => Promise.reject(new Error('down')), 'identity_unavailable'],
    [
      'a throw',
      () => {
        throw new Error('down')
      },
      'identity_unavailable',
    ],
  ])('isRevoked: %s', async (_, isRevoked, code) => {
    const asksAllow: unknown[] = []
    const allow: JwtOptions['allow'] = () => {
      asksAllow.push(1)
      return true
    }
    const filter = jwt({ ...OPTIONS, isRevoked: isRevoked as () => boolean, allow })
    const headers = bearer(await tokenOf())
    for (let i = 0; i < 2; i++)
      expect(
        await run(filter, exchange({ headers })).then(
          () => 'passed',
          (error) => error.code,
        ),
      ).toBe(code)
    expect(asksAllow).toHaveLength(code === 'passed' ? 2 : 0)
  })

  test('isRevoked is asked for each request, without a promise where it answers at once', async () => {
    const revoked = new Set<unknown>()
    const filter = jwt({ ...OPTIONS, isRevoked: ({ jti }) => revoked.has(jti) })
    const headers = bearer(await tokenOf({ jti: '7' }))
    await run(filter, exchange({ headers }))
    expect(filter(exchange({ headers }), () => respond(200))).not.toBeInstanceOf(Promise)
    revoked.add('7')
    expect(() => filter(exchange({ headers }), () => respond(200))).toThrow(
      expect.objectContaining({ code: 'unauthenticated', detail: 'the token was revoked' }),
    )
  })
})

describe('jwt takes keys', () => {
  test.each<[string, string, JwtOptions['keys'] & {}, Parameters<SignJWT['sign']>[0]]>([
    ['secret as text', 'HS512', SECRET, Buffer.from(SECRET)],
    ['secret as bytes', 'HS384', new Uint8Array(Buffer.from(SECRET)), Buffer.from(SECRET)],
    [
      'secret as a JWK',
      'HS256',
      { kty: 'oct', k: Buffer.from(SECRET).toString('base64url') },
      Buffer.from(SECRET),
    ],
    ['secret as an object', 'HS256', createSecretKey(Buffer.from(SECRET)), Buffer.from(SECRET)],
    ['secret of the Web', 'HS256', web, web],
    ['PEM', 'RS384', rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(), rsa.privateKey],
    [
      'PEM of PKCS #1',
      'PS512',
      rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
      rsa.privateKey,
    ],
    ['object', 'ES256', ec.publicKey, ec.privateKey],
    ['object of the Web', 'PS512', webRsa.publicKey, webRsa.privateKey],
    ['several', 'ES256', [rsa.publicKey, ec.publicKey], ec.privateKey],
    [
      'set',
      'ES256',
      { keys: [{ ...ec.publicKey.export({ format: 'jwk' }), kty: 'EC', alg: 'ES256', use: 'sig' }] },
      ec.privateKey,
    ],
  ])('%s, %s', async (_, alg, keys, signingKey) => {
    const token = await new SignJWT({ iss: 'id', aud: 'api', exp: NOW + 60 })
      .setProtectedHeader({ alg })
      .sign(signingKey)
    const algorithms = (alg === 'ES256' ? ['ES256', 'RS256'] : [alg]) as JwtOptions['algorithms']
    expect((await asked({ keys, algorithms }, { headers: bearer(token) })).code).toBe('passed')
  })

  test('a secret that is too short is told how long it is, and not what', () => {
    expect(() => jwt({ ...OPTIONS, keys: 'hunter2' })).toThrow(
      /^jwt: "keys" must be a secret at least as long as the hash, 32 bytes \(this one has 7\), got string$/,
    )
  })

  const weak = generateKeyPairSync('rsa', { modulusLength: 1_024 })
  const ecJwk = { ...ec.publicKey.export({ format: 'jwk' }), kty: 'EC' }
  test.each<[string, readonly string[], unknown]>([
    ['a secret too short', ['HS256'], 's'.repeat(31)],
    ['a secret too short for one of them', ['HS256', 'HS512'], 's'.repeat(63)],
    ['a secret too short, of bytes', ['HS384'], Buffer.alloc(47)],
    ['an empty secret', ['HS256'], ''],
    ['no bytes', ['HS256'], Buffer.alloc(0)],
    [
      'a secret that is public',
      ['HS256'],
      Buffer.from(rsa.publicKey.export({ type: 'spki', format: 'pem' })),
    ],
    ['a public key for a secret', ['HS256'], rsa.publicKey.export({ type: 'spki', format: 'pem' })],
    ['a public object for a secret', ['HS256'], rsa.publicKey],
    ['a secret for a public key', ['RS256'], SECRET],
    ['a private key', ['RS256'], rsa.privateKey],
    ['a private key in PEM', ['RS256'], rsa.privateKey.export({ type: 'pkcs8', format: 'pem' })],
    ['a private JWK', ['ES256'], { ...ec.privateKey.export({ format: 'jwk' }) }],
    ['RSA of 1024 bits', ['RS256'], weak.publicKey],
    ['a key of another type', ['RS256'], ec.publicKey],
    ['a key of another curve', ['ES384'], ec.publicKey],
    ['a key for PSS alone', ['RS256'], pss.publicKey],
    ['a key that the Web does not know', ['PS384'], pss.publicKey],
    ['a key of the Web for another hash', ['PS256'], webRsa.publicKey],
    ['a key of the Web for another scheme', ['RS512'], webRsa.publicKey],
    ['a key of the Web for signing', ['PS512'], webRsa.privateKey],
    ['a JWK for encryption', ['ES256'], { ...ecJwk, use: 'enc' }],
    ['a JWK for another algorithm', ['ES256'], { ...ecJwk, alg: 'ES384' }],
    ['a JWK for signing', ['ES256'], { ...ecJwk, key_ops: ['sign'] }],
    ['a JWK whose name is none', ['ES256'], { ...ecJwk, kid: 7 }],
    ['a JWK that is none', ['ES256'], { kty: 'EC', crv: 'P-256' }],
    ['a JWK of a secret that is none', ['HS256'], { kty: 'oct', k: '+/==' }],
    ['PEM that is none', ['RS256'], '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'],
    ['an empty set', ['RS256'], { keys: [] }],
    ['no keys', ['RS256'], []],
    ['null', ['RS256'], null],
    ['a number', ['RS256'], 7],
    ['one of two', ['RS256'], [rsa.publicKey, weak.publicKey]],
  ])('but not %s', (_, algorithms, keys) => {
    const make = () => jwt({ ...OPTIONS, algorithms, keys } as JwtOptions)
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', option: 'keys' }))
    // What it is does not get into the message.
    if (typeof keys === 'string' && keys.length > 8) expect(make).not.toThrow(keys.slice(0, 8))
  })
})

describe('jwt refuses at once', () => {
  const published = { algorithms: ['RS256'], keys: undefined, jwks: 'https://id.example.com/jwks.json' }
  test.each<[string, object]>([
    ['algorithms', { algorithms: undefined }],
    ['algorithms', { algorithms: [] }],
    ['algorithms', { algorithms: 'HS256' }],
    ['algorithms', { algorithms: ['none'] }],
    ['algorithms', { algorithms: ['toString'] }],
    ['algorithms', { algorithms: ['HS256', 'RS256'] }],
    ['algorithms', { ...published, algorithms: ['HS256'] }],
    ['issuer', { issuer: undefined }],
    ['issuer', { issuer: '' }],
    ['issuer', { issuer: [] }],
    ['issuer', { issuer: true }],
    ['audience', { audience: undefined }],
    ['audience', { audience: [7] }],
    ['jwks', { jwks: published.jwks }],
    ['jwks', { keys: undefined }],
    ['jwks', { ...published, jwks: 'http://id.example.com/jwks.json' }],
    ['jwks', { ...published, jwks: 'https://user:password@id.example.com/' }],
    ['jwks', { ...published, jwks: 'https://id.example.com/#x' }],
    ['jwks', { ...published, jwks: 'file:///etc/passwd' }],
    ['jwks', { ...published, jwks: 'jwks.json' }],
    ['jwks', { ...published, jwks: 7 }],
    ['jwks.path', { ...published, jwks: { service: 'https://id.example.com' } }],
    ['jwks.path', { ...published, jwks: { service: 'https://id.example.com', path: 'x' } }],
    ['jwks.service', { ...published, jwks: { service: 'https://id.example.com/x', path: '/' } }],
    ['refreshMs', { ...published, refreshMs: 0 }],
    ['coolDownMs', { ...published, coolDownMs: '0s' }],
    ['maxStaleMs', { ...published, maxStaleMs: -1 }],
    ['fetchTimeoutMs', { ...published, fetchTimeoutMs: 0 }],
    ['onFetchFailure', { ...published, onFetchFailure: 'log' }],
    ['refreshMs', { refreshMs: '1m' }],
    ['onFetchFailure', { onFetchFailure: () => {} }],
    ['requiredClaims', { requiredClaims: 'sub' }],
    ['requireExpiry', { requireExpiry: 'no' }],
    ['typ', { typ: '' }],
    ['clockToleranceMs', { clockToleranceMs: -1 }],
    ['scopes', { scopes: [] }],
    ['scopes', { scopes: ['a b'] }],
    ['roles', { roles: 'admin' }],
    ['rolesClaim', { rolesClaim: 'roles' }],
    ['rolesClaim', { roles: ['admin'], rolesClaim: [] }],
    ['allow', { allow: true }],
    ['isRevoked', { isRevoked: [] }],
    ['from', { from: [] }],
    ['from', { from: 'cookie' }],
    ['from', { from: { cookie: 'a b' } }],
    ['from', { from: { cookie: 'a', query: 'b' } }],
    ['from', { from: { header: 'Authorization' } }],
    ['optional', { optional: 1 }],
    ['forward', { forward: 'no' }],
    ['claimsToHeaders', { claimsToHeaders: ['sub'] }],
    ['claimsToHeaders', { claimsToHeaders: { 'x user': 'sub' } }],
    ['claimsToHeaders', { claimsToHeaders: { 'x-user': '' } }],
    ['claimsToHeaders', { claimsToHeaders: { Host: 'sub' } }],
    ['claimsToHeaders', { claimsToHeaders: { 'X-Forwarded-For': 'sub' } }],
    ['claimsToHeaders', { claimsToHeaders: { authorization: 'sub' } }],
    ['realm', { realm: '' }],
    ['maxTokenLength', { maxTokenLength: 0 }],
    ['cacheBytes', { cacheBytes: -1 }],
    ['name', { name: '' }],
    ['jwksUri', { jwksUri: published.jwks }],
  ])('%s of %j', (option, wrong) => {
    expect(() => jwt({ ...OPTIONS, ...wrong } as JwtOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })

  test('no address of keys on this machine, for development', () => {
    for (const host of ['localhost:3000', '127.0.0.1', '[::1]:8443'])
      expect(() =>
        jwt({ ...OPTIONS, ...published, jwks: `http://${host}/jwks` } as unknown as JwtOptions),
      ).not.toThrow()
  })
})
