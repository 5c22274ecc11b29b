import { createPublicKey, sign } from 'node:crypto'
import fc from 'fast-check'
import { pool, proxy } from 'gatewright'
import { jwt } from 'gatewright/filters/jwt'
import { exchange, run, simulate } from 'gatewright/testing'
import { describe, expect, test } from 'vitest'
import {
  AUDIENCE,
  bearer,
  ec,
  ed25519,
  eddsa,
  es256,
  goodClaims,
  goodToken,
  hs256,
  ISSUER,
  jwkOf,
  keySet,
  NOW,
  otherRsa,
  part,
  ps256,
  rs256,
  rsa,
  SECRET,
  type Signer,
  token,
} from './jwt-tokens.ts'

const publicKeys = jwt({
  algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
  issuer: ISSUER,
  audience: AUDIENCE,
  keys: keySet,
})
const secret = jwt({ algorithms: ['HS256'], issuer: ISSUER, audience: AUDIENCE, keys: SECRET })

type Fields = Record<string, string | readonly string[]>

async function ask(fields: Fields, filter = publicKeys) {
  await using sim = simulate(proxy().route('/', filter, pool(['http://users'])))
  const { status, headers } = await sim.get('/', { headers: fields })
  const passed = sim.upstream('http://users').requests.length
  await sim.assertNoLeaks()
  return { status, passed, challenge: headers.get('www-authenticate') }
}

const INVALID = {
  status: 401,
  passed: 0,
  challenge: expect.stringMatching(/^Bearer realm="api", error="invalid_token", error_description="[^"]+"$/),
}

/** The attack is refused, and the same token without it would not be. */
async function expectRefused(attack: string, filter = publicKeys) {
  expect(await ask(bearer(attack), filter)).toEqual(INVALID)
}

const sound = goodToken()
const [header64, payload64, signature64] = sound.split('.') as [string, string, string]

describe('what is no attack passes', () => {
  test.each<[string, string]>([
    ['RS256', sound],
    ['PS256', goodToken({}, { alg: 'PS256' }, ps256())],
    ['ES256', goodToken({}, { alg: 'ES256', kid: 'ec' }, es256())],
    ['EdDSA', goodToken({}, { alg: 'EdDSA', kid: 'ed' }, eddsa())],
    ['a list of audiences with ours in it', goodToken({ aud: ['other', AUDIENCE] })],
    ['no kid', token({ alg: 'ES256' }, goodClaims(), es256())],
    ['expired within the tolerance', goodToken({ exp: NOW - 4 })],
    ['not valid yet within the tolerance', goodToken({ nbf: NOW + 5, iat: NOW + 5 })],
  ])('%s', async (_, good) => {
    expect(await ask(bearer(good))).toMatchObject({ status: 200, passed: 1 })
  })

  test('HS256', async () => {
    expect(await ask(bearer(goodToken({}, { alg: 'HS256' }, hs256())), secret)).toMatchObject({ status: 200 })
  })
})

describe('no signature', () => {
  const spellings = Array.from({ length: 16 }, (_, bits) =>
    Array.from('none', (letter, i) => ((bits >> i) & 1 ? letter.toUpperCase() : letter)).join(''),
  )
  test.each(spellings)('alg %s, with and without what looks like one', async (alg) => {
    await expectRefused(`${part({ alg })}.${payload64}.`)
    await expectRefused(`${part({ alg })}.${payload64}.${signature64}`)
    await expectRefused(`${part({ alg, kid: 'rsa' })}.${payload64}.${signature64}`)
    await expectRefused(`${part({ alg })}.${payload64}.`, secret)
  })

  test.each([
    undefined,
    null,
    '',
    0,
    ['RS256'],
    { RS256: 1 },
    'toString',
    '__proto__',
    'HS256',
    'RS512',
    'rs256',
  ])('alg %j', async (alg) => {
    await expectRefused(goodToken({}, { alg }))
  })
})

describe('a public key taken for a secret', () => {
  const spki = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  test.each<[string, string | Buffer]>([
    ['PEM', spki],
    ['PEM without its last line break', spki.trimEnd()],
    ['DER', rsa.publicKey.export({ type: 'spki', format: 'der' })],
    ['PKCS #1', rsa.publicKey.export({ type: 'pkcs1', format: 'pem' })],
    ['JWK', JSON.stringify(keySet.keys[0])],
    ['the modulus', Buffer.from(String(keySet.keys[0]!.n), 'base64url')],
    ['nothing', ''],
  ])('%s', async (_, known) => {
    await expectRefused(goodToken({}, { alg: 'HS256' }, hs256(known)))
    await expectRefused(token({ alg: 'HS256' }, goodClaims(), hs256(known)))
    await expectRefused(goodToken({}, { alg: 'HS256' }, hs256(known)), secret)
  })
})

describe('a kid that is no name', () => {
  const kids = [
    '../../../../../../dev/null',
    '/dev/null',
    'file:///dev/null',
    "x' UNION SELECT 'secret",
    "' OR 1=1 --",
    '| id',
    '\0',
    '',
    '__proto__',
    'constructor',
    'x'.repeat(4_000),
    '\u{1f600}\u202e',
  ]
  test.each(kids)('%j', async (kid) => {
    await expectRefused(goodToken({}, { kid }, rs256(otherRsa.privateKey)))
    await expectRefused(goodToken({}, { kid, alg: 'HS256' }, hs256('')), secret)
  })

  test.each([null, 7, true, ['rsa'], { rsa: 'rsa' }])('%j, signed well', async (kid) => {
    await expectRefused(goodToken({}, { kid }))
    const nameless = jwt({ algorithms: ['RS256'], issuer: ISSUER, audience: AUDIENCE, keys: rsa.publicKey })
    expect(await ask(bearer(goodToken({}, { kid: 'any' })), nameless)).toMatchObject({ status: 200 })
    await expectRefused(goodToken({}, { kid }), nameless)
  })

  test('of a key for another algorithm', async () => {
    await expectRefused(goodToken({}, { kid: 'ec' }))
    await expectRefused(goodToken({}, { alg: 'ES256', kid: 'rsa' }, es256()))
  })
})

describe('a key that the token brings or points to', () => {
  const certificate = 'MIIB'
  test.each<[string, object]>([
    ['jwk', { jwk: jwkOf(otherRsa.publicKey, { kid: 'rsa' }) }],
    ['jku', { jku: 'http://evil.test/jwks.json' }],
    ['x5u', { x5u: 'http://evil.test/key.pem' }],
    ['x5c', { x5c: [certificate] }],
    ['all of them', { jku: 'http://evil.test/', x5u: 'http://evil.test/', jwk: jwkOf(otherRsa.publicKey) }],
  ])('%s is not used, and nobody is asked', async (_, brought) => {
    const attack = goodToken({}, brought, rs256(otherRsa.privateKey))
    await using sim = simulate(proxy().route('/', publicKeys, pool(['http://users', 'http://evil.test'])))
    expect((await sim.get('/', { headers: bearer(attack) })).status).toBe(401)
    expect(sim.upstream('http://evil.test').requests).toEqual([])
    await sim.assertNoLeaks()
    // And it does no harm to a token that is good.
    expect(await ask(bearer(goodToken({}, brought)))).toMatchObject({ status: 200 })
  })
})

describe('claims that are wrong', () => {
  test.each<[string, object, RegExp]>([
    ['expired', { exp: NOW - 5 }, /has expired/],
    ['expired long ago', { exp: 0 }, /has expired/],
    ['without an end', { exp: undefined }, /has no exp/],
    ['an end that is no number', { exp: `${NOW + 300}` }, /has no exp/],
    ['an end that is null', { exp: null }, /has no exp/],
    ['not valid yet', { nbf: NOW + 6 }, /not valid yet/],
    ['a begin that is no number', { nbf: 'now' }, /has no nbf/],
    ['issued in the future', { iat: NOW + 6 }, /in the future/],
    ['issued at no number', { iat: [NOW] }, /has no iat/],
    ['another issuer', { iss: 'https://evil.test' }, /another issuer/],
    ['an issuer that begins alike', { iss: `${ISSUER}.evil.test` }, /another issuer/],
    ['a list of issuers', { iss: [ISSUER] }, /another issuer/],
    ['no issuer', { iss: undefined }, /has no iss/],
    ['another audience', { aud: 'https://other.example.com' }, /another audience/],
    ['a list of other audiences', { aud: ['a', 'b'] }, /another audience/],
    ['an empty list of audiences', { aud: [] }, /another audience/],
    ['an audience in a list in a list', { aud: [[AUDIENCE]] }, /another audience/],
    ['an audience that holds ours', { aud: `${AUDIENCE} x` }, /another audience/],
    ['no audience', { aud: undefined }, /has no aud/],
  ])('%s', async (_, changes, description) => {
    const { status, passed, challenge } = await ask(bearer(goodToken(changes)))
    expect([status, passed]).toEqual([401, 0])
    expect(challenge).toMatch(description)
  })

  test.each(['[]', 'null', '7', '"x"', '', '{', `${JSON.stringify(goodClaims())}x`, '\ufeff{}'])(
    'claims that are %j',
    async (payload) => {
      await expectRefused(token({ alg: 'RS256', kid: 'rsa' }, payload, rs256()))
    },
  )
})

describe('JSON that can be read in two ways', () => {
  const claims = JSON.stringify(goodClaims())
  test.each([
    '{"alg":"none","alg":"RS256","kid":"rsa"}',
    '{"alg":"RS256","kid":"rsa","alg":"RS256"}',
    '{"\\u0061lg":"none","alg":"RS256","kid":"rsa"}',
    '{"alg":"RS256","kid":"x","kid":"rsa"}',
    '{"alg":"RS256","kid":"rsa","x":{"y":1,"y":2}}',
    '{"alg":"RS256","kid":"rsa"} {}',
    '\ufeff{"alg":"RS256","kid":"rsa"}',
    '[{"alg":"RS256","kid":"rsa"}]',
    '{"alg":"RS256","kid":"rsa",}',
  ])('header %s', async (header) => {
    await expectRefused(token(header, claims, rs256()))
  })

  test('a header that is no UTF-8', async () => {
    const broken = Buffer.from('{"alg":"RS256","kid":"rsa","x":"\xff"}', 'latin1').toString('base64url')
    const input = `${broken}.${payload64}`
    await expectRefused(`${input}.${rs256()(input).toString('base64url')}`)
  })

  test('claims that are said twice', async () => {
    const header = { alg: 'RS256', kid: 'rsa' }
    await expectRefused(token(header, claims.replace('"sub"', '"sub":"root","sub"'), rs256()))
    await expectRefused(token(header, claims.replace('"sub"', '"a":{"b":1,"\\u0062":2},"sub"'), rs256()))
  })

  test('thousands of brackets', async () => {
    await expectRefused(token(`{"alg":"RS256","x":${'['.repeat(3_000)}`, claims, rs256()))
    await expectRefused(
      token({ alg: 'RS256', kid: 'rsa' }, `{"x":${'['.repeat(2_500)}${']'.repeat(2_500)}}`, rs256()),
    )
  })
})

describe('extensions that must be understood', () => {
  const unencoded = (header: object): string => {
    const input = `${part(header)}.payload`
    return `${input}.${rs256()(input).toString('base64url')}`
  }
  test.each<[string, object]>([
    ['b64 false', { b64: false, crit: ['b64'] }],
    ['b64 false without crit', { b64: false }],
    ['b64 true', { b64: true, crit: ['b64'] }],
    ['an unknown one', { crit: ['exp'], exp: NOW }],
    ['one that is not there', { crit: ['x'] }],
    ['an empty list', { crit: [] }],
    ['no list', { crit: 'b64' }],
    ['null', { crit: null }],
  ])('%s', async (_, extension) => {
    const header = { alg: 'RS256', kid: 'rsa', ...extension }
    await expectRefused(token(header, goodClaims(), rs256()))
    await expectRefused(unencoded(header))
  })
})

describe('signatures that are none', () => {
  const signing = (bytes: (input: string) => Buffer): string =>
    goodToken({}, { alg: 'ES256', kid: 'ec' }, bytes as Signer)
  const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
  test.each<[string, () => string]>([
    ['ECDSA of zeros', () => signing(() => Buffer.alloc(64))],
    ['ECDSA of the order', () => signing(() => Buffer.concat([order, order]))],
    ['ECDSA in DER', () => signing((input) => sign('sha256', Buffer.from(input), ec.privateKey))],
    ['ECDSA of zeros in DER', () => signing(() => Buffer.from('3006020100020100', 'hex'))],
    ['half an ECDSA', () => signing((input) => es256()(input).subarray(0, 32))],
    ['ECDSA and a byte', () => signing((input) => Buffer.concat([es256()(input), Buffer.alloc(1)]))],
    ['RSA of zeros', () => goodToken({}, {}, () => Buffer.alloc(256))],
    ['RSA of ones', () => goodToken({}, {}, () => Buffer.alloc(256, 255))],
    ['RSA cut off', () => goodToken({}, {}, (input) => rs256()(input).subarray(0, 255))],
    ['RSA and a byte', () => goodToken({}, {}, (input) => Buffer.concat([rs256()(input), Buffer.alloc(1)]))],
    ['one byte', () => goodToken({}, {}, () => Buffer.alloc(1))],
    ['PSS taken for PKCS #1', () => goodToken({}, {}, ps256())],
    ['PKCS #1 taken for PSS', () => goodToken({}, { alg: 'PS256' }, rs256())],
    ['EdDSA of zeros', () => goodToken({}, { alg: 'EdDSA', kid: 'ed' }, () => Buffer.alloc(64))],
    ['another key', () => goodToken({}, {}, rs256(otherRsa.privateKey))],
    ['that of other claims', () => `${header64}.${part(goodClaims({ sub: 'root' }))}.${signature64}`],
  ])('%s', async (_, attack) => {
    await expectRefused(attack())
  })

  test.each([16, 31, 33])('HMAC of %d bytes', async (length) => {
    const cut = goodToken({}, { alg: 'HS256' }, (input) =>
      Buffer.concat([hs256()(input), Buffer.alloc(8)]).subarray(0, length),
    )
    await expectRefused(cut, secret)
  })
})

describe('texts that are no token', () => {
  const end = signature64.slice(-1)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  /** 256 bytes leave four bits unused in the last character: these say the same bytes. */
  const aliases = Array.from(alphabet).filter(
    (it) => it !== end && alphabet.indexOf(it) >> 4 === alphabet.indexOf(end) >> 4,
  )
  test('another last character that stands for the same signature', async () => {
    expect(aliases).toHaveLength(15)
    for (const alias of aliases) {
      const attack = sound.slice(0, -1) + alias
      expect(Buffer.from(attack.split('.')[2]!, 'base64url')).toEqual(Buffer.from(signature64, 'base64url'))
      await expectRefused(attack)
    }
  })

  test.each<[string, string]>([
    ['padding', `${sound}==`],
    ['padding of the header', `${header64}=.${payload64}.${signature64}`],
    ['a fourth part', `${sound}.x`],
    ['an empty fourth part', `${sound}.`],
    ['a tilde', `${sound}~`],
    ['something before it', `x.${sound}`],
    ['two parts', `${header64}.${payload64}`],
    ['one part', header64],
    ['dots', '..'],
    ['a dot', '.'],
    ['an empty header', `.${payload64}.${signature64}`],
    ['no claims', `${header64}..${signature64}`],
    ['base64 in place of base64url', sound.replaceAll('-', '+').replaceAll('_', '/')],
    ['a JWE', `${part({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.AA.AA.AA.AA`],
    ['a JWE that is direct', `${part({ alg: 'dir', enc: 'A256GCM', kid: 'rsa' })}..AA.AA.AA`],
    ['a lone character', 'A'],
  ])('%s', async (_, attack) => {
    await expectRefused(attack)
  })
})

describe('requests with more or other than one token', () => {
  const MALFORMED = {
    status: 401,
    passed: 0,
    challenge: expect.stringMatching(
      /^Bearer realm="api", error="invalid_request", error_description="[^"]+"$/,
    ),
  }
  test.each<[string, Fields]>([
    ['two fields', { authorization: [`Bearer ${sound}`, `Bearer ${sound}`] }],
    ['a second of another scheme', { authorization: [`Bearer ${sound}`, 'Basic YTpi'] }],
    ['no token behind the scheme', { authorization: 'Bearer' }],
    ['one character too long', bearer('a'.repeat(8_193))],
    ['far too long', bearer('a.'.repeat(7_000))],
  ])('%s', async (_, fields) => {
    expect(await ask(fields)).toEqual(MALFORMED)
  })

  test('white space or a comma behind it', async () => {
    for (const more of [' x', ', x', `, Bearer ${sound}`, '\tx'])
      expect(await ask({ authorization: `Bearer ${sound}${more}` })).toEqual(INVALID)
  })

  test('several places', async () => {
    const filter = jwt({
      algorithms: ['RS256'],
      issuer: ISSUER,
      audience: AUDIENCE,
      keys: keySet.keys[0]!,
      from: ['authorization', { cookie: 'session' }, { header: 'x-token' }],
    })
    const places = [bearer(sound), { cookie: `session=${sound}` }, { 'x-token': sound }]
    for (const one of places) {
      expect(await ask(one, filter)).toMatchObject({ status: 200 })
      for (const other of places)
        if (one !== other) expect(await ask({ ...one, ...other }, filter)).toEqual(MALFORMED)
    }
    expect(await ask({ cookie: `session=${sound}; session=${sound}` }, filter)).toEqual(MALFORMED)
    expect(await ask({ 'x-token': [sound, sound] }, filter)).toEqual(MALFORMED)
  })

  test.each<[string, Fields]>([
    ['none', {}],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['a token where none is looked for', { cookie: `access_token=${sound}`, 'x-token': sound }],
  ])('%s', async (_, fields) => {
    expect(await ask(fields)).toEqual({ status: 401, passed: 0, challenge: 'Bearer realm="api"' })
  })
})

describe('any other text', () => {
  const code = (fields: Fields) =>
    run(publicKeys, exchange({ headers: fields })).then(
      () => 'passed',
      (error) => error.code,
    )

  test('a good token with one character changed is refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(sound.length - 1),
        fc.constantFrom(...Array.from('ABCXYZabcxyz019-_.~+/=')),
        async (at, character) => {
          fc.pre(sound[at] !== character)
          const changed = sound.slice(0, at) + character + sound.slice(at + 1)
          expect(await code(bearer(changed))).toBe('unauthenticated')
        },
      ),
      { numRuns: 300 },
    )
  })

  test('any header and claims without a key are refused', async () => {
    const anything = fc.oneof(fc.json(), fc.string(), fc.string({ unit: 'binary' }))
    await fc.assert(
      fc.asyncProperty(anything, anything, fc.base64String(), async (header, payload, signature) => {
        const made = `${part(header)}.${part(payload)}.${signature}`
        expect(await code(bearer(made))).toBe('unauthenticated')
      }),
      { numRuns: 300 },
    )
  })
})

test('keys that are public can be had of certificates and PEM', async () => {
  const pem = createPublicKey(ed25519.privateKey).export({ type: 'spki', format: 'pem' }).toString()
  const filter = jwt({ algorithms: ['EdDSA'], issuer: ISSUER, audience: AUDIENCE, keys: pem })
  expect(await ask(bearer(goodToken({}, { alg: 'EdDSA' }, eddsa())), filter)).toMatchObject({ status: 200 })
})
