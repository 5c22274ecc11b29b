import { at, type CacheCase, START } from './case.ts'
import { answered, control, freshFor, hit, miss, notReused, requirement, reused } from './steps.ts'

const DAY = 86_400

/** The three formats of a date, 60 seconds from the begin. */
const FORMATS = {
  fixdate: at(60),
  rfc850: 'Thursday, 01-Jan-26 00:01:00 GMT',
  asctime: 'Thu Jan  1 00:01:00 2026',
}

export const cases: readonly CacheCase[] = [
  ...requirement(
    '9111 4',
    'must',
    'A stored response answers only as long as it is fresh, or may be used stale, or was validated.',
    {
      'fresh-then-stale': freshFor(60, control('max-age=60')),
      'fresh-many-times': [answered(control('max-age=60')), hit(), hit(), { advance: '30s' }, hit(), hit()],
      'stale-then-fresh-again': [
        answered(control('max-age=10')),
        { advance: '10s' },
        answered(control('max-age=10')),
        { advance: '9s' },
        hit(),
        { advance: '1s' },
        miss(),
      ],
    },
  ),

  ...requirement(
    '9111 5.2.2.1',
    'must',
    'A response with max-age is stale once its age is so many seconds.',
    {
      'max-age': freshFor(60, control('max-age=60')),
      'max-age-of-a-year': freshFor(31_536_000, control('max-age=31536000')),
      'fresh-to-the-last-millisecond': [
        answered(control('max-age=1')),
        { advance: 999 },
        hit(),
        { advance: 1 },
        miss(),
      ],
      'max-age-beside-others': freshFor(60, control('public, max-age=60, must-revalidate')),
    },
  ),

  ...requirement(
    '9111 4.2',
    'must',
    'A lifetime is over when the age has reached it: what has a lifetime of 0 is stale at once.',
    {
      'max-age-0': notReused(control('max-age=0')),
      's-maxage-0': notReused(control('s-maxage=0')),
      'max-age-0-with-validator': [
        answered({ ...control('max-age=0'), ETag: '"1"' }),
        miss({}, { asked: { headers: { 'If-None-Match': '"1"' } } }),
      ],
      'expires-equal-to-date': notReused({ Date: at(0), Expires: at(0) }),
      'expires-before-date': notReused({ Date: at(0), Expires: at(-60) }),
      'expires-before-date-though-both-are-ahead': notReused({ Date: at(1_000), Expires: at(900) }),
    },
  ),

  ...requirement('9111 4.2.1', 'must', 'In a shared cache s-maxage goes before max-age and Expires.', {
    's-maxage-under-max-age': freshFor(10, control('max-age=60, s-maxage=10')),
    's-maxage-before-max-age-in-the-line': freshFor(10, control('s-maxage=10, max-age=60')),
    's-maxage-over-max-age': freshFor(60, control('max-age=10, s-maxage=60')),
    's-maxage-over-max-age-0': freshFor(60, control('max-age=0, s-maxage=60')),
    's-maxage-0-over-max-age': notReused(control('max-age=60, s-maxage=0')),
    's-maxage-over-expires': freshFor(60, { ...control('s-maxage=60'), Date: at(0), Expires: at(-60) }),
    's-maxage-in-another-line': freshFor(10, control('max-age=60', 's-maxage=10')),
  }),

  ...requirement('9111 4.2.1', 'must', 'max-age goes before Expires.', {
    'max-age-over-expires-in-the-past': freshFor(60, {
      ...control('max-age=60'),
      Date: at(0),
      Expires: at(-60),
    }),
    'max-age-over-expires-0': freshFor(60, { ...control('max-age=60'), Expires: '0' }),
    'max-age-under-expires': freshFor(60, { ...control('max-age=60'), Date: at(0), Expires: at(600) }),
    'max-age-0-over-expires': notReused({ ...control('max-age=0'), Date: at(0), Expires: at(600) }),
  }),

  ...requirement('9111 4.2.1', 'must', 'Without s-maxage and max-age, the lifetime is Expires less Date.', {
    'expires-alone': freshFor(60, { Date: at(0), Expires: at(60) }),
    'expires-beside-other-directives': freshFor(60, { ...control('public'), Date: at(0), Expires: at(60) }),
    'expires-counts-from-date-not-from-now': freshFor(50, { Date: at(-10), Expires: at(50) }),
    'expires-of-a-clock-that-is-ahead': freshFor(60, { Date: at(3_600), Expires: at(3_660) }),
    'expires-without-date': freshFor(60, { Expires: at(60) }),
    'expires-with-a-date-that-is-none': freshFor(60, { Date: 'today', Expires: at(60) }),
  }),

  ...requirement(
    '9111 4.2.1',
    'own',
    'Of several lifetimes that differ none counts: the response is stale.',
    {
      'max-age-twice-different': notReused(control('max-age=60, max-age=30')),
      'max-age-twice-different-in-two-lines': notReused(control('max-age=30', 'max-age=60')),
      's-maxage-twice-different': notReused(control('s-maxage=60, s-maxage=30, max-age=90')),
      'expires-twice-different': notReused({ Date: at(0), Expires: [at(60), at(90)] }),
    },
  ),

  ...requirement('9111 4.2.1', 'should', 'Several lifetimes that say the same are one.', {
    'max-age-twice': freshFor(60, control('max-age=60, max-age=60')),
    'max-age-twice-in-two-lines': freshFor(60, control('max-age=60', 'max-age=60')),
    'max-age-twice-token-and-quoted': freshFor(60, control('max-age=60, max-age="60"')),
    's-maxage-twice': freshFor(60, control('s-maxage=60, s-maxage=60')),
    'expires-twice': freshFor(60, { Date: at(0), Expires: [at(60), at(60)] }),
  }),

  ...requirement('9111 4.2.1', 'should', 'A response whose lifetime cannot be read is stale.', {
    'max-age-word': notReused(control('max-age=soon')),
    'max-age-negative': notReused(control('max-age=-60')),
    'max-age-signed': notReused(control('max-age=+60')),
    'max-age-decimal': notReused(control('max-age=60.0')),
    'max-age-exponent': notReused(control('max-age=6e1')),
    'max-age-hexadecimal': notReused(control('max-age=0x3c')),
    'max-age-with-unit': notReused(control('max-age=60s')),
    'max-age-empty': notReused(control('max-age=')),
    'max-age-empty-quoted': notReused(control('max-age=""')),
    'max-age-without-argument': notReused(control('max-age')),
    'max-age-single-quotes': notReused(control("max-age='60'")),
    'max-age-with-space-in-quotes': notReused(control('max-age=" 60"')),
    'max-age-space-before-equals': notReused(control('max-age =60')),
    'max-age-space-behind-equals': notReused(control('max-age= 60')),
    'max-age-colon': notReused(control('max-age:60')),
    'max-age-two-numbers': notReused(control('max-age=60 60')),
    'max-age-parted-by-semicolon': notReused(control('max-age=60; public')),
    'max-age-in-a-quote-that-never-ends': notReused(control('max-age="60')),
    'max-age-behind-a-quote-that-never-ends': notReused(control('ext="a, max-age=60')),
    'max-age-that-is-none-and-expires': notReused({
      ...control('max-age=soon'),
      Date: at(0),
      Expires: at(60),
    }),
    's-maxage-that-is-none-and-max-age': notReused(control('s-maxage=soon, max-age=60')),
  }),

  ...requirement(
    '9111 1.2.2',
    'must',
    'A number of seconds that is too large counts as the largest that can be told.',
    {
      'max-age-2-to-the-31': [answered(control('max-age=2147483648')), { advance: '30d' }, hit()],
      'max-age-over-32-bits': [answered(control('max-age=4294967296')), { advance: '30d' }, hit()],
      'max-age-over-64-bits': [answered(control('max-age=99999999999999999999')), { advance: '30d' }, hit()],
      'max-age-of-400-digits': [answered(control(`max-age=${'9'.repeat(400)}`)), { advance: '30d' }, hit()],
      's-maxage-over-64-bits': [
        answered(control('s-maxage=99999999999999999999')),
        { advance: '30d' },
        hit(),
      ],
      'expires-in-the-year-9999': [
        answered({ Expires: 'Fri, 31 Dec 9999 23:59:59 GMT' }),
        { advance: '30d' },
        hit(),
      ],
    },
  ),

  ...requirement('9111 1.2.2', 'must', 'Zeros before a number of seconds mean nothing.', {
    'max-age-leading-zeros': freshFor(60, control('max-age=00060')),
    'max-age-zeros-only': notReused(control('max-age=000')),
  }),

  ...requirement('9111 5.3', 'must', 'A date in Expires may have any of the three formats of HTTP.', {
    'expires-imf-fixdate': freshFor(60, { Date: at(0), Expires: FORMATS.fixdate }),
    'expires-rfc850': freshFor(60, { Date: at(0), Expires: FORMATS.rfc850 }),
    'expires-asctime': freshFor(60, { Date: at(0), Expires: FORMATS.asctime }),
    'date-rfc850': freshFor(50, { Date: 'Wednesday, 31-Dec-25 23:59:50 GMT', Expires: at(50) }),
    'date-asctime': freshFor(50, { Date: 'Wed Dec 31 23:59:50 2025', Expires: at(50) }),
  }),

  ...requirement('9111 5.3', 'must', 'A date in Expires that is none, 0 above all, is in the past.', {
    'expires-0': notReused({ Expires: '0' }),
    'expires-minus-1': notReused({ Expires: '-1' }),
    'expires-word': notReused({ Expires: 'never' }),
    'expires-empty': notReused({ Expires: '' }),
    'expires-seconds': notReused({ Expires: String(START / 1_000 + 60) }),
    'expires-iso-8601': notReused({ Expires: '2026-01-01T00:01:00Z' }),
    'expires-other-zone': notReused({ Expires: 'Thu, 01 Jan 2026 00:01:00 EST' }),
    'expires-zone-in-numbers': notReused({ Expires: 'Thu, 01 Jan 2026 00:01:00 +0000' }),
    'expires-without-zone': notReused({ Expires: 'Thu, 01 Jan 2026 00:01:00' }),
    'expires-without-day-of-the-week': notReused({ Expires: '01 Jan 2026 00:01:00 GMT' }),
    'expires-day-of-one-digit': notReused({ Expires: 'Thu, 1 Jan 2026 00:01:00 GMT' }),
    'expires-year-of-two-digits': notReused({ Expires: 'Thu, 01 Jan 26 00:01:00 GMT' }),
    'expires-hyphens-and-full-year': notReused({ Expires: 'Thu, 01-Jan-2026 00:01:00 GMT' }),
    'expires-dots-in-time': notReused({ Expires: 'Thu, 01 Jan 2026 00.01.00 GMT' }),
    'expires-hour-24': notReused({ Expires: 'Thu, 01 Jan 2026 24:01:00 GMT' }),
    'expires-day-that-is-not': notReused({ Expires: 'Mon, 30 Feb 2026 00:01:00 GMT' }),
    'expires-two-spaces': notReused({ Expires: 'Thu,  01 Jan 2026 00:01:00 GMT' }),
    'expires-quoted': notReused({ Expires: `"${at(60)}"` }),
    'expires-with-more-behind': notReused({ Expires: `${at(60)}, ${at(90)}` }),
  }),

  ...requirement(
    '9111 5.3',
    'may',
    'A date is read though its letters have another case, or its day of the week is another.',
    {
      'expires-lower-case': freshFor(60, { Date: at(0), Expires: at(60).toLowerCase() }),
      'expires-upper-case': freshFor(60, { Date: at(0), Expires: at(60).toUpperCase() }),
      'expires-wrong-day-of-the-week': freshFor(60, {
        Date: at(0),
        Expires: 'Mon, 01 Jan 2026 00:01:00 GMT',
      }),
    },
  ),

  ...requirement(
    '9111 5.3',
    'must',
    'A date of rfc850 that would be more than 50 years ahead is the last one with these digits.',
    {
      'expires-rfc850-year-50': [
        answered({ Date: at(0), Expires: 'Saturday, 01-Jan-50 00:00:00 GMT' }),
        { advance: '30d' },
        hit(),
      ],
      'expires-rfc850-year-99': notReused({ Date: at(0), Expires: 'Friday, 01-Jan-99 00:00:00 GMT' }),
    },
  ),

  ...requirement(
    '9111 4.2.2',
    'may',
    'A response that names no lifetime may be given one by a guess, by how long it has not changed.',
    {
      'heuristic-tenth-of-unchanged-time': freshFor(10, { Date: at(0), 'Last-Modified': at(-100) }),
      'heuristic-without-date': freshFor(10, { 'Last-Modified': at(-100) }),
      'heuristic-beside-other-directives': freshFor(10, { ...control('foo'), 'Last-Modified': at(-100) }),
      'heuristic-last-modified-rfc850': freshFor(10, {
        'Last-Modified': 'Wednesday, 31-Dec-25 23:58:20 GMT',
      }),
      'heuristic-last-modified-asctime': freshFor(10, { 'Last-Modified': 'Wed Dec 31 23:58:20 2025' }),
      'heuristic-of-404': [
        miss({}, { origin: { status: 404, headers: { 'Last-Modified': at(-100) } } }),
        hit({}, { status: 404 }),
        { advance: '10s' },
        miss(),
      ],
      'heuristic-of-301': [
        miss({}, { origin: { status: 301, headers: { 'Last-Modified': at(-100), Location: '/b' } } }),
        hit({}, { status: 301, headers: { Location: '/b' } }),
      ],
    },
  ),

  ...requirement('9111 4.2.2', 'should', 'A guess is no longer than a day.', {
    'heuristic-of-years': freshFor(DAY, { 'Last-Modified': at(-10_000 * DAY) }),
  }),

  ...requirement(
    '9111 4.2.2',
    'must',
    'Nothing is guessed where a lifetime is named, even one that cannot be read.',
    {
      'heuristic-not-over-max-age': freshFor(1, { ...control('max-age=1'), 'Last-Modified': at(-1_000) }),
      'heuristic-not-over-max-age-0': notReused({ ...control('max-age=0'), 'Last-Modified': at(-1_000) }),
      'heuristic-not-over-expires': notReused({ Date: at(0), Expires: at(0), 'Last-Modified': at(-1_000) }),
      'heuristic-not-over-expires-0': notReused({ Expires: '0', 'Last-Modified': at(-1_000) }),
      'heuristic-not-over-a-max-age-that-is-none': notReused({
        ...control('max-age=soon'),
        'Last-Modified': at(-1_000),
      }),
    },
  ),

  ...requirement(
    '9111 4.2.2',
    'must',
    'Nothing is guessed for a status that does not allow it, unless the response is public.',
    {
      'heuristic-not-of-302': [
        miss({}, { origin: { status: 302, headers: { 'Last-Modified': at(-1_000), Location: '/b' } } }),
        miss(),
      ],
      'heuristic-not-of-403': [
        miss({}, { origin: { status: 403, headers: { 'Last-Modified': at(-1_000) } } }),
        miss(),
      ],
      'heuristic-not-of-500': [
        miss({}, { origin: { status: 500, headers: { 'Last-Modified': at(-1_000) } } }),
        miss(),
      ],
      'heuristic-of-403-that-is-public': [
        miss({}, { origin: { status: 403, headers: { ...control('public'), 'Last-Modified': at(-1_000) } } }),
        hit({}, { status: 403 }),
      ],
    },
  ),

  ...requirement('9111 4.2.2', 'own', 'Without a Last-Modified that lies in the past nothing is guessed.', {
    'heuristic-not-without-last-modified': notReused({ ETag: '"1"' }),
    'heuristic-not-of-public-alone': notReused({ ...control('public'), ETag: '"1"' }),
    'heuristic-not-of-a-future-last-modified': notReused({ Date: at(0), 'Last-Modified': at(100) }),
    'heuristic-not-of-a-last-modified-that-is-none': notReused({ 'Last-Modified': 'yesterday' }),
    'heuristic-not-of-two-last-modified': notReused({ 'Last-Modified': [at(-1_000), at(-2_000)] }),
  }),

  ...requirement('9111 4.2.2', 'may', 'A response with a query in its path is treated like any other.', {
    'query-explicit': [answered(control('max-age=60'), { path: '/a?b=c' }), hit({ path: '/a?b=c' })],
    'query-heuristic': [answered({ 'Last-Modified': at(-100) }, { path: '/a?b=c' }), hit({ path: '/a?b=c' })],
  }),

  ...requirement('9111 5.2', 'must', 'Names of directives are compared without case.', {
    'max-age-upper-case': freshFor(60, control('MAX-AGE=60')),
    'max-age-mixed-case': freshFor(60, control('mAx-AgE=60')),
    's-maxage-mixed-case': freshFor(10, control('S-MaxAge=10, max-age=60')),
    'no-store-mixed-case': notReused(control('No-Store, max-age=60')),
    'private-upper-case': notReused(control('PRIVATE, max-age=60')),
    'field-names-in-lower-case': freshFor(60, { 'cache-control': 'max-age=60' }),
    'field-names-in-upper-case': freshFor(60, { 'CACHE-CONTROL': 'max-age=60' }),
  }),

  ...requirement('9111 5.2', 'must', 'An argument may come as a token or quoted.', {
    'max-age-quoted': freshFor(60, control('max-age="60"')),
    'max-age-quoted-with-escape': freshFor(60, control('max-age="6\\0"')),
    's-maxage-quoted': freshFor(10, control('s-maxage="10", max-age=60')),
  }),

  ...requirement(
    '9111 5.2',
    'must',
    'Directives may stand in several lines, and members of a list may be empty.',
    {
      'directives-in-several-lines': freshFor(60, control('public', 'max-age=60', 'foo')),
      'directives-with-empty-members': freshFor(60, control(', ,max-age=60,,')),
      'directives-without-space': freshFor(60, control('public,max-age=60,foo')),
      'directives-with-tabs': freshFor(60, control('public,\tmax-age=60\t,\tfoo')),
      'no-store-in-another-line': notReused(control('max-age=60', 'no-store')),
    },
  ),

  ...requirement('9111 5.2.3', 'must', 'Directives that are not known are passed over.', {
    'unknown-directives': freshFor(60, control('foo, max-age=60, bar=baz, qux="a b"')),
    'unknown-directive-that-quotes-known-ones': reused(control('foo="no-store, max-age=0", max-age=60')),
    'unknown-directive-with-escaped-quote': reused(control('foo="a\\", no-store", max-age=60')),
    'unknown-directive-ending-with-a-known-name': reused(control('x-max-age=0, not-no-store, max-age=60')),
    'unknown-directive-beginning-with-a-known-name': reused(
      control('no-store-please, max-age-x=0, max-age=60'),
    ),
    'unknown-directive-that-holds-a-lifetime': notReused(control('foo="max-age=60"')),
  }),

  ...requirement(
    '9111 5.2',
    'own',
    'A line that breaks the grammar forbids what it forbids, and allows nothing.',
    {
      'no-store-behind-a-broken-directive': notReused(control('@ no-store, max-age=60')),
      'no-store-behind-a-quote-that-never-ends': notReused(control('max-age=60, foo="bar, no-store')),
      'max-age-in-the-line-behind-a-broken-one': reused(control('foo="bar', 'max-age=60')),
      'no-store-in-the-line-behind-an-open-quote': notReused(control('max-age=60, foo="', 'no-store, bar="')),
    },
  ),
]
