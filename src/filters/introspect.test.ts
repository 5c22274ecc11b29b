import { describe, expect, test } from 'vitest'
import type { ProxyError } from '../core/errors.ts'
import type { Handler } from '../core/handler.ts'
import { respond, respondJson } from '../core/message.ts'
import { pool, proxy } from '../index.ts'
import {
  assertProblem,
  exchange,
  fault,
  run,
  simulate,
  type VirtualClock,
  virtualClock,
} from '../testing/index.ts'
import { type IntrospectOptions, introspect, introspection } from './introspect.ts'

const ENDPOINT = 'https://id.example.com/oauth2/introspect'

interface Asked {
  readonly form: Record<string, string>
  readonly fields: Record<string, string>
}

/** An authorization server in a function. */
function server(answer: (form: Record<string, string>, clock: VirtualClock) => unknown) {
  const asked: Asked[] = []
  const clock = virtualClock()
  const service: Handler = async ({ request }) => {
    const form = Object.fromEntries(new URLSearchParams(await request.body.text()))
    asked.push({ form, fields: Object.fromEntries(request.headers) })
    const made = await answer(form, clock)
    return typeof made === 'object' && made !== null && 'headers' in made
      ? (made as never)
      : respondJson(200, made)
  }
  const endpoint = { service, path: '/introspect' }
  return { asked, clock, endpoint }
}

async function come(
  filter: ReturnType<typeof introspect>,
  clock: VirtualClock,
  token: string | undefined = 'abc',
): Promise<string | undefined> {
  const made = exchange({ clock, headers: token === '' ? {} : { authorization: `Bearer ${token}` } })
  return run(filter, made).then(
    () => made.get(introspection)?.sub,
    (error: ProxyError) => error.code,
  )
}

const ACTIVE = { active: true, sub: 'ada' }

describe('introspect', () => {
  test('lets an active token pass, tells who it is, and asks as RFC 7662 says', async () => {
    const { asked, clock, endpoint } = server(() => ACTIVE)
    const auth = { clientId: 'gate way', clientSecret: 'a:b&c' }
    const made = exchange({ clock, headers: { authorization: 'Bearer abc' } })
    const { calls } = await run(introspect({ endpoint, auth }), made)
    expect(made.get(introspection)).toEqual(ACTIVE)
    expect(calls[0]?.headers.get('authorization')).toBe('Bearer abc')
    expect(asked).toEqual([
      {
        form: { token: 'abc', token_type_hint: 'access_token' },
        fields: expect.objectContaining({
          'Content-Type': 'application/x-www-form-urlencoded',
          Accept: 'application/json',
          Authorization: `Basic ${Buffer.from('gate+way:a%3Ab%26c').toString('base64')}`,
        }),
      },
    ])
  })

  test('shows who it is in the form, or by a token of its own', async () => {
    const { asked, clock, endpoint } = server(() => ACTIVE)
    await come(introspect({ endpoint, auth: { clientId: 'a', clientSecret: 'b', method: 'post' } }), clock)
    await come(introspect({ endpoint, auth: { bearer: 'own-token' } }), clock)
    await come(introspect({ endpoint }), clock)
    expect(
      asked.map(({ form, fields }) => [form.client_id, form.client_secret, fields.Authorization]),
    ).toEqual([
      ['a', 'b', undefined],
      [undefined, undefined, 'Bearer own-token'],
      [undefined, undefined, undefined],
    ])
  })

  test('keeps the token from the service where it is told to', async () => {
    const { clock, endpoint } = server(() => ACTIVE)
    const made = exchange({ clock, headers: { authorization: 'Bearer abc' } })
    const { calls } = await run(introspect({ endpoint, forward: false }), made)
    expect(calls[0]?.headers.has('authorization')).toBe(false)
  })

  test.each<[string, Partial<IntrospectOptions>, unknown, string]>([
    ['one that is not active', {}, { active: false, sub: 'ada' }, 'unauthenticated'],
    ['one that has expired', {}, { ...ACTIVE, exp: 1 }, 'unauthenticated'],
    ['one for another', { audience: 'a' }, { ...ACTIVE, aud: 'b' }, 'unauthenticated'],
    ['one for others', { audience: ['a', 'c'] }, { ...ACTIVE, aud: ['b', 'd'] }, 'unauthenticated'],
    ['one for nobody', { audience: 'a' }, ACTIVE, 'unauthenticated'],
    ['one for something that is no text', { audience: 'a' }, { ...ACTIVE, aud: { a: 1 } }, 'unauthenticated'],
    ['one that lacks a scope', { scopes: ['r', 'w'] }, { ...ACTIVE, scope: 'r x' }, 'access_denied'],
    ['one without scopes', { scopes: ['r'] }, { ...ACTIVE, scope: ['r'] }, 'access_denied'],
    ['lets pass one for it', { audience: ['a', 'c'] }, { ...ACTIVE, aud: ['b', 'c'] }, 'ada'],
    ['lets pass one for it alone', { audience: 'a' }, { ...ACTIVE, aud: 'a' }, 'ada'],
    ['lets pass one with the scopes', { scopes: ['r', 'w'] }, { ...ACTIVE, scope: 'w r x' }, 'ada'],
  ])('refuses %s', async (_, options, answer, expected) => {
    const { clock, endpoint } = server(() => answer)
    expect(await come(introspect({ endpoint, ...options }), clock)).toBe(expected)
  })

  test.each<[string, [string, string][], string]>([
    ['no token', [], 'Bearer realm="shop"'],
    ['another scheme', [['authorization', 'Basic YTpi']], 'Bearer realm="shop"'],
    [
      'no token that could be one',
      [['authorization', 'Bearer a b']],
      'Bearer realm="shop", error="invalid_request", error_description="the token has characters that a token cannot have"',
    ],
    [
      'a token that is too long',
      [['authorization', `Bearer ${'a'.repeat(4_097)}`]],
      'Bearer realm="shop", error="invalid_request", error_description="the credentials are too long"',
    ],
    [
      'a token that is not active',
      [['authorization', 'Bearer abc']],
      'Bearer realm="shop", error="invalid_token", error_description="the token is not active"',
    ],
  ])('refuses %s with a challenge', async (_, headers, value) => {
    const { asked, clock, endpoint } = server(() => ({ active: false }))
    const error = await run(introspect({ endpoint, realm: 'shop' }), exchange({ clock, headers })).catch(
      (it) => it,
    )
    expect([error.code, error.headers?.get('www-authenticate')]).toEqual(['unauthenticated', value])
    expect(asked).toHaveLength(value.includes('invalid_token') ? 1 : 0)
  })

  test('names the scopes that are missing in the challenge', async () => {
    const { clock, endpoint } = server(() => ACTIVE)
    const filter = introspect({ endpoint, scopes: ['orders:read'] })
    const made = exchange({ clock, headers: { authorization: 'Bearer abc' } })
    const error = await run(filter, made).catch((it) => it)
    expect(error.headers?.get('www-authenticate')).toContain('error="insufficient_scope"')
    expect(error.headers?.get('www-authenticate')).toContain('scope="orders:read"')
  })

  test('keeps an answer for its time, and not beyond the end of the token', async () => {
    const { asked, clock, endpoint } = server(({ token }, time) => ({
      active: token !== 'bad',
      sub: token,
      ...(token === 'short' && { exp: time.wallTime() / 1_000 + 30 }),
    }))
    const filter = introspect({ endpoint, cacheMs: '1m', cacheInactiveMs: '10s' })
    const all = ['long', 'short', 'bad']
    const comes = async () => Promise.all(all.map((it) => come(filter, clock, it)))
    const tokens = () => asked.splice(0).map(({ form }) => form.token)
    expect(await comes()).toEqual(['long', 'short', 'unauthenticated'])
    expect(tokens()).toEqual(all)
    await comes()
    await clock.advance('9s')
    await comes()
    expect(tokens()).toEqual([])
    await clock.advance('1s')
    await comes()
    expect(tokens()).toEqual(['bad'])
    await clock.advance('20s')
    await comes()
    expect(tokens()).toEqual(['short', 'bad'])
    await clock.advance('30s')
    await comes()
    expect(tokens()).toEqual(['long', 'short', 'bad'])
    expect(clock.pending).toBe(0)
  })

  test('asks once for those who come together', async () => {
    const open = Promise.withResolvers<unknown>()
    const { asked, clock, endpoint } = server(() => open.promise)
    const filter = introspect({ endpoint })
    const both = [come(filter, clock), come(filter, clock)]
    await clock.advance(0)
    open.resolve(ACTIVE)
    expect(await Promise.all(both)).toEqual(['ada', 'ada'])
    expect(asked).toHaveLength(1)
  })

  test.each<[string, () => unknown]>([
    ['500', () => respond(500, 'internal')],
    ['500 with what would be an answer', () => respondJson(500, ACTIVE)],
    ['401', () => respond(401, undefined, { 'WWW-Authenticate': 'Basic' })],
    ['302', () => respond(302, undefined, { Location: '/login' })],
    ['204', () => respond(204)],
    ['no JSON', () => respond(200, '<html>')],
    ['null', () => respondJson(200, null)],
    ['a list', () => []],
    ['no active', () => ({ sub: 'ada' })],
    ['an active that is a text', () => ({ active: 'true' })],
    ['an exp that is a text', () => ({ ...ACTIVE, exp: '9999999999' })],
    ['too much', () => ({ ...ACTIVE, more: 'x'.repeat(70_000) })],
    [
      'an exception',
      () => {
        throw new Error('down')
      },
    ],
    ['nothing', () => new Promise(() => {})],
  ])('is unavailable where the endpoint answers %s', async (_, answer) => {
    const { endpoint } = server(answer)
    const made = exchange({ headers: { authorization: 'Bearer abc' } })
    await expect(run(introspect({ endpoint }), made)).rejects.toMatchObject({ code: 'identity_unavailable' })
  })
})

test('introspect in a whole proxy: a server by its address, answers that are kept, and an outage', async () => {
  await using sim = simulate(
    proxy()
      .listen(80)
      .use(introspect({ endpoint: ENDPOINT, cacheMs: '1m' }))
      .route('/', pool(['http://u1'])),
  )
  const id = sim.upstream('https://id.example.com')
  id.on('POST /oauth2/introspect', ({ body }) => ({
    body: JSON.stringify({ active: body.toString().includes('token=good'), sub: 'ada' }),
  }))
  const get = (token: string) => sim.get('/', { headers: { authorization: `Bearer ${token}` } })

  // 1. Good and bad tokens. The server is told of no client.
  expect((await get('good')).status).toBe(200)
  expect((await get('good')).status).toBe(200)
  assertProblem(await get('bad'), 'unauthenticated')
  expect(id.requests).toHaveLength(2)
  expect(id.requests[0]?.header('x-forwarded-for')).toBeUndefined()
  expect(id.requests[0]?.header('host')).toBe('id.example.com')

  // 2. An outage: known tokens pass, others are told to come again.
  id.inject(fault.resetBeforeHead())
  expect((await get('good')).status).toBe(200)
  const unknown = await get('good-2')
  assertProblem(unknown, 'identity_unavailable')
  expect(unknown.headers.has('retry-after')).toBe(true)

  // 3. A client that leaves while its token is asked about.
  id.pause()
  const leaves = get('good-3')
  const pending = sim.get('/', { headers: { authorization: 'Bearer good-4' } })
  await sim.settle()
  pending.leave()
  await sim.settle()
  expect((await leaves).status).toBe(503)
  expect(sim.upstream('http://u1').requests).toHaveLength(3)
  await sim.assertNoLeaks()
})

test('introspect goes on asking for those who wait, when the one who asked has left', async () => {
  await using sim = simulate(
    proxy()
      .listen(80)
      .use(introspect({ endpoint: ENDPOINT }))
      .route('/', pool(['http://u1'])),
  )
  const id = sim.upstream('https://id.example.com')
  id.reply({ body: JSON.stringify(ACTIVE), delayMs: 1_000 })
  const headers = { authorization: 'Bearer abc' }
  const asks = sim.get('/', { headers })
  await sim.settle()
  const waits = sim.client('192.0.2.7').get('/', { headers })
  await sim.settle()
  asks.leave()
  expect((await waits).status).toBe(200)
  expect(id.requests).toHaveLength(1)
  await sim.assertNoLeaks()
})

describe('introspect does not take', () => {
  test.each<[string, unknown]>([
    ['endpoint', {}],
    ['endpoint', { endpoint: 'id.example.com' }],
    ['endpoint', { endpoint: 'http://id.example.com/introspect' }],
    ['endpoint', { endpoint: 'https://user:secret-1@id.example.com/' }],
    ['endpoint.path', { endpoint: { service: () => respond(200), path: 'x' } }],
    ['endpoint.service', { endpoint: { service: 7, path: '/' } }],
    ['auth', { endpoint: ENDPOINT, auth: 'secret-2' }],
    ['auth.clientId', { endpoint: ENDPOINT, auth: { clientSecret: 'secret-2' } }],
    ['auth.clientSecret', { endpoint: ENDPOINT, auth: { clientId: 'a', clientSecret: '' } }],
    ['auth.method', { endpoint: ENDPOINT, auth: { clientId: 'a', clientSecret: 'secret-2', method: 'jwt' } }],
    ['auth.bearer', { endpoint: ENDPOINT, auth: { bearer: 'secret-2 x' } }],
    ['scopes', { endpoint: ENDPOINT, scopes: 'a b' }],
    ['audience', { endpoint: ENDPOINT, audience: '' }],
    ['forward', { endpoint: ENDPOINT, forward: 1 }],
    ['realm', { endpoint: ENDPOINT, realm: '' }],
    ['maxTokenLength', { endpoint: ENDPOINT, maxTokenLength: 0 }],
    ['cacheMs', { endpoint: ENDPOINT, cacheMs: -1 }],
    ['cacheInactiveMs', { endpoint: ENDPOINT, cacheInactiveMs: '1' }],
    ['cacheMax', { endpoint: ENDPOINT, cacheMax: 0 }],
    ['timeoutMs', { endpoint: ENDPOINT, timeoutMs: 0 }],
    ['url', { url: ENDPOINT }],
  ])('a wrong %s: %j', (option, options) => {
    const call = () => introspect(options as IntrospectOptions)
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }))
    expect(call).not.toThrow(/secret-2/)
  })
})
