import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import {
  DEFAULT_FRESHNESS,
  type FreshnessOptions,
  freshnessLifetime,
  type LifetimeSource,
} from './freshness.ts'
import { formatHttpDate } from './http-date.ts'
import { effectiveDirectives } from './targeted-cache-control.ts'

const T = Date.UTC(2026, 10, 26, 12)
const date = (seconds: number) => formatHttpDate(T + seconds * 1_000)
const DAY = 86_400

function lifetime(
  fields: Record<string, string | string[]>,
  status = 200,
  options: Partial<FreshnessOptions> = {},
) {
  const headers = HeaderList.from(fields)
  const found = freshnessLifetime({ status, headers }, effectiveDirectives(headers), T, {
    ...DEFAULT_FRESHNESS,
    ...options,
  })
  return [found.lifetimeMs / 1_000, found.lifetimeSource]
}

describe('freshnessLifetime', () => {
  test.each<
    [rule: string, fields: Record<string, string | string[]>, seconds: number, source: LifetimeSource]
  >([
    ['9111 4.2.1 max-age', { 'Cache-Control': 'max-age=60' }, 60, 'max-age'],
    ['9111 4.2.1 s-maxage first', { 'Cache-Control': 'max-age=60, s-maxage=5' }, 5, 's-maxage'],
    ['9111 4.2.1 s-maxage longer', { 'Cache-Control': 's-maxage=99, max-age=60' }, 99, 's-maxage'],
    ['9111 4.2.1 an invalid s-maxage', { 'Cache-Control': 's-maxage=x, max-age=60' }, 0, 's-maxage'],
    [
      '9111 5.3 max-age before Expires',
      { 'Cache-Control': 'max-age=60', Expires: date(9), Date: date(0) },
      60,
      'max-age',
    ],
    [
      '9111 5.3 s-maxage before Expires',
      { 'Cache-Control': 's-maxage=6', Expires: date(9), Date: date(0) },
      6,
      's-maxage',
    ],
    ['9111 5.3 max-age=0 before Expires', { 'Cache-Control': 'max-age=0', Expires: date(9) }, 0, 'max-age'],
    [
      '9111 5.3 an invalid max-age before Expires',
      { 'Cache-Control': 'max-age=x', Expires: date(9) },
      0,
      'max-age',
    ],
    ['9111 4.2.1 Expires', { Expires: date(60), Date: date(0) }, 60, 'expires'],
    ['9111 4.2.1 Expires less Date', { Expires: date(60), Date: date(-40) }, 100, 'expires'],
    ['9111 4.2.1 Expires without Date', { Expires: date(60) }, 60, 'expires'],
    ['9111 4.2.1 Expires with an invalid Date', { Expires: date(60), Date: 'x' }, 60, 'expires'],
    ['9111 4.2.1 Expires with a Date in the future', { Expires: date(60), Date: date(50) }, 10, 'expires'],
    ['9111 5.3 Expires in the past', { Expires: date(-60), Date: date(0) }, 0, 'expires'],
    ['9111 5.3 Expires now', { Expires: date(0), Date: date(0) }, 0, 'expires'],
    ['9111 5.3 Expires 0', { Expires: '0', Date: date(0) }, 0, 'expires'],
    ['9111 5.3 Expires empty', { Expires: '' }, 0, 'expires'],
    [
      '9111 5.3 Expires of rfc850',
      { Expires: 'Thursday, 26-Nov-26 12:01:00 GMT', Date: date(0) },
      60,
      'expires',
    ],
    ['9111 5.3 Expires of asctime', { Expires: 'Thu Nov 26 12:01:00 2026', Date: date(0) }, 60, 'expires'],
    ['9111 5.3 another zone', { Expires: 'Thu, 26 Nov 2026 12:01:00 CET', Date: date(0) }, 0, 'expires'],
    ['9111 4.2.1 Expires twice the same', { Expires: [date(60), date(60)], Date: date(0) }, 60, 'expires'],
    ['9111 4.2.1 Expires differing', { Expires: [date(60), date(90)], Date: date(0) }, 0, 'expires'],
    [
      '9111 5.3 an invalid Expires is no reason to guess',
      { Expires: '0', 'Last-Modified': date(-1000) },
      0,
      'expires',
    ],
    ['9111 1.2.2 Expires past 2^31', { Expires: 'Fri, 31 Dec 9999 23:59:59 GMT' }, 2_147_483_648, 'expires'],
    ['9111 1.2.2 max-age past 2^31', { 'Cache-Control': 'max-age=99999999999' }, 2_147_483_648, 'max-age'],
    ['9111 4.2.1 differing max-age', { 'Cache-Control': 'max-age=60, max-age=1' }, 0, 'max-age'],
    // RFC 9213.
    [
      '9213 2.1 before Cache-Control',
      { 'CDN-Cache-Control': 'max-age=9', 'Cache-Control': 's-maxage=60' },
      9,
      'max-age',
    ],
    ['9213 2.1 s-maxage before max-age', { 'CDN-Cache-Control': 'max-age=9, s-maxage=8' }, 8, 's-maxage'],
    [
      '9213 2.1 before Expires',
      { 'CDN-Cache-Control': 'public', Expires: date(60), Date: date(0) },
      0,
      'none',
    ],
    [
      '9213 2.1 malformed',
      { 'CDN-Cache-Control': 'max-age="9"', Expires: date(60), Date: date(0) },
      60,
      'expires',
    ],
    // A guess.
    ['9111 4.2.2', { 'Last-Modified': date(-1_000), Date: date(0) }, 100, 'heuristic'],
    ['9111 4.2.2 without Date', { 'Last-Modified': date(-1_000) }, 100, 'heuristic'],
    ['9111 4.2.2 from its Date', { 'Last-Modified': date(-1_000), Date: date(-500) }, 50, 'heuristic'],
    ['9111 4.2.2 at most', { 'Last-Modified': date(-1_000 * DAY) }, DAY, 'heuristic'],
    ['9111 4.2.2 modified in the future', { 'Last-Modified': date(60) }, 0, 'heuristic'],
    ['9111 4.2.2 no Last-Modified', {}, 0, 'none'],
    ['9111 4.2.2 an invalid Last-Modified', { 'Last-Modified': 'x' }, 0, 'none'],
    ['9111 4.2.2 differing Last-Modified', { 'Last-Modified': [date(-9), date(-8)] }, 0, 'none'],
    [
      '9111 4.2.2 not with explicit freshness',
      { 'Last-Modified': date(-1_000), 'Cache-Control': 'max-age=1' },
      1,
      'max-age',
    ],
  ])('%s: %j', (_rule, fields, seconds, source) => {
    expect(lifetime(fields)).toEqual([seconds, source])
  })

  test.each<[rule: string, status: number, seconds: number]>([
    ...[200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501].map(
      (status): [string, number, number] => ['9110 15.1', status, 100],
    ),
    ...[201, 202, 299, 302, 303, 307, 400, 401, 403, 500, 502, 503, 504, 599].map(
      (status): [string, number, number] => ['9111 4.2.2 not by itself', status, 0],
    ),
  ])('%s: a guess for %d', (_rule, status, seconds) => {
    const fields = { 'Last-Modified': date(-1_000) }
    expect(lifetime(fields, status)[0]).toBe(seconds)
    expect(lifetime({ ...fields, 'Cache-Control': 'public' }, status)).toEqual([100, 'heuristic'])
  })

  test('asks the options before it guesses, and after what the response says', () => {
    const options = { defaultLifetimesMs: new Map([[404, 10_000]]) }
    expect(lifetime({ 'Last-Modified': date(-1_000) }, 404, options)).toEqual([10, 'default'])
    expect(lifetime({ 'Last-Modified': date(-1_000) }, 200, options)).toEqual([100, 'heuristic'])
    expect(lifetime({ 'Cache-Control': 'max-age=0' }, 404, options)).toEqual([0, 'max-age'])
    expect(lifetime({ Expires: '0' }, 404, options)).toEqual([0, 'expires'])
  })

  test('guesses as it is told to', () => {
    const fields = { 'Last-Modified': date(-1_000) }
    expect(lifetime(fields, 200, { heuristicFraction: 0.5 })).toEqual([500, 'heuristic'])
    expect(lifetime(fields, 200, { heuristicMaxMs: 7_000 })).toEqual([7, 'heuristic'])
    expect(lifetime(fields, 200, { heuristicFraction: 0 })).toEqual([0, 'heuristic'])
  })

  test('is from 0 to 2^31 s, whatever comes (RFC 9111 section 1.2.2)', () => {
    const value = fc.oneof(
      fc.integer({ min: -(10 ** 14), max: 10 ** 14 }).map((ms) => formatHttpDate(ms)),
      fc.constantFrom('x', '', '0', 'max-age=5', 's-maxage=-1', 'max-age', 'public', 'no-cache'),
    )
    const names = ['Date', 'Expires', 'Last-Modified', 'Cache-Control', 'CDN-Cache-Control'] as const
    const fields = fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 6 })
    fc.assert(
      fc.property(fields, fc.constantFrom(200, 302, 404, 500), (given, status) => {
        const headers = HeaderList.from(given)
        const { lifetimeMs } = freshnessLifetime({ status, headers }, effectiveDirectives(headers), T)
        expect(lifetimeMs).toBeGreaterThanOrEqual(0)
        expect(lifetimeMs).toBeLessThanOrEqual(2 ** 31 * 1_000)
      }),
    )
  })
})
