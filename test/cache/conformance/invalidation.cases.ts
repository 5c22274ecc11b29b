import type { CacheCase, CaseRequest, Fields, Step } from './case.ts'

const ask = (request: CaseRequest, expected: boolean): Step => ({
  request,
  origin: { headers: { 'Cache-Control': 'max-age=600' } },
  expect: { asked: expected },
})

const change = (method: string, answer: { status?: number; headers?: Fields } = {}, path = '/a'): Step => ({
  request: { method, path, ...(method === 'DELETE' ? {} : { body: 'x' }) },
  origin: { body: answer.status === 204 ? '' : 'done', ...answer },
  expect: { asked: true },
})

/** What is stored of `/a` is asked for again after this answer to a request for it. */
function forgets(method: string, status = 200): CacheCase['steps'] {
  return [ask({}, true), ask({}, false), change(method, { status }), ask({}, true), ask({}, false)]
}

/** What is stored of `/a` is used on. */
function keeps(method: string, status = 200): CacheCase['steps'] {
  return [
    ask({}, true),
    { request: { method }, origin: { status, body: 'done' }, expect: { asked: true } },
    { request: {}, expect: { asked: false, status: 200, body: 'answer 1' } },
  ]
}

/** What becomes of `/b` when a request for `/a` is answered so. */
function other(headers: Fields, forgotten: boolean, b: CaseRequest = { path: '/b' }): CacheCase['steps'] {
  return [
    ask(b, true),
    ask(b, false),
    change('POST', { status: 201, headers }),
    forgotten ? ask(b, true) : { request: b, expect: { asked: false, status: 200, body: 'answer 1' } },
  ]
}

export const cases: readonly CacheCase[] = [
  ...['POST', 'PUT', 'DELETE', 'PATCH', 'CHANGE'].map(
    (method): CacheCase => ({
      id: `invalidation-by-${method.toLowerCase()}`,
      rfc: '9111 4.4',
      requires:
        method === 'CHANGE'
          ? 'An answer to a method of which nothing is known makes what is stored of its target invalid.'
          : 'An answer to an unsafe method makes what is stored of its target invalid.',
      level: 'must',
      steps: forgets(method),
    }),
  ),
  ...[201, 204, 301, 303].map(
    (status): CacheCase => ({
      id: `invalidation-by-${status}`,
      rfc: '9111 4.4',
      requires: 'Every answer of 2xx and 3xx says that something may have changed.',
      level: 'must',
      steps: forgets('POST', status),
    }),
  ),
  ...[400, 404, 412, 500, 503].map(
    (status): CacheCase => ({
      id: `invalidation-not-by-${status}`,
      rfc: '9111 4.4',
      requires: 'An error says that nothing has changed.',
      level: 'may',
      steps: keeps('POST', status),
    }),
  ),
  ...['OPTIONS', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY'].map(
    (method): CacheCase => ({
      id: `invalidation-not-by-${method.toLowerCase()}`,
      rfc: '9110 9.2.1',
      requires: 'A safe method changes nothing.',
      level: 'own',
      steps: keeps(method),
    }),
  ),
  {
    id: 'invalidation-location',
    rfc: '9111 4.4',
    requires: 'What is stored of the URI in Location becomes invalid.',
    level: 'may',
    steps: other({ Location: '/b' }, true),
  },
  {
    id: 'invalidation-content-location',
    rfc: '9111 4.4',
    requires: 'What is stored of the URI in Content-Location becomes invalid.',
    level: 'may',
    steps: other({ 'Content-Location': '/b' }, true),
  },
  {
    id: 'invalidation-both-locations',
    rfc: '9111 4.4',
    requires: 'Location, Content-Location and the target itself become invalid together.',
    level: 'may',
    steps: [
      ...['/a', '/b', '/c'].map((path) => ask({ path }, true)),
      change('POST', { status: 201, headers: { Location: '/b', 'Content-Location': '/c' } }),
      ...['/a', '/b', '/c'].map((path) => ask({ path }, true)),
    ],
  },
  {
    id: 'invalidation-location-relative',
    rfc: '9110 10.2.2',
    requires: 'A relative reference is resolved against the target.',
    level: 'must',
    steps: other({ Location: 'x/./../b?q=1' }, true, { path: '/b?q=1' }),
  },
  {
    id: 'invalidation-location-absolute',
    rfc: '9111 4.4',
    requires: 'A URI of the same origin may be written in full.',
    level: 'may',
    steps: other({ Location: 'http://one.example/b' }, true, { path: '/b', host: 'one.example' }).map(
      (step) => ('request' in step ? { ...step, request: { ...step.request, host: 'one.example' } } : step),
    ),
  },
  {
    id: 'invalidation-location-same-origin-otherwise-written',
    rfc: '9110 4.2.3',
    requires: 'Origins are compared without case, and with the port that the scheme has.',
    level: 'may',
    steps: other({ Location: 'HTTP://One.Example:80/b' }, true, { path: '/b' }).map((step) =>
      'request' in step ? { ...step, request: { ...step.request, host: 'one.example' } } : step,
    ),
  },
  {
    id: 'invalidation-location-with-fragment',
    rfc: '9110 10.2.2',
    requires: 'A fragment is no part of what is stored.',
    level: 'may',
    steps: other({ Location: '/b#part' }, true),
  },
  ...(
    [
      ['host', 'http://two.example/b', 'two.example'],
      ['port', 'http://one.example:8080/b', 'one.example:8080'],
    ] as const
  ).map(
    ([name, location, host]): CacheCase => ({
      id: `invalidation-not-of-other-${name}`,
      rfc: '9111 4.4',
      requires: 'No answer makes invalid what is stored of another origin.',
      level: 'must',
      steps: [
        ask({ path: '/b', host: host }, true),
        {
          request: { method: 'POST', host: 'one.example', body: 'x' },
          origin: { status: 201, headers: { Location: location, 'Content-Location': location } },
          expect: { asked: true },
        },
        { request: { path: '/b', host: host }, expect: { asked: false, status: 200, body: 'answer 1' } },
      ],
    }),
  ),
  {
    id: 'invalidation-not-of-other-scheme',
    rfc: '9111 4.4',
    requires: 'A URI of another scheme is of another origin.',
    level: 'must',
    steps: other({ Location: 'https://one.example/b' }, false).map((step) =>
      'request' in step ? { ...step, request: { ...step.request, host: 'one.example' } } : step,
    ),
  },
  {
    id: 'invalidation-location-of-error',
    rfc: '9111 4.4',
    requires: 'The URIs that an error names stay what they are.',
    level: 'must',
    steps: [
      ask({ path: '/b' }, true),
      change('POST', { status: 409, headers: { Location: '/b', 'Content-Location': '/b' } }),
      { request: { path: '/b' }, expect: { asked: false, status: 200, body: 'answer 1' } },
    ],
  },
  {
    id: 'invalidation-location-of-get',
    rfc: '9111 4.4',
    requires: 'The Location of an answer to a safe method makes nothing invalid.',
    level: 'must',
    steps: [
      ask({ path: '/b' }, true),
      {
        request: {},
        origin: { status: 302, headers: { Location: '/b', 'Content-Location': '/b' } },
        expect: { asked: true },
      },
      { request: { path: '/b' }, expect: { asked: false, status: 200, body: 'answer 1' } },
    ],
  },
  {
    id: 'invalidation-other-path-stays',
    rfc: '9111 4.4',
    requires: 'What is stored of other URIs stays.',
    level: 'must',
    steps: [
      ask({ path: '/a?x=1' }, true),
      change('POST'),
      { request: { path: '/a?x=1' }, expect: { asked: false, status: 200, body: 'answer 1' } },
    ],
  },
  {
    id: 'invalidation-all-variants',
    rfc: '9111 4.4',
    requires: 'All variants of a URI become invalid.',
    level: 'must',
    steps: [
      ...['1', '2'].map(
        (value): Step => ({
          request: { headers: { 'X-A': value } },
          origin: { headers: { 'Cache-Control': 'max-age=60', Vary: 'X-A' } },
          expect: { asked: true },
        }),
      ),
      change('PUT'),
      ...['1', '2'].map(
        (value): Step => ({ request: { headers: { 'X-A': value } }, expect: { asked: true } }),
      ),
    ],
  },
  {
    id: 'invalidation-answer-on-its-way',
    rfc: '9111 4.4',
    requires: 'What was asked for before the change and comes after it is stored for nobody.',
    level: 'own',
    steps: [
      {
        together: [
          { request: {}, expect: { body: 'before' } },
          { request: { method: 'POST', body: 'x' }, afterMs: 100, expect: { body: 'changed' } },
        ],
        origin: [
          { headers: { 'Cache-Control': 'max-age=60' }, body: 'before', delayMs: 1_000 },
          { body: 'changed' },
        ],
        asked: 2,
      },
      { request: {}, expect: { asked: true } },
    ],
  },
  {
    id: 'invalidation-unreachable',
    rfc: '9111 4.4',
    requires: 'An unsafe request that reached nobody changes nothing.',
    level: 'may',
    steps: [
      ask({}, true),
      {
        request: { method: 'POST', body: 'x' },
        origin: 'unreachable',
        expect: { asked: true, status: 502 },
      },
      { request: {}, expect: { asked: false, status: 200, body: 'answer 1' } },
    ],
  },
]
