import type { CacheCase, Step } from './case.ts'
import { answered, asking, control, hit, miss, requirement } from './steps.ts'

/** Stored with a lifetime of 60 seconds, so many seconds ago. */
function stored(secondsAgo: number, ...more: readonly string[]): readonly Step[] {
  return [answered(control('max-age=60', ...more)), { advance: secondsAgo * 1_000 }]
}

const REFUSED = { status: 504, body: /./ }

export const cases: readonly CacheCase[] = [
  ...requirement('9111 5.2.1.1', 'should', 'With max-age a client gets no response that is older.', {
    'request-max-age-of-an-older-one': [...stored(11), miss(asking('max-age=10'))],
    'request-max-age-of-a-younger-one': [...stored(9), hit(asking('max-age=10'))],
    'request-max-age-of-one-as-old': [...stored(10), hit(asking('max-age=10'))],
    'request-max-age-of-an-older-one-by-its-age-field': [
      answered({ ...control('max-age=60'), Age: '20' }),
      miss(asking('max-age=10')),
    ],
    'request-max-age-greater-than-the-lifetime': [...stored(60), miss(asking('max-age=600'))],
    'request-max-age-is-of-this-request-alone': [
      ...stored(20),
      miss(asking('max-age=10'), { origin: { headers: control('max-age=60') } }),
      { advance: '20s' },
      hit(),
    ],
  }),

  ...requirement('9111 5.2.1.1', 'should', 'With max-age=0 a client gets a response of now.', {
    'request-max-age-0-of-one-of-now': [...stored(0), miss(asking('max-age=0'))],
    'request-max-age-0-validates': [
      answered({ ...control('max-age=60'), ETag: '"1"' }),
      miss(asking('max-age=0'), {
        asked: { headers: { 'If-None-Match': '"1"' } },
        origin: { status: 304, headers: { ETag: '"1"' } },
        status: 200,
        body: 'answer 1',
      }),
    ],
    'request-max-age-0-with-max-stale': [...stored(10), miss(asking('max-age=0, max-stale=600'))],
  }),

  ...requirement(
    '9111 5.2.1.2',
    'may',
    'With max-stale a client gets a response that has been stale for no longer.',
    {
      'max-stale-longer': [...stored(65), hit(asking('max-stale=10'))],
      'max-stale-as-long': [...stored(70), hit(asking('max-stale=10'))],
      'max-stale-not-as-long': [...stored(71), miss(asking('max-stale=10'))],
      'max-stale-0': [...stored(61), miss(asking('max-stale=0'))],
      'max-stale-without-limit': [...stored(86_400), hit(asking('max-stale'))],
      'max-stale-quoted': [...stored(65), hit(asking('max-stale="10"'))],
      'max-stale-of-a-fresh-one': [...stored(10), hit(asking('max-stale=0'))],
      'max-stale-of-expires': [
        answered({ Expires: 'Thu, 01 Jan 2026 00:01:00 GMT' }),
        { advance: '65s' },
        hit(asking('max-stale=10')),
      ],
      'max-stale-is-of-this-request-alone': [...stored(65), hit(asking('max-stale=10')), miss()],
    },
  ),

  ...requirement('9111 5.2.1.2', 'must', 'max-stale does not go over what the response forbids.', {
    'max-stale-not-with-must-revalidate': [...stored(65, 'must-revalidate'), miss(asking('max-stale=10'))],
    'max-stale-not-with-proxy-revalidate': [...stored(65, 'proxy-revalidate'), miss(asking('max-stale=10'))],
    'max-stale-not-with-s-maxage': [
      answered(control('s-maxage=60')),
      { advance: '65s' },
      miss(asking('max-stale=10')),
    ],
    'max-stale-not-with-no-cache': [
      answered({ ...control('max-age=60, no-cache'), ETag: '"1"' }),
      miss(asking('max-stale=10'), { asked: { headers: { 'If-None-Match': '"1"' } } }),
    ],
  }),

  ...requirement(
    '9111 5.2.1.3',
    'should',
    'With min-fresh a client gets a response that stays fresh for so long.',
    {
      'min-fresh-of-one-that-does': [...stored(45), hit(asking('min-fresh=10'))],
      'min-fresh-of-one-that-does-just': [...stored(50), hit(asking('min-fresh=10'))],
      'min-fresh-of-one-that-does-not': [...stored(51), miss(asking('min-fresh=10'))],
      'min-fresh-longer-than-the-lifetime': [...stored(0), miss(asking('min-fresh=61'))],
      'min-fresh-by-the-age-field': [
        answered({ ...control('max-age=60'), Age: '55' }),
        miss(asking('min-fresh=10')),
      ],
      'min-fresh-with-max-stale': [...stored(55), miss(asking('min-fresh=10, max-stale'))],
    },
  ),

  ...requirement(
    '9111 5.2.1.4',
    'must',
    'With no-cache a client gets no stored response that was not validated.',
    {
      'request-no-cache': [...stored(0), miss(asking('no-cache'))],
      'request-no-cache-validates': [
        answered({ ...control('max-age=60'), ETag: '"1"' }),
        miss(asking('no-cache'), {
          asked: { headers: { 'If-None-Match': '"1"' } },
          origin: { status: 304, headers: { ETag: '"1"' } },
          status: 200,
          body: 'answer 1',
        }),
      ],
      'request-no-cache-with-max-stale': [...stored(0), miss(asking('no-cache, max-stale'))],
      'request-no-cache-with-max-age': [...stored(0), miss(asking('max-age=600, no-cache'))],
      'request-no-cache-in-another-line': [...stored(0), miss(asking('foo', 'no-cache'))],
      'request-no-cache-though-the-service-is-gone': [
        ...stored(0),
        miss(asking('no-cache'), { origin: 'unreachable', status: 502 }),
      ],
    },
  ),

  ...requirement('9111 5.2.1.4', 'may', 'What the service answers to a request with no-cache is stored.', {
    'request-no-cache-refreshes': [
      ...stored(30),
      { ...answered(control('max-age=60')), request: asking('no-cache') },
      hit({}, { body: 'answer 2', headers: { Age: '0' } }),
    ],
  }),

  ...requirement('9111 5.2.1.5', 'must', 'The answer to a request with no-store is not stored.', {
    'request-no-store': [answered(control('max-age=60'), asking('no-store')), miss()],
    'request-no-store-with-others': [answered(control('max-age=60'), asking('max-age=60, no-store')), miss()],
    'request-no-store-in-upper-case': [answered(control('max-age=60'), asking('NO-STORE')), miss()],
  }),

  ...requirement(
    '9111 5.2.1.5',
    'own',
    'What is stored stays when a request with no-store has been answered.',
    {
      'request-no-store-does-not-touch-what-is-stored': [
        ...stored(0),
        { ...answered(control('max-age=60')), request: asking('no-store, no-cache') },
        hit({}, { body: 'answer 1' }),
      ],
    },
  ),

  ...requirement('9111 5.2.1.5', 'may', 'A request with no-store may be answered from what is stored.', {
    'request-no-store-from-the-store': [...stored(0), hit(asking('no-store'))],
  }),

  ...requirement('9111 5.2.1.7', 'should', 'With only-if-cached a client gets a stored response or 504.', {
    'only-if-cached-of-what-is-stored': [...stored(10), hit(asking('only-if-cached'))],
    'only-if-cached-of-nothing': [hit(asking('only-if-cached'), REFUSED)],
    'only-if-cached-of-another-path': [
      ...stored(10),
      hit({ ...asking('only-if-cached'), path: '/b' }, REFUSED),
    ],
    'only-if-cached-of-what-is-stale': [...stored(60), hit(asking('only-if-cached'), REFUSED)],
    'only-if-cached-of-what-is-stale-with-max-stale': [
      ...stored(65),
      hit(asking('only-if-cached, max-stale=10')),
    ],
    'only-if-cached-of-what-is-to-be-validated': [
      answered({ ...control('max-age=60, no-cache'), ETag: '"1"' }),
      hit(asking('only-if-cached'), REFUSED),
    ],
    'only-if-cached-with-max-age': [...stored(10), hit(asking('only-if-cached, max-age=5'), REFUSED)],
    'only-if-cached-with-no-cache': [...stored(10), hit(asking('only-if-cached, no-cache'), REFUSED)],
    'only-if-cached-for-a-head': [
      ...stored(10),
      hit({ ...asking('only-if-cached'), method: 'HEAD' }),
      hit({ ...asking('only-if-cached'), method: 'HEAD', path: '/b' }, { status: 504, body: '' }),
    ],
    'only-if-cached-does-not-hurt-others': [hit(asking('only-if-cached'), REFUSED), miss()],
  }),

  ...requirement('9111 5.2.1.6', 'must', 'no-transform changes nothing of what is stored and used.', {
    'request-no-transform': [...stored(10), hit(asking('no-transform'))],
  }),

  ...requirement(
    '9111 5.2',
    'must',
    'Directives of requests are compared without case, may be quoted, and may stand in several lines.',
    {
      'request-directives-upper-case': [...stored(0), miss(asking('NO-CACHE'))],
      'request-max-age-mixed-case': [...stored(20), miss(asking('Max-Age=10'))],
      'request-max-age-quoted': [...stored(20), miss(asking('max-age="10"'))],
      'request-directives-in-two-lines': [...stored(20), miss(asking('max-stale', 'max-age=10'))],
    },
  ),

  ...requirement('9111 5.2.3', 'must', 'Directives of requests that are not known are passed over.', {
    'request-unknown-directives': [...stored(20), hit(asking('foo, bar="no-cache", max-stale=1'))],
    'request-directives-of-responses': [
      ...stored(20),
      hit(asking('must-revalidate, s-maxage=1, private, public')),
    ],
  }),

  ...requirement(
    '9111 5.2.1',
    'own',
    'A limit of a client that cannot be read is the strictest there is; of two, the stricter counts.',
    {
      'request-max-age-that-is-none': [...stored(1), miss(asking('max-age=soon'))],
      'request-max-age-without-argument': [...stored(1), miss(asking('max-age'))],
      'request-min-fresh-that-is-none': [...stored(1), miss(asking('min-fresh=soon'))],
      'request-max-stale-that-is-none': [...stored(65), miss(asking('max-stale=soon'))],
      'request-max-age-twice': [...stored(20), miss(asking('max-age=30, max-age=10'))],
      'request-min-fresh-twice': [...stored(45), miss(asking('min-fresh=10, min-fresh=20'))],
      'request-max-stale-twice': [...stored(65), miss(asking('max-stale=10, max-stale=1'))],
    },
  ),

  ...requirement(
    '9111 5.2.1',
    'may',
    'Where the operator says so, clients have no say in how fresh a response is.',
    {
      'clients-not-obeyed-no-cache': {
        options: { obeyClients: false },
        steps: [...stored(10), hit(asking('no-cache'))],
      },
      'clients-not-obeyed-max-age': {
        options: { obeyClients: false },
        steps: [...stored(10), hit(asking('max-age=0'))],
      },
      'clients-not-obeyed-min-fresh': {
        options: { obeyClients: false },
        steps: [...stored(10), hit(asking('min-fresh=60'))],
      },
      'clients-not-obeyed-no-store': {
        options: { obeyClients: false },
        steps: [answered(control('max-age=60'), asking('no-store')), hit()],
      },
      'clients-not-obeyed-pragma': {
        options: { obeyClients: false },
        steps: [...stored(10), hit({ headers: { Pragma: 'no-cache' } })],
      },
    },
  ),

  ...requirement(
    '9111 5.4',
    'own',
    'Pragma: no-cache of a request without Cache-Control counts as no-cache.',
    {
      'pragma-no-cache': [...stored(10), miss({ headers: { Pragma: 'no-cache' } })],
      'pragma-no-cache-among-others': [...stored(10), miss({ headers: { Pragma: 'foo, No-Cache' } })],
      'pragma-something-else': [...stored(10), hit({ headers: { Pragma: 'foo="no-cache"' } })],
      'pragma-beside-cache-control': [
        ...stored(10),
        hit({ headers: { Pragma: 'no-cache', 'Cache-Control': 'max-age=60' } }),
      ],
    },
  ),

  ...requirement('9111 5.4', 'own', 'Pragma of a response means nothing.', {
    'pragma-of-a-response': [answered({ ...control('max-age=60'), Pragma: 'no-cache' }), hit()],
    'pragma-of-a-response-with-a-guess': [
      answered({ Pragma: 'no-cache', 'Last-Modified': 'Wed, 31 Dec 2025 00:00:00 GMT' }),
      hit({}, { headers: { Pragma: 'no-cache' } }),
    ],
  }),
]
