import { at, type CacheCase, type Fields, type Step } from './case.ts'
import { answered, asking, control, freshFor, hit, miss, notReused, requirement, reused } from './steps.ts'

const ETAG = { ETag: '"1"' }

/** A `CDN-Cache-Control`. */
function cdn(...lines: readonly string[]): Fields {
  return { 'CDN-Cache-Control': lines }
}

/** The field is as if it were not there: `Cache-Control` says 60 seconds. */
function ignored(...lines: readonly string[]): readonly Step[] {
  return freshFor(60, { ...control('max-age=60'), ...cdn(...lines) })
}

const TWO = { options: { targets: ['Example-Cache-Control', 'CDN-Cache-Control'] } } as const

export const cases: readonly CacheCase[] = [
  ...requirement(
    '9213 2.2',
    'must',
    'A targeted field that is valid and not empty counts, and Cache-Control and Expires do not.',
    {
      'cdn-max-age-alone': freshFor(60, cdn('max-age=60')),
      'cdn-max-age-over-a-shorter-max-age': freshFor(60, { ...control('max-age=10'), ...cdn('max-age=60') }),
      'cdn-max-age-over-a-longer-max-age': freshFor(10, { ...control('max-age=60'), ...cdn('max-age=10') }),
      'cdn-max-age-over-s-maxage': freshFor(10, { ...control('s-maxage=60'), ...cdn('max-age=10') }),
      'cdn-max-age-0-over-max-age': notReused({ ...control('max-age=60'), ...cdn('max-age=0') }),
      'cdn-max-age-over-max-age-0': freshFor(60, { ...control('max-age=0'), ...cdn('max-age=60') }),
      'cdn-max-age-over-no-store': freshFor(60, { ...control('no-store'), ...cdn('max-age=60') }),
      'cdn-max-age-over-no-cache': freshFor(60, { ...control('no-cache'), ...cdn('max-age=60') }),
      'cdn-max-age-over-private': freshFor(60, { ...control('private'), ...cdn('max-age=60') }),
      'cdn-max-age-over-expires': freshFor(60, { Date: at(0), Expires: at(10), ...cdn('max-age=60') }),
      'cdn-max-age-over-expires-in-the-past': freshFor(60, {
        Date: at(0),
        Expires: at(-10),
        ...cdn('max-age=60'),
      }),
      'cdn-max-age-over-an-expires-that-is-none': freshFor(60, { Expires: '0', ...cdn('max-age=60') }),
      'cdn-over-cache-control-that-is-malformed': freshFor(60, {
        ...control('max-age=a, "'),
        ...cdn('max-age=60'),
      }),
      'cdn-without-a-lifetime-over-max-age': notReused({ ...control('max-age=60'), ...ETAG, ...cdn('foo') }),
      'cdn-without-a-lifetime-over-expires': notReused({
        Date: at(0),
        Expires: at(60),
        ...ETAG,
        ...cdn('public'),
      }),
      'cdn-without-must-revalidate-over-one-that-has-it': [
        answered({ ...control('must-revalidate, max-age=10'), ...cdn('max-age=10') }),
        { advance: '15s' },
        hit(asking('max-stale')),
      ],
      'cdn-public-does-not-come-from-cache-control': [
        answered(
          { ...control('public, max-age=60'), ...cdn('max-age=60') },
          { headers: { Authorization: 'a' } },
        ),
        miss(),
      ],
    },
  ),

  ...requirement(
    '9213 2.2',
    'must',
    'max-age, must-revalidate, no-store, no-cache and private mean in a targeted field what they mean in Cache-Control.',
    {
      'cdn-no-store': notReused({ ...control('max-age=60'), ...cdn('no-store') }),
      'cdn-no-store-with-max-age': notReused({ ...control('max-age=60'), ...cdn('no-store, max-age=60') }),
      'cdn-no-cache': notReused({ ...control('max-age=60'), ...cdn('no-cache, max-age=60') }),
      'cdn-no-cache-validates': [
        answered({ ...ETAG, ...control('max-age=60'), ...cdn('no-cache') }),
        miss({}, { asked: { headers: { 'If-None-Match': '"1"' } } }),
      ],
      'cdn-no-cache-with-names': withoutField('no-cache="x-a", max-age=60'),
      'cdn-private': notReused({ ...control('max-age=60'), ...cdn('private, max-age=60') }),
      'cdn-private-with-names': withoutField('private="x-a", max-age=60'),
      'cdn-must-revalidate': [
        answered(cdn('max-age=10, must-revalidate')),
        { advance: '15s' },
        miss(asking('max-stale'), { origin: 'unreachable', status: 502 }),
      ],
      'cdn-max-age-with-the-age-field': freshFor(50, { ...cdn('max-age=60'), Age: '10' }),
      'cdn-max-age-with-a-date-that-lies-back': freshFor(50, { ...cdn('max-age=60'), Date: at(-10) }),
      'cdn-max-age-in-an-answer': [
        answered({ ...control('max-age=10'), ...cdn('max-age=60') }),
        { advance: '30s' },
        hit({}, { headers: { Age: '30', 'Cache-Control': 'max-age=10' } }),
      ],
    },
  ),

  ...requirement(
    '9213 2.2',
    'should',
    'Other directives that Cache-Control may have are known in a targeted field too.',
    {
      'cdn-s-maxage-over-max-age': freshFor(10, cdn('s-maxage=10, max-age=60')),
      'cdn-public': [answered(cdn('public, max-age=60'), { headers: { Authorization: 'a' } }), hit()],
      'cdn-must-understand': [
        miss({}, { origin: { status: 299, headers: cdn('must-understand, max-age=60') } }),
        miss(),
      ],
      'cdn-must-understand-and-no-store': reused(cdn('must-understand, no-store, max-age=60')),
      'cdn-proxy-revalidate': [
        answered(cdn('max-age=10, proxy-revalidate')),
        { advance: '15s' },
        miss(asking('max-stale')),
      ],
      'cdn-immutable': [answered(cdn('max-age=60, immutable')), hit(asking('max-age=0'))],
      'cdn-stale-while-revalidate': [
        answered(cdn('max-age=10, stale-while-revalidate=60')),
        { advance: '15s' },
        miss({}, { origin: { headers: cdn('max-age=60') }, body: 'answer 1' }),
        hit({}, { body: 'answer 2' }),
      ],
      'cdn-stale-if-error': [
        answered(cdn('max-age=10, stale-if-error=60')),
        { advance: '15s' },
        miss({}, { origin: { status: 503 }, status: 200, body: 'answer 1' }),
      ],
      'cdn-windows-do-not-come-from-cache-control': [
        answered({ ...control('max-age=10, stale-if-error=60'), ...cdn('max-age=10') }),
        { advance: '15s' },
        miss({}, { origin: { status: 503 } }),
      ],
    },
  ),

  ...requirement('9213 2.2', 'must', 'Directives of a targeted field that are not known are passed over.', {
    'cdn-unknown-directives': freshFor(60, cdn('foo, max-age=60, bar=baz, qux=1.5, bin=:YQ==:, yes=?1')),
    'cdn-unknown-directive-that-is-a-list': freshFor(60, cdn('foo=(a "b" 1;c=d), max-age=60')),
    'cdn-unknown-directive-that-quotes-known-ones': freshFor(60, cdn('foo="no-store", max-age=60')),
  }),

  ...requirement('9213 2.1', 'must', 'A targeted field that is empty is as if it were not there.', {
    'cdn-empty': ignored(''),
    'cdn-empty-lines': ignored('', ''),
    'cdn-empty-does-not-allow': notReused({ ...control('no-store'), ...cdn('') }),
  }),

  ...requirement(
    '9213 2.1',
    'must',
    'A targeted field that is no dictionary of structured fields is as if it were not there.',
    {
      'cdn-malformed-empty-member': ignored('max-age=10,, public'),
      'cdn-malformed-comma-at-the-end': ignored('max-age=10,'),
      'cdn-malformed-comma-at-the-begin': ignored(', max-age=10'),
      'cdn-malformed-upper-case': ignored('Max-Age=10'),
      'cdn-malformed-value-missing': ignored('max-age='),
      'cdn-malformed-space-before-equals': ignored('max-age =10'),
      'cdn-malformed-space-behind-equals': ignored('max-age= 10'),
      'cdn-malformed-semicolons': ignored('max-age=10; ; public'),
      'cdn-malformed-no-comma': ignored('max-age=10 public'),
      'cdn-malformed-open-quote': ignored('max-age=10, foo="bar'),
      'cdn-malformed-escape': ignored('max-age=10, foo="\\a"'),
      'cdn-malformed-open-list': ignored('max-age=10, foo=(a b'),
      'cdn-malformed-boolean': ignored('max-age=10, foo=?2'),
      'cdn-malformed-bytes': ignored('max-age=10, foo=:YQ'),
      'cdn-malformed-number': ignored('max-age=10, foo=1.2345'),
      'cdn-malformed-long-number': ignored('max-age=10, foo=1234567890123456'),
      'cdn-malformed-sign': ignored('max-age=+10'),
      'cdn-malformed-key': ignored('max-age=10, 1a'),
      'cdn-malformed-at': ignored('@'),
      'cdn-malformed-letters-beyond-ascii': ignored('max-age=10, foo="\xe9"'),
      'cdn-malformed-no-store-does-not-count': ignored('no-store, &'),
      'cdn-malformed-does-not-allow': notReused({ ...control('no-store'), ...cdn('max-age=60, &') }),
      'cdn-malformed-in-another-line': ignored('max-age=10', '&'),
    },
  ),

  ...requirement(
    '9213 2.1',
    'should',
    'A directive with a value of a type that it does not have is not taken for another value.',
    {
      'cdn-max-age-string': ignored('max-age="10"'),
      'cdn-max-age-decimal': ignored('max-age=10.0'),
      'cdn-max-age-token': ignored('max-age=a10'),
      'cdn-max-age-without-value': ignored('max-age'),
      'cdn-max-age-boolean': ignored('max-age=?1'),
      'cdn-max-age-list': ignored('max-age=(10)'),
      'cdn-max-age-negative': ignored('max-age=-10'),
      'cdn-no-store-with-value': ignored('no-store=1'),
      'cdn-no-cache-with-number': ignored('no-cache=1, max-age=10'),
      'cdn-public-with-string': ignored('public="a", max-age=10'),
      'cdn-must-revalidate-with-token': ignored('must-revalidate=a, max-age=10'),
    },
  ),

  ...requirement('9213 2.1', 'must', 'Parameters of directives are passed over.', {
    'cdn-parameter': freshFor(60, cdn('max-age=60;foo')),
    'cdn-parameters': freshFor(60, cdn('max-age=60;foo=bar; baz="no-store", foo;no-store')),
    'cdn-parameter-of-a-flag': notReused({ ...control('max-age=60'), ...cdn('no-store;foo=?0') }),
  }),

  ...requirement('9213 2.1', 'must', 'A targeted field is read by the rules of structured fields.', {
    'cdn-of-a-key-that-is-there-twice-the-last-counts': freshFor(60, cdn('max-age=10, max-age=60')),
    'cdn-in-several-lines': freshFor(60, cdn('foo', 'max-age=60', 'bar')),
    'cdn-of-two-lines-the-last-counts': freshFor(60, cdn('max-age=10', 'max-age=60')),
    'cdn-flag-that-is-false': freshFor(60, cdn('max-age=60, no-store=?0')),
    'cdn-flag-that-is-true': notReused({ ...control('max-age=60'), ...cdn('max-age=60, no-store=?1') }),
    'cdn-flag-that-becomes-false': freshFor(60, cdn('no-store, max-age=60, no-store=?0')),
    'cdn-spaces-around': freshFor(60, cdn('  max-age=60  ')),
    'cdn-tabs-around-commas': freshFor(60, cdn('foo\t,\tmax-age=60')),
    'cdn-leading-zeros': freshFor(60, cdn('max-age=0060')),
    'cdn-longest-number': [answered(cdn('max-age=999999999999999')), { advance: '30d' }, hit()],
    'cdn-field-name-in-lower-case': freshFor(60, { 'cdn-cache-control': 'max-age=60' }),
  }),

  ...requirement(
    '9213 2.2',
    'must',
    'Of several targeted fields the first of the list of targets counts that is valid and not empty.',
    {
      'targets-first': {
        ...TWO,
        steps: freshFor(10, {
          ...cdn('max-age=60'),
          'Example-Cache-Control': 'max-age=10',
          ...control('max-age=90'),
        }),
      },
      'targets-first-by-the-list-not-by-the-response': {
        ...TWO,
        steps: freshFor(10, { 'Example-Cache-Control': 'max-age=10', ...cdn('max-age=60') }),
      },
      'targets-second-where-the-first-is-not-there': { ...TWO, steps: freshFor(60, cdn('max-age=60')) },
      'targets-second-where-the-first-is-empty': {
        ...TWO,
        steps: freshFor(60, { 'Example-Cache-Control': '', ...cdn('max-age=60') }),
      },
      'targets-second-where-the-first-is-malformed': {
        ...TWO,
        steps: freshFor(60, { 'Example-Cache-Control': 'max-age=10,', ...cdn('max-age=60') }),
      },
      'targets-none-valid': {
        ...TWO,
        steps: freshFor(90, { 'Example-Cache-Control': '', ...cdn('&'), ...control('max-age=90') }),
      },
      'targets-not-mixed': {
        ...TWO,
        steps: freshFor(60, { 'Example-Cache-Control': 'max-age=60', ...cdn('no-store') }),
      },
      'targets-none-by-option': {
        options: { targets: [] },
        steps: freshFor(60, { ...control('max-age=60'), ...cdn('max-age=10') }),
      },
    },
  ),

  ...requirement(
    '9213 2.2',
    'must',
    'Targeted fields that are not on the list change nothing, and are passed on.',
    {
      'other-target': [
        answered(
          { ...control('max-age=60'), 'Example-Cache-Control': 'no-store' },
          {},
          {
            headers: { 'Example-Cache-Control': 'no-store' },
          },
        ),
        hit({}, { headers: { 'Example-Cache-Control': 'no-store' } }),
      ],
      'other-target-does-not-allow': notReused({
        ...control('no-store'),
        'Example-Cache-Control': 'max-age=60',
      }),
      'surrogate-control-is-none': [
        answered({ ...control('max-age=60'), 'Surrogate-Control': 'no-store' }),
        hit({}, { headers: { 'Surrogate-Control': 'no-store' } }),
      ],
    },
  ),

  ...requirement('9213 3', 'may', 'The field of this cache is passed on to caches farther on.', {
    'cdn-passed-on': [
      answered(cdn('max-age=60'), {}, { headers: { 'CDN-Cache-Control': 'max-age=60' } }),
      hit({}, { headers: { 'CDN-Cache-Control': 'max-age=60' } }),
    ],
  }),

  ...requirement('9213 2.2', 'must', 'Which field counts is decided for each response anew.', {
    'cdn-of-one-response-is-not-of-the-next': [
      answered(cdn('max-age=10')),
      { advance: '10s' },
      answered(control('max-age=60')),
      { advance: '59s' },
      hit(),
      { advance: '1s' },
      miss(),
    ],
    'cdn-of-a-304': [
      answered({ ...ETAG, ...control('max-age=10') }),
      { advance: '10s' },
      miss(
        {},
        {
          origin: { status: 304, headers: { ...ETAG, ...control('max-age=10'), ...cdn('max-age=60') } },
          status: 200,
          body: 'answer 1',
        },
      ),
      { advance: '59s' },
      hit({}, { status: 200, body: 'answer 1' }),
      { advance: '1s' },
      miss(),
    ],
    'cdn-of-a-request-means-nothing': [
      answered(control('max-age=60')),
      hit({ headers: { 'CDN-Cache-Control': 'no-cache' } }),
    ],
  }),
]

function withoutField(directives: string): readonly Step[] {
  return [
    answered(
      { ...control('no-store'), ...cdn(directives), 'X-A': '1', 'X-B': '2' },
      {},
      { headers: { 'X-A': '1' } },
    ),
    hit({}, { headers: { 'X-A': null, 'X-B': '2' } }),
  ]
}
