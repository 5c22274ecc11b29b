import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { requestDirectives } from './cache-control.ts'
import { isErrorForReuse, reuse, reuseOnError } from './reuse.ts'
import { DEFAULT_REUSE_TERMS, type ReuseTermsOptions, reuseTerms } from './reuse-terms.ts'
import { effectiveDirectives } from './targeted-cache-control.ts'

const T = Date.UTC(2026, 10, 26, 12)

function termsOf(cacheControl: string, options: Partial<ReuseTermsOptions> = {}) {
  const headers = HeaderList.from({ 'Cache-Control': cacheControl })
  const times = { requestTime: T, responseTime: T }
  const all = { ...DEFAULT_REUSE_TERMS, ...options }
  return reuseTerms({ status: 200, headers }, effectiveDirectives(headers), times, all)
}
const asked = (cacheControl: string) =>
  requestDirectives(HeaderList.from(cacheControl === '' ? {} : { 'Cache-Control': cacheControl }))

function decide(response: string, request: string, afterSeconds: number, obeyClients = true) {
  const found = reuse(termsOf(response), asked(request), T + afterSeconds * 1_000, { obeyClients })
  return `${found.use} ${found.reason}${found.use === 'answer' && found.refresh ? ' refresh' : ''}`
}

describe('reuse', () => {
  test.each<[rule: string, response: string, request: string, afterSeconds: number, decision: string]>([
    ['9111 4.2 fresh', 'max-age=60', '', 59.999, 'answer fresh'],
    ['9111 4.2 just stale', 'max-age=60', '', 60, 'forward stale'],
    ['9111 4.2 never fresh', 'max-age=0', '', 0, 'forward stale'],
    ['9111 5.2.2.4', 'no-cache, max-age=60', '', 1, 'forward no-cache'],
    ['9111 5.2.2.4 before max-stale', 'no-cache, max-age=60', 'max-stale', 1, 'forward no-cache'],
    ['9111 5.2.2.4 before only-if-cached', 'no-cache, max-age=60', 'only-if-cached', 1, 'refuse no-cache'],
    ['9111 5.2.2.4 of fields', 'no-cache="a", max-age=60', '', 1, 'answer fresh'],
    ['9111 5.2.2.2 while fresh', 'must-revalidate, max-age=60', '', 1, 'answer fresh'],
    // Clients that want it fresher.
    ['9111 5.2.1.4', 'max-age=60', 'no-cache', 1, 'forward request-no-cache'],
    ['9111 5.2.1.1 younger', 'max-age=60', 'max-age=5', 5, 'answer fresh'],
    ['9111 5.2.1.1 older', 'max-age=60', 'max-age=5', 5.001, 'forward request-max-age'],
    ['9111 5.2.1.1 zero', 'max-age=60', 'max-age=0', 0, 'forward request-max-age'],
    ['9111 5.2.1.1 malformed', 'max-age=60', 'max-age=x', 0, 'forward request-max-age'],
    ['9111 5.2.1.1 longer than the lifetime', 'max-age=60', 'max-age=99', 61, 'forward stale'],
    ['9111 5.2.1.1 with max-stale', 'max-age=60', 'max-age=5, max-stale', 9, 'forward request-max-age'],
    ['9111 5.2.1.3 enough is left', 'max-age=60', 'min-fresh=10', 50, 'answer fresh'],
    ['9111 5.2.1.3 too little is left', 'max-age=60', 'min-fresh=10', 50.001, 'forward request-min-fresh'],
    ['9111 5.2.1.3 malformed', 'max-age=60', 'min-fresh=x', 0, 'forward request-min-fresh'],
    ['9111 5.2.1.3 with max-stale', 'max-age=60', 'min-fresh=10, max-stale', 70, 'forward request-min-fresh'],
    ['9111 5.2.1.5 no-store is no reason', 'max-age=60', 'no-store', 1, 'answer fresh'],
    ['8246 2.1 a reload', 'max-age=60, immutable', 'max-age=0', 1, 'answer fresh'],
    [
      '8246 2.1 a limit that is no reload',
      'max-age=60, immutable',
      'max-age=5',
      6,
      'forward request-max-age',
    ],
    ['8246 2.1 a forced reload', 'max-age=60, immutable', 'no-cache', 1, 'forward request-no-cache'],
    ['8246 2.1 once stale', 'max-age=60, immutable', 'max-age=0', 61, 'forward request-max-age'],
    // Clients that take it stale.
    ['9111 5.2.1.2 any', 'max-age=60', 'max-stale', 99_999, 'answer max-stale'],
    ['9111 5.2.1.2 within', 'max-age=60', 'max-stale=10', 70, 'answer max-stale'],
    ['9111 5.2.1.2 past', 'max-age=60', 'max-stale=10', 70.001, 'forward stale'],
    ['9111 5.2.1.2 zero', 'max-age=60', 'max-stale=0', 61, 'forward stale'],
    ['9111 5.2.1.2 malformed', 'max-age=60', 'max-stale=x', 61, 'forward stale'],
    ['9111 5.2.1.2 while fresh', 'max-age=60', 'max-stale', 1, 'answer fresh'],
    ['9111 5.2.2.2 max-stale', 'max-age=60, must-revalidate', 'max-stale', 61, 'forward stale'],
    ['9111 5.2.2.8 max-stale', 'max-age=60, proxy-revalidate', 'max-stale', 61, 'forward stale'],
    ['9111 5.2.2.10 max-stale', 's-maxage=60', 'max-stale', 61, 'forward stale'],
    // RFC 5861.
    [
      '5861 3 within',
      'max-age=60, stale-while-revalidate=30',
      '',
      89.999,
      'answer stale-while-revalidate refresh',
    ],
    [
      '5861 3 from the first moment',
      'max-age=60, stale-while-revalidate=30',
      '',
      60,
      'answer stale-while-revalidate refresh',
    ],
    ['5861 3 past', 'max-age=60, stale-while-revalidate=30', '', 90, 'forward stale'],
    ['5861 3 while fresh', 'max-age=60, stale-while-revalidate=30', '', 59, 'answer fresh'],
    ['5861 3 past, max-stale', 'max-age=60, stale-while-revalidate=30', 'max-stale', 90, 'answer max-stale'],
    [
      '5861 3 before max-stale',
      'max-age=60, stale-while-revalidate=30',
      'max-stale',
      80,
      'answer stale-while-revalidate refresh',
    ],
    [
      '5861 3 a client that wants it fresh',
      'max-age=60, stale-while-revalidate=30',
      'max-age=60',
      61,
      'forward request-max-age',
    ],
    [
      '5861 3 min-fresh=0',
      'max-age=60, stale-while-revalidate=30',
      'min-fresh=0',
      61,
      'forward request-min-fresh',
    ],
    [
      '5861 3 no-cache of a client',
      'max-age=60, stale-while-revalidate=30',
      'no-cache',
      61,
      'forward request-no-cache',
    ],
    [
      '5861 3 must-revalidate',
      'max-age=60, stale-while-revalidate=30, must-revalidate',
      '',
      61,
      'forward stale',
    ],
    ['5861 4 is for errors only', 'max-age=60, stale-if-error=30', '', 61, 'forward stale'],
    // only-if-cached.
    ['9111 5.2.1.7 fresh', 'max-age=60', 'only-if-cached', 1, 'answer fresh'],
    ['9111 5.2.1.7 stale', 'max-age=60', 'only-if-cached', 61, 'refuse stale'],
    ['9111 5.2.1.7 stale, taken', 'max-age=60', 'only-if-cached, max-stale', 61, 'answer max-stale'],
    ['9111 5.2.1.7 with no-cache', 'max-age=60', 'only-if-cached, no-cache', 1, 'refuse request-no-cache'],
    [
      '9111 5.2.1.7 stale while revalidated',
      'max-age=60, stale-while-revalidate=30',
      'only-if-cached',
      61,
      'answer stale-while-revalidate refresh',
    ],
  ])('%s: %j, asked %j, after %d s', (_rule, response, request, afterSeconds, decision) => {
    expect(decide(response, request, afterSeconds)).toBe(decision)
  })

  test.each<[rule: string, response: string, request: string, afterSeconds: number, decision: string]>([
    ['9111 5.2.1 no-cache', 'max-age=60', 'no-cache', 1, 'answer fresh'],
    ['9111 5.2.1 max-age', 'max-age=60', 'max-age=0', 1, 'answer fresh'],
    ['9111 5.2.1 min-fresh', 'max-age=60', 'min-fresh=99', 1, 'answer fresh'],
    ['9111 5.2.1 max-stale counts still', 'max-age=60', 'max-stale', 61, 'answer max-stale'],
    ['9111 5.2.1 only-if-cached counts still', 'max-age=60', 'only-if-cached', 61, 'refuse stale'],
    ['9111 5.2.2.4 the response counts still', 'no-cache', '', 0, 'forward no-cache'],
  ])('%s, where clients are not obeyed: %j, asked %j', (_rule, response, request, afterSeconds, decision) => {
    expect(decide(response, request, afterSeconds, false)).toBe(decision)
  })

  test.each<[rule: string, request: string, use: string]>([
    ['9111 4', '', 'forward'],
    ['9111 5.2.1.7', 'only-if-cached', 'refuse'],
    ['9111 5.2.1.2', 'max-stale', 'forward'],
  ])('%s: nothing is stored, asked %j', (_rule, request, use) => {
    expect(reuse(undefined, asked(request), T)).toEqual({ use, reason: 'miss' })
  })

  test('says the age, and how much is left (RFC 9111 section 4, RFC 9211 section 2.4)', () => {
    const found = reuse(termsOf('max-age=60'), asked('max-stale'), T + 70_500)
    expect(found).toMatchObject({ use: 'answer', ageMs: 70_500, remainingMs: -10_500 })
  })

  const directives = fc.array(
    fc.constantFrom(
      'max-age=60',
      's-maxage=30',
      'no-cache',
      'must-revalidate',
      'proxy-revalidate',
      'immutable',
      'stale-while-revalidate=20',
      'stale-if-error=20',
      'public',
    ),
    { maxLength: 4 },
  )
  const wishes = fc.array(
    fc.constantFrom(
      'max-age=0',
      'max-age=40',
      'min-fresh=5',
      'max-stale',
      'max-stale=10',
      'no-cache',
      'only-if-cached',
      'no-store',
    ),
    { maxLength: 3 },
  )

  test('what is not used is not used later either (RFC 9111 section 4.2)', () => {
    fc.assert(
      fc.property(directives, wishes, fc.nat(200), fc.nat(200), (response, wish, at, later) => {
        const terms = termsOf(response.join(', '))
        const used = (seconds: number) =>
          reuse(terms, asked(wish.join(', ')), T + seconds * 1_000).use === 'answer'
        if (!used(at)) expect(used(at + later)).toBe(false)
      }),
    )
  })

  test('a stale response is used only where the rules allow it (RFC 9111 section 4.2.4)', () => {
    fc.assert(
      fc.property(directives, wishes, fc.nat(200), (response, wish, at) => {
        const found = reuse(termsOf(response.join(', ')), asked(wish.join(', ')), T + at * 1_000)
        if (found.use !== 'answer' || found.remainingMs > 0) return
        expect(response.some((one) => /^(?:no-cache|must-revalidate|proxy-revalidate)$/.test(one))).toBe(
          false,
        )
        expect(wish).not.toContain('no-cache')
        const window = response.includes('stale-while-revalidate=20') && found.remainingMs > -20_000
        const taken = wish.some((one) => one.startsWith('max-stale')) && !response.includes('s-maxage=30')
        expect(window || taken).toBe(true)
      }),
    )
  })

  test('what clients ask for never makes the cache use what a silent client would not get, but for max-stale', () => {
    fc.assert(
      fc.property(directives, wishes, fc.nat(200), (response, wish, at) => {
        const terms = termsOf(response.join(', '))
        const found = reuse(terms, asked(wish.join(', ')), T + at * 1_000)
        if (found.use === 'answer' && found.reason !== 'max-stale')
          expect(reuse(terms, asked(''), T + at * 1_000)).toEqual(found)
      }),
    )
  })
})

describe('reuseOnError', () => {
  test.each<[rule: string, response: string, request: string, afterSeconds: number, used: boolean]>([
    ['5861 4 within', 'max-age=60, stale-if-error=30', '', 89.999, true],
    ['5861 4 past', 'max-age=60, stale-if-error=30', '', 90, false],
    ['5861 4 not said', 'max-age=60', '', 61, false],
    ['5861 4 the client says', 'max-age=60', 'stale-if-error=30', 80, true],
    ['5861 4 the client says, past', 'max-age=60', 'stale-if-error=30', 90, false],
    ['5861 4 both, the longer', 'max-age=60, stale-if-error=5', 'stale-if-error=30', 80, true],
    ['5861 4 both, the longer, turned', 'max-age=60, stale-if-error=30', 'stale-if-error=5', 80, true],
    ['9111 5.2.2.2', 'max-age=60, stale-if-error=30, must-revalidate', 'stale-if-error=30', 61, false],
    ['9111 5.2.2.8', 'max-age=60, stale-if-error=30, proxy-revalidate', 'stale-if-error=30', 61, false],
    ['9111 5.2.2.4', 'max-age=60, stale-if-error=30, no-cache', 'stale-if-error=30', 1, false],
    ['9111 5.2.2.10 the response says', 's-maxage=60, stale-if-error=30', '', 61, true],
    ['9111 5.2.2.10 the client alone', 's-maxage=60', 'stale-if-error=30', 61, false],
    ['5861 4 fresh, and validated for a client', 'max-age=60, stale-if-error=30', 'no-cache', 1, true],
    ['9111 5.2.1.4 fresh, without a window', 'max-age=60', 'no-cache', 1, false],
    ['5861 4 a window does not help max-stale', 'max-age=60', 'max-stale', 61, false],
  ])('%s: %j, asked %j, after %d s', (_rule, response, request, afterSeconds, used) => {
    const found = reuseOnError(termsOf(response), asked(request), T + afterSeconds * 1_000)
    expect(found?.reason).toBe(used ? 'stale-if-error' : undefined)
    if (used) expect(found).toMatchObject({ use: 'answer', ageMs: afterSeconds * 1_000, refresh: false })
  })

  test('asks the options where the response does not say (RFC 5861 section 4)', () => {
    const options = { staleIfErrorMs: 30_000 }
    const used = (cacheControl: string, after: number) =>
      reuseOnError(termsOf(cacheControl, options), asked(''), T + after * 1_000) !== undefined
    expect(used('max-age=60', 80)).toBe(true)
    expect(used('max-age=60', 90)).toBe(false)
    expect(used('max-age=60, stale-if-error=0', 61)).toBe(false)
    expect(used('max-age=60, must-revalidate', 61)).toBe(false)
    expect(used('s-maxage=60', 61)).toBe(false)
  })
})

describe('isErrorForReuse', () => {
  test.each<[number, boolean]>([
    [200, false],
    [404, false],
    [429, false],
    [500, true],
    [501, false],
    [502, true],
    [503, true],
    [504, true],
    [505, false],
  ])('%d (RFC 5861 section 4)', (status, is) => {
    expect(isErrorForReuse(status)).toBe(is)
  })
})
