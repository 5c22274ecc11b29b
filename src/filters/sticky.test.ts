import { describe, expect, onTestFinished, test, vi } from 'vitest'

import { ProxyError } from '../core/errors.ts'
import type { Filter } from '../core/handler.ts'
import { respond } from '../core/message.ts'
import { type Pool, pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { endpoint, exchange, run, type Simulation, simulate } from '../testing/index.ts'
import { EndpointTokens } from './affinity/endpoint-tokens.ts'
import { type StickyOptions, sticky } from './sticky.ts'

const KEY = 'k'.repeat(32)
const OTHER = 'o'.repeat(32)
const URLS = ['http://a', 'http://b', 'http://c']

const users = (options: Partial<StickyOptions> = {}, urls = URLS): Pool =>
  pool(urls, { name: 'users' }).guard(sticky({ keys: KEY, ...options }))

function begin(target: Pool): Simulation {
  const sim = simulate(proxy().route('/', target))
  for (const upstream of sim.upstreams) upstream.reply({ body: upstream.url })
  return sim
}

/** Asks with a cookie, and tells who has answered and which cookie came. */
async function ask(sim: Simulation, cookie?: string) {
  const response = await sim.get('/', cookie === undefined ? {} : { headers: { Cookie: cookie } })
  const line = response.headers.get('set-cookie')
  return {
    status: response.status,
    by: response.exchange?.attempts.at(-1)?.endpoint,
    line,
    cookie: line?.split(';')[0],
  }
}

describe('sticky', () => {
  test('keeps a session at its endpoint, and tells the client once', async () => {
    await using sim = begin(users())
    const first = await ask(sim)
    expect(first.line).toMatch(/^__Host-affinity=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax$/)
    for (let i = 0; i < 5; i++)
      expect(await ask(sim, `other=1; ${first.cookie}`)).toMatchObject({ by: first.by, line: undefined })
    const others = new Set<string | undefined>()
    for (let i = 0; i < 3; i++) others.add((await ask(sim)).by)
    expect(others.size).toBe(3)
    await sim.assertNoLeaks()
  })

  test('looks at a few cookies of its name, however many there are', async () => {
    await using sim = begin(users({ ifGone: 'fail' }))
    const { cookie, by } = await ask(sim)
    const forged = (count: number) =>
      Array.from({ length: count }, (_, i) => `__Host-affinity=${String(i).padStart(43, 'A')}`)
    expect(await ask(sim, [...forged(7), cookie].join('; '))).toMatchObject({ by, line: undefined })
    const checked = vi.spyOn(EndpointTokens.prototype, 'isOurs')
    onTestFinished(() => checked.mockRestore())
    expect((await ask(sim, [...forged(60), cookie].join('; '))).line).toBeDefined()
    expect(checked).toHaveBeenCalledTimes(8)
    await sim.assertNoLeaks()
  })

  test('tells nothing of the endpoint, and the same to all of its sessions', async () => {
    await using sim = begin(users({}, ['http://a']))
    const { cookie } = await ask(sim)
    expect((await ask(sim)).cookie).toBe(cookie)
    expect(Buffer.from(cookie!.split('=')[1]!, 'base64url').toString('latin1')).not.toContain('http')
    expect(
      new EndpointTokens([Buffer.from(OTHER)], 'cookie __Host-affinity').of(endpoint({ url: 'http://a' })),
    ).not.toBe(cookie!.split('=')[1])
    await sim.assertNoLeaks()
  })

  test('goes by a field, where it is told to', async () => {
    await using sim = begin(users({ header: 'X-Affinity' }))
    const first = await sim.get('/')
    const value = first.headers.get('x-affinity')!
    for (let i = 0; i < 4; i++) {
      const next = await sim.get('/', { headers: { 'x-affinity': value } })
      expect([next.text(), next.headers.has('x-affinity')]).toEqual([first.text(), false])
    }
    await sim.assertNoLeaks()
  })

  test('has the attributes of the cookie from its options', async () => {
    const cookie = {
      name: 'at',
      path: '/shop',
      domain: 'shop.example',
      maxAge: '1h',
      secure: false,
      httpOnly: false,
      sameSite: 'strict',
    } as const
    await using sim = begin(users({ cookie }))
    expect((await ask(sim)).line).toMatch(
      /^at=[\w-]{43}; Path=\/shop; Domain=shop.example; Max-Age=3600; SameSite=Strict$/,
    )
    await sim.assertNoLeaks()
  })

  test('asks nothing of what answers later in the place of its pool', async () => {
    const one = exchange()
    const filter = sticky({ keys: KEY })
    await filter(one, () => respond(200))
    expect(one.preference).toBeUndefined()
    const seen: unknown[] = []
    const failing = (later: boolean) => () => {
      seen.push(one.preference)
      if (!later) throw new ProxyError('no_endpoint')
      return Promise.reject(new ProxyError('no_endpoint'))
    }
    for (const later of [false, true]) {
      await expect(async () => filter(one, failing(later))).rejects.toMatchObject({ code: 'no_endpoint' })
      expect(one.preference).toBeUndefined()
    }
    expect(seen).toEqual([expect.anything(), expect.anything()])
  })

  test('gives none where no endpoint has answered', async () => {
    const { response } = await run(sticky({ keys: KEY }), exchange(), () => respond(200))
    expect(response.headers.has('set-cookie')).toBe(false)
  })
})

describe('sticky ignores a cookie that is', () => {
  const tokenOf = (key: string, url: string, purpose = 'cookie __Host-affinity') =>
    new EndpointTokens([Buffer.from(key)], purpose).of(endpoint({ url }))
  const flipped = (token: string) => `${token[0] === 'A' ? 'B' : 'A'}${token.slice(1)}`

  test.each<[string, string]>([
    ['forged', flipped(tokenOf(KEY, 'http://b'))],
    ['of another key', tokenOf(OTHER, 'http://b')],
    ['of another name', tokenOf(KEY, 'http://b', 'cookie other')],
    ['of a field', tokenOf(KEY, 'http://b', 'field x-affinity')],
    ['too short', tokenOf(KEY, 'http://b').slice(1)],
    ['too long', `${tokenOf(KEY, 'http://b')}A`],
    ['empty', ''],
    ['no base64', '!'.repeat(43)],
    ['an id in clear', 'http://b'],
    ['a name of every object', '__proto__'],
  ])('%s, also where sessions fail with their endpoints', async (_, token) => {
    for (const ifGone of ['pick', 'fail'] as const) {
      await using sim = begin(users({ ifGone }))
      const seen = new Set<string | undefined>()
      for (let i = 0; i < 3; i++) {
        const { status, by, line } = await ask(sim, `__Host-affinity=${token}`)
        expect([status, line]).toEqual([200, expect.stringContaining('__Host-affinity=')])
        seen.add(by)
      }
      expect(seen.size).toBe(3)
      await sim.assertNoLeaks()
    }
  })

  test('beside one that is ours', async () => {
    await using sim = begin(users())
    const cookie = `__Host-affinity=x; __Host-affinity=${tokenOf(KEY, 'http://b')}`
    for (let i = 0; i < 3; i++)
      expect(await ask(sim, cookie)).toMatchObject({ by: 'http://b', line: undefined })
    await sim.assertNoLeaks()
  })
})

describe('sticky, with keys that are rotated,', () => {
  test('believes the old one, and gives a cookie of the new one', async () => {
    await using sim = begin(users({ keys: OTHER }))
    const old = await ask(sim)
    await sim.reload(proxy().route('/', users({ keys: [KEY, OTHER] })))
    const renewed = await ask(sim, old.cookie)
    expect(renewed.by).toBe(old.by)
    expect(renewed.cookie).not.toBe(old.cookie)
    expect(await ask(sim, renewed.cookie)).toMatchObject({ by: old.by, line: undefined })
    await sim.reload(proxy().route('/', users({ keys: KEY })))
    expect(await ask(sim, renewed.cookie)).toMatchObject({ by: old.by, line: undefined })
    expect((await ask(sim, old.cookie)).line).toBeDefined()
    await sim.assertNoLeaks()
  })
})

describe('sticky, when the endpoint', () => {
  test('is gone by a reload, picks another one, and stays there', async () => {
    await using sim = begin(users())
    const first = await ask(sim)
    const left = URLS.filter((url) => url !== first.by)
    await sim.reload(proxy().route('/', users({}, left)))
    const second = await ask(sim, first.cookie)
    expect(left).toContain(second.by)
    expect(second.cookie).not.toBe(first.cookie)
    for (let i = 0; i < 3; i++)
      expect(await ask(sim, second.cookie)).toMatchObject({ by: second.by, line: undefined })
    // Back, it has its old sessions: those that nobody has moved.
    await sim.reload(proxy().route('/', users()))
    expect(await ask(sim, first.cookie)).toMatchObject({ by: first.by, line: undefined })
    await sim.assertNoLeaks()
  })

  test('is gone by a reload, fails until it is back', async () => {
    await using sim = begin(users({ ifGone: 'fail' }))
    const first = await ask(sim)
    const left = URLS.filter((url) => url !== first.by)
    await sim.reload(proxy().route('/', users({ ifGone: 'fail' }, left)))
    expect(await ask(sim, first.cookie)).toMatchObject({ status: 503, line: undefined })
    expect(await ask(sim)).toMatchObject({ status: 200 })
    await sim.reload(proxy().route('/', users({ ifGone: 'fail' })))
    expect(await ask(sim, first.cookie)).toMatchObject({ status: 200, by: first.by, line: undefined })
    await sim.assertNoLeaks()
  })

  test.each(['pick', 'fail'] as const)('is unhealthy, does what ifGone says: %s', async (ifGone) => {
    const probed = users({ ifGone }).health({ path: '/healthz', intervalMs: '1s', rise: 1, fall: 1 })
    await using sim = begin(probed)
    await sim.advance('1s')
    const first = await ask(sim)
    const sick = sim.upstream(first.by!)
    sick.on('GET /healthz', { status: 500 })
    await sim.advance('2s')
    const then = await ask(sim, first.cookie)
    if (ifGone === 'fail') expect(then).toMatchObject({ status: 503, by: undefined, line: undefined })
    else {
      expect(then.status).toBe(200)
      expect(then.by).not.toBe(first.by)
      expect(await ask(sim, then.cookie)).toMatchObject({ by: then.by, line: undefined })
    }
    await sim.assertNoLeaks()
  })

  test('is drained, picks another one', async () => {
    await using sim = begin(users())
    const first = await ask(sim)
    const handle = await sim.pool('users')
    await sim.until(handle.drain(first.by!))
    expect((await ask(sim, first.cookie)).by).not.toBe(first.by)
    await sim.assertNoLeaks()
  })

  test.each(['pick', 'fail'] as const)('fails, has it retried as ifGone says: %s', async (ifGone) => {
    await using sim = begin(users({ ifGone }).retry({ attempts: 2, on: [503] }))
    const first = await ask(sim)
    sim.upstream(first.by!).reply({ status: 503 })
    const { status, by, line, ...then } = await ask(sim, first.cookie)
    if (ifGone === 'pick') {
      expect([status, line]).toEqual([200, expect.any(String)])
      expect(by).not.toBe(first.by)
      expect(await ask(sim, then.cookie)).toMatchObject({ by, line: undefined })
    } else expect([status, by, line]).toEqual([503, first.by, undefined])
    expect(sim.exchanges.at(ifGone === 'pick' ? -2 : -1)!.attempts.map((it) => it.endpoint)).toEqual([
      first.by,
      ifGone === 'pick' ? by : first.by,
    ])
    await sim.assertNoLeaks()
  })

  test('is slow, sends no second request elsewhere', async () => {
    await using sim = begin(users().hedge({ afterMs: 100, budget: 1 }))
    const first = await ask(sim)
    for (const upstream of sim.upstreams) upstream.latency({ kind: 'constant', ms: 1_000 })
    expect(await ask(sim, first.cookie)).toMatchObject({ by: first.by, line: undefined })
    expect(sim.exchanges.at(-1)!.attempts).toHaveLength(1)
    await ask(sim)
    expect(sim.exchanges.at(-1)!.attempts).toHaveLength(2)
    await sim.assertNoLeaks()
  })

  test('lets nothing through by its own limit, picks another one', async () => {
    const full: Filter = () => {
      throw new ProxyError('overloaded')
    }
    let closed: string | undefined
    const each = users().useEach(
      ({ id }) =>
        (one, next) =>
          id === closed ? full(one, next) : next(one),
    )
    await using sim = begin(each)
    const first = await ask(sim)
    closed = first.by
    const then = await ask(sim, first.cookie)
    expect(then.status).toBe(200)
    expect(then.by).not.toBe(first.by)
    await sim.assertNoLeaks()
  })

  test('is of another tier, stays there', async () => {
    const tiers = pool([{ url: 'http://a' }, { url: 'http://b', priority: 1 }]).guard(sticky({ keys: KEY }))
    await using sim = begin(tiers)
    const token = new EndpointTokens([Buffer.from(KEY)], 'cookie __Host-affinity').of(
      endpoint({ url: 'http://b' }),
    )
    expect((await ask(sim)).by).toBe('http://a')
    expect(await ask(sim, `__Host-affinity=${token}`)).toMatchObject({ by: 'http://b', line: undefined })
    await sim.assertNoLeaks()
  })
})

test('sticky leaves the pool that answers in place of another one alone', async () => {
  const spare = pool(['http://spare'], { name: 'spare' })
  const main = users({ ifGone: 'fail' }).fallback(spare)
  await using sim = begin(main)
  const first = await ask(sim)
  sim.upstream(first.by!).inject({ kind: 'refuse' })
  sim.upstream(first.by!).resetConnections()
  expect(await ask(sim, first.cookie)).toMatchObject({ status: 200, by: 'http://spare', line: undefined })
  await sim.assertNoLeaks()
})

test('sticky on a route is heard by a pool that has a fallback', async () => {
  const main = pool(URLS).fallback(() => respond(200, 'spare'))
  await using sim = simulate(proxy().route('/', sticky({ keys: KEY }), main))
  const first = await ask(sim)
  for (let i = 0; i < 3; i++)
    expect(await ask(sim, first.cookie)).toMatchObject({ by: first.by, line: undefined })
  await sim.assertNoLeaks()
})

test('sticky is seen in the record of a decision', async () => {
  await using sim = begin(users())
  const first = await ask(sim)
  await ask(sim, first.cookie)
  const { candidates, leftOut } = sim.exchanges[1]!.decision!.picks[0]!
  expect(candidates.map(({ id }) => id)).toEqual([first.by])
  expect(leftOut.map(({ reason }) => reason)).toEqual(['not preferred', 'not preferred'])
  await sim.assertNoLeaks()
})

describe('sticky refuses', () => {
  const wrong = (options: object) => () => sticky(options as StickyOptions)
  test.each<[object, string]>([
    [{}, '"keys" must be keys of at least 32 bytes, got undefined'],
    [{ keys: 'too short, and a secret' }, '"keys" must be keys of at least 32 bytes, got string'],
    [{ keys: [KEY, Buffer.alloc(31)] }, '"keys" must be keys of at least 32 bytes, got bytes'],
    [{ keys: [] }, '"keys" must be at least one key, got object'],
    [{ keys: KEY, ifgone: 'pick' }, 'did you mean "ifGone"'],
    [{ keys: KEY, ifGone: 'wait' }, '"ifGone" must be "pick" or "fail"'],
    [{ keys: KEY, header: 'X-A', cookie: {} }, '"header" must be left out'],
    [{ keys: KEY, header: 'a b' }, '"header" must be a field of your own'],
    [{ keys: KEY, header: 'Host' }, '"header" must be a field of your own'],
    [{ keys: KEY, cookie: { Name: 'a' } }, 'did you mean "name"'],
    [{ keys: KEY, cookie: { name: 'a b' } }, '"cookie.name" must be a token'],
    [{ keys: KEY, cookie: { name: '__Host-a', path: '/b' } }, '"cookie.name" must be one without "__Host-"'],
    [{ keys: KEY, cookie: { secure: false } }, '"cookie.name" must be one without "__Host-"'],
    [{ keys: KEY, cookie: { domain: 'a.example' } }, '"cookie.name" must be one without "__Host-"'],
    [
      { keys: KEY, cookie: { name: '__Secure-a', secure: false } },
      '"cookie.name" must be one without "__Secure-"',
    ],
    [{ keys: KEY, cookie: { name: 'a', path: 'b' } }, '"cookie.path" must be a path'],
    [{ keys: KEY, cookie: { name: 'a', path: '/b;c' } }, '"cookie.path" must be a path'],
    [{ keys: KEY, cookie: { name: 'a', domain: 'A' } }, '"cookie.domain" must be a domain'],
    [{ keys: KEY, cookie: { maxAge: 999 } }, '"cookie.maxAge" must be a duration of at least 1000 ms'],
    [{ keys: KEY, cookie: { httpOnly: 1 } }, '"cookie.httpOnly" must be true or false'],
    [{ keys: KEY, cookie: { sameSite: 'Lax' } }, '"cookie.sameSite" must be'],
    [{ keys: KEY, cookie: { name: 'a', sameSite: 'none', secure: false } }, '"cookie.secure" must be true'],
  ])('%j', (options, message) => {
    expect(wrong(options)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
    )
    expect(wrong(options)).not.toThrow(/secret/)
  })
})
