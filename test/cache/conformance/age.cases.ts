import { at, type CacheCase } from './case.ts'
import { answered, asking, control, freshFor, hit, miss, notReused, requirement, reused } from './steps.ts'

const MINUTE = control('max-age=60')

export const cases: readonly CacheCase[] = [
  ...requirement('9111 5.1', 'must', 'An answer from the store has an Age of whole seconds.', {
    'age-in-an-answer': [
      answered(MINUTE),
      hit({}, { headers: { Age: '0' } }),
      { advance: '1s' },
      hit({}, { headers: { Age: '1' } }),
      { advance: '58s' },
      hit({}, { headers: { Age: '59' } }),
    ],
    'age-is-cut-off': [answered(MINUTE), { advance: 1_999 }, hit({}, { headers: { Age: '1' } })],
    'age-takes-the-place-of-the-one-that-came': [
      answered({ ...MINUTE, Age: '10' }),
      { advance: '5s' },
      hit({}, { headers: { Age: '15' } }),
    ],
    'age-of-a-head-request': [
      answered(MINUTE),
      { advance: '5s' },
      hit({ method: 'HEAD' }, { headers: { Age: '5' } }),
    ],
    'age-of-a-304': [
      answered({ ...MINUTE, ETag: '"1"' }),
      { advance: '5s' },
      hit({ headers: { 'If-None-Match': '"1"' } }, { status: 304, body: '', headers: { Age: '5' } }),
    ],
  }),

  ...requirement(
    '9111 5.1',
    'should',
    'An answer that the service has made for this request says nothing of an age.',
    {
      'age-not-in-what-is-passed-on': [
        answered(control('no-store'), {}, { headers: { Age: null } }),
        miss({}, { headers: { Age: null } }),
      ],
      'age-not-in-what-is-stored-now': [answered(MINUTE, {}, { headers: { Age: null } }), hit()],
    },
  ),

  ...requirement(
    '9111 5.1',
    'must',
    'A client that has waited for the answer to another request is told its age.',
    {
      'age-for-those-who-wait': [
        {
          together: [
            { request: {}, expect: { headers: { Age: null } } },
            { request: {}, afterMs: 1_000, expect: { headers: { Age: '3' } } },
          ],
          origin: { headers: MINUTE, delayMs: 3_000 },
          asked: 1,
        },
        { advance: '1s' },
        hit({}, { headers: { Age: '4' } }),
      ],
    },
  ),

  ...requirement('9111 5.1', 'must', 'The Age of a cache nearer to the service is passed on.', {
    'age-of-another-cache-passed-on': [
      answered({ ...control('no-store'), Age: '7' }, {}, { headers: { Age: '7' } }),
      answered({ ...control('no-store'), Age: '8' }, {}, { headers: { Age: '8' } }),
    ],
    'age-of-another-cache-passed-on-and-stored': [
      answered({ ...MINUTE, Age: '7' }, {}, { headers: { Age: '7' } }),
      hit({}, { headers: { Age: '7' } }),
    ],
  }),

  ...requirement('9111 4.2.3', 'must', 'The Age that a response came with is part of its age.', {
    'age-value-counts': freshFor(50, { ...MINUTE, Age: '10' }),
    'age-value-as-long-as-the-lifetime': notReused({ ...MINUTE, Age: '60' }),
    'age-value-longer-than-the-lifetime': notReused({ ...MINUTE, Age: '61' }),
    'age-value-and-expires': freshFor(50, { Date: at(0), Expires: at(60), Age: '10' }),
    'age-value-and-s-maxage': freshFor(50, { ...control('s-maxage=60'), Age: '10' }),
    'age-value-and-heuristic': freshFor(5, { 'Last-Modified': at(-100), Age: '5' }),
  }),

  ...requirement('9111 4.2.3', 'must', 'A Date that lies back is part of the age.', {
    'date-that-lies-back': [
      answered({ ...MINUTE, Date: at(-10) }),
      hit({}, { headers: { Age: '10' } }),
      { advance: '49s' },
      hit({}, { headers: { Age: '59', Date: at(-10) } }),
      { advance: '1s' },
      miss(),
    ],
    'date-that-lies-back-further-than-the-lifetime': notReused({ ...MINUTE, Date: at(-60) }),
    'date-that-lies-back-and-a-smaller-age': freshFor(50, { ...MINUTE, Date: at(-10), Age: '5' }),
    'date-that-lies-back-and-a-greater-age': freshFor(50, { ...MINUTE, Date: at(-5), Age: '10' }),
    'date-in-1970': notReused({ ...MINUTE, Date: 'Thu, 01 Jan 1970 00:00:00 GMT' }),
  }),

  ...requirement('9111 4.2.3', 'must', 'A Date that lies ahead makes no response younger.', {
    'date-that-lies-ahead': [
      answered({ ...MINUTE, Date: at(3_600) }),
      hit({}, { headers: { Age: '0' } }),
      { advance: '59s' },
      hit({}, { headers: { Age: '59' } }),
      { advance: '1s' },
      miss(),
    ],
    'date-that-lies-ahead-and-an-age': freshFor(50, { ...MINUTE, Date: at(3_600), Age: '10' }),
  }),

  ...requirement('9111 4.2.3', 'must', 'The time that the response has taken to come is part of its age.', {
    'delay-of-the-response': [
      miss({}, { origin: { headers: MINUTE, delayMs: 10_000 } }),
      hit({}, { headers: { Age: '10' } }),
      { advance: '49s' },
      hit({}, { headers: { Age: '59' } }),
      { advance: '1s' },
      miss(),
    ],
    'delay-of-the-response-and-an-age': [
      miss({}, { origin: { headers: { ...MINUTE, Age: '20' }, delayMs: 10_000 } }),
      hit({}, { headers: { Age: '30' } }),
      { advance: '29s' },
      hit(),
      { advance: '1s' },
      miss(),
    ],
    'delay-of-the-response-longer-than-the-lifetime': [
      miss({}, { origin: { headers: control('max-age=5'), delayMs: 10_000 } }),
      miss(),
    ],
  }),

  ...requirement('9111 5.1', 'should', 'Of an Age with several members the first one counts.', {
    'age-list': [answered({ ...MINUTE, Age: '10, 50' }), hit({}, { headers: { Age: '10' } })],
    'age-list-older-first': notReused({ ...MINUTE, Age: '70, 0' }),
    'age-in-two-lines': [answered({ ...MINUTE, Age: ['10', '50'] }), hit({}, { headers: { Age: '10' } })],
    'age-in-two-lines-older-first': notReused({ ...MINUTE, Age: ['70', '0'] }),
  }),

  ...requirement('9111 5.1', 'should', 'An Age that is no number of seconds is passed over.', {
    'age-word': freshFor(60, { ...MINUTE, Age: 'old' }),
    'age-negative': freshFor(60, { ...MINUTE, Age: '-50' }),
    'age-decimal': freshFor(60, { ...MINUTE, Age: '50.5' }),
    'age-empty': freshFor(60, { ...MINUTE, Age: '' }),
    'age-quoted': freshFor(60, { ...MINUTE, Age: '"50"' }),
    'age-with-parameter': freshFor(60, { ...MINUTE, Age: '50;a=b' }),
  }),

  ...requirement('9111 1.2.2', 'must', 'An age that is too large counts as the largest that can be told.', {
    'age-2-to-the-31': notReused({ ...control('max-age=2147483647'), Age: '2147483648' }),
    'age-over-32-bits': notReused({ ...MINUTE, Age: '4294967301' }),
    'age-over-64-bits': notReused({ ...MINUTE, Age: '18446744073709551621' }),
    'age-of-400-digits': notReused({ ...MINUTE, Age: '9'.repeat(400) }),
    'age-at-most-2-to-the-31-in-an-answer': [
      answered({ ...control('max-age=60, stale-while-revalidate=99999999999'), Age: '9'.repeat(20) }),
      { advance: '10s' },
      miss(
        {},
        { origin: { headers: control('no-store') }, body: 'answer 1', headers: { Age: '2147483648' } },
      ),
    ],
  }),

  ...requirement(
    '9110 6.6.1',
    'must',
    'What is stored without a Date that can be read gets one, of when it came.',
    {
      'date-of-when-it-came': [
        { advance: '5s' },
        answered(MINUTE),
        { advance: '5s' },
        hit({}, { headers: { Date: at(5), Age: '5' } }),
      ],
      'date-that-is-there-is-kept': [
        answered({ ...MINUTE, Date: at(-3) }),
        { advance: '5s' },
        hit({}, { headers: { Date: at(-3), Age: '8' } }),
      ],
      'date-in-another-format-is-kept': [
        answered({ ...MINUTE, Date: 'Wed Dec 31 23:59:57 2025' }),
        hit({}, { headers: { Date: 'Wed Dec 31 23:59:57 2025', Age: '3' } }),
      ],
    },
  ),

  ...requirement('9111 4.2.3', 'must', 'A validation makes a response young again.', {
    'age-after-a-validation': [
      answered({ ...MINUTE, ETag: '"1"' }),
      { advance: '60s' },
      miss(
        {},
        { origin: { status: 304, headers: { ...MINUTE, ETag: '"1"' } }, status: 200, body: 'answer 1' },
      ),
      { advance: '59s' },
      hit({}, { body: 'answer 1', status: 200, headers: { Age: '59' } }),
      { advance: '1s' },
      miss(),
    ],
    'age-of-a-304-counts': [
      answered({ ...MINUTE, ETag: '"1"' }),
      { advance: '60s' },
      miss(
        {},
        {
          origin: { status: 304, headers: { ...MINUTE, ETag: '"1"', Age: '30' } },
          status: 200,
          body: 'answer 1',
        },
      ),
      { advance: '29s' },
      hit({}, { body: 'answer 1', status: 200, headers: { Age: '59' } }),
      { advance: '1s' },
      miss(),
    ],
  }),

  ...requirement(
    '9111 4.2.4',
    'must',
    'What is stale is not used where the response forbids it, even if the service cannot be reached.',
    {
      'stale-not-with-must-revalidate': stale('max-age=10, must-revalidate'),
      'stale-not-with-proxy-revalidate': stale('max-age=10, proxy-revalidate'),
      'stale-not-with-s-maxage': stale('s-maxage=10'),
      'stale-not-with-no-cache': stale('max-age=10, no-cache'),
      'stale-not-with-must-revalidate-and-a-window': stale('max-age=10, must-revalidate, stale-if-error=600'),
      'stale-not-with-must-revalidate-and-max-stale': [...stale('max-age=10, must-revalidate', 'max-stale')],
      'stale-not-with-must-revalidate-for-a-service-that-fails': [
        answered({ ...control('max-age=10, must-revalidate, stale-if-error=600'), ETag: '"1"' }),
        { advance: '11s' },
        miss({}, { origin: { status: 503 } }),
      ],
    },
  ),

  ...requirement(
    '9111 4.2.4',
    'own',
    'What is stale is not used where nothing allows it, even if the service cannot be reached.',
    {
      'stale-not-by-default': stale('max-age=10'),
      'stale-not-by-default-of-a-guess': [
        answered({ 'Last-Modified': at(-100) }),
        { advance: '11s' },
        miss({}, { origin: 'unreachable', status: 502 }),
      ],
    },
  ),

  ...requirement(
    '9111 4.2.4',
    'may',
    'What is stale is used where the response, the client or the operator allows it.',
    {
      'stale-by-the-client': [
        answered(control('max-age=10')),
        { advance: '15s' },
        hit(asking('max-stale=10'), { headers: { Age: '15' } }),
      ],
      'stale-by-the-response': [
        answered(control('max-age=10, stale-if-error=600')),
        { advance: '15s' },
        miss({}, { origin: 'unreachable', status: 200, body: 'answer 1', headers: { Age: '15' } }),
      ],
      'stale-by-the-operator': {
        options: { staleIfErrorMs: '10m' },
        steps: [
          answered(control('max-age=10')),
          { advance: '15s' },
          miss({}, { origin: 'unreachable', status: 200, body: 'answer 1', headers: { Age: '15' } }),
        ],
      },
      'stale-by-the-operator-while-it-is-validated': {
        options: { staleWhileRevalidateMs: '10m' },
        steps: [
          answered(control('max-age=10')),
          { advance: '15s' },
          miss({}, { origin: { headers: MINUTE }, body: 'answer 1', headers: { Age: '15' } }),
          hit({}, { body: 'answer 2' }),
        ],
      },
    },
  ),

  ...requirement(
    '9111 4.2.4',
    'must',
    'What the operator allows does not go over what the response forbids.',
    {
      'stale-not-by-the-operator-with-must-revalidate': byOperator('max-age=10, must-revalidate'),
      'stale-not-by-the-operator-with-proxy-revalidate': byOperator('max-age=10, proxy-revalidate'),
      'stale-not-by-the-operator-with-s-maxage': byOperator('s-maxage=10'),
      'stale-not-by-the-operator-with-no-cache': byOperator('max-age=10, no-cache'),
    },
  ),

  ...requirement('9111 4', 'must', 'Of several responses that fit, the one with the latest Date answers.', {
    'the-latest-answers': [
      answered(control('max-age=10')),
      { advance: '10s' },
      answered(MINUTE),
      hit({}, { body: 'answer 2' }),
    ],
  }),

  ...requirement('9111 5.5', 'should', 'Warning is not made any more.', {
    'no-warning-of-what-is-stale': [
      answered(control('max-age=10')),
      { advance: '15s' },
      hit(asking('max-stale'), { headers: { Warning: null } }),
    ],
    'no-warning-of-a-guess': [
      answered({ 'Last-Modified': at(-30 * 86_400) }),
      { advance: '2d' },
      hit(asking('max-stale'), { headers: { Warning: null } }),
    ],
  }),

  ...requirement('9111 5.5', 'own', 'A Warning that came is stored as it is.', {
    'warning-is-stored': [
      answered({ ...MINUTE, Warning: '214 - "changed"' }),
      hit({}, { headers: { Warning: '214 - "changed"' } }),
    ],
  }),

  ...requirement(
    '9111 4.2',
    'may',
    'The clock of the cache alone decides: it needs no agreement with the clocks of others.',
    {
      'client-date-means-nothing': [
        answered(MINUTE),
        hit({ headers: { Date: at(3_600) } }, { headers: { Age: '0' } }),
      ],
      'fresh-with-any-date-of-the-service': reused({ ...MINUTE, Date: at(86_400 * 365) }),
    },
  ),
]

/** A stored response is not used any more when it is stale, though the service cannot be reached. */
function stale(directives: string, asks?: string) {
  return [
    answered({ ...control(directives), ETag: '"1"' }),
    { advance: '11s' as const },
    miss(asks === undefined ? {} : asking(asks), { origin: 'unreachable', status: 502 }),
  ]
}

function byOperator(directives: string) {
  return {
    options: { staleIfErrorMs: '10m', staleWhileRevalidateMs: '10m' } as const,
    steps: stale(directives),
  }
}
