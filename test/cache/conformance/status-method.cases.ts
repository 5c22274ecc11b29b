import type { CacheCase, CaseOptions, CaseRequest, Fields, OriginReply, Step } from './case.ts'

const MAX_AGE = { 'Cache-Control': 'max-age=60' }

const ask = (request: CaseRequest, origin: OriginReply, body: string): Step => ({
  request,
  origin,
  expect: { asked: true, body },
})
const held = (request: CaseRequest, body: string): Step => ({
  request,
  expect: { asked: false, status: 200, body },
})

const POSTS: CaseOptions = { methods: ['POST', 'QUERY'] }

/** Both requests are asked for, and both answers are stored. */
function apart(first: CaseRequest, second: CaseRequest): CacheCase['steps'] {
  return [
    ask(first, { headers: MAX_AGE, body: 'one' }, 'one'),
    ask(second, { headers: MAX_AGE, body: 'two' }, 'two'),
    held(second, 'two'),
  ]
}

const post = (body: string, headers: Fields = { 'Content-Type': 'text/plain' }): CaseRequest => ({
  method: 'POST',
  headers,
  body,
})
const query = (body: string, headers: Fields = { 'Content-Type': 'text/plain' }): CaseRequest => ({
  method: 'QUERY',
  headers,
  body,
})

const methods = (
  id: string,
  rfc: string,
  level: CacheCase['level'],
  requires: string,
  steps: CacheCase['steps'],
): CacheCase => ({ id, rfc, requires, level, options: POSTS, steps })

export const cases: readonly CacheCase[] = [
  // Statuses as they come back.
  ...[200, 203, 300, 301, 302, 303, 307, 308, 400, 403, 404, 405, 410, 414, 451, 500, 501, 503].map(
    (status): CacheCase => ({
      id: `status-${status}-as-stored`,
      rfc: '9111 3',
      requires:
        'A final response of a status that is understood, with a lifetime, is stored and sent with the status and the fields that it has.',
      level: 'may',
      steps: [
        {
          request: {},
          origin: { status, headers: { ...MAX_AGE, Location: '/b', 'X-A': '1' }, body: 'it' },
          expect: { asked: true, status },
        },
        {
          request: {},
          expect: { asked: false, status, body: 'it', headers: { Location: '/b', 'X-A': '1' } },
        },
      ],
    }),
  ),
  {
    id: 'status-204-as-stored',
    rfc: '9111 3',
    requires: 'A response without content is stored as such.',
    level: 'may',
    steps: [
      { request: {}, origin: { status: 204, headers: MAX_AGE }, expect: { asked: true, status: 204 } },
      { request: {}, expect: { asked: false, status: 204, body: '', headers: { 'Content-Length': null } } },
    ],
  },
  ...[407, 408, 412, 416, 417, 421, 425, 426, 428, 429, 431, 505, 511].map(
    (status): CacheCase => ({
      id: `status-${status}-of-one-request`,
      rfc: [428, 429, 431, 511].includes(status)
        ? `6585 ${{ 428: 3, 429: 4, 431: 5, 511: 6 }[status]}`
        : '9111 3',
      requires: [428, 429, 431, 511].includes(status)
        ? 'A status that is about one request is not stored, as its RFC says.'
        : 'A status that is about one request, its connection or its conditions is not stored.',
      level: [428, 429, 431, 511].includes(status) ? 'must' : 'own',
      steps: [
        { request: {}, origin: { status, headers: MAX_AGE, body: 'no' }, expect: { asked: true, status } },
        { request: {}, origin: { body: 'yes' }, expect: { asked: true, status: 200, body: 'yes' } },
      ],
    }),
  ),
  {
    id: 'status-reason',
    rfc: '9112 4',
    requires: 'The status alone counts; a reason that came with it may be sent again.',
    level: 'own',
    steps: [
      {
        request: {},
        origin: { status: 404, reason: 'Nothing Here', headers: MAX_AGE },
        expect: { asked: true },
      },
      { request: {}, expect: { asked: false, status: 404 } },
    ],
  },

  // Interim responses and trailers.
  {
    id: 'interim-is-passed-on',
    rfc: '9111 3',
    requires: 'Interim responses go to whoever has asked.',
    level: 'own',
    steps: [
      {
        request: {},
        origin: {
          headers: { 'Cache-Control': 'no-store' },
          informational: [{ status: 103, headers: { Link: '</x>' } }],
        },
        expect: { asked: true, informational: [103] },
      },
      { request: {}, expect: { asked: true, informational: [] } },
    ],
  },
  {
    id: 'interim-is-not-stored',
    rfc: '9111 3',
    requires: 'Interim responses are never stored.',
    level: 'must',
    steps: [
      {
        request: {},
        origin: { headers: MAX_AGE, informational: [{ status: 103, headers: { Link: '</x>', 'X-A': '1' } }] },
        expect: { asked: true },
      },
      {
        request: {},
        expect: { asked: false, status: 200, informational: [], headers: { Link: null, 'X-A': null } },
      },
    ],
  },
  {
    id: 'interim-says-nothing-of-storing',
    rfc: '9111 3',
    requires: 'What an interim response says of caches counts for nothing.',
    level: 'must',
    steps: [
      {
        request: {},
        origin: {
          headers: { 'Cache-Control': 'no-store' },
          informational: [{ status: 103, headers: MAX_AGE }],
        },
        expect: { asked: true },
      },
      { request: {}, expect: { asked: true } },
    ],
  },
  {
    id: 'trailers-are-stored',
    rfc: '9111 3.1',
    requires: 'Trailers are stored apart from the head, and sent again.',
    level: 'may',
    steps: [
      {
        request: {},
        origin: { headers: MAX_AGE, body: 'it', trailers: { 'X-Sum': '1' } },
        expect: { asked: true, trailers: { 'X-Sum': '1' } },
      },
      {
        request: {},
        expect: {
          asked: false,
          status: 200,
          body: 'it',
          trailers: { 'X-Sum': '1' },
          headers: { 'X-Sum': null },
        },
      },
    ],
  },
  {
    id: 'trailers-say-nothing-of-storing',
    rfc: '9110 6.5.1',
    requires: 'A Cache-Control among the trailers counts for nothing.',
    level: 'must',
    steps: [
      {
        request: {},
        origin: { headers: { 'Cache-Control': 'no-store' }, body: 'it', trailers: MAX_AGE },
        expect: { asked: true },
      },
      { request: {}, expect: { asked: true } },
    ],
  },
  {
    id: 'content-chunked-as-stored',
    rfc: '9111 3.1',
    requires: 'The framing of a response is not stored: what came in chunks is sent with its length.',
    level: 'must',
    steps: [
      {
        request: {},
        origin: { headers: MAX_AGE, body: 'it', framing: 'chunked' },
        expect: { asked: true, body: 'it' },
      },
      {
        request: {},
        expect: {
          asked: false,
          status: 200,
          body: 'it',
          headers: { 'Content-Length': '2', 'Transfer-Encoding': null },
        },
      },
    ],
  },
  {
    id: 'content-empty-as-stored',
    rfc: '9111 3',
    requires: 'A response with an empty content is stored as such.',
    level: 'may',
    steps: [
      { request: {}, origin: { headers: MAX_AGE, body: '' }, expect: { asked: true, body: '' } },
      { request: {}, expect: { asked: false, status: 200, body: '', headers: { 'Content-Length': '0' } } },
    ],
  },

  // Methods.
  {
    id: 'method-post-is-not-stored',
    rfc: '9111 3',
    requires: 'Without the option, answers to POST are not stored.',
    level: 'own',
    steps: [
      ask(post('x'), { headers: MAX_AGE, body: 'one' }, 'one'),
      ask(post('x'), { headers: MAX_AGE, body: 'two' }, 'two'),
    ],
  },
  {
    id: 'method-query-is-not-stored',
    rfc: '10008 2.7',
    requires: 'Without the option, answers to QUERY are not stored.',
    level: 'own',
    steps: [
      ask(query('x'), { headers: MAX_AGE, body: 'one' }, 'one'),
      ask(query('x'), { headers: MAX_AGE, body: 'two' }, 'two'),
    ],
  },
  ...['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CHANGE'].map(
    (method): CacheCase => ({
      id: `method-${method.toLowerCase()}-is-not-stored`,
      rfc: '9111 3',
      requires: 'Answers to methods that are not for caches are not stored.',
      level: 'must',
      steps: [
        ask({ method }, { headers: MAX_AGE, body: 'one' }, 'one'),
        ask({ method }, { headers: MAX_AGE, body: 'two' }, 'two'),
        ask({}, { headers: MAX_AGE, body: 'three' }, 'three'),
      ],
    }),
  ),
  {
    id: 'method-get-with-content',
    rfc: '9110 9.3.1',
    requires: 'A GET with a content is neither stored nor answered from what is stored.',
    level: 'own',
    steps: [
      ask({}, { headers: MAX_AGE, body: 'stored' }, 'stored'),
      ask({ method: 'GET', body: 'x' }, { headers: MAX_AGE, body: 'by content' }, 'by content'),
      held({}, 'stored'),
    ],
  },
  methods(
    'post-stored',
    '9110 9.3.3',
    'may',
    'With the option, an answer to POST that names a lifetime answers the same POST.',
    [ask(post('x'), { headers: MAX_AGE, body: 'one' }, 'one'), held(post('x'), 'one')],
  ),
  methods(
    'post-other-content',
    '9111 4',
    'must',
    'The content is part of the key of a POST.',
    apart(post('x'), post('y')),
  ),
  methods(
    'post-other-content-type',
    '9111 4',
    'must',
    'The type of the content is part of the key of a POST.',
    apart(post('x'), post('x', { 'Content-Type': 'application/json' })),
  ),
  methods(
    'post-other-content-encoding',
    '9111 4',
    'must',
    'The coding of the content is part of the key of a POST.',
    apart(post('x'), post('x', { 'Content-Type': 'text/plain', 'Content-Encoding': 'gzip' })),
  ),
  methods('post-other-target', '9111 2', 'must', 'The target is part of the key of a POST.', [
    ask({ ...post('x'), path: '/a' }, { headers: MAX_AGE, body: 'one' }, 'one'),
    ask({ ...post('x'), path: '/b' }, { headers: MAX_AGE, body: 'two' }, 'two'),
    held({ ...post('x'), path: '/b' }, 'two'),
  ]),
  {
    ...methods(
      'post-without-lifetime',
      '9110 9.3.3',
      'must',
      'An answer to POST that names no lifetime is not stored.',
      [
        ask(post('x'), { headers: { 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT' }, body: 'one' }, 'one'),
        ask(post('x'), { body: 'two' }, 'two'),
      ],
    ),
  },
  methods('post-is-not-for-get', '9110 9.3.3', 'own', 'A stored answer to POST does not answer GET.', [
    ask(post('x'), { headers: { ...MAX_AGE, 'Content-Location': '/a' }, body: 'one' }, 'one'),
    ask({}, { headers: MAX_AGE, body: 'two' }, 'two'),
    held(post('x'), 'one'),
  ]),
  methods(
    'post-forwarded-invalidates',
    '9111 4.4',
    'must',
    'A POST that the service answers makes what is stored of GET invalid.',
    [
      ask({}, { headers: MAX_AGE, body: 'got' }, 'got'),
      ask(post('x'), { headers: MAX_AGE, body: 'one' }, 'one'),
      ask({}, { headers: MAX_AGE, body: 'anew' }, 'anew'),
      held(post('x'), 'one'),
    ],
  ),
  methods('post-stale', '9111 4.2', 'must', 'A stored answer to POST is stale after its lifetime.', [
    ask(post('x'), { headers: MAX_AGE, body: 'one' }, 'one'),
    { advance: '59s' },
    held(post('x'), 'one'),
    { advance: '1s' },
    ask(post('x'), { headers: MAX_AGE, body: 'two' }, 'two'),
  ]),
  methods(
    'post-content-reaches-service',
    '9110 9.3.3',
    'must',
    'The content is sent to the service as it came.',
    [
      ask(post('x'.repeat(5_000)), { headers: MAX_AGE, body: 'one' }, 'one'),
      held(post('x'.repeat(5_000)), 'one'),
    ],
  ),
  {
    ...methods(
      'post-content-too-long',
      '9111 4',
      'own',
      'A content that is longer than the option lets it be is passed on, and nothing stored.',
      [
        ask(post('x'.repeat(2_000)), { headers: MAX_AGE, body: 'one' }, 'one'),
        ask(post('x'.repeat(2_000)), { headers: MAX_AGE, body: 'two' }, 'two'),
      ],
    ),
    options: { ...POSTS, maxRequestBytes: 1_000 },
  },
  methods(
    'query-stored',
    '10008 2.7',
    'may',
    'With the option, an answer to QUERY that names a lifetime answers the same QUERY.',
    [ask(query('x'), { headers: MAX_AGE, body: 'one' }, 'one'), held(query('x'), 'one')],
  ),
  methods(
    'query-other-content',
    '10008 2.7',
    'must',
    'The content is part of the key of a QUERY.',
    apart(query('x'), query('y')),
  ),
  methods(
    'query-other-content-type',
    '10008 2.7',
    'must',
    'The type of the content is part of the key of a QUERY.',
    apart(query('x'), query('x', { 'Content-Type': 'application/json' })),
  ),
  methods('query-is-not-post', '9111 2', 'must', 'A stored answer to QUERY does not answer POST.', [
    ask(query('x'), { headers: MAX_AGE, body: 'one' }, 'one'),
    ask(post('x'), { headers: { 'Cache-Control': 'no-store' }, status: 409, body: 'two' }, 'two'),
    held(query('x'), 'one'),
  ]),
  methods('query-leaves-get', '10008 2.7', 'must', 'A QUERY is safe: what is stored of GET stays.', [
    ask({}, { headers: MAX_AGE, body: 'got' }, 'got'),
    ask(query('x'), { headers: MAX_AGE, body: 'one' }, 'one'),
    held({}, 'got'),
    held(query('x'), 'one'),
  ]),
]
