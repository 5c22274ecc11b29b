import { describe, expect, test } from 'vitest'
import { pool, proxy } from '../index.ts'
import { assertProblem, exchange, run, simulate } from '../testing/index.ts'
import { type CsrfOptions, csrf } from './csrf.ts'

const ADMIN = 'https://admin.example'

async function passes(
  method: string,
  headers: Record<string, string>,
  options: CsrfOptions = {},
): Promise<boolean> {
  const made = exchange({ method, url: 'https://shop.example/cart', headers })
  return run(csrf(options), made).then(
    () => true,
    (error: unknown) => {
      expect(error).toMatchObject({ code: 'access_denied' })
      return false
    },
  )
}

describe('csrf', () => {
  test.each<[string, string, Record<string, string>, boolean, CsrfOptions?]>([
    // The cases of Go's own test.
    ['same-origin', 'POST', { 'sec-fetch-site': 'same-origin' }, true],
    ['none', 'POST', { 'sec-fetch-site': 'none' }, true],
    ['cross-site', 'POST', { 'sec-fetch-site': 'cross-site' }, false],
    ['same-site', 'POST', { 'sec-fetch-site': 'same-site' }, false],
    ['neither field', 'POST', {}, true],
    ['the own origin', 'POST', { origin: 'https://shop.example' }, true],
    ['another origin', 'POST', { origin: 'https://evil.test' }, false],
    ['the origin null', 'POST', { origin: 'null' }, false],
    ['GET', 'GET', { 'sec-fetch-site': 'cross-site' }, true],
    ['HEAD', 'HEAD', { 'sec-fetch-site': 'cross-site' }, true],
    ['OPTIONS', 'OPTIONS', { 'sec-fetch-site': 'cross-site' }, true],
    ['PUT', 'PUT', { 'sec-fetch-site': 'cross-site' }, false],
    ['DELETE', 'DELETE', { origin: 'https://evil.test' }, false],
    ['a method that nobody knows', 'FROBNICATE', { origin: 'https://evil.test' }, false],
    ['a method in small letters, which is another one', 'get', { origin: 'https://evil.test' }, false],
    // Fields that disagree, and what is no field.
    [
      'cross-site of the own origin',
      'POST',
      { 'sec-fetch-site': 'cross-site', origin: 'https://shop.example' },
      false,
    ],
    [
      'same-origin of another origin',
      'POST',
      { 'sec-fetch-site': 'same-origin', origin: 'https://evil.test' },
      true,
    ],
    ['an empty site', 'POST', { 'sec-fetch-site': '' }, false],
    ['an unknown site', 'POST', { 'sec-fetch-site': 'Same-Origin' }, false],
    ['an empty origin', 'POST', { origin: '' }, false],
    ['the own origin by HTTP', 'POST', { origin: 'http://shop.example' }, true],
    [
      'the own origin with its port',
      'POST',
      { origin: 'https://shop.example', host: 'shop.example:443' },
      true,
    ],
    ['another port', 'POST', { origin: 'https://shop.example:8443' }, false],
    ['a host that begins alike', 'POST', { origin: 'https://shop.example.evil.test' }, false],
    ['a name before the host', 'POST', { origin: 'https://shop.example@evil.test' }, false],
    ['no scheme', 'POST', { origin: 'shop.example' }, false],
    ['another scheme', 'POST', { origin: 'chrome-extension://shop.example' }, false],
    // Options.
    ['a trusted origin', 'POST', { origin: ADMIN }, true, { trustedOrigins: [ADMIN] }],
    [
      'a trusted origin of another site',
      'POST',
      { origin: ADMIN, 'sec-fetch-site': 'cross-site' },
      true,
      { trustedOrigins: [ADMIN] },
    ],
    [
      'one that begins like a trusted origin',
      'POST',
      { origin: `${ADMIN}.evil.test` },
      false,
      { trustedOrigins: [ADMIN] },
    ],
    [
      'a trusted extension',
      'POST',
      { origin: 'chrome-extension://abc' },
      true,
      { trustedOrigins: ['chrome-extension://abc'] },
    ],
    ['neither field where that is refused', 'POST', {}, false, { unmarked: 'refuse' }],
    ['neither field and GET where that is refused', 'GET', {}, true, { unmarked: 'refuse' }],
    [
      'the own origin where neither is refused',
      'POST',
      { origin: 'https://shop.example' },
      true,
      { unmarked: 'refuse' },
    ],
    // WebSockets carry cookies too, and are opened with GET.
    [
      'a WebSocket of another site',
      'GET',
      { origin: 'https://evil.test', connection: 'upgrade', upgrade: 'websocket' },
      false,
    ],
    [
      'a WebSocket of the own',
      'GET',
      { origin: 'https://shop.example', connection: 'upgrade', upgrade: 'websocket' },
      true,
    ],
  ])('%s', async (_, method, headers, expected, options) => {
    expect(await passes(method, headers, options)).toBe(expected)
  })

  test('refuses two origins on two lines', async () => {
    const headers = [
      ['host', 'shop.example'],
      ['origin', 'https://shop.example'],
      ['origin', 'https://evil.test'],
    ] as const
    await expect(run(csrf(), exchange({ method: 'POST', headers }))).rejects.toMatchObject({
      code: 'access_denied',
    })
  })

  test('knows the host behind a trusted proxy, in a whole proxy, and WebSockets by HTTP/1.1 and HTTP/2', async () => {
    await using sim = simulate(
      proxy()
        .listen({ port: 80, trustedProxies: ['10.0.0.1'] })
        .use(csrf())
        .route('/', pool(['http://u1'])),
    )
    const service = sim.upstream('http://u1')
    const headers = { origin: 'https://shop.example', 'x-forwarded-host': 'shop.example' }
    const inside = await sim.client('10.0.0.1').post('/', { headers: { ...headers, host: 'internal' } })
    expect(inside.status).toBe(200)
    assertProblem(await sim.post('/', { headers: { ...headers, host: 'internal' } }), 'access_denied')

    const evil = { headers: { origin: 'https://evil.test' } }
    for (const client of [sim.client('192.0.2.1'), sim.client('192.0.2.2', { http2: true })])
      await expect(client.websocket('/', evil)).rejects.toThrow(/403/)
    expect(service.requests).toHaveLength(1)
    await sim.assertNoLeaks()
  })
})

describe('csrf does not take', () => {
  test.each<[string, unknown]>([
    ['trustedOrigins', ADMIN],
    ['trustedOrigins', [`${ADMIN}/`]],
    ['trustedOrigins', ['https://ADMIN.example']],
    ['trustedOrigins', ['https://admin.example:443']],
    ['trustedOrigins', ['admin.example']],
    ['trustedOrigins', ['null']],
    ['trustedOrigins', ['*']],
    ['trustedOrigins', [/admin/]],
    ['unmarked', 'deny'],
    ['origins', [ADMIN]],
  ])('a wrong %s: %j', (option, value) => {
    expect(() => csrf({ [option]: value })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })
})
