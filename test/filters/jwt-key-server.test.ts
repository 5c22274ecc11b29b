import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { pool, proxy, respond, respondJson } from 'gatewright'
import { type JwtOptions, jwt } from 'gatewright/filters/jwt'
import { exchange, fault, run, type Simulation, simulate, virtualClock } from 'gatewright/testing'
import { describe, expect, test, vi } from 'vitest'
import {
  AUDIENCE,
  bearer,
  ec,
  es256,
  goodToken,
  ISSUER,
  jwkOf,
  NOW,
  rs256,
  rsa,
  type Signer,
  weakRsa,
} from './jwt-tokens.ts'

const ID = 'https://id.example.com'
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const jwk = (key: KeyObject, kid: string, members: object = {}) => jwkOf(key, { kid, ...members })
const setOf = (...keys: unknown[]) => ({ body: JSON.stringify({ keys }) })
const es = (kid: string | undefined, key: KeyObject = ec.privateKey, claims: object = {}) =>
  goodToken({ exp: NOW + 100_000, ...claims }, { alg: 'ES256', kid }, es256(key))
/** Another token each time, so that it is not known. */
let count = 0
const fresh = (kid: string | undefined, key?: KeyObject) => es(kid, key, { jti: String(count++) })

const noTimer = () => ({ refresh: () => {}, clear: () => {} })

const failures: unknown[] = []
function simulated(options: Partial<JwtOptions> = {}): Simulation {
  failures.length = 0
  const filter = jwt({
    algorithms: ['ES256', 'RS256'],
    issuer: ISSUER,
    audience: AUDIENCE,
    jwks: `${ID}/.well-known/jwks.json?v=1`,
    onFetchFailure: (error) => failures.push(error),
    ...options,
  })
  return simulate(proxy().route('/', filter, pool(['http://users'])))
}

const status = async (sim: Simulation, token: string) =>
  (await sim.get('/', { headers: bearer(token) })).status
const fetches = (sim: Simulation) => sim.upstream(ID).totalRequests

describe('the keys of an address', () => {
  test('are fetched for the first token, once for all who wait, and of the proxy alone', async () => {
    await using sim = simulated()
    sim.upstream(ID).reply({ ...setOf(jwk(ec.publicKey, 'a')), delayMs: 500 })
    await sim.settle()
    expect(fetches(sim)).toBe(0)
    const waiting = Array.from({ length: 20 }, () => sim.get('/', { headers: bearer(fresh('a')) }))
    for (const one of waiting) expect((await one).status).toBe(200)
    expect(fetches(sim)).toBe(1)
    const [request] = sim.upstream(ID).requests
    expect(request).toMatchObject({ method: 'GET', target: '/.well-known/jwks.json?v=1' })
    const names = request!.headers.map(([name]) => name.toLowerCase())
    expect(names).not.toContain('authorization')
    expect(names).not.toContain('x-forwarded-for')
    await sim.assertNoLeaks()
  })

  test('are fetched by whoever comes, and outlive that client', async () => {
    await using sim = simulated()
    sim.upstream(ID).reply({ ...setOf(jwk(ec.publicKey, 'a')), delayMs: 500 })
    const leaves = sim.get('/', { headers: bearer(fresh('a')) })
    await sim.advance(100)
    leaves.leave()
    await sim.advance(1_000)
    expect(await status(sim, fresh('a'))).toBe(200)
    expect(fetches(sim)).toBe(1)
    expect(sim.upstream('http://users').requests).toHaveLength(1)
    await sim.assertNoLeaks()
  })

  test('may be those of a pool', async () => {
    const service = pool(['http://keys'])
    await using sim = simulated({ jwks: { service, path: '/jwks' } })
    sim.upstream('http://keys').on('GET /jwks', setOf(jwk(ec.publicKey, 'a')))
    expect(await status(sim, fresh('a'))).toBe(200)
    await sim.assertNoLeaks()
  })

  test('are fetched again beside the requests, when it is time', async () => {
    await using sim = simulated({ refreshMs: '5m' })
    sim.upstream(ID).reply(setOf(jwk(ec.publicKey, 'a')))
    const known = es('a')
    expect(await status(sim, known)).toBe(200)
    await sim.advance('299s')
    expect(await status(sim, known)).toBe(200)
    expect(fetches(sim)).toBe(1)
    await sim.advance('2s')
    sim.upstream(ID).reply({ ...setOf(jwk(ec.publicKey, 'a')), delayMs: 1_000 })
    const before = sim.nowMs
    // A known token is enough to ask for it, and waits for nothing.
    expect(await status(sim, known)).toBe(200)
    expect(sim.nowMs).toBe(before)
    await sim.advance('2s')
    expect(fetches(sim)).toBe(2)
    expect(await status(sim, known)).toBe(200)
    expect(fetches(sim)).toBe(2)
    await sim.assertNoLeaks()
  })

  test('are waited for where they are much too old', async () => {
    await using sim = simulated({ refreshMs: '5m' })
    sim.upstream(ID).reply(setOf(jwk(ec.publicKey, 'a')))
    const known = es('a')
    expect(await status(sim, known)).toBe(200)
    await sim.advance('11m')
    sim.upstream(ID).reply({ ...setOf(jwk(other.publicKey, 'b')), delayMs: 1_000 })
    expect(await status(sim, known)).toBe(401)
    await sim.assertNoLeaks()
  })

  test('do not let a token through any more, once they are withdrawn, though it is known', async () => {
    await using sim = simulated({ refreshMs: '5m' })
    sim.upstream(ID).reply(setOf(jwk(ec.publicKey, 'a'), jwk(other.publicKey, 'b')))
    const known = es('a')
    expect(await status(sim, known)).toBe(200)
    sim.upstream(ID).reply(setOf(jwk(other.publicKey, 'b')))
    await sim.advance('301s')
    expect(await status(sim, known)).toBe(200)
    expect(await status(sim, known)).toBe(401)
    await sim.assertNoLeaks()
  })

  test('nor while its signature is looked at', async () => {
    await using sim = simulated({ refreshMs: '5m' })
    const asked = Promise.withResolvers<void>()
    sim.upstream(ID).reply(setOf(jwk(ec.publicKey, 'a')), async () => {
      await asked.promise
      return setOf(jwk(other.publicKey, 'b'))
    })
    expect(await status(sim, fresh('a'))).toBe(200)
    await sim.advance('301s')
    const late = fresh('a')
    const pending = sim.get('/', { headers: bearer(late) })
    asked.resolve()
    await pending
    await sim.advance('1s')
    expect(await status(sim, late)).toBe(401)
    await sim.assertNoLeaks()
  })
})

describe('keys that change', () => {
  test('under load cause no false answer, even when tokens of the new key come at the moment it is published', async () => {
    await using sim = simulated({ refreshMs: '60s' })
    const keys = Array.from({ length: 7 }, () => generateKeyPairSync('ec', { namedCurve: 'P-256' }))
    // Made before: what Node signs within the simulation would hold its time.
    const tokens = keys.map(({ privateKey }, turn) =>
      Array.from({ length: 500 }, () => fresh(String(turn), privateKey)),
    )
    let turn = 0
    sim.upstream(ID).reply(() => ({
      ...setOf(...[turn - 1, turn].flatMap((it) => (it < 0 ? [] : [jwk(keys[it]!.publicKey, String(it))]))),
      delayMs: 50,
    }))
    sim.every('45s', () => void turn++)
    const result = await sim.load({
      rate: 20,
      duration: '5m',
      clients: 4,
      request: (number) => {
        const those = tokens[number % 3 === 0 ? Math.max(0, turn - 1) : turn]!
        // Every other one is known already, for the most part.
        return { url: '/', headers: bearer(those[number % 2 === 0 ? number % 500 : number % 5]!) }
      },
    })
    expect(turn).toBe(6)
    expect(result.byStatus).toEqual({ 200: result.sent })
    // One each minute, one for each change.
    expect(fetches(sim)).toBeLessThanOrEqual(5 + 6 + 1)
    await sim.assertNoLeaks()
  })

  test('are asked for anew where the fetch that was under way had begun before', async () => {
    await using sim = simulated({ refreshMs: '5m' })
    sim
      .upstream(ID)
      .reply(
        setOf(jwk(ec.publicKey, 'a')),
        { ...setOf(jwk(ec.publicKey, 'a')), delayMs: 500 },
        setOf(jwk(ec.publicKey, 'a'), jwk(other.publicKey, 'b')),
      )
    const known = es('a')
    expect(await status(sim, known)).toBe(200)
    await sim.advance('301s')
    expect(await status(sim, known)).toBe(200)
    // The second answer is on its way, without the new key.
    expect(await status(sim, fresh('b', other.privateKey))).toBe(200)
    expect(fetches(sim)).toBe(3)
    await sim.assertNoLeaks()
  })

  test('are found for tokens without a kid too', async () => {
    await using sim = simulated()
    sim.upstream(ID).reply(setOf(jwk(ec.publicKey, 'a')), setOf(jwk(other.publicKey, 'b')))
    expect(await status(sim, fresh(undefined))).toBe(200)
    await sim.advance('1m')
    expect(await status(sim, fresh(undefined, other.privateKey))).toBe(200)
    await sim.assertNoLeaks()
  })

  test('keep those that are as they were, and what is known of them', async () => {
    const revoked: unknown[] = []
    await using sim = simulated({ refreshMs: '5m', isRevoked: ({ jti }) => revoked.includes(jti) })
    sim
      .upstream(ID)
      .reply(setOf(jwk(ec.publicKey, 'a')), setOf(jwk(other.publicKey, 'b'), jwk(ec.publicKey, 'a')))
    const known = es('a', ec.privateKey, { jti: 'x' })
    expect(await status(sim, known)).toBe(200)
    expect(await status(sim, fresh('b', other.privateKey))).toBe(200)
    expect(await status(sim, known)).toBe(200)
    revoked.push('x')
    expect(await status(sim, known)).toBe(401)
    await sim.assertNoLeaks()
  })
})

describe('someone who makes up keys', () => {
  test('has them asked for once in each cool-down, whatever the number of requests', async () => {
    await using sim = simulated({ coolDownMs: '10s', refreshMs: '10m' })
    sim.upstream(ID).reply({ ...setOf(jwk(ec.publicKey, 'a')), delayMs: 100 })
    expect(await status(sim, fresh('a'))).toBe(200)
    const good = Array.from({ length: 300 }, () => fresh('a'))
    const madeUp = Array.from({ length: 300 }, (_, i) => fresh(`made-up-${i}`, other.privateKey))
    const result = await sim.load({
      rate: 50,
      duration: '60s',
      arrivals: 'constant',
      request: (number) => ({
        url: '/',
        headers: bearer((number % 10 === 0 ? good : madeUp)[number % 300]!),
      }),
    })
    expect(result.byStatus).toEqual({ 200: result.sent / 10, 401: result.sent - result.sent / 10 })
    const times = sim.upstream(ID).requests.map(({ atMs }) => atMs)
    expect(times.length).toBeGreaterThan(3)
    expect(times.length).toBeLessThanOrEqual(8)
    for (const [i, at] of times.entries())
      if (i > 1) expect(at - times[i - 1]!).toBeGreaterThanOrEqual(10_000)
    await sim.assertNoLeaks()
  })

  test('asks for none with a signature that is wrong, or an algorithm that is not allowed', async () => {
    await using sim = simulated()
    sim.upstream(ID).reply(setOf(jwk(ec.publicKey, 'a')))
    expect(await status(sim, fresh('a'))).toBe(200)
    await sim.advance('1m')
    expect(await status(sim, fresh('a', other.privateKey))).toBe(401)
    expect(await status(sim, goodToken({}, { alg: 'none', kid: 'z' }))).toBe(401)
    expect(await status(sim, goodToken({}, { alg: 'HS256', kid: 'z' }))).toBe(401)
    expect(fetches(sim)).toBe(1)
    await sim.assertNoLeaks()
  })
})

describe('a key server that is down', () => {
  test('from the start is 503, soon asked again, and nobody is told that the token is wrong', async () => {
    await using sim = simulated()
    const down = sim.upstream(ID).inject(fault.refuse())
    const answer = await sim.get('/', { headers: bearer(fresh('a')) })
    const { headers } = answer
    expect(answer.status).toBe(503)
    expect(answer.json()).toMatchObject({ type: expect.stringContaining('identity_unavailable') })
    expect([headers.get('retry-after'), headers.get('www-authenticate')]).toEqual(['1', undefined])
    expect(await status(sim, fresh('a'))).toBe(503)
    expect(failures).toHaveLength(1)
    down.remove()
    sim.upstream(ID).reply(setOf(jwk(ec.publicKey, 'a')))
    await sim.advance('1s')
    expect(await status(sim, fresh('a'))).toBe(200)
    await sim.assertNoLeaks()
  })

  test('for longer is asked less and less often, but once in a cool-down', async () => {
    await using sim = simulated({ coolDownMs: '10s' })
    sim.upstream(ID).reply({ status: 500 })
    const token = fresh('a')
    const { byStatus, sent } = await sim.load({
      rate: 20,
      duration: '60s',
      arrivals: 'constant',
      request: () => ({ url: '/', headers: bearer(token) }),
    })
    expect(byStatus).toEqual({ 503: sent })
    const times = sim.upstream(ID).requests.map(({ atMs }) => Math.round(atMs / 1_000))
    const gaps = times.slice(1).map((at, i) => at - times[i]!)
    expect(gaps).toEqual([1, 2, 4, 8, 10, 10, 10, 10])
    await sim.assertNoLeaks()
  })

  test('later: the old keys are used on, and unknown ones are 503', async () => {
    await using sim = simulated({ refreshMs: '5m', coolDownMs: '10s', maxStaleMs: '1h' })
    sim.upstream(ID).reply(setOf(jwk(ec.publicKey, 'a')))
    const known = es('a')
    expect(await status(sim, known)).toBe(200)
    sim.upstream(ID).inject(fault.refuse())
    for (let minutes = 0; minutes < 60; minutes += 4) {
      await sim.advance('4m')
      expect([await status(sim, known), await status(sim, fresh('a'))]).toEqual([200, 200])
      // The first has it asked for, the second comes too soon after that.
      expect(await status(sim, fresh('b', other.privateKey))).toBe(503)
      expect(await status(sim, fresh('b', other.privateKey))).toBe(503)
      expect(await status(sim, fresh('a', other.privateKey))).toBe(401)
    }
    // Not for ever.
    await sim.advance('6m')
    expect([await status(sim, known), await status(sim, fresh('a'))]).toEqual([503, 503])
    sim.upstream(ID).clearFaults()
    await sim.advance('10s')
    await status(sim, known)
    await sim.advance('1s')
    expect([await status(sim, known), await status(sim, fresh('a'))]).toEqual([200, 200])
    await sim.assertNoLeaks()
  })

  test('while the clock was put back is asked no more often than else', async () => {
    let asked = 0
    let [up, wallTime] = [true, NOW * 1_000]
    const service = () => {
      asked++
      return up ? respondJson(200, { keys: [jwk(ec.publicKey, 'a')] }) : respond(500)
    }
    const filter = jwt({
      algorithms: ['ES256'],
      issuer: ISSUER,
      audience: AUDIENCE,
      jwks: { service, path: '/' },
      onFetchFailure: () => {},
    })
    const known = fresh('a')
    const clock = { ...virtualClock(), now: () => 0, wallTime: () => wallTime, setTimeout: noTimer }
    const ask = async () => (await run(filter, exchange({ headers: bearer(known), clock }))).response.status
    expect([await ask(), asked]).toEqual([200, 1])
    up = false
    wallTime -= 3_600_000
    for (let i = 0; i < 5; i++) expect(await ask()).toBe(200)
    expect(asked).toBe(2)
    up = true
    wallTime += 10_000
    for (let i = 0; i < 5; i++) expect(await ask()).toBe(200)
    expect(asked).toBe(3)
  })

  test('is reported by whoever wants it, and one who throws over it does no harm', async () => {
    const written = vi.spyOn(console, 'error').mockImplementation(() => {})
    await using sim = simulated({
      onFetchFailure: () => {
        throw new Error('of the test')
      },
    })
    sim.upstream(ID).reply({ status: 500 }, setOf(jwk(ec.publicKey, 'a')))
    expect(await status(sim, fresh('a'))).toBe(503)
    await sim.advance('1s')
    expect(await status(sim, fresh('a'))).toBe(200)
    await sim.assertNoLeaks()
    expect(written.mock.calls).toEqual([
      [expect.stringContaining('onFetchFailure threw'), new Error('of the test')],
    ])
    written.mockRestore()
  })

  test('is written to standard error, if nobody wants it, without a word of the address', async () => {
    const written = vi.spyOn(console, 'error').mockImplementation(() => {})
    await using sim = simulated({ onFetchFailure: undefined as never })
    sim.upstream(ID).reply({ status: 500 })
    expect(await status(sim, fresh('a'))).toBe(503)
    await sim.assertNoLeaks()
    expect(written.mock.calls).toEqual([
      ['gatewright: jwt: the keys cannot be fetched: the key server answered 500'],
    ])
    written.mockRestore()
  })
})

describe('an answer that is no set of keys', () => {
  const huge = JSON.stringify({ keys: [jwk(other.publicKey, 'b')], padding: 'x'.repeat(300_000) })
  test.each<[string, Parameters<ReturnType<Simulation['upstream']>['reply']>[0], RegExp]>([
    ['huge', { body: huge }, /too large/],
    ['no JSON', { body: '<html>' }, /no JSON/],
    ['cut off', { body: '{"keys":[' }, /no JSON/],
    ['empty', { body: '' }, /no JSON/],
    ['null', { body: 'null' }, /no JWK set/],
    ['a list', { body: '[]' }, /no JWK set/],
    ['without keys', { body: '{}' }, /no JWK set/],
    ['keys that are no list', { body: '{"keys":{}}' }, /no JWK set/],
    ['no key', { body: '{"keys":[]}' }, /no key that can be used/],
    ['keys that are none', { body: '{"keys":[null,7,"x",[],{}]}' }, /no key that can be used/],
    [
      'too many keys',
      setOf(...Array.from({ length: 101 }, (_, i) => jwk(other.publicKey, `${i}`))),
      /more than 100/,
    ],
    ['thousands of brackets', { body: `{"keys":[${'['.repeat(100_000)}` }, /./],
    ['nested deeply', { body: `{"keys":[${'['.repeat(50_000)}${']'.repeat(50_000)}]}` }, /./],
    ['a redirect', { status: 302, headers: { location: 'http://evil.test/' }, body: '' }, /answered 302/],
    ['not found', { status: 404, body: huge }, /answered 404/],
    ['no content', { status: 204 }, /answered 204/],
    ['slow to begin', { delayMs: 60_000, body: '{}' }, /./],
  ])('%s: the old keys stay', async (_, answer, why) => {
    await using sim = simulated({ refreshMs: '5m', coolDownMs: '10s', fetchTimeoutMs: '3s' })
    sim.upstream(ID).reply(setOf(jwk(ec.publicKey, 'a')), answer)
    expect(await status(sim, fresh('a'))).toBe(200)
    await sim.advance('301s')
    expect(await status(sim, fresh('a'))).toBe(200)
    await sim.advance('4s')
    expect(await status(sim, fresh('a'))).toBe(200)
    expect(failures).toHaveLength(1)
    expect(String(failures[0])).toMatch(why)
    expect(fetches(sim)).toBe(2)
    await sim.assertNoLeaks()
  })

  test('dripping is given up in time', async () => {
    await using sim = simulated({ fetchTimeoutMs: '3s' })
    sim
      .upstream(ID)
      .reply(setOf(jwk(ec.publicKey, 'a')))
      .inject(fault.drip(1, '500ms'))
    const before = sim.nowMs
    expect(await status(sim, fresh('a'))).toBe(503)
    expect(sim.nowMs - before).toBe(3_000)
    expect(failures).toMatchObject([{ code: 'upstream_deadline' }])
    await sim.assertNoLeaks()
  })
})

describe('a key that is not for it', () => {
  const fits = (members: object) => jwk(ec.publicKey, 'a', members)
  test.each<[string, unknown]>([
    ['for encryption', fits({ use: 'enc' })],
    ['of a use that is no text', fits({ use: ['sig'] })],
    ['for another algorithm', fits({ alg: 'ES384' })],
    ['for no algorithm that is allowed', fits({ alg: 'EdDSA' })],
    ['for signing alone', fits({ key_ops: ['sign'] })],
    ['for nothing', fits({ key_ops: [] })],
    ['with operations that are no list', fits({ key_ops: 'verify' })],
    ['of a name that is no text', fits({ kid: 7 })],
    ['with its private part', { ...ec.privateKey.export({ format: 'jwk' }), kid: 'a' }],
    ['not on the curve', fits({ x: ec.publicKey.export({ format: 'jwk' }).y })],
    ['of another curve by name', fits({ crv: 'P-384' })],
    ['a secret', { kty: 'oct', kid: 'a', k: Buffer.alloc(64).toString('base64url') }],
    ['unknown', { kty: 'AKP', kid: 'a', alg: 'ML-DSA-44', pub: 'AA' }],
  ])('%s', async (_, key) => {
    await using sim = simulated()
    sim.upstream(ID).reply(setOf(key, jwk(other.publicKey, 'b')))
    expect(await status(sim, fresh('b', other.privateKey))).toBe(200)
    expect(await status(sim, fresh('a'))).toBe(401)
    await sim.assertNoLeaks()
  })

  /** With 1 for an exponent, the padded hash is its own signature (RFC 8017 section 9.2). */
  const paddedHash: Signer = (input) => {
    const digest = createHash('sha256').update(input).digest()
    const info = Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), digest])
    const padding = Buffer.alloc(256 - info.length - 3, 0xff)
    return Buffer.concat([Buffer.from([0, 1]), padding, Buffer.from([0]), info])
  }
  test.each<[string, unknown, Signer]>([
    ['RSA of 1024 bits', jwk(weakRsa.publicKey, 'weak'), rs256(weakRsa.privateKey)],
    ['RSA whose exponent is 1', jwk(rsa.publicKey, 'weak', { e: 'AQ' }), paddedHash],
  ])('%s', async (_, weak, signer) => {
    await using sim = simulated()
    sim.upstream(ID).reply(setOf(weak, jwk(ec.publicKey, 'a')))
    expect(await status(sim, goodToken({}, { kid: 'weak' }, signer))).toBe(401)
    expect(await status(sim, fresh('a'))).toBe(200)
    await sim.assertNoLeaks()
  })

  test('what is said of a key and fits lets it be', async () => {
    await using sim = simulated()
    sim.upstream(ID).reply(setOf(fits({ use: 'sig', alg: 'ES256', key_ops: ['verify'], x5c: ['MIIB'] })))
    expect(await status(sim, fresh('a'))).toBe(200)
    await sim.assertNoLeaks()
  })
})
