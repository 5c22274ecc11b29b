import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { attribute } from '../core/attribute.ts'
import type { ProxyError } from '../core/errors.ts'
import { stateOf } from '../core/filter-state.ts'
import { type Filter, onRequest } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { type ExchangeOptions, exchange, run, simulate, virtualClock } from '../testing/index.ts'
import {
  memoryStore,
  type RateLimitOptions,
  type RateLimitStore,
  type RateVerdict,
  rateLimit,
} from './rate-limit.ts'

/** The statuses of some requests, all at the same time. */
async function statuses(filter: Filter, requests: readonly ExchangeOptions[]): Promise<number[]> {
  const clock = virtualClock()
  const all: number[] = []
  for (const request of requests) {
    try {
      const { response } = await run(filter, exchange({ clock, ...request }))
      all.push(response.status)
    } catch (error) {
      all.push((error as ProxyError).status)
    }
  }
  return all
}

const one = { limit: 1, per: '1m' } as const
const claims = attribute<Record<string, unknown>>('claims')

describe('rateLimit counts apart', () => {
  test.each<[string, RateLimitOptions['key'], ExchangeOptions, ExchangeOptions, boolean]>([
    ['addresses', undefined, { client: '192.0.2.1' }, { client: '192.0.2.2' }, true],
    [
      'not the addresses of one network',
      'address',
      { client: '2001:db8::1' },
      { client: '2001:db8::ffff:2' },
      false,
    ],
    ['networks', 'address', { client: '2001:db8:0:1::1' }, { client: '2001:db8:0:2::1' }, true],
    [
      'not an address and its other spelling',
      'address',
      { client: '::ffff:192.0.2.1' },
      { client: '192.0.2.1' },
      false,
    ],
    ['routes', 'route', { route: '/a' }, { route: '/b' }, true],
    ['not addresses, where it is by route', 'route', { client: '192.0.2.1' }, { client: '192.0.2.2' }, false],
    [
      'nothing, where it is for all',
      'all',
      { client: '192.0.2.1', route: '/a' },
      { client: '192.0.2.2' },
      false,
    ],
    [
      'values of a field',
      { header: 'X-API-Key' },
      { headers: { 'x-api-key': 'a' } },
      { headers: { 'x-api-key': 'b' } },
      true,
    ],
    [
      'not those without it',
      { header: 'x-api-key' },
      { client: '192.0.2.1' },
      { client: '192.0.2.2' },
      false,
    ],
    [
      'those without it from an empty one',
      { header: 'x-api-key' },
      {},
      { headers: { 'x-api-key': '' } },
      true,
    ],
    [
      'long values that end differently',
      { header: 'x-api-key' },
      { headers: { 'x-api-key': `${'a'.repeat(5_000)}b` } },
      { headers: { 'x-api-key': `${'a'.repeat(5_000)}c` } },
      true,
    ],
    ['what a function says', ({ request }) => request.path, { url: '/a' }, { url: '/b' }, true],
    ['pairs', ['address', { header: 'x-a' }], { headers: { 'x-a': '1' } }, { headers: { 'x-a': '2' } }, true],
    [
      'pairs that are written alike end to end',
      [{ header: 'x-a' }, { header: 'x-b' }],
      { headers: { 'x-a': '1', 'x-b': '1:1' } },
      { headers: { 'x-a': '11', 'x-b': ':1' } },
      true,
    ],
    [
      'pairs in which a value looks like one that is missing',
      [{ header: 'x-a' }, { header: 'x-b' }],
      { headers: { 'x-a': '-' } },
      { headers: { 'x-b': '-' } },
      true,
    ],
  ])('%s', async (_, key, first, second, apart) => {
    const filter = rateLimit({ ...one, ...(key === undefined ? {} : { key }) })
    expect(await statuses(filter, [first, first, second])).toEqual([200, 429, apart ? 200 : 429])
  })

  test.each([
    ['of another subject', { sub: 'a' }, { sub: 'b' }, true],
    ['of the same', { sub: 'a', iat: 1 }, { sub: 'a', iat: 2 }, false],
    ['a number from its text', { sub: 1 }, { sub: '1' }, true],
    ['lists', { sub: ['a', 'b'] }, { sub: ['a,b'] }, true],
    ['not those without', {}, { sub: null }, false],
    ['not what every object has', { constructor: undefined }, {}, false],
  ])('claims %s', async (_, first, second, apart) => {
    const limit = rateLimit({ ...one, key: { claim: 'sub', of: claims } })
    const clock = virtualClock()
    const again: number[] = []
    for (const value of [first, second]) {
      const at = exchange({ clock })
      at.set(claims, value)
      again.push(
        await run(limit, at).then(
          ({ response }) => response.status,
          (error: ProxyError) => error.status,
        ),
      )
    }
    expect(again).toEqual([200, apart ? 200 : 429])
  })
})

describe('rateLimit', () => {
  test('tells what is left, and when all of it is there again', async () => {
    const clock = virtualClock()
    const limit = rateLimit({ limit: 100, per: '1m' })
    const { response } = await run(limit, exchange({ clock }))
    expect([...response.headers].filter(([name]) => name.includes('Rate'))).toEqual([
      ['RateLimit-Policy', '"default";q=100;w=60'],
      ['RateLimit', '"default";r=99;t=1'],
    ])
    await clock.advance(300)
    const { response: second } = await run(limit, exchange({ clock }))
    expect(second.headers.get('RateLimit')).toBe('"default";r=98;t=1')
  })

  test('refuses with the time to wait, and the same fields', async () => {
    const limit = rateLimit({ limit: 2, per: '10s', algorithm: 'fixed-window', fields: 'both' })
    const clock = virtualClock()
    for (let i = 0; i < 2; i++) await run(limit, exchange({ clock }))
    await clock.advance(2_500)
    const error = (await run(limit, exchange({ clock })).catch((it: unknown) => it)) as ProxyError
    expect([error.code, error.status, error.detail]).toEqual([
      'rate_limited',
      429,
      'the limit "default" is reached',
    ])
    expect(Object.fromEntries(error.headers!)).toEqual({
      'RateLimit-Policy': '"default";q=2;w=10',
      RateLimit: '"default";r=0;t=8',
      'X-RateLimit-Limit': '2',
      'X-RateLimit-Remaining': '0',
      'X-RateLimit-Reset': '8',
      'Retry-After': '8',
    })
    expect([limit.admitted, limit.refused, limit.unavailable]).toEqual([2, 1, 0])
    expect(stateOf(limit)).toEqual({ kind: 'rate-limit', admitted: 2, refused: 1, unavailable: 0 })
  })

  test('several rules: all must admit, and nothing is taken where one refuses', async () => {
    const clock = virtualClock()
    const limit = rateLimit({
      rules: [
        { name: 'second', limit: 2, per: '1s', algorithm: 'fixed-window' },
        { name: 'day', limit: 3, per: '1d', algorithm: 'fixed-window' },
      ],
    })
    const ask = async () => {
      const result = await run(limit, exchange({ clock })).catch((it: ProxyError) => it)
      return 'response' in result ? result.response.headers.get('RateLimit') : result.detail
    }
    expect(await ask()).toBe('"second";r=1;t=1, "day";r=2;t=86400')
    expect(await ask()).toBe('"second";r=0;t=1, "day";r=1;t=86400')
    for (let i = 0; i < 10; i++) expect(await ask()).toBe('the limit "second" is reached')
    await clock.advance(1_000)
    expect(await ask()).toBe('"second";r=1;t=1, "day";r=0;t=86399')
    expect(await ask()).toBe('the limit "day" is reached')
    await clock.advance(1_000)
    // The second was not charged by what the day has refused.
    const error = (await run(limit, exchange({ clock })).catch((it: unknown) => it)) as ProxyError
    expect(error.headers!.get('RateLimit')).toBe('"second";r=2;t=0, "day";r=0;t=86398')
    expect(error.headers!.get('Retry-After')).toBe('86398')
  })

  test('takes what a request costs; one that costs too much for ever is told no time to wait', async () => {
    const cost = ({ request }: { request: { headers: { get(name: string): string | undefined } } }) =>
      Number(request.headers.get('x-cost'))
    const limit = rateLimit({ limit: 10, per: '1m', cost })
    const costs = (...all: number[]) => all.map((it) => ({ headers: { 'x-cost': String(it) } }))
    expect(await statuses(limit, costs(4, 7, 6, 0, 1))).toEqual([200, 429, 200, 200, 429])
    const error = (await run(limit, exchange(costs(11)[0])).catch((it: unknown) => it)) as ProxyError
    expect(error.headers!.has('Retry-After')).toBe(false)
  })

  test.each([Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY])('says so where a cost is %s', async (cost) => {
    await expect(run(rateLimit({ ...one, cost: () => cost }), exchange())).rejects.toThrow('"cost" must be')
  })

  test('says so where a key is a promise, which would be one key for all', async () => {
    const key = (async () => 'a') as unknown as () => string
    await expect(run(rateLimit({ ...one, key }), exchange())).rejects.toThrow('"key" must be')
  })

  test('filters with one store count together where their rules are equal', async () => {
    const store = memoryStore()
    const clock = virtualClock()
    const ask = (options: RateLimitOptions) => statuses(rateLimit({ store, ...options }), [{ clock }])
    expect(await ask(one)).toEqual([200])
    expect(await ask(one)).toEqual([429])
    expect(await ask({ ...one, name: 'other' })).toEqual([200])
    expect(await ask({ ...one, limit: 2 })).toEqual([200])
    expect(await ask({ ...one, key: 'all' })).toEqual([200])
    expect(store.keys).toBe(4)
  })

  test('what is refused stands in the record', async () => {
    const at = exchange()
    const record = at.record()
    const limit = rateLimit({ ...one, cost: 2 })
    await expect(run(limit, at)).rejects.toMatchObject({ code: 'rate_limited' })
    expect(record.refusals).toEqual([
      {
        filter: 'rateLimit',
        atMs: at.startedAt,
        code: 'rate_limited',
        detail: 'the limit "default" is reached',
      },
    ])
  })

  test('names of a window that is not whole seconds are left out', async () => {
    const { response } = await run(rateLimit({ limit: 5, per: '250ms', fields: 'standard' }), exchange())
    expect(response.headers.get('RateLimit-Policy')).toBe('"default";q=5')
  })

  test('adds to what a service says of its own limits, but for legacy fields, which can say one thing', async () => {
    const own = { RateLimit: '"own";r=1;t=1', 'X-RateLimit-Limit': '7' }
    const limit = rateLimit({ limit: 5, per: '1m', fields: 'both' })
    const { response } = await run(limit, exchange(), () => respond(200, 'ok', own))
    expect(response.headers.get('RateLimit')).toBe('"own";r=1;t=1, "default";r=4;t=12')
    expect(response.headers.getAll('X-RateLimit-Limit')).toEqual(['5'])
  })

  test('tells nothing, where it should not', async () => {
    const { response } = await run(rateLimit({ ...one, fields: 'none' }), exchange())
    expect([...response.headers].filter(([name]) => /rate/i.test(name))).toEqual([])
  })
})

describe('rateLimit, when its store cannot decide', () => {
  const failure = new Error('gone')
  const stores: [string, RateLimitStore][] = [
    [
      'throws',
      {
        limiter: () => ({
          take: () => {
            throw failure
          },
        }),
      },
    ],
    ['rejects', { limiter: () => ({ take: () => Promise.reject(failure) }) }],
  ]
  test.each(stores)('admits, and tells: the store %s', async (_, store) => {
    const told: unknown[] = []
    const limit = rateLimit({ ...one, store, onUnavailable: (error) => told.push(error) })
    const { response } = await run(limit, exchange())
    expect([response.status, limit.unavailable, limit.admitted]).toEqual([200, 1, 0])
    expect(told).toEqual([failure])
  })

  test.each(stores)('refuses, where it should: the store %s', async (_, store) => {
    const limit = rateLimit({ ...one, store, whenUnavailable: 'refuse' })
    await expect(run(limit, exchange())).rejects.toMatchObject({
      code: 'limiter_unavailable',
      cause: failure,
    })
  })

  test('does not send on what was given up meanwhile', async () => {
    const deciding = Promise.withResolvers<[]>()
    const limit = rateLimit({ ...one, store: { limiter: () => ({ take: () => deciding.promise }) } })
    const at = exchange()
    let called = 0
    const running = run(limit, at, () => {
      called++
      return respond(200)
    })
    at.abort()
    deciding.resolve([])
    await expect(running).rejects.toMatchObject({ code: 'exchange_aborted' })
    expect(called).toBe(0)
  })
})

describe('rateLimit in a proxy', () => {
  test('answers with a problem document, and lets through again when it is time', async () => {
    const sim = simulate(
      proxy()
        .use(rateLimit({ limit: 2, per: '1s', algorithm: 'gcra', burst: 2 }))
        .route('/', pool(['http://users'])),
    )
    const first = await sim.get('/')
    expect([first.status, first.headers.get('ratelimit')]).toEqual([200, '"default";r=1;t=1'])
    await sim.get('/')
    const refused = await sim.get('/')
    expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('ratelimit')]).toEqual([
      429,
      '1',
      '"default";r=0;t=1',
    ])
    expect(refused.json()).toMatchObject({ code: 'rate_limited', detail: 'the limit "default" is reached' })
    expect((await sim.client('192.0.2.9').get('/')).status).toBe(200)
    await sim.advance(500)
    expect([(await sim.get('/')).status, (await sim.get('/')).status]).toEqual([200, 429])
    await sim.assertNoLeaks()
  })

  test('each simulation begins anew with the same filter', async () => {
    const app = proxy()
      .use(rateLimit(one))
      .route('/', () => respond(200))
    for (let i = 0; i < 2; i++) {
      const sim = simulate(app)
      expect([(await sim.get('/')).status, (await sim.get('/')).status]).toEqual([200, 429])
      await sim.assertNoLeaks()
    }
  })

  test('stands in any order with others, and gRPC clients are told in their way', async () => {
    const app = proxy()
      .use(
        onRequest(() => undefined),
        rateLimit(one),
        rateLimit({ limit: 5, per: '1m', name: 'outer' }),
      )
      .route('/', () => respond(200))
    const sim = simulate(app)
    expect((await sim.get('/')).headers.get('ratelimit')).toBe('"outer";r=4;t=12, "default";r=0;t=60')
    const grpc = await sim.post('/', {
      headers: { 'content-type': 'application/grpc', te: 'trailers' },
      body: 'x',
    })
    expect([grpc.status, grpc.headers.get('grpc-status'), grpc.headers.get('retry-after')]).toEqual([
      200,
      '8',
      '60',
    ])
    await sim.assertNoLeaks()
  })
})

test('a million keys stay within the bound', () => {
  const store = memoryStore({ maxKeys: 50_000 })
  const rule = { name: 'default', by: 'all', limit: 100, perMs: 3_600_000, burst: 100 } as const
  const limiter = store.limiter([{ ...rule, algorithm: 'token-bucket' }])
  const at = exchange()
  let admitted = 0
  const before = heap()
  for (let i = 0; i < 1_000_000; i++) {
    const [verdict] = limiter.take([`${'client-of-some-length-'.repeat(2)}${i}`], 1, at) as RateVerdict[]
    if (verdict!.waitMs === 0) admitted++
  }
  expect(store.keys).toBe(50_000)
  expect(store.bytes).toBeLessThanOrEqual(50_000 * 500)
  expect(heap() - before).toBeLessThan(store.bytes)
  expect(admitted).toBe(1_000_000)
}, 120_000)

function heap(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('the garbage collector cannot be called')
  collect()
  return process.memoryUsage().heapUsed
}

describe('rateLimit refuses', () => {
  test.each<[string, RateLimitOptions]>([
    ['limit', { per: '1m' } as RateLimitOptions],
    ['limit', { limit: 0, per: '1m' }],
    ['limit', { limit: 1.5, per: '1m' }],
    ['limit', { limit: 10_001, per: '1m', algorithm: 'sliding-window' }],
    ['limit', { limit: 1e12, per: '1d' }],
    ['per', { limit: 1 } as RateLimitOptions],
    ['per', { limit: 1, per: 0 }],
    ['per', { limit: 1, per: 0.5 }],
    ['per', { limit: 1, per: 1.5 }],
    ['per', { limit: 1, per: '1 minute' as '1m' }],
    ['algorithm', { ...one, algorithm: 'leaky' as 'gcra' }],
    ['algorithm', { ...one, algorithm: 'constructor' as 'gcra' }],
    ['burst', { ...one, burst: 0 }],
    ['burst', { ...one, burst: 5, algorithm: 'fixed-window' }],
    ['burst', { ...one, burst: 1e12 }],
    ['key', { ...one, key: 'ip' as 'address' }],
    ['key', { ...one, key: [] }],
    ['key', { ...one, key: ['address', 'route', 'all'] }],
    ['key', { ...one, key: { header: 'x y' } }],
    ['key', { ...one, key: { claim: 'sub' } as unknown as 'all' }],
    ['key', { ...one, key: null as unknown as 'all' }],
    ['ipv6Prefix', { ...one, ipv6Prefix: 0 }],
    ['ipv6Prefix', { ...one, ipv6Prefix: 129 }],
    ['name', { ...one, name: '' }],
    ['name', { ...one, name: 'a"b' }],
    ['name', { ...one, name: 'a\r\nb' }],
    ['rules', { rules: [] }],
    ['rules', { rules: Array.from({ length: 17 }, (_, i) => ({ ...one, name: String(i) })) }],
    ['limit', { rules: [one], limit: 5 }],
    ['name', { rules: [one, one] }],
    ['limits', { rules: [{ ...one, limits: 5 } as RateLimitOptions as typeof one] }],
    ['cost', { ...one, cost: -1 }],
    ['cost', { ...one, cost: 0.5 }],
    ['store', { ...one, store: {} as RateLimitStore }],
    ['whenUnavailable', { ...one, whenUnavailable: 'open' as 'admit' }],
    ['onUnavailable', { ...one, onUnavailable: 'log' as unknown as () => void }],
    ['fields', { ...one, fields: 'all' as 'both' }],
    ['window', { ...one, window: 5 } as RateLimitOptions],
  ])('a wrong %s', (option, options) => {
    expect(() => rateLimit(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID', option }))
  })

  test.each([0, 1.5, 1e9])('memoryStore({ maxKeys: %s })', (maxKeys) => {
    expect(() => memoryStore({ maxKeys })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', option: 'maxKeys' }),
    )
  })
})

test('rateLimit waits for a store whose promises are not those of the language', async () => {
  const verdicts: readonly RateVerdict[] = [{ waitMs: 60, remaining: 0, resetMs: 60 }]
  const later = {
    // biome-ignore lint/suspicious/noThenProperty: it is what is tried.
    then: (resolve: (it: typeof verdicts) => void) => Promise.resolve(verdicts).then(resolve),
  }
  const store: RateLimitStore = {
    limiter: () => ({ take: () => later as unknown as Promise<readonly RateVerdict[]> }),
  }
  await expect(run(rateLimit({ limit: 1, per: '1s', store }), exchange())).rejects.toMatchObject({
    code: 'rate_limited',
  })
})

test.each<[string, unknown]>([
  ['none', []],
  ['nothing', undefined],
  ['no number', [{ waitMs: Number.NaN, remaining: 0, resetMs: 0 }]],
  ['a hole', [undefined]],
])('rateLimit takes a store that gives %s for one that cannot decide', async (_, given) => {
  for (const verdicts of [given, Promise.resolve(given)]) {
    const store = { limiter: () => ({ take: () => verdicts }) } as unknown as RateLimitStore
    const limit = rateLimit({ limit: 1, per: '1s', store, whenUnavailable: 'refuse' })
    await expect(run(limit, exchange())).rejects.toMatchObject({ code: 'limiter_unavailable' })
    expect([limit.admitted, limit.unavailable]).toEqual([0, 1])
  }
})
