import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderList } from '../core/headers.ts'
import { requestDirectives } from './cache-control.ts'
import { formatHttpDate } from './http-date.ts'
import { DEFAULT_REUSE_TERMS, reuseTerms } from './reuse-terms.ts'
import { DEFAULT_STORABILITY, type NotStored, type StorabilityOptions, storability } from './storability.ts'
import { effectiveDirectives } from './targeted-cache-control.ts'

const T = Date.UTC(2026, 10, 26, 12)
const modified = formatHttpDate(T - 1_000_000)

type Fields = Record<string, string | string[]>
interface Case {
  method?: string
  request?: Fields
  status?: number
  response?: Fields
  options?: Partial<StorabilityOptions>
  defaults?: Map<number, number>
}

function judge({ method = 'GET', request = {}, status = 200, response = {}, options = {}, defaults }: Case) {
  const asked = HeaderList.from(request)
  const headers = HeaderList.from(response)
  const effective = effectiveDirectives(headers)
  const terms = reuseTerms(
    { status, headers },
    effective,
    { requestTime: T, responseTime: T },
    {
      ...DEFAULT_REUSE_TERMS,
      ...(defaults && { defaultLifetimesMs: defaults }),
    },
  )
  return storability(
    { method, headers: asked, directives: requestDirectives(asked) },
    { status, headers, effective, terms },
    { ...DEFAULT_STORABILITY, ...options },
  )
}

const outcome = (given: Case) => {
  const found = judge(given)
  return found.store ? 'stored' : found.reason
}

const fresh = { 'Cache-Control': 'max-age=60' }
const cc = (value: string, more: Fields = {}): Fields => ({ 'Cache-Control': value, ...more })
const auth = { Authorization: 'Basic x' }

describe('storability', () => {
  test.each<[rule: string, given: Case, outcome: NotStored | 'stored']>([
    // Methods.
    ['9111 3 GET', { response: fresh }, 'stored'],
    ['9111 3 HEAD', { method: 'HEAD', response: fresh }, 'stored'],
    ['9111 3 POST', { method: 'POST', response: fresh }, 'method'],
    ['9111 3 PUT', { method: 'PUT', response: fresh }, 'method'],
    ['9111 3 OPTIONS', { method: 'OPTIONS', response: fresh }, 'method'],
    ['9110 9.1 case of methods', { method: 'get', response: fresh }, 'method'],
    [
      '9110 9.3.3 POST by option',
      { method: 'POST', response: fresh, options: { methods: new Set(['POST']) } },
      'stored',
    ],
    [
      '9110 9.3.3 POST with a guess',
      { method: 'POST', response: { 'Last-Modified': modified }, options: { methods: new Set(['POST']) } },
      'no-lifetime',
    ],
    [
      '9110 9.3.3 POST with public',
      { method: 'POST', response: cc('public', { ETag: '"a"' }), options: { methods: new Set(['POST']) } },
      'no-lifetime',
    ],
    [
      '9110 9.3.3 POST with a lifetime of the options',
      { method: 'POST', defaults: new Map([[200, 9_000]]), options: { methods: new Set(['POST']) } },
      'no-lifetime',
    ],
    [
      '10008 QUERY by option',
      {
        method: 'QUERY',
        response: { Expires: formatHttpDate(T + 60_000) },
        options: { methods: new Set(['QUERY']) },
      },
      'stored',
    ],
    // Statuses.
    ...[
      200, 201, 203, 204, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 410, 414, 451, 500, 501, 503,
      599,
    ].map((status): [string, Case, 'stored'] => [`9111 3 ${status}`, { status, response: fresh }, 'stored']),
    ...[100, 101, 102, 103, 199].map((status): [string, Case, NotStored] => [
      `9111 3 ${status} is not final`,
      { status, response: fresh },
      'status',
    ]),
    ...[304, 407, 408, 412, 416, 417, 421, 425, 426, 505].map((status): [string, Case, NotStored] => [
      `9110 15 ${status} is of one request`,
      { status, response: fresh },
      'status',
    ]),
    ...[428, 429, 431, 511].map((status): [string, Case, NotStored] => [
      `6585 ${status} must not be stored`,
      { status, response: fresh },
      'status',
    ]),
    ['9111 5.2.2.3 understood', { status: 404, response: cc('max-age=60, must-understand') }, 'stored'],
    [
      '9111 5.2.2.3 understood, in place of no-store',
      { response: cc('max-age=60, must-understand, no-store') },
      'stored',
    ],
    ['9111 5.2.2.3 not understood', { status: 299, response: cc('max-age=60, must-understand') }, 'status'],
    [
      '9111 5.2.2.3 not understood, no-store',
      { status: 599, response: cc('max-age=60, must-understand, no-store') },
      'status',
    ],
    ['9111 5.2.2.3 no-store alone', { response: cc('max-age=60, no-store') }, 'no-store'],
    ['9111 5.2.2.3 of one request', { status: 429, response: cc('max-age=60, must-understand') }, 'status'],
    // Parts.
    ['9111 3.3 a part', { status: 206, response: { ...fresh, 'Content-Range': 'bytes 0-4/10' } }, 'stored'],
    [
      '9111 3.3 parts are not wanted',
      { status: 206, response: { ...fresh, 'Content-Range': 'bytes 0-4/10' }, options: { parts: false } },
      'partial',
    ],
    ['9110 15.3.7 no Content-Range', { status: 206, response: fresh }, 'partial'],
    [
      '9110 15.3.7 a malformed one',
      { status: 206, response: { ...fresh, 'Content-Range': 'bytes 4-0/10' } },
      'partial',
    ],
    [
      '9110 15.3.7 two',
      { status: 206, response: { ...fresh, 'Content-Range': ['bytes 0-4/10', 'bytes 5-9/10'] } },
      'partial',
    ],
    [
      '9110 15.3.7.2 several parts',
      {
        status: 206,
        response: {
          ...fresh,
          'Content-Type': 'Multipart/Byteranges; boundary=x',
          'Content-Range': 'bytes 0-4/10',
        },
      },
      'partial',
    ],
    [
      '9110 14.4 Content-Range in a 200 says nothing',
      { response: { ...fresh, 'Content-Range': 'x' } },
      'stored',
    ],
    // What is said.
    ['9111 5.2.1.5', { request: cc('no-store'), response: fresh }, 'request-no-store'],
    [
      '9111 5.2.1.5 by option not',
      { request: cc('no-store'), response: fresh, options: { obeyClients: false } },
      'stored',
    ],
    ['9111 5.2.1.4 no-cache of a client stores', { request: cc('no-cache'), response: fresh }, 'stored'],
    ['9111 5.2.2.5', { response: cc('no-store, max-age=60') }, 'no-store'],
    ['9111 5.2.2.5 before public', { response: cc('public, no-store, s-maxage=60') }, 'no-store'],
    ['9111 5.2.2.7', { response: cc('private, max-age=60') }, 'private'],
    ['9111 5.2.2.7 before public', { response: cc('public, private, s-maxage=60') }, 'private'],
    ['9111 5.2.2.7 of fields', { response: cc('private="x-a", max-age=60') }, 'stored'],
    [
      '9213 2.1 no-store of Cache-Control',
      { response: { 'CDN-Cache-Control': 'max-age=60', ...cc('no-store') } },
      'stored',
    ],
    [
      '9213 2.1 private of Cache-Control',
      { response: { 'CDN-Cache-Control': 'max-age=60', ...cc('private') } },
      'stored',
    ],
    ['9213 2.1 no-store of its own', { response: { 'CDN-Cache-Control': 'no-store', ...fresh } }, 'no-store'],
    [
      '9213 2.1 malformed',
      { response: { 'CDN-Cache-Control': 'max-age=60, &', ...cc('no-store') } },
      'no-store',
    ],
    // Authorization.
    ['9111 3.5', { request: auth, response: fresh }, 'authorization'],
    ['9111 3.5 public', { request: auth, response: cc('public, max-age=60') }, 'stored'],
    ['9111 3.5 s-maxage', { request: auth, response: cc('s-maxage=60') }, 'stored'],
    ['9111 3.5 must-revalidate', { request: auth, response: cc('max-age=60, must-revalidate') }, 'stored'],
    [
      '9111 3.5 proxy-revalidate',
      { request: auth, response: cc('max-age=60, proxy-revalidate') },
      'authorization',
    ],
    ['9111 3.5 public, malformed', { request: auth, response: cc('public=1, max-age=60') }, 'authorization'],
    [
      '9111 3.5 Expires',
      { request: auth, response: { Expires: formatHttpDate(T + 60_000) } },
      'authorization',
    ],
    ['9111 3.5 empty', { request: { Authorization: '' }, response: fresh }, 'authorization'],
    ['9111 3.5 of the proxy', { request: { 'Proxy-Authorization': 'x' }, response: fresh }, 'stored'],
    // Set-Cookie.
    ['9111 7.3', { response: { ...fresh, 'Set-Cookie': 'a=b' } }, 'set-cookie'],
    [
      '9111 7.3 even if public',
      { response: cc('public, max-age=60', { 'Set-Cookie': 'a=b' }) },
      'set-cookie',
    ],
    [
      '9111 5.2.2.4 left out',
      { response: cc('max-age=60, no-cache="Set-Cookie"', { 'Set-Cookie': 'a=b' }) },
      'stored',
    ],
    [
      '9111 5.2.2.7 left out',
      { response: cc('max-age=60, private="set-cookie"', { 'Set-Cookie': 'a=b' }) },
      'stored',
    ],
    [
      '9111 5.2.2.7 another is left out',
      { response: cc('max-age=60, private="x"', { 'Set-Cookie': 'a=b' }) },
      'set-cookie',
    ],
    [
      '9111 7.3 by option stripped',
      { response: { ...fresh, 'Set-Cookie': 'a=b' }, options: { setCookie: 'strip' } },
      'stored',
    ],
    [
      '9111 7.3 by option stored',
      { response: { ...fresh, 'Set-Cookie': 'a=b' }, options: { setCookie: 'store' } },
      'stored',
    ],
    // Vary.
    ['9111 4.1', { response: { ...fresh, Vary: 'Accept' } }, 'stored'],
    ['9111 4.1 *', { response: { ...fresh, Vary: '*' } }, 'vary'],
    ['9111 4.1 * among others', { response: { ...fresh, Vary: 'Accept, *' } }, 'vary'],
    ['9111 4.1 * on another line', { response: { ...fresh, Vary: ['Accept', '', '*'] } }, 'vary'],
    ['9111 4.1 * before', { response: { ...fresh, Vary: '*, Accept' } }, 'vary'],
    // Lifetimes.
    ['9111 3 Expires', { status: 500, response: { Expires: formatHttpDate(T + 60_000) } }, 'stored'],
    ['9111 3 s-maxage', { status: 500, response: cc('s-maxage=60') }, 'stored'],
    ['9111 3 a guess', { response: { 'Last-Modified': modified } }, 'stored'],
    ['9111 3 a guess for this status', { status: 404, response: { 'Last-Modified': modified } }, 'stored'],
    [
      '9111 3 no guess for this status',
      { status: 500, response: { 'Last-Modified': modified } },
      'no-lifetime',
    ],
    ['9111 3 no guess for 302', { status: 302, response: { ETag: '"a"' } }, 'no-lifetime'],
    ['9111 3 public', { status: 500, response: cc('public', { 'Last-Modified': modified }) }, 'stored'],
    [
      '9111 3 no-cache alone is no permission',
      { status: 500, response: cc('no-cache', { ETag: '"a"' }) },
      'no-lifetime',
    ],
    ['9111 3 nothing', {}, 'of-no-use'],
    [
      '9111 3 nothing, a lifetime of the options',
      { status: 500, defaults: new Map([[500, 1_000]]) },
      'stored',
    ],
    ['9111 4.3 stale with an ETag', { response: cc('max-age=0', { ETag: '"a"' }) }, 'stored'],
    [
      '9111 4.3 stale with Last-Modified',
      { response: cc('no-cache', { 'Last-Modified': modified }) },
      'stored',
    ],
    ['9111 4.3 stale without', { response: cc('max-age=0') }, 'of-no-use'],
    ['9111 4.3 malformed, without', { response: cc('max-age=x') }, 'of-no-use'],
    ['9111 4.3 no-cache without', { response: cc('no-cache, max-age=60') }, 'of-no-use'],
    ['9111 4.2.3 came stale', { response: cc('max-age=60', { Age: '60' }) }, 'of-no-use'],
    ['9111 4.2.3 came nearly stale', { response: cc('max-age=60', { Age: '59' }) }, 'stored'],
    ['5861 3 stale with a window', { response: cc('max-age=0, stale-while-revalidate=5') }, 'stored'],
    ['5861 4 stale with a window', { response: cc('max-age=0, stale-if-error=5') }, 'stored'],
    [
      '5861 3 the window is over',
      { response: cc('max-age=0, stale-while-revalidate=5', { Age: '5' }) },
      'of-no-use',
    ],
  ])('%s: %j', (_rule, given, expected) => {
    expect(outcome(given)).toBe(expected)
  })

  test.each<[rule: string, given: Case, without: string[]]>([
    ['9111 3.1', { response: fresh }, []],
    [
      '9111 5.2.2.4, 5.2.2.7',
      { response: cc('max-age=60, no-cache="a, B", private="b, c"') },
      ['a', 'b', 'c'],
    ],
    [
      '9111 7.3',
      { response: { ...fresh, 'Set-Cookie': 'a=b' }, options: { setCookie: 'strip' } },
      ['set-cookie'],
    ],
    ['9111 7.3 none there', { response: fresh, options: { setCookie: 'strip' } }, []],
    ['9111 5.2.2.4 all of it', { response: cc('no-cache, private="c"', { ETag: '"a"' }) }, ['c']],
  ])('%s leaves fields out: %j', (_rule, given, without) => {
    expect(judge(given)).toEqual({ store: true, without })
  })

  test('never stores what is said to be private, or not to be stored (RFC 9111 section 5.2.2)', () => {
    const directive = fc.constantFrom(
      'public',
      'max-age=60',
      's-maxage=60',
      'must-revalidate',
      'immutable',
      'x="y"',
    )
    const some = fc.array(directive, { maxLength: 4 })
    const forbids = fc.constantFrom('no-store', 'private', 'No-Store', 'private="', 'no-store=1')
    fc.assert(
      fc.property(some, forbids, some, fc.integer({ min: 200, max: 599 }), (before, word, after, status) => {
        const response = cc([...before, word, ...after].join(', '))
        expect(judge({ status, response }).store).toBe(false)
      }),
    )
  })
})
