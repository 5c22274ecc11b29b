import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { attribute } from '../core/attribute.ts'
import { ProxyError } from '../core/errors.ts'
import { isFieldValue } from '../core/headers.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { type ExchangeOptions, exchange, run, simulate } from '../testing/index.ts'
import { type CookiesOptions, cookies } from './cookies.ts'

/** What clients get of `Set-Cookie` lines. */
async function received(response: CookiesOptions['response'], ...lines: string[]) {
  const filter = cookies({ response: response! })
  const fields = [['A', 'b'], ...lines.map((line) => ['Set-Cookie', line]), ['C', 'd']] as [string, string][]
  const { response: answer } = await run(filter, exchange(), () => respond(200, undefined, fields))
  const names = [...answer.headers].map(([name]) => name)
  expect([names.at(0), names.at(-1)]).toEqual(['A', 'C'])
  return answer.headers.getAll('set-cookie')
}

/** What services get of `Cookie` lines. */
async function sent(request: CookiesOptions['request'], given: ExchangeOptions) {
  const { calls } = await run(cookies({ request: request! }), exchange(given))
  return calls[0]!.headers.getAll('cookie')
}

describe('cookies of responses', () => {
  test.each<[CookiesOptions['response'], string, string]>([
    [{}, 'a=b;path=/ ;  Unknown=1;', 'a=b;path=/ ;  Unknown=1;'],
    [{ secure: true }, 'a=b', 'a=b; Secure'],
    [{ secure: true }, 'a=b;secure', 'a=b;secure'],
    [
      { secure: true },
      'a = "b c" ;Unknown=x=y;;Priority=High',
      'a = "b c"; Unknown=x=y; Priority=High; Secure',
    ],
    [{ secure: false }, 'a=b; Secure; Path=/', 'a=b; Path=/'],
    [{ secure: false }, 'a=b; SECURE=1; Path=/; secure', 'a=b; Path=/'],
    [{ secure: false }, 'a=b; Secure; SameSite=none', 'a=b; Secure; SameSite=none'],
    [{ secure: false }, 'a=b; Secure; Partitioned', 'a=b; Secure; Partitioned'],
    [{ secure: false, sameSite: 'lax' }, 'a=b; Secure; SameSite=None', 'a=b; SameSite=Lax'],
    [{ secure: false, partitioned: false }, 'a=b; Secure; Partitioned', 'a=b'],
    [{ httpOnly: true }, 'a=b; Path=/;', 'a=b; Path=/; HttpOnly'],
    [{ httpOnly: false }, 'a=b; httponly; Path=/', 'a=b; Path=/'],
    [{ sameSite: 'strict' }, 'a=b; samesite=lax; Path=/; SameSite=None', 'a=b; SameSite=Strict; Path=/'],
    [{ sameSite: 'none' }, 'a=b', 'a=b; SameSite=None; Secure'],
    [{ partitioned: true }, 'a=b', 'a=b; Partitioned; Secure'],
    [{ domain: false }, 'a=b; Domain=users.internal; Path=/', 'a=b; Path=/'],
    [{ domain: 'shop.example' }, 'a=b; Domain=users.internal', 'a=b; Domain=shop.example'],
    [{ domain: 'shop.example' }, 'a=b', 'a=b'],
    [
      { domain: { 'users.internal': 'shop.example' } },
      'a=b; Domain=.Users.Internal',
      'a=b; Domain=shop.example',
    ],
    [
      { domain: { 'users.internal': 'shop.example' } },
      'a=b; Domain=other.internal',
      'a=b; Domain=other.internal',
    ],
    [{ domain: { 'users.internal': false } }, 'a=b; Domain=users.internal', 'a=b'],
    [{ path: '/shop' }, 'a=b', 'a=b; Path=/shop'],
    [{ path: '/shop/' }, 'a=b; path=/; Path=/x', 'a=b; Path=/shop'],
    [{ path: { '/': '/shop' } }, 'a=b; Path=/', 'a=b; Path=/shop'],
    [{ path: { '/': '/shop' } }, 'a=b; Path=/cart/', 'a=b; Path=/shop/cart/'],
    [{ path: { '/': '/shop' } }, 'a=b; Path=/shop/cart', 'a=b; Path=/shop/cart'],
    [{ path: { '/': '/shop' } }, 'a=b', 'a=b'],
    [{ path: { '/': '/shop' } }, 'a=b; Path=relative', 'a=b; Path=relative'],
    [{ path: { '/app': '/' } }, 'a=b; Path=/app', 'a=b; Path=/'],
    [{ path: { '/app': '/' } }, 'a=b; Path=/apps', 'a=b; Path=/apps'],
    // What the prefixes promise.
    [
      { secure: false, path: '/x', domain: 'a.example' },
      '__Host-a=b; Secure; Path=/',
      '__Host-a=b; Secure; Path=/',
    ],
    [{ path: { '/': '/x' } }, '__host-a=b; Secure; Path=/', '__host-a=b; Secure; Path=/'],
    [{ domain: { b: 'c' } }, '__Host-a=b; Domain=b', '__Host-a=b; Domain=b'],
    [{ secure: false, path: '/x' }, '__SECURE-a=b; Secure; Path=/', '__SECURE-a=b; Secure; Path=/x'],
    [{ secure: false, httpOnly: false }, '__Http-a=b; Secure; HttpOnly', '__Http-a=b; Secure; HttpOnly'],
    [
      { secure: false, httpOnly: false },
      '__Host-Http-a=b; Secure; HttpOnly',
      '__Host-Http-a=b; Secure; HttpOnly',
    ],
    [{ httpOnly: false }, '__Host-a=b; Secure; HttpOnly', '__Host-a=b; Secure'],
    // Which are meant.
    [{ only: ['a', /s.*/], secure: true }, 'A=b', 'A=b'],
    [{ only: ['a', /s.*/], secure: true }, 'a=b', 'a=b; Secure'],
    [{ only: [/s.*/g], secure: true }, 'session=b', 'session=b; Secure'],
    [{ only: [/s.*/], secure: true }, 'a-s=b', 'a-s=b'],
  ])('with %j: %s becomes %s', async (options, line, expected) => {
    expect(await received(options, line)).toEqual([expected])
  })

  test.each(['', '=', '=b', '; Path=/', 'a', 'a; b=c', ' =__Host-a=b'])(
    'without %j, which names no cookie',
    async (line) => {
      expect(await received({}, 'x=y', line.trim(), 'z=')).toEqual(['x=y', 'z='])
    },
  )

  test('without those that are removed, each by itself', async () => {
    const lines = ['a=1', 'ab=2', 'c=3; Path=/', 'c=4']
    expect(await received({ remove: ['a'], secure: true }, ...lines)).toEqual([
      'ab=2; Secure',
      'c=3; Path=/; Secure',
      'c=4; Secure',
    ])
  })

  test('whichever an expression matches, each time', async () => {
    const lines = ['s1=a', 's2=b', 's3=c']
    expect(await received({ remove: [/s\d/g] }, ...lines)).toEqual([])
    expect(await received({ remove: [/s\d/y] }, ...lines)).toEqual([])
  })

  test('never make of one line anything but one line, of the same cookie', async () => {
    const filter = cookies({
      response: {
        domain: 'a.example',
        path: { '/': '/x' },
        secure: true,
        httpOnly: true,
        sameSite: 'none',
        partitioned: true,
      },
    })
    const line = fc
      .array(
        fc.constantFrom(
          'a',
          'b=',
          '__Host-c=d',
          ';',
          'path=/',
          'DOMAIN',
          '=',
          '"',
          ' ',
          ',',
          'secure',
          '\u00e9',
          '\t',
        ),
      )
      .map((parts) => parts.join('').trim())
    await fc.assert(
      fc.asyncProperty(line, async (text) => {
        const answer = respond(200, undefined, { 'Set-Cookie': text })
        const { response } = await run(filter, exchange(), () => answer)
        const lines = response.headers.getAll('set-cookie')
        const pair = text.split(';')[0]!.trim()
        if (/^[^=]*[^=\s][^=]*=/.test(pair)) {
          expect(lines).toHaveLength(1)
          expect(lines[0]!.split(';')[0]).toBe(pair)
          expect(lines[0]).toMatch(/; Secure(?:;|$)/i)
          expect(lines[0]).toSatisfy(isFieldValue)
        } else expect(lines).toEqual([])
      }),
    )
  })
})

describe('cookies of requests', () => {
  const given = {
    headers: [
      ['Cookie', 'a=1;  b="2";c;=d'],
      ['cookie', 'ab=3; a=4; B=5'],
    ] as [string, string][],
  }

  test('are those that are not removed, in one line', async () => {
    expect(await sent({ remove: ['a'] }, given)).toEqual(['b="2"; c; =d; ab=3; B=5'])
    expect(await sent({ remove: [/[ab]+/i] }, given)).toEqual(['c; =d'])
    expect(await sent({ remove: [/.*/] }, { headers: { cookie: 'a=1; b=2' } })).toEqual([])
    expect(await sent({ remove: ['a'] }, {})).toEqual([])
  })

  test('are in place of those of the client where they are set', async () => {
    const user = attribute<string>('user')
    const set = { a: 'mine', user, id: '{params.id}' }
    expect(await sent({ set }, { ...given, params: { id: '7' } })).toEqual([
      'b="2"; c; =d; ab=3; B=5; a=mine; id=7',
    ])
    expect(await sent({ set: { user } }, { headers: { cookie: 'user=admin' } })).toEqual([])
    expect(await sent({ set: { a: 'b' } }, {})).toEqual(['a=b'])
  })

  test.each(['a;b=c', 'a b', 'a,b', '"a"', 'a\\', '\r\n', '\u00e9'])('are never %j', async (id) => {
    const refused = run(cookies({ request: { set: { user: '{params.id}' } } }), exchange({ params: { id } }))
    await expect(refused).rejects.toBeInstanceOf(ProxyError)
    await expect(refused).rejects.toMatchObject({ code: 'request_malformed' })
  })
})

test('cookies works in a proxy, both ways', async () => {
  const filter = cookies({
    request: { remove: ['_ga'] },
    response: { domain: false, path: { '/': '/shop' }, secure: true },
  })
  const app = proxy().route('/shop', filter, pool(['http://shop.internal']))
  await using sim = simulate(app)
  sim.upstream('http://shop.internal').reply((request) => ({
    headers: {
      'Set-Cookie': ['session=7; Domain=shop.internal; Path=/; HttpOnly', 'theme=dark; Max-Age=60'],
    },
    body: request.header('cookie') ?? '',
  }))
  const response = await sim.get('/shop', { headers: { Cookie: '_ga=1; session=6' } })
  expect(response.text()).toBe('session=6')
  expect(response.headers.getAll('set-cookie')).toEqual([
    'session=7; Path=/shop; HttpOnly; Secure',
    'theme=dark; Max-Age=60; Secure',
  ])
  await sim.assertNoLeaks()
})

describe('cookies refuses', () => {
  test.each<[unknown, string]>([
    [{}, '"options" must be at least one'],
    [{ respons: {} }, 'did you mean "response"'],
    [{ request: { add: {} } }, '"add" must be one of the options'],
    [{ request: { remove: 'a' } }, '"request.remove" must be a list'],
    [{ request: { remove: [7] } }, '"request.remove" must be a list'],
    [{ request: { set: ['a'] } }, '"request.set" must be an object'],
    [{ request: { set: { 'a b': '' } } }, '"request.set" must be names'],
    [{ request: { set: { a: 'b;c' } } }, '"request.set: a" must be a value that a cookie'],
    [{ request: { set: { a: '{client.adress}' } } }, '"request.set: a" must be a text with places'],
    [{ response: { samesite: 'lax' } }, 'did you mean "sameSite"'],
    [{ response: { sameSite: 'Lax' } }, '"response.sameSite" must be'],
    [{ response: { sameSite: 'toString' } }, '"response.sameSite" must be'],
    [{ response: { secure: 1 } }, '"response.secure" must be true or false'],
    [{ response: { httpOnly: 1 } }, '"response.httpOnly" must be true or false'],
    [{ response: { partitioned: 1 } }, '"response.partitioned" must be true or false'],
    [{ response: { secure: false, sameSite: 'none' } }, '"response.secure" must be left out or true'],
    [{ response: { secure: false, partitioned: true } }, '"response.secure" must be left out or true'],
    [{ response: { domain: true } }, '"response.domain" must be false, or domains'],
    [{ response: { domain: '.shop.example' } }, '"response.domain" must be false, or domains'],
    [{ response: { domain: 'a; Secure' } }, '"response.domain" must be false, or domains'],
    [{ response: { domain: { A: 'b' } } }, '"response.domain" must be false, or domains'],
    [{ response: { domain: null } }, '"response.domain" must be false, or domains'],
    [{ response: { path: 'shop' } }, '"response.path" must be paths'],
    [{ response: { path: '/a;b' } }, '"response.path" must be a path without'],
    [{ response: { path: { '/': '/a;b' } } }, '"response.path" must be paths without'],
    [{ response: { path: ['/'] } }, '"response.path" must be an object'],
    [{ response: { only: 'a' } }, '"response.only" must be a list'],
    [{ response: { remove: 'a' } }, '"response.remove" must be a list'],
  ])('%j', (options, message) => {
    expect(() => cookies(options as CookiesOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
    )
  })
})
