import { describe, expect, test } from 'vitest'
import { ProxyError } from '../core/errors.ts'
import { type Handler, onRequest } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { proxy } from '../proxy/proxy.ts'
import { exchange, run, simulate } from '../testing/index.ts'
import { type CorsOptions, cors } from './cors.ts'

const SHOP = 'https://shop.example'

async function get(options: CorsOptions, origin?: string, handler?: Handler) {
  const headers = origin === undefined ? {} : { origin }
  const { response } = await run(cors(options), exchange({ headers }), handler)
  return response.headers
}

async function preflight(options: CorsOptions, origin: string, headers: Record<string, string> = {}) {
  const { response, callCount } = await run(
    cors(options),
    exchange({ method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'PUT', ...headers } }),
  )
  expect([response.status, response.body.length, callCount]).toEqual([204, 0, 0])
  return response.headers
}

describe('cors allows', () => {
  test.each<[string, CorsOptions['origins'], string, boolean]>([
    ['an origin that is listed', [SHOP, 'https://b.example'], SHOP, true],
    ['an origin alone', SHOP, SHOP, true],
    ['no other', [SHOP], 'https://b.example', false],
    ['none that begins alike', [SHOP], `${SHOP}.evil.test`, false],
    ['no other scheme', [SHOP], 'http://shop.example', false],
    ['no other port', [SHOP], `${SHOP}:8443`, false],
    ['what an expression matches', /https:\/\/[a-z]+\.shop\.example/, 'https://a.shop.example', true],
    ['nothing that it matches a part of', /https:\/\/shop\.example/, `${SHOP}.evil.test`, false],
    [
      'nothing behind which more is hidden',
      /https:\/\/.*\.shop\.example/,
      'https://evil.test/.shop.example',
      false,
    ],
    ['no list of origins', /.*/, `${SHOP}, https://evil.test`, false],
    ['what a function allows', (it) => it === SHOP, SHOP, true],
    ['what it allows later', (it) => Promise.resolve(it === SHOP), SHOP, true],
    ['not what it only nearly allows', (() => 'no') as unknown as () => boolean, SHOP, false],
    ['null where it is listed', ['null'], 'null', true],
    ['null not where it is not', [SHOP], 'null', false],
    ['null to no expression', /.*/, 'null', false],
    ['null to no function', () => true, 'null', false],
  ])('%s', async (_, origins, origin, allowed) => {
    const headers = await get({ origins, credentials: true }, origin)
    expect([
      headers.get('access-control-allow-origin'),
      headers.get('access-control-allow-credentials'),
    ]).toEqual(allowed ? [origin, 'true'] : [undefined, undefined])
    expect(headers.get('vary')).toBe('Origin')
  })

  test('everyone, with one answer for all', async () => {
    const headers = await get({ origins: '*' }, 'https://any.example')
    expect([headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual(['*', undefined])
  })

  test('everyone, in answers without an origin too, which a cache may give to a page later', async () => {
    const headers = await get({ origins: '*', exposedHeaders: ['X-Total'] })
    expect([
      headers.get('access-control-allow-origin'),
      headers.get('access-control-expose-headers'),
      headers.get('vary'),
    ]).toEqual(['*', 'X-Total', undefined])
  })

  test('a sticky or global expression each time', async () => {
    const filter = cors({ origins: /https:\/\/shop\.example/g })
    for (let i = 0; i < 2; i++) {
      const { response } = await run(filter, exchange({ headers: { origin: SHOP } }))
      expect(response.headers.get('access-control-allow-origin')).toBe(SHOP)
    }
  })
})

describe('cors', () => {
  test('says nothing to a request without an origin but that the answer depends on it', async () => {
    expect([...(await get({ origins: SHOP }))].filter(([name]) => /^(?:access|vary)/i.test(name))).toEqual([
      ['Vary', 'Origin'],
    ])
  })

  test('says what may be read', async () => {
    const headers = await get({ origins: SHOP, exposedHeaders: ['X-Total', 'Grpc-Status'] }, SHOP)
    expect(headers.get('access-control-expose-headers')).toBe('X-Total, Grpc-Status')
  })

  test('takes the place of what the service says', async () => {
    const answer = () =>
      respond(200, 'ok', {
        'access-control-allow-origin': '*',
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': '*',
      })
    const names = (of: Iterable<[string, string]>) => [...of].map(([name, value]) => `${name}: ${value}`)
    expect(names(await get({ origins: SHOP }, 'https://evil.test', answer)).join()).not.toContain(
      'ccess-control',
    )
    expect(names(await get({ origins: SHOP }, SHOP, answer))).toContain(
      'Access-Control-Allow-Origin: https://shop.example',
    )
  })

  test.each([
    ['Accept-Encoding', 'Accept-Encoding, Origin'],
    ['accept, origin', 'accept, origin'],
    ['*', '*'],
  ])('adds to a Vary of %s what is missing', async (vary, expected) => {
    const headers = await get({ origins: SHOP }, SHOP, () => respond(200, 'ok', { vary }))
    expect(headers.get('vary')).toBe(expected)
  })

  test('answers a preflight itself', async () => {
    const options: CorsOptions = {
      origins: SHOP,
      methods: ['GET', 'PUT'],
      allowedHeaders: ['Content-Type', 'X-A'],
      credentials: true,
      maxAge: '10m',
      privateNetwork: true,
    }
    expect([
      ...(await preflight(options, SHOP, { 'access-control-request-private-network': 'true' })),
    ]).toEqual([
      ['Access-Control-Allow-Origin', SHOP],
      ['Access-Control-Allow-Credentials', 'true'],
      ['Vary', 'Origin'],
      ['Access-Control-Allow-Methods', 'GET, PUT'],
      ['Access-Control-Allow-Headers', 'Content-Type, X-A'],
      ['Access-Control-Max-Age', '600'],
      ['Access-Control-Allow-Private-Network', 'true'],
    ])
    expect([...(await preflight(options, 'https://evil.test'))]).toEqual([['Vary', 'Origin']])
  })

  test('does not open a private network unasked', async () => {
    const asked = { 'access-control-request-private-network': 'true' }
    const headers = await preflight({ origins: SHOP }, SHOP, asked)
    expect(headers.has('access-control-allow-private-network')).toBe(false)
  })

  test('passes an OPTIONS request on that is no preflight', async () => {
    const { callCount } = await run(
      cors({ origins: SHOP }),
      exchange({ method: 'OPTIONS', headers: { origin: SHOP } }),
    )
    expect(callCount).toBe(1)
  })

  test.each([
    ['the answer of the proxy', proxy()],
    ["the answer of the user's own", proxy().onError(() => respond(418, 'no'))],
  ])('lets a page read %s to an error', async (_, base) => {
    const failing = onRequest(() => {
      throw new ProxyError('overloaded')
    })
    const app = base
      .use(cors({ origins: SHOP, exposedHeaders: ['Retry-After'] }), failing)
      .route('/', () => respond(200))
    await using sim = simulate(app)
    const { headers, status } = await sim.get('/', { headers: { origin: SHOP } })
    expect(status).toBeGreaterThan(400)
    expect(headers.get('access-control-allow-origin')).toBe(SHOP)
    expect(headers.get('access-control-expose-headers')).toBe('Retry-After')
    expect(headers.get('vary')).toBe('Origin')
  })

  test.each<[string, object, string]>([
    ['no origin', {}, '"origins" must be'],
    ['an empty list', { origins: [] }, '"origins" must be'],
    ['a path behind an origin', { origins: 'https://shop.example/' }, '"origins" must be'],
    ['an origin in upper case', { origins: 'https://Shop.example' }, '"origins" must be'],
    ['an origin that is none', { origins: ['shop.example'] }, '"origins" must be'],
    ['everyone in a list', { origins: ['*'] }, '"origins" must be'],
    ['everyone with credentials', { origins: '*', credentials: true }, '"origins" must be'],
    [
      'any field with credentials',
      { origins: SHOP, allowedHeaders: '*', credentials: true },
      '"allowedHeaders" must be',
    ],
    [
      'reading any field with credentials',
      { origins: SHOP, exposedHeaders: '*', credentials: true },
      '"exposedHeaders" must be',
    ],
    ['a method that is none', { origins: SHOP, methods: ['GET, PUT'] }, '"methods" must be'],
    [
      'a method in lower case',
      { origins: SHOP, methods: ['put'] },
      '"methods" must be a list of methods in capitals',
    ],
    ['any method', { origins: SHOP, methods: ['*'] }, '"methods" must be'],
    ['a negative age', { origins: SHOP, maxAge: -1 }, '"maxAge" must be'],
    ['a flag that is none', { origins: SHOP, credentials: 'yes' }, '"credentials" must be'],
    ['an unknown option', { origins: SHOP, origin: SHOP }, '"origin" must be one of the options that exist'],
  ])('refuses %s', (_, options, message) => {
    expect(() => cors(options as CorsOptions)).toThrow(message)
  })
})
