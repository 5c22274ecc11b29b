import { at, type CacheCase, type Fields, type Step } from './case.ts'
import { answered, asking, control, hit, miss, notReused, requirement, reused } from './steps.ts'

const MINUTE = control('max-age=60')
const TOKEN = { headers: { Authorization: 'Bearer a' } }
const OTHER_TOKEN = { headers: { Authorization: 'Bearer b' } }

/** Statuses of which a response with a lifetime is stored, whether they are known or not. */
const STORED_STATUSES = [
  200, 201, 202, 203, 204, 226, 299, 300, 301, 302, 303, 307, 308, 399, 400, 401, 402, 403, 404, 405, 406,
  409, 410, 413, 414, 415, 418, 422, 423, 424, 451, 499, 500, 501, 502, 503, 504, 506, 507, 508, 510, 599,
]

/** Those that are about one request, its connection or its client alone. */
const UNSTORED_STATUSES = [407, 408, 412, 416, 417, 421, 425, 426, 428, 429, 431, 505, 511]

/** Those of which a lifetime may be guessed. */
const GUESSED_STATUSES = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]

/** A response of this status answers one more request. */
function storedStatus(status: number, headers: Fields = MINUTE): readonly Step[] {
  return [miss({}, { origin: { status, headers } }), hit({}, { status })]
}

function unstoredStatus(status: number, headers: Fields = MINUTE): readonly Step[] {
  return [miss({}, { origin: { status, headers } }), miss()]
}

function byStatus(
  name: string,
  statuses: readonly number[],
  steps: (status: number) => readonly Step[],
): Record<string, readonly Step[]> {
  return Object.fromEntries(statuses.map((status) => [`${name}-${status}`, steps(status)]))
}

/** A response with a content that breaks off answers its own client alone. */
function brokenOff(origin: object): readonly Step[] {
  return [
    {
      request: {},
      origin: { headers: MINUTE, ...origin },
      expect: { asked: true, complete: false, body: /^x+$/ },
    },
    miss(),
  ]
}

export const cases: readonly CacheCase[] = [
  ...requirement('9111 3', 'must', 'Of a method that is not known to be cacheable nothing is stored.', {
    'put-is-not-stored': notReused(MINUTE, { method: 'PUT', body: 'x' }),
    'delete-is-not-stored': notReused(MINUTE, { method: 'DELETE' }),
    'patch-is-not-stored': notReused(MINUTE, { method: 'PATCH', body: 'x' }),
    'options-is-not-stored': notReused(MINUTE, { method: 'OPTIONS' }),
    'unknown-method-is-not-stored': notReused(MINUTE, { method: 'FOO' }),
    'post-is-not-stored-unless-asked-for': notReused(MINUTE, { method: 'POST', body: 'x' }),
    'post-is-no-answer-to-get': [answered(MINUTE, { method: 'POST', body: 'x' }), miss()],
    'options-is-no-answer-to-get': [answered(MINUTE, { method: 'OPTIONS' }), miss()],
    'methods-are-compared-with-case': [answered(MINUTE), miss({ method: 'get' })],
  }),

  ...requirement('9111 3', 'may', 'A final response of any status is stored where it names a lifetime.', {
    ...byStatus('status-stored', STORED_STATUSES, storedStatus),
    'status-stored-with-expires': storedStatus(599, { Date: at(0), Expires: at(60) }),
    'status-stored-with-s-maxage': storedStatus(599, control('s-maxage=60')),
  }),

  ...requirement(
    '9111 3',
    'own',
    'A status that is about one request, its connection or its client is never stored.',
    {
      ...byStatus('status-not-stored', UNSTORED_STATUSES, unstoredStatus),
      'status-not-stored-though-public': unstoredStatus(429, control('public, max-age=60')),
    },
  ),

  ...requirement(
    '9111 3',
    'must',
    'Without a lifetime, public, or a status that may be guessed of, nothing is stored.',
    {
      'no-lifetime-302': unstoredStatus(302, { Location: '/b', ETag: '"1"' }),
      'no-lifetime-400': unstoredStatus(400, { ETag: '"1"' }),
      'no-lifetime-500': unstoredStatus(500, { 'Last-Modified': at(-1_000) }),
      'no-lifetime-599': unstoredStatus(599, { 'Last-Modified': at(-1_000) }),
      'no-lifetime-200': notReused({}),
    },
  ),

  ...requirement('9110 15.1', 'may', 'Of some statuses a lifetime may be guessed.', {
    ...byStatus('status-guessed', GUESSED_STATUSES, (status) =>
      storedStatus(status, { 'Last-Modified': at(-1_000) }),
    ),
  }),

  ...requirement('9111 5.2.2.9', 'must', 'public lets a response be stored that would not be otherwise.', {
    'public-with-a-guess': storedStatus(599, { ...control('public'), 'Last-Modified': at(-1_000) }),
    'public-302': storedStatus(302, { ...control('public'), 'Last-Modified': at(-1_000), Location: '/b' }),
    'public-does-not-change-a-lifetime': [
      answered(control('public, max-age=10')),
      { advance: '10s' },
      miss(),
    ],
    'public-does-not-go-over-no-store': notReused(control('public, no-store, max-age=60')),
    'public-does-not-go-over-private': notReused(control('public, private, max-age=60')),
  }),

  ...requirement('9111 5.2.2.5', 'must', 'A response with no-store is not stored.', {
    'no-store': notReused(control('no-store')),
    'no-store-with-max-age': notReused(control('no-store, max-age=60')),
    'no-store-behind-max-age': notReused(control('max-age=60, no-store')),
    'no-store-with-s-maxage': notReused(control('s-maxage=60, no-store')),
    'no-store-with-expires': notReused({ ...control('no-store'), Date: at(0), Expires: at(60) }),
    'no-store-with-validators': [
      answered({ ...control('no-store'), ETag: '"1"', 'Last-Modified': at(-100) }),
      miss({}, { asked: { headers: { 'If-None-Match': null, 'If-Modified-Since': null } } }),
    ],
    'no-store-with-windows': notReused(
      control('no-store, max-age=60, stale-while-revalidate=60, stale-if-error=60'),
    ),
    'no-store-with-argument': notReused(control('max-age=60, no-store=0')),
    'no-store-with-quoted-argument': notReused(control('max-age=60, no-store="x"')),
    'no-store-of-404': unstoredStatus(404, control('no-store, max-age=60')),
  }),

  ...requirement(
    '9111 5.2.2.3',
    'should',
    'With must-understand, no-store is passed over where the status is understood.',
    {
      'must-understand-no-store-200': [answered(control('must-understand, no-store, max-age=60')), hit()],
      'must-understand-behind-no-store': reused(control('max-age=60, no-store, must-understand')),
      'must-understand-no-store-404': storedStatus(404, control('must-understand, no-store, max-age=60')),
    },
  ),

  ...requirement(
    '9111 5.2.2.3',
    'must',
    'With must-understand, a response of a status that is not understood is not stored.',
    {
      'must-understand-299': unstoredStatus(299, control('must-understand, max-age=60')),
      'must-understand-599': unstoredStatus(599, control('must-understand, max-age=60')),
      'must-understand-no-store-299': unstoredStatus(299, control('must-understand, no-store, max-age=60')),
      'must-understand-200': reused(control('must-understand, max-age=60')),
    },
  ),

  ...requirement('9111 5.2.2.7', 'must', 'A shared cache does not store a response that is private.', {
    private: notReused(control('private, max-age=60')),
    'private-behind-max-age': notReused(control('max-age=60, private')),
    'private-with-s-maxage': notReused(control('private, s-maxage=60')),
    'private-with-expires': notReused({ ...control('private'), Date: at(0), Expires: at(60) }),
    'private-beside-names': notReused(control('private="x-a", private, max-age=60')),
    'private-beside-names-in-another-line': notReused(control('private="x-a", max-age=60', 'private')),
  }),

  ...requirement('9111 5.2.2.7', 'own', 'private with something that is no list of names is private.', {
    'private-with-empty-names': notReused(control('private="", max-age=60')),
    'private-with-commas-only': notReused(control('private=", ,", max-age=60')),
    'private-with-names-that-are-none': notReused(control('private="x a", max-age=60')),
    'private-in-a-quote-that-never-ends': notReused(control('max-age=60, private="x-a')),
    'private-without-argument-behind-equals': notReused(control('private=, max-age=60')),
  }),

  ...requirement('9111 5.2.2.7', 'must', 'Fields that private names are not stored; the rest may be.', {
    'private-field': withoutFields('private="x-a"', ['X-A']),
    'private-fields': withoutFields('private="x-a, x-b"', ['X-A', 'X-B']),
    'private-field-in-another-case': withoutFields('private="X-a"', ['X-A']),
    'private-field-as-token': withoutFields('private=x-a', ['X-A']),
    'private-fields-in-two-directives': withoutFields('private="x-a", private="x-b"', ['X-A', 'X-B']),
    'private-field-that-is-not-there': withoutFields('private="x-c"', []),
    'private-set-cookie': [
      answered(
        { ...control('private="set-cookie", max-age=60'), 'Set-Cookie': 'a=1' },
        {},
        {
          headers: { 'Set-Cookie': 'a=1' },
        },
      ),
      hit({}, { headers: { 'Set-Cookie': null } }),
    ],
  }),

  ...requirement('9111 5.2.2.4', 'must', 'A response with no-cache is validated each time that it is used.', {
    'no-cache': notReused(control('no-cache, max-age=60')),
    'no-cache-with-etag': [
      answered({ ...control('no-cache, max-age=60'), ETag: '"1"' }),
      confirmed(),
      confirmed(),
    ],
    'no-cache-with-last-modified': [
      answered({ ...control('no-cache'), 'Last-Modified': at(-100) }),
      miss({}, { asked: { headers: { 'If-Modified-Since': at(-100) } } }),
    ],
    'no-cache-with-s-maxage': notReused(control('no-cache, s-maxage=60')),
    'no-cache-with-expires': notReused({ ...control('no-cache'), Date: at(0), Expires: at(60) }),
    'no-cache-with-immutable': notReused(control('no-cache, immutable, max-age=60')),
    'no-cache-with-windows': notReused(control('no-cache, max-age=60, stale-while-revalidate=60')),
    'no-cache-in-mixed-case': notReused(control('No-Cache, max-age=60')),
    'no-cache-beside-names': notReused(control('no-cache="x-a", no-cache, max-age=60')),
    'no-cache-with-empty-names': notReused(control('no-cache="", max-age=60')),
    'no-cache-with-names-that-are-none': notReused(control('no-cache="x a", max-age=60')),
  }),

  ...requirement(
    '9111 5.2.2.4',
    'must',
    'Fields that no-cache names are in no answer that was not validated.',
    {
      'no-cache-field': withoutFields('no-cache="x-a"', ['X-A']),
      'no-cache-fields': withoutFields('no-cache="x-a, x-b"', ['X-A', 'X-B']),
      'no-cache-field-in-another-case': withoutFields('no-cache="X-A"', ['X-A']),
      'no-cache-field-as-token': withoutFields('no-cache=x-a', ['X-A']),
      'no-cache-field-beside-private-field': withoutFields('no-cache="x-a", private="x-b"', ['X-A', 'X-B']),
      'no-cache-set-cookie': [
        answered(
          { ...control('no-cache="Set-Cookie", max-age=60'), 'Set-Cookie': 'a=1' },
          {},
          {
            headers: { 'Set-Cookie': 'a=1' },
          },
        ),
        hit({}, { headers: { 'Set-Cookie': null } }),
      ],
    },
  ),

  ...requirement(
    '9111 5.2.2.2',
    'must',
    'With must-revalidate nothing stale is used without being validated.',
    {
      'must-revalidate-while-fresh': reused(control('must-revalidate, max-age=60')),
      'must-revalidate-stale': [
        answered({ ...control('must-revalidate, max-age=10'), ETag: '"1"' }),
        { advance: '10s' },
        confirmed(),
      ],
      'must-revalidate-with-stale-while-revalidate': [
        answered(control('must-revalidate, max-age=10, stale-while-revalidate=60')),
        { advance: '10s' },
        miss(),
      ],
      'must-revalidate-with-max-age-0': notReused(control('must-revalidate, max-age=0')),
      'must-revalidate-gives-an-error': [
        answered({ ...control('must-revalidate, max-age=10'), ETag: '"1"' }),
        { advance: '10s' },
        miss({}, { origin: 'unreachable', status: 502, body: /./ }),
      ],
      'must-revalidate-with-argument': [
        answered(control('must-revalidate=0, max-age=10, stale-while-revalidate=60')),
        { advance: '10s' },
        miss(),
      ],
    },
  ),

  ...requirement(
    '9111 5.2.2.8',
    'must',
    'proxy-revalidate does in a shared cache what must-revalidate does.',
    {
      'proxy-revalidate-while-fresh': reused(control('proxy-revalidate, max-age=60')),
      'proxy-revalidate-stale': [
        answered(control('proxy-revalidate, max-age=10, stale-while-revalidate=60')),
        { advance: '10s' },
        miss(),
      ],
      'proxy-revalidate-with-stale-if-error': [
        answered(control('proxy-revalidate, max-age=10, stale-if-error=60')),
        { advance: '10s' },
        miss({}, { origin: { status: 503 } }),
      ],
    },
  ),

  ...requirement(
    '9111 5.2.2.10',
    'must',
    'With s-maxage nothing stale is used without being validated, unless the response names a window.',
    {
      's-maxage-stale': [answered(control('s-maxage=10, max-age=60')), { advance: '10s' }, miss()],
      's-maxage-stale-with-max-stale': [
        answered(control('s-maxage=10')),
        { advance: '10s' },
        miss(asking('max-stale')),
      ],
    },
  ),

  ...requirement('9111 5.2.2.10', 'own', 'A window of RFC 5861 beside s-maxage counts.', {
    's-maxage-with-stale-while-revalidate': [
      answered(control('s-maxage=10, stale-while-revalidate=60')),
      { advance: '15s' },
      miss({}, { origin: { headers: MINUTE }, body: 'answer 1' }),
      hit({}, { body: 'answer 2' }),
    ],
    's-maxage-with-stale-if-error': [
      answered(control('s-maxage=10, stale-if-error=60')),
      { advance: '15s' },
      miss({}, { origin: { status: 503 }, status: 200, body: 'answer 1' }),
    ],
  }),

  ...requirement('9111 5.2.2.6', 'must', 'A content with no-transform is used as it came.', {
    'no-transform': [
      miss(
        {},
        {
          origin: {
            headers: { ...control('no-transform, max-age=60'), 'Content-Type': 'text/plain' },
            body: 'a  b\r\n',
          },
        },
      ),
      hit({}, { body: 'a  b\r\n', headers: { 'Content-Type': 'text/plain', 'Content-Encoding': null } }),
    ],
  }),

  ...requirement(
    '9111 3.5',
    'must',
    'A response to a request with Authorization answers no other request, unless it allows that.',
    {
      authorization: notReused(MINUTE, TOKEN),
      'authorization-not-for-others': [answered(MINUTE, TOKEN), miss(OTHER_TOKEN)],
      'authorization-not-for-those-without': [answered(MINUTE, TOKEN), miss()],
      'authorization-with-expires': notReused({ Date: at(0), Expires: at(60) }, TOKEN),
      'authorization-with-a-guess': notReused({ 'Last-Modified': at(-1_000) }, TOKEN),
      'authorization-with-proxy-revalidate': notReused(control('proxy-revalidate, max-age=60'), TOKEN),
      'authorization-with-no-cache': notReused({ ...control('no-cache'), ETag: '"1"' }, TOKEN),
      'authorization-basic': notReused(MINUTE, { headers: { Authorization: 'Basic YTpi' } }),
      'authorization-empty': notReused(MINUTE, { headers: { Authorization: '' } }),
      'authorization-with-public-that-has-an-argument': notReused(control('public=1, max-age=60'), TOKEN),
    },
  ),

  ...requirement(
    '9111 3.5',
    'may',
    'public, must-revalidate and s-maxage let a response to a request with Authorization answer others.',
    {
      'authorization-public': [answered(control('public, max-age=60'), TOKEN), hit(OTHER_TOKEN), hit()],
      'authorization-must-revalidate': [
        answered(control('must-revalidate, max-age=60'), TOKEN),
        hit(OTHER_TOKEN),
        hit(),
      ],
      'authorization-s-maxage': [answered(control('s-maxage=60'), TOKEN), hit(OTHER_TOKEN), hit()],
      'authorization-s-maxage-0': [
        answered({ ...control('s-maxage=0'), ETag: '"1"' }, TOKEN),
        miss(OTHER_TOKEN, { asked: { headers: { 'If-None-Match': '"1"', Authorization: 'Bearer b' } } }),
      ],
    },
  ),

  ...requirement('9111 3.5', 'may', 'A response to a request without Authorization may answer one with it.', {
    'authorization-from-what-others-got': [answered(MINUTE), hit(TOKEN)],
  }),

  ...requirement(
    '9111 7.3',
    'own',
    'A response with Set-Cookie is not stored, unless the operator says so.',
    {
      'set-cookie': notReused({ ...MINUTE, 'Set-Cookie': 'a=1' }),
      'set-cookie-public': notReused({ ...control('public, max-age=60'), 'Set-Cookie': 'a=1' }),
      'set-cookie-empty': notReused({ ...MINUTE, 'Set-Cookie': '' }),
      'set-cookie-of-404': unstoredStatus(404, { ...MINUTE, 'Set-Cookie': 'a=1' }),
      'set-cookie-refused-by-option': {
        options: { setCookie: 'refuse' },
        steps: notReused({ ...MINUTE, 'Set-Cookie': 'a=1' }),
      },
      'set-cookie-stripped': {
        options: { setCookie: 'strip' },
        steps: [
          answered({ ...MINUTE, 'Set-Cookie': ['a=1', 'b=2'], 'X-A': '1' }),
          hit({}, { headers: { 'Set-Cookie': null, 'X-A': '1' } }),
        ],
      },
      'set-cookie-stored': {
        options: { setCookie: 'store' },
        steps: [
          answered({ ...MINUTE, 'Set-Cookie': ['a=1', 'b=2'] }),
          hit({}, { headers: { 'Set-Cookie': 'a=1, b=2' } }),
        ],
      },
      'set-cookie-of-a-304': [
        answered({ ...control('max-age=10'), ETag: '"1"' }),
        { advance: '10s' },
        miss(
          {},
          {
            origin: { status: 304, headers: { ...MINUTE, ETag: '"1"', 'Set-Cookie': 'a=1' } },
            status: 200,
            body: 'answer 1',
          },
        ),
        hit({}, { status: 200, body: 'answer 1', headers: { 'Set-Cookie': null } }),
      ],
    },
  ),

  ...requirement(
    '9111 7.3',
    'own',
    'Cookies of a request do not hinder: what depends on them says so by Vary or private.',
    {
      'cookie-of-a-request': [
        answered(MINUTE, { headers: { Cookie: 'a=1' } }),
        hit({ headers: { Cookie: 'a=2' } }),
        hit(),
      ],
    },
  ),

  ...requirement(
    '9111 3.3',
    'must',
    'A response whose content has not come whole answers no request as if it had.',
    {
      'broken-off-by-reset': brokenOff({
        body: 'x'.repeat(1_000),
        fault: { kind: 'reset-after-bytes', bytes: 400 },
      }),
      'broken-off-before-its-length': brokenOff({
        body: 'x'.repeat(1_000),
        fault: { kind: 'truncate', bytes: 400 },
      }),
      'broken-off-chunked': brokenOff({
        body: 'x'.repeat(1_000),
        framing: 'chunked',
        fault: { kind: 'truncate', bytes: 400 },
      }),
      'broken-off-chunked-with-a-size-that-is-none': brokenOff({
        body: 'x'.repeat(1_000),
        framing: 'chunked',
        fault: { kind: 'bad-chunk' },
      }),
      'shorter-than-its-length': brokenOff({
        body: 'x'.repeat(1_000),
        fault: { kind: 'wrong-content-length', by: 10 },
      }),
      'whole-by-chunks': [
        miss({}, { origin: { headers: MINUTE, framing: 'chunked', body: 'x'.repeat(1_000) } }),
        hit(),
      ],
      'whole-by-the-end-of-the-connection': [
        miss({}, { origin: { headers: MINUTE, framing: 'close', body: 'x'.repeat(1_000) } }),
        hit(),
      ],
      'whole-though-empty': [miss({}, { origin: { headers: MINUTE, body: '' } }), hit()],
    },
  ),

  ...requirement(
    '9111 3.1',
    'must',
    'All fields of a response are stored, known or not, and each line of them.',
    {
      'fields-are-stored': [
        answered({
          ...MINUTE,
          'Content-Type': 'text/plain; charset=utf-8',
          'Content-Language': 'de',
          'Content-Disposition': 'attachment; filename="a b"',
          ETag: '"1"',
          'Last-Modified': at(-10),
          Link: ['</a>; rel=prev', '</b>; rel=next'],
          'X-Unknown': 'a, "b,c"',
          'x-EMPTY': '',
          'Clear-Site-Data': '"cache"',
          'Content-Security-Policy': "default-src 'self'",
        }),
        hit(
          {},
          {
            headers: {
              'Cache-Control': 'max-age=60',
              'Content-Type': 'text/plain; charset=utf-8',
              'Content-Language': 'de',
              'Content-Disposition': 'attachment; filename="a b"',
              'Content-Length': '8',
              ETag: '"1"',
              'Last-Modified': at(-10),
              Link: '</a>; rel=prev, </b>; rel=next',
              'X-Unknown': 'a, "b,c"',
              'X-Empty': '',
              'Clear-Site-Data': '"cache"',
              'Content-Security-Policy': "default-src 'self'",
            },
          },
        ),
      ],
      'fields-of-bytes-beyond-ascii': [
        answered({ ...MINUTE, 'X-Latin': 'caf\xe9' }),
        hit({}, { headers: { 'X-Latin': 'caf\xe9' } }),
      ],
    },
  ),

  ...requirement(
    '9111 3.1',
    'must',
    'Fields of the connection, and those that Connection names, are not stored.',
    {
      'fields-of-the-connection': [
        answered({
          ...MINUTE,
          Connection: 'X-Hop, x-other',
          'X-Hop': '1',
          'X-Other': '2',
          'X-End': '3',
          'Keep-Alive': 'timeout=5',
          'Proxy-Connection': 'keep-alive',
        }),
        hit(
          {},
          {
            headers: {
              'X-Hop': null,
              'X-Other': null,
              'X-End': '3',
              'Keep-Alive': null,
              'Proxy-Connection': null,
              Connection: null,
            },
          },
        ),
      ],
      'fields-of-the-framing': [
        miss(
          {},
          { origin: { headers: MINUTE, framing: 'chunked', trailers: { 'X-Trailer': '1' }, body: 'abc' } },
        ),
        hit({}, { headers: { Trailer: null } }),
      ],
      'fields-of-proxies': [
        answered({ ...MINUTE, 'Proxy-Authenticate': 'Basic', 'Proxy-Authentication-Info': 'a=b' }),
        hit({}, { headers: { 'Proxy-Authenticate': null, 'Proxy-Authentication-Info': null } }),
      ],
    },
  ),

  ...requirement('9111 3', 'may', 'A response with a validator may be stored though it is stale at once.', {
    'stale-at-once-with-etag': [answered({ ...control('max-age=0'), ETag: '"1"' }), confirmed()],
    'no-lifetime-with-etag': [answered({ ETag: '"1"' }), confirmed()],
    'no-lifetime-with-last-modified-of-now': [
      answered({ Date: at(0), 'Last-Modified': at(0) }),
      miss({}, { asked: { headers: { 'If-Modified-Since': at(0) } } }),
    ],
  }),

  ...requirement(
    '9111 3',
    'own',
    'A response that is of no use is not stored, and takes the place of the one before.',
    {
      'unstorable-takes-the-place-of-what-is-stored': [
        answered(control('max-age=10, stale-while-revalidate=0')),
        answered(control('no-store'), asking('no-cache')),
        miss(),
      ],
      'not-found-takes-the-place-of-what-is-stored': [
        answered(MINUTE),
        miss(asking('no-cache'), { origin: { status: 404 } }),
        miss(),
      ],
    },
  ),

  ...requirement(
    '9111 3',
    'own',
    'What is stored stays where an answer says nothing of it: a refusal, or one that is for one client.',
    {
      ...byStatus('stored-stays-after', [400, 401, 403, 406, 429, 431, 500], (status) => [
        answered(MINUTE),
        miss(asking('no-cache'), { origin: { status } }),
        hit({}, { status: 200, body: 'answer 1' }),
      ]),
      'stored-stays-after-an-answer-to-authorization': [
        answered(MINUTE),
        answered(MINUTE, { headers: { ...TOKEN.headers, ...control('no-cache') } }),
        hit({}, { body: 'answer 1' }),
      ],
      'stored-stays-after-a-part': [
        answered(MINUTE),
        {
          request: { headers: { Range: 'bytes=0-1', ...control('no-cache') } },
          origin: { status: 206, headers: { ...MINUTE, 'Content-Range': 'bytes 0-1/8' }, body: 'an' },
          expect: { asked: true },
        },
        hit({}, { status: 200, body: 'answer 1' }),
      ],
      'stored-stays-after-an-error': [
        answered(MINUTE),
        miss(asking('no-cache'), { origin: 'unreachable', status: 502 }),
        hit({}, { status: 200, body: 'answer 1' }),
      ],
    },
  ),

  ...requirement('9111 3', 'own', 'A content that is too long for an entry is passed on, and not stored.', {
    'too-long-to-store': {
      options: { maxEntryBytes: 100 },
      steps: [miss({}, { origin: { headers: MINUTE, body: 'x'.repeat(101) } }), miss()],
    },
    'not-too-long-to-store': {
      options: { maxEntryBytes: 100 },
      steps: [miss({}, { origin: { headers: MINUTE, body: 'x'.repeat(100) } }), hit()],
    },
  }),

  ...requirement(
    '9111 4.2.2',
    'own',
    'The operator says what is guessed, and for which statuses a lifetime is the default.',
    {
      'heuristic-off': {
        options: { heuristic: false },
        steps: notReused({ 'Last-Modified': at(-1_000) }),
      },
      'heuristic-fraction': {
        options: { heuristic: { fraction: 0.5 } },
        steps: [
          answered({ 'Last-Modified': at(-100) }),
          { advance: '49s' },
          hit(),
          { advance: '1s' },
          miss(),
        ],
      },
      'heuristic-at-most': {
        options: { heuristic: { maxMs: '20s' } },
        steps: [
          answered({ 'Last-Modified': at(-1_000) }),
          { advance: '19s' },
          hit(),
          { advance: '1s' },
          miss(),
        ],
      },
      'default-lifetime-of-404': {
        options: { defaultLifetimes: { 404: '10s' } },
        steps: [
          miss({}, { origin: { status: 404 } }),
          { advance: '9s' },
          hit({}, { status: 404 }),
          { advance: '1s' },
          miss(),
        ],
      },
      'default-lifetime-not-over-what-the-response-says': {
        options: { defaultLifetimes: { 404: '10s' } },
        steps: unstoredStatus(404, control('no-store')),
      },
      'default-lifetime-not-over-max-age': {
        options: { defaultLifetimes: { 404: '10s' } },
        steps: [
          miss({}, { origin: { status: 404, headers: control('max-age=2') } }),
          { advance: '2s' },
          miss(),
        ],
      },
      'default-lifetime-not-of-other-statuses': {
        options: { defaultLifetimes: { 404: '10s' } },
        steps: unstoredStatus(410, {}),
      },
    },
  ),
]

/** An answer from the store is without these fields, that of the service with them. */
function withoutFields(directive: string, names: readonly string[]): readonly Step[] {
  const all = { 'X-A': '1', 'X-B': '2' }
  const left = Object.entries(all).map(([name, value]) => [name, names.includes(name) ? null : value])
  return [
    answered({ ...control(`${directive}, max-age=60`), ...all }, {}, { headers: all }),
    hit({}, { headers: Object.fromEntries(left) }),
  ]
}

/** The service is asked whether what is stored is still right, and it is. */
function confirmed() {
  return miss(
    {},
    {
      asked: { headers: { 'If-None-Match': '"1"' } },
      origin: { status: 304, headers: { ETag: '"1"' } },
      status: 200,
      body: 'answer 1',
    },
  )
}
