import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import {
  DEFAULT_REUSE_TERMS,
  type ReuseTermsOptions,
  remainingMs,
  reuseTerms,
  staleFromNow,
} from './reuse-terms.ts'
import { effectiveDirectives } from './targeted-cache-control.ts'

const T = Date.UTC(2026, 10, 26, 12)

function termsOf(cacheControl: string, options: Partial<ReuseTermsOptions> = {}, age = 0) {
  const headers = HeaderList.from({ 'Cache-Control': cacheControl, Age: String(age) })
  const times = { requestTime: T, responseTime: T }
  return reuseTerms({ status: 200, headers }, effectiveDirectives(headers), times, {
    ...DEFAULT_REUSE_TERMS,
    ...options,
  })
}

describe('reuseTerms', () => {
  test.each<[rule: string, field: string, staleAllowed: boolean, revalidate: number, error: number]>([
    ['9111 4.2.4 nothing said', 'max-age=60', true, 7, 8],
    ['5861 3, 4', 'max-age=60, stale-while-revalidate=1, stale-if-error=2', true, 1, 2],
    ['5861 3, 4 none wanted', 'max-age=60, stale-while-revalidate=0, stale-if-error=0', true, 0, 0],
    ['5861 3, 4 malformed', 'max-age=60, stale-while-revalidate, stale-if-error=x', true, 0, 0],
    ['9111 5.2.2.2', 'must-revalidate, stale-while-revalidate=1, stale-if-error=2', false, 0, 0],
    ['9111 5.2.2.8', 'proxy-revalidate, stale-while-revalidate=1, stale-if-error=2', false, 0, 0],
    ['9111 5.2.2.4', 'no-cache, stale-while-revalidate=1, stale-if-error=2', false, 0, 0],
    ['9111 5.2.2.10', 's-maxage=60', false, 0, 0],
    ['9111 5.2.2.10 with windows', 's-maxage=60, stale-while-revalidate=1, stale-if-error=2', false, 1, 2],
    ['9111 5.2.2.10 with one window', 's-maxage=60, stale-if-error=2', false, 0, 2],
    ['9111 5.2.2.4 of fields', 'no-cache="a", stale-if-error=2', true, 7, 2],
  ])('%s: %s', (_rule, field, staleAllowed, revalidate, error) => {
    const terms = termsOf(field, { staleWhileRevalidateMs: 7_000, staleIfErrorMs: 8_000 })
    const { staleWhileRevalidateMs, staleIfErrorMs } = terms
    expect([terms.staleAllowed, staleWhileRevalidateMs / 1_000, staleIfErrorMs / 1_000]).toEqual([
      staleAllowed,
      revalidate,
      error,
    ])
  })

  test.each<[rule: string, field: string, validateAlways: boolean, immutable: boolean]>([
    ['9111 5.2.2.4', 'no-cache, max-age=60', true, false],
    ['9111 5.2.2.4 of fields', 'no-cache="set-cookie"', false, false],
    ['8246 2', 'immutable, max-age=60', false, true],
  ])('%s: %s', (_rule, field, validateAlways, immutable) => {
    const terms = termsOf(field)
    expect([terms.validateAlways, terms.immutable]).toEqual([validateAlways, immutable])
  })

  test('survive a store that keeps JSON', () => {
    const terms = termsOf('max-age=60, immutable, stale-if-error=5')
    expect(JSON.parse(JSON.stringify(terms))).toEqual(terms)
  })
})

describe('remainingMs', () => {
  test.each<[rule: string, age: number, afterMs: number, remaining: number]>([
    ['9111 4.2 fresh', 0, 0, 60_000],
    ['9111 4.2 resident', 0, 59_999, 1],
    ['9111 4.2 over', 0, 60_000, 0],
    ['9111 4.2 stale', 0, 61_000, -1_000],
    ['9111 4.2.3 came with an age', 50, 9_000, 1_000],
    ['9111 4.2.3 came stale', 70, 0, -10_000],
  ])('%s', (_rule, age, afterMs, remaining) => {
    expect(remainingMs(termsOf('max-age=60', {}, age), T + afterMs)).toBe(remaining)
  })

  test('never grows as time passes (RFC 9111 section 4.2)', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(10_000), fc.integer(), fc.nat(), (maxAge, age, at, later) => {
        const terms = termsOf(`max-age=${maxAge}`, {}, age)
        expect(remainingMs(terms, T + at + later)).toBeLessThanOrEqual(remainingMs(terms, T + at))
      }),
    )
  })
})

describe('staleFromNow', () => {
  test('makes a fresh response stale, and one that is stale no fresher', () => {
    const terms = termsOf('max-age=60, stale-while-revalidate=30')
    const purged = staleFromNow(terms, T + 10_000)
    expect(remainingMs(purged, T + 10_000)).toBe(0)
    expect(remainingMs(purged, T + 15_000)).toBe(-5_000)
    expect(purged.staleWhileRevalidateMs).toBe(30_000)
    expect(remainingMs(staleFromNow(terms, T + 90_000), T + 90_000)).toBe(-30_000)
  })
})
