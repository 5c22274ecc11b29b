import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import {
  type RequestDirectives,
  type ResponseDirectives,
  requestDirectives,
  responseDirectives,
} from './cache-control.ts'

const said = (found: object) =>
  Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined && value !== false))
const lines = (name: string, values: string | readonly string[]) =>
  HeaderList.from([values].flat().map((value) => [name, value] as const))

describe('responseDirectives', () => {
  test.each<[rule: string, field: string | string[], found: Partial<ResponseDirectives>]>([
    ['9111 5.2 nothing', [], {}],
    ['9111 5.2 empty', '', {}],
    ['9111 5.2.2.1', 'max-age=60', { maxAge: 60 }],
    ['9111 5.2.2.2', 'must-revalidate', { mustRevalidate: true }],
    ['9111 5.2.2.3', 'must-understand, no-store', { mustUnderstand: true, noStore: true }],
    ['9111 5.2.2.4', 'no-cache', { noCache: 'all' }],
    ['9111 5.2.2.5', 'no-store', { noStore: true }],
    ['9111 5.2.2.7', 'private', { private: 'all' }],
    ['9111 5.2.2.8', 'proxy-revalidate', { proxyRevalidate: true }],
    ['9111 5.2.2.9', 'public', { public: true }],
    ['9111 5.2.2.10', 's-maxage=5, max-age=60', { sMaxage: 5, maxAge: 60 }],
    ['5861 3', 'stale-while-revalidate=30', { staleWhileRevalidate: 30 }],
    ['5861 4', 'stale-if-error=30', { staleIfError: 30 }],
    ['8246 2', 'immutable', { immutable: true }],
    ['8246 2 with an argument', 'immutable=0', { immutable: true }],
    ['9111 5.2 case', 'MaX-aGe=60, NO-STORE, Private="A"', { maxAge: 60, noStore: true, private: ['a'] }],
    ['9110 5.6.1 empty elements', ',, ,max-age=60,,', { maxAge: 60 }],
    ['9110 5.6.1 white space', 'max-age=60 \t,\t public', { maxAge: 60, public: true }],
    ['9110 5.3 lines', ['max-age=60', 'public'], { maxAge: 60, public: true }],
    ['9111 5.2.3 unknown ones', 'foo, bar=1, baz="x, y", max-age=60', { maxAge: 60 }],
    ['9111 5.2 a quoted argument', 'max-age="60"', { maxAge: 60 }],
    ['9110 5.6.4 quoted pairs', 'max-age="6\\0"', { maxAge: 60 }],
    ['9110 5.6.4 directives in quotes', 'x="no-store, max-age=9", max-age=1', { maxAge: 1 }],
    ['9110 5.6.4 and behind', 'max-age=1, x="max-age=9"', { maxAge: 1 }],
    ['9110 5.6.4 a quote in quotes', 'x="\\", no-store, \\"", max-age=1', { maxAge: 1 }],
    ['9110 5.6.4 the empty string', 'x="", max-age=1', { maxAge: 1 }],
    // Fields that are named.
    ['9111 5.2.2.4 fields', 'no-cache="Set-Cookie, X-A"', { noCache: ['set-cookie', 'x-a'] }],
    ['9111 5.2.2.7 fields', 'private="set-cookie"', { private: ['set-cookie'] }],
    ['9111 5.2.2.4 a token', 'no-cache=set-cookie', { noCache: ['set-cookie'] }],
    ['9111 5.2.2.4 both kinds', 'no-cache="a", no-cache', { noCache: 'all' }],
    ['9111 5.2.2.4 both kinds, turned', 'no-cache, no-cache="a"', { noCache: 'all' }],
    ['9111 5.2.2.4 twice', 'no-cache="a", no-cache="B,a"', { noCache: ['a', 'b'] }],
    ['9111 5.2.2.4 no name', 'no-cache=""', { noCache: 'all' }],
    ['9111 5.2.2.4 commas only', 'no-cache=" , "', { noCache: 'all' }],
    ['9111 5.2.2.7 no token', 'private="a b"', { private: 'all' }],
    ['9111 5.2.2.7 spaces around =', 'private = "a"', { private: 'all' }],
    ['9111 5.2.2.7 an open quote', 'private="a', { private: 'all' }],
    // Times that make no sense are 0.
    ['9111 4.2.1 no argument', 'max-age', { maxAge: 0 }],
    ['9111 4.2.1 empty', 'max-age=', { maxAge: 0 }],
    ['9111 4.2.1 empty quotes', 'max-age=""', { maxAge: 0 }],
    ['9111 4.2.1 negative', 'max-age=-1', { maxAge: 0 }],
    ['9111 4.2.1 signed', 'max-age=+1', { maxAge: 0 }],
    ['9111 4.2.1 fraction', 'max-age=60.0', { maxAge: 0 }],
    ['9111 4.2.1 letters before', 'max-age=a60', { maxAge: 0 }],
    ['9111 4.2.1 letters behind', 'max-age=60a', { maxAge: 0 }],
    ['9111 4.2.1 hexadecimal', 'max-age=0x10', { maxAge: 0 }],
    ['9111 4.2.1 exponent', 'max-age=1e3', { maxAge: 0 }],
    ['9111 4.2.1 apostrophes', "max-age='60'", { maxAge: 0 }],
    ['9111 4.2.1 a space before =', 'max-age =60', { maxAge: 0 }],
    ['9111 4.2.1 a space behind =', 'max-age= 60', { maxAge: 0 }],
    ['9111 4.2.1 a space within', 'max-age=60 0', { maxAge: 0 }],
    ['9111 4.2.1 semicolons', 'max-age=60; public', { maxAge: 0 }],
    ['9111 4.2.1 an open quote', 'max-age="60', { maxAge: 0 }],
    ['9111 4.2.1 behind an open quote', 'x="a, max-age=60, public', { maxAge: 0 }],
    ['9111 4.2.1 junk ends at the comma', 'a;b, max-age=60', { maxAge: 60 }],
    ['9111 4.2.1 no comma', 'public max-age=60', { maxAge: 0 }],
    [
      '9111 4.2.1 stale windows',
      'stale-while-revalidate, stale-if-error=x',
      { staleWhileRevalidate: 0, staleIfError: 0 },
    ],
    ['9111 4.2.1 s-maxage', 's-maxage=x, max-age=60', { sMaxage: 0, maxAge: 60 }],
    ['9111 1.2.2 leading zeros', 'max-age=0060', { maxAge: 60 }],
    ['9111 1.2.2 2^31', 'max-age=2147483648', { maxAge: 2_147_483_648 }],
    ['9111 1.2.2 past 2^31', 'max-age=2147483649', { maxAge: 2_147_483_648 }],
    ['9111 1.2.2 past 2^64', `max-age=${'9'.repeat(400)}`, { maxAge: 2_147_483_648 }],
    // Twice.
    ['9111 4.2.1 twice the same', 'max-age=60, max-age=60', { maxAge: 60 }],
    ['9111 4.2.1 differing', 'max-age=60, max-age=1', { maxAge: 0 }],
    ['9111 4.2.1 differing lines', ['max-age=1', 'max-age=60'], { maxAge: 0 }],
    ['9111 4.2.1 three', 'max-age=60, max-age=1, max-age=60', { maxAge: 0 }],
    ['9111 4.2.1 one invalid', 'max-age=60, max-age=x', { maxAge: 0 }],
    ['9111 4.2.1 conflicting kinds stay', 'max-age=60, no-store', { maxAge: 60, noStore: true }],
    // What forbids counts in whatever form, what allows does not.
    ['9111 5.2.2.5 with an argument', 'no-store=0', { noStore: true }],
    ['9111 5.2.2.5 in an open quote', 'x="a no-store', { noStore: true }],
    ['9111 5.2.2.5 behind junk', '@@ no-store', { noStore: true }],
    ['9111 5.2.2.5 an open quote ends with its line', ['x="a', 'no-store, y="b"'], { noStore: true }],
    ['9111 5.2.2.2 with an argument', 'must-revalidate=1', { mustRevalidate: true }],
    ['9111 5.2.2.9 with an argument', 'public=1', {}],
    ['9111 5.2.2.9 behind junk', '; public', {}],
    ['8246 2 behind junk', '; immutable', {}],
    ['9111 5.2 a longer name', 'no-store-x, xno-cache', {}],
  ])('%s: %j', (_rule, field, found) => {
    expect(said(responseDirectives(lines('Cache-Control', field)))).toEqual(found)
  })
})

describe('requestDirectives', () => {
  test.each<[rule: string, field: string | string[], found: Partial<RequestDirectives>]>([
    ['9111 5.2.1 nothing', [], {}],
    ['9111 5.2.1.1', 'max-age=5', { maxAge: 5 }],
    ['9111 5.2.1.2 any', 'max-stale', { maxStale: Number.POSITIVE_INFINITY }],
    ['9111 5.2.1.2 limited', 'max-stale=5', { maxStale: 5 }],
    ['9111 5.2.1.2 invalid', 'max-stale=x', { maxStale: 0 }],
    ['9111 5.2.1.2 an open quote', 'max-stale="', { maxStale: 0 }],
    ['9111 5.2.1.2 any and limited', 'max-stale, max-stale=5', { maxStale: 5 }],
    ['9111 5.2.1.3', 'min-fresh=5', { minFresh: 5 }],
    ['9111 5.2.1.3 invalid', 'min-fresh=x', { minFresh: Number.POSITIVE_INFINITY }],
    ['9111 5.2.1.3 twice', 'min-fresh=5, min-fresh=9', { minFresh: 9 }],
    ['9111 5.2.1.4', 'no-cache', { noCache: true }],
    ['9111 5.2.1.5', 'no-store', { noStore: true }],
    ['9111 5.2.1.7', 'only-if-cached', { onlyIfCached: true }],
    ['5861 4', 'stale-if-error=5', { staleIfError: 5 }],
    ['9111 5.2.1.1 invalid', 'max-age', { maxAge: 0 }],
    ['9111 5.2.1.1 twice', 'max-age=9, max-age=5', { maxAge: 5 }],
    ['9111 5.2.1 case', 'No-Cache, ONLY-IF-CACHED', { noCache: true, onlyIfCached: true }],
  ])('%s: %j', (_rule, field, found) => {
    expect(said(requestDirectives(lines('Cache-Control', field)))).toEqual(found)
  })

  test.each<[rule: string, fields: [string, string][], noCache: boolean]>([
    ['9111 5.4', [['Pragma', 'no-cache']], true],
    ['9111 5.4 case', [['Pragma', 'No-Cache']], true],
    ['9111 5.4 among others', [['Pragma', 'x="no-cache", no-cache']], true],
    ['9111 5.4 within quotes', [['Pragma', 'x="no-cache"']], false],
    ['9111 5.4 another', [['Pragma', 'foo']], false],
    [
      '9111 5.4 beside Cache-Control',
      [
        ['Pragma', 'no-cache'],
        ['Cache-Control', 'max-stale'],
      ],
      false,
    ],
  ])('%s: %j', (_rule, fields, noCache) => {
    expect(requestDirectives(HeaderList.from(fields)).noCache).toBe(noCache)
  })
})

const piece = fc.constantFrom(
  'max-age',
  's-maxage',
  'no-cache',
  'private',
  'no-store',
  'public',
  'max-stale',
  'min-fresh',
  '=',
  '="',
  '"',
  '\\',
  ',',
  ' ',
  ';',
  '60',
  '-1',
  'x',
)

describe('both', () => {
  const field = fc.oneof(
    fc.string({ unit: 'binary-ascii' }).map((text) => text.replaceAll(/[^\t\x20-\x7e]/g, '').trim()),
    fc.array(piece, { maxLength: 30 }).map((all) => all.join('').trim()),
  )

  test('never throw; times are within bounds; all without what forbids is without it (RFC 9111 section 1.2.2)', () => {
    fc.assert(
      fc.property(field, (value) => {
        const response = responseDirectives(lines('Cache-Control', value))
        for (const time of [response.maxAge, response.sMaxage, response.staleIfError])
          expect(time === undefined || (time >= 0 && time <= 2 ** 31)).toBe(true)
        if (response.noStore) expect(value.toLowerCase()).toContain('no-store')
        const request = requestDirectives(lines('Cache-Control', value))
        for (const time of [request.maxAge, request.maxStale, request.minFresh])
          expect(time === undefined || time >= 0).toBe(true)
      }),
    )
  })

  test('no-store on a line of its own is always seen (RFC 9111 section 5.2.2.5)', () => {
    fc.assert(
      fc.property(field, field, (before, after) => {
        expect(responseDirectives(lines('Cache-Control', [before, 'no-store', after])).noStore).toBe(true)
      }),
    )
  })

  test.each(['"', '="', 'a="\\', 'a ', 'a=', ', ', ' ', '\\"', 'a="b" '])(
    'read 2 MB of %j in linear time',
    (piece) => {
      // Quadratic would be some 10^12 steps: the test would not end.
      const value = `x${piece.repeat(2_000_000 / piece.length)}x`
      expect(responseDirectives(lines('Cache-Control', `no-store, ${value}`)).noStore).toBe(true)
    },
  )
})
