import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { effectiveDirectives } from './targeted-cache-control.ts'

const MINE = ['mine-cache-control', 'cdn-cache-control']

function said(fields: Record<string, string | string[]>, targets?: readonly string[]) {
  const { directives, target } = effectiveDirectives(HeaderList.from(fields), targets)
  const set = Object.entries(directives).filter(([, value]) => value !== undefined && value !== false)
  return [target, Object.fromEntries(set)]
}

describe('effectiveDirectives', () => {
  const cc = { 'Cache-Control': 'max-age=1' }
  const fallback = [undefined, { maxAge: 1 }]

  test.each<[rule: string, field: string | string[], found: unknown]>([
    ['9213 2.1', 'max-age=60', ['cdn-cache-control', { maxAge: 60 }]],
    [
      '9213 2.1 all of them',
      's-maxage=5, no-store, public, must-revalidate, proxy-revalidate, must-understand, immutable',
      [
        'cdn-cache-control',
        {
          sMaxage: 5,
          noStore: true,
          public: true,
          mustRevalidate: true,
          proxyRevalidate: true,
          mustUnderstand: true,
          immutable: true,
        },
      ],
    ],
    [
      '9213 2.1 stale windows',
      'stale-while-revalidate=5, stale-if-error=6',
      ['cdn-cache-control', { staleWhileRevalidate: 5, staleIfError: 6 }],
    ],
    ['9213 2.1 no-cache', 'no-cache', ['cdn-cache-control', { noCache: 'all' }]],
    [
      '9213 2.1 no-cache with fields',
      'no-cache="Set-Cookie, a", private=x',
      ['cdn-cache-control', { noCache: ['set-cookie', 'a'], private: ['x'] }],
    ],
    ['9213 2.1 no-cache with what is no field', 'no-cache="a b"', ['cdn-cache-control', { noCache: 'all' }]],
    ['9213 2.1 false', 'no-store=?0, no-cache=?0, max-age=5', ['cdn-cache-control', { maxAge: 5 }]],
    ['9213 2.1 unknown directives', 'foo, bar=(1 2), max-age=60', ['cdn-cache-control', { maxAge: 60 }]],
    ['9213 2.1 nothing that is known', 'foo', ['cdn-cache-control', {}]],
    ['9213 2.1 parameters are passed over', 'max-age=60;x=1', ['cdn-cache-control', { maxAge: 60 }]],
    ['9213 2.1 lines', ['max-age=60', 'no-store'], ['cdn-cache-control', { maxAge: 60, noStore: true }]],
    ['9213 2.1 the last of two', 'max-age=60, max-age=7', ['cdn-cache-control', { maxAge: 7 }]],
    ['9111 1.2.2 past 2^31', 'max-age=99999999999', ['cdn-cache-control', { maxAge: 2_147_483_648 }]],
    ['9213 2.1 empty', '', fallback],
    ['9213 2.1 malformed', 'max-age=60, &&', fallback],
    ['9213 2.1 a comma last', 'max-age=60,', fallback],
    ['9213 2.1 a quoted number', 'max-age="60"', fallback],
    ['9213 2.1 a fraction', 'max-age=60.0', fallback],
    ['9213 2.1 negative', 'max-age=-1', fallback],
    ['9213 2.1 no number', 'max-age', fallback],
    ['9213 2.1 a flag with a number', 'no-store=1', fallback],
    ['9213 2.1 no-cache with a number', 'no-cache=1', fallback],
    ['9213 2.1 capitals', 'Max-Age=60', fallback],
    ['9213 2.1 a space before =', 'max-age =60', fallback],
    ['9213 2.1 past 15 digits', 'max-age=1234567890123456', fallback],
  ])('%s: %j', (_rule, field, found) => {
    expect(said({ ...cc, 'CDN-Cache-Control': field })).toEqual(found)
  })

  test.each<[rule: string, fields: Record<string, string>, found: unknown]>([
    [
      '9213 2.2 the first of the list',
      { 'CDN-Cache-Control': 'max-age=2', 'Mine-Cache-Control': 'max-age=3' },
      ['mine-cache-control', { maxAge: 3 }],
    ],
    [
      '9213 2.2 the next where it is absent',
      { 'CDN-Cache-Control': 'max-age=2' },
      ['cdn-cache-control', { maxAge: 2 }],
    ],
    [
      '9213 2.2 the next where it is malformed',
      { 'CDN-Cache-Control': 'max-age=2', 'Mine-Cache-Control': 'x=' },
      ['cdn-cache-control', { maxAge: 2 }],
    ],
    ['9213 2.2 Cache-Control at last', {}, fallback],
    ['9213 2.2 those of others', { 'Other-Cache-Control': 'max-age=9' }, fallback],
  ])('%s', (_rule, fields, found) => {
    expect(said({ ...cc, ...fields }, MINE)).toEqual(found)
  })

  test('has no targets when told so (RFC 9213 section 2.2)', () => {
    expect(said({ ...cc, 'CDN-Cache-Control': 'max-age=2' }, [])).toEqual(fallback)
  })
})
