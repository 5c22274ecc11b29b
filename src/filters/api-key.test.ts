import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ProxyError } from '../core/errors.ts'
import { pool, proxy } from '../index.ts'
import { assertProblem, exchange, run, simulate, virtualClock } from '../testing/index.ts'
import { type ApiKeyIdentity, type ApiKeyOptions, apiKey, apiKeyIdentity } from './api-key.ts'

const KEY = 'a-key-of-some-length'
const OTHER = 'another-key-of-some-length'
const sha256 = (key: string) => createHash('sha256').update(key).digest('hex')
const SHOP = { id: 'shop', attributes: { plan: 'pro' } }
const KEYS = [
  { key: KEY, ...SHOP },
  { sha256: sha256(OTHER).toUpperCase(), id: 'other' },
]

async function ask(options: ApiKeyOptions, url: string, headers: Record<string, string> = {}) {
  const made = exchange({ url, headers })
  const { calls } = await run(apiKey(options), made)
  return { identity: made.get(apiKeyIdentity), target: calls[0]?.target, headers: calls[0]?.headers }
}

async function refusal(
  options: ApiKeyOptions,
  url: string,
  headers: [string, string][] = [],
): Promise<ProxyError> {
  const error = await run(apiKey(options), exchange({ url, headers })).catch((it: unknown) => it)
  expect(error).toBeInstanceOf(ProxyError)
  return error as ProxyError
}

describe('apiKey lets pass', () => {
  test('a key, and tells whose it is; the service does not get it', async () => {
    const { identity, headers } = await ask({ keys: KEYS }, '/', { 'x-api-key': KEY })
    expect(identity).toEqual(SHOP)
    expect(headers?.has('x-api-key')).toBe(false)
  })

  test('a key that is known by its hash', async () => {
    expect((await ask({ keys: KEYS }, '/', { 'x-api-key': OTHER })).identity?.id).toBe('other')
  })

  test('a key in the query or in a cookie', async () => {
    const options = { keys: KEYS, from: [{ query: 'key' }, { cookie: 'key' }] }
    const inQuery = await ask(options, `/?a=1&key=${KEY}`, { cookie: 'b=2' })
    expect([inQuery.identity?.id, inQuery.target]).toEqual(['shop', '/?a=1'])
    const inCookie = await ask(options, '/?a=1', { cookie: `key=${OTHER}; b=2` })
    expect([inCookie.identity?.id, inCookie.headers?.get('cookie')]).toEqual(['other', 'b=2'])
    const both = await refusal(options, `/?key=${KEY}`, [['cookie', `key=${KEY}`]])
    expect(both.detail).toMatch(/more than one/)
  })

  test('the key on where it is told to', async () => {
    const { headers } = await ask({ keys: KEYS, forward: true }, '/', { 'x-api-key': KEY })
    expect(headers?.get('x-api-key')).toBe(KEY)
  })
})

describe('apiKey refuses', () => {
  test.each<[string, [string, string][], RegExp]>([
    ['no key', [], /no API key/],
    ['an empty key', [['x-api-key', '']], /not known/],
    ['another key', [['x-api-key', `${KEY}x`]], /not known/],
    ['the hash of a key', [['x-api-key', sha256(KEY)]], /not known/],
    ['a key that is too long', [['x-api-key', 'x'.repeat(1_025)]], /not known/],
    [
      'two keys',
      [
        ['x-api-key', KEY],
        ['x-api-key', KEY],
      ],
      /more than one/,
    ],
    ['bytes', [['x-api-key', '\u00ff\u00fe']], /not known/],
  ])('%s', async (_, headers, detail) => {
    const error = await refusal({ keys: KEYS, realm: 'shop' }, '/', headers)
    expect([error.code, error.headers?.get('www-authenticate')]).toEqual([
      'unauthenticated',
      'ApiKey realm="shop"',
    ])
    expect(error.detail).toMatch(detail)
  })
})

describe('apiKey with a lookup', () => {
  const clock = () => virtualClock()

  test('asks for the hash, keeps answers and refusals for their times, and asks once for those who come together', async () => {
    const asked: string[] = []
    const filter = apiKey({
      keys: KEYS,
      lookup: async (hash) => {
        asked.push(hash)
        return hash === sha256('from-database') ? { id: 'database' } : undefined
      },
      cacheMs: 1_000,
      cacheUnknownMs: 100,
    })
    const time = clock()
    const come = async (key: string): Promise<string | undefined> => {
      const made = exchange({ clock: time, headers: { 'x-api-key': key } })
      return run(filter, made).then(
        () => made.get(apiKeyIdentity)?.id,
        (error: ProxyError) => error.code,
      )
    }
    expect(await Promise.all([come('from-database'), come('from-database'), come('x'), come(KEY)])).toEqual([
      'database',
      'database',
      'unauthenticated',
      'shop',
    ])
    expect(asked).toEqual([sha256('from-database'), sha256('x')])
    await time.advance(99)
    await Promise.all([come('from-database'), come('x')])
    expect(asked).toHaveLength(2)
    await time.advance(1)
    await Promise.all([come('from-database'), come('x')])
    expect(asked).toHaveLength(3)
    await time.advance(900)
    await come('from-database')
    expect(asked).toHaveLength(4)
    expect(time.pending).toBe(0)
  })

  test.each<[string, () => Promise<ApiKeyIdentity> | ApiKeyIdentity]>([
    ['rejects', () => Promise.reject(new Error('down'))],
    [
      'throws',
      () => {
        throw new Error('down')
      },
    ],
    ['gives what is no identity', () => 'shop' as unknown as ApiKeyIdentity],
    ['gives an identity without an id', () => ({}) as ApiKeyIdentity],
    ['never answers', () => new Promise(() => {})],
  ])('that %s is unavailable', async (_, lookup) => {
    expect((await refusal({ lookup }, '/', [['x-api-key', KEY]])).code).toBe('identity_unavailable')
  })

  test('is not asked for a key that is too long', async () => {
    const lookup = () => expect.unreachable()
    expect((await refusal({ lookup }, '/', [['x-api-key', 'x'.repeat(1_025)]])).code).toBe('unauthenticated')
  })
})

test('apiKey in a whole proxy: hostile requests are refused, and clients that leave leave nothing', async () => {
  const slow = Promise.withResolvers<ApiKeyIdentity | undefined>()
  await using sim = simulate(
    proxy()
      .listen(80)
      .route('/slow', apiKey({ lookup: () => slow.promise }), pool(['http://u1']))
      .route(
        '/',
        apiKey({ keys: KEYS, from: [{ query: 'k' }, { header: 'X-Api-Key' }] }),
        pool(['http://u1']),
      ),
  )
  const service = sim.upstream('http://u1')

  // 1. Queries that are hardly any.
  for (const query of ['k', 'k=', '%6B=%FF', 'k=1&k=2', '%', '&&&', 'k=%00', `'{}|&k=${OTHER}x`])
    assertProblem(await sim.get(`/?${query}`), 'unauthenticated')
  expect((await sim.get(`/?'{}|&k=${OTHER}`)).status).toBe(200)
  expect(service.requests.map(({ target }) => target)).toEqual([`/?'{}|`])

  // 2. A client that leaves before the answer is there does not come to the service.
  const leaves = sim.get('/slow', { headers: { 'x-api-key': KEY } })
  await sim.settle()
  leaves.leave()
  await sim.settle()
  slow.resolve({ id: 'late' })
  await sim.settle()
  expect(service.requests).toHaveLength(1)

  // 3. A key in an error answer would be in many logs.
  const refused = await sim.get('/', { headers: { 'x-api-key': 'secret-and-wrong' } })
  expect(refused.text() + JSON.stringify(refused.headers)).not.toContain('secret-and-wrong')
  await sim.assertNoLeaks()
})

test('apiKey leaves no timer of a lookup that nobody waits for, when the proxy is closed', async () => {
  await using sim = simulate(
    proxy()
      .listen(80)
      .route('/', apiKey({ lookup: () => new Promise(() => {}), timeoutMs: '1h' }), pool(['http://u1'])),
  )
  const leaves = sim.get('/', { headers: { 'x-api-key': KEY } })
  await sim.settle()
  leaves.leave()
  await sim.settle()
  await sim.assertNoLeaks()
})

describe('apiKey does not take', () => {
  test.each<[string, unknown]>([
    ['keys', undefined],
    ['keys', []],
    ['keys', 'secret-key-in-a-text'],
    ['keys[0]', [7]],
    ['key', [{ id: 'a' }]],
    ['key', [{ id: 'a', key: 'too-short' }]],
    ['key', [{ id: 'a', key: KEY, sha256: sha256(KEY) }]],
    ['sha256', [{ id: 'a', sha256: 'secret-key-not-hashed' }]],
    ['id', [{ key: KEY }]],
    ['id', [{ key: KEY, id: '' }]],
    ['attributes', [{ key: KEY, id: 'a', attributes: 'pro' }]],
    [
      'keys[1]',
      [
        { key: KEY, id: 'a' },
        { sha256: sha256(KEY), id: 'b' },
      ],
    ],
    ['plan', [{ key: KEY, id: 'a', plan: 'pro' }]],
  ])('%s, where keys are %j', (option, keys) => {
    const call = () => apiKey({ keys } as ApiKeyOptions)
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }))
    expect(call).not.toThrow(/secret|a-key|[0-9a-f]{64}/)
  })

  test.each<[string, unknown]>([
    ['lookup', 'select'],
    ['from', 'X-Api-Key'],
    ['from', []],
    ['from', [{ header: 'a b' }]],
    ['forward', 1],
    ['realm', ''],
    ['cacheMs', '1m'],
    ['cacheUnknownMs', 1],
    ['cacheMax', 5],
    ['timeoutMs', 5],
    ['key', KEY],
  ])('a wrong %s: %j', (option, value) => {
    expect(() => apiKey({ keys: KEYS, [option]: value })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })

  test.each<[string, unknown]>([
    ['cacheMs', -1],
    ['cacheMax', 0],
    ['timeoutMs', 0],
  ])('a wrong %s with a lookup: %j', (option, value) => {
    expect(() => apiKey({ lookup: () => undefined, [option]: value })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }),
    )
  })
})
