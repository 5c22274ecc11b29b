import { fault } from 'gatewright/testing'
import type { CacheCase, Expected, Fields, Origin, Step } from './case.ts'
import { rows } from './steps.ts'

/** Fresh for 10 s, and stale for 10 s afterwards. */
function stale(cacheControl: string, fields: Fields = {}): readonly Step[] {
  return [
    {
      request: {},
      origin: { headers: { 'Cache-Control': cacheControl, ...fields }, body: 'old' },
      expect: { asked: true },
    },
    { advance: '20s' },
  ]
}

const NEW: Origin = { headers: { 'Cache-Control': 'max-age=10' }, body: 'new' }
const OLD: Expected = { status: 200, body: 'old' }
const FRESH: Expected = { status: 200, body: 'new' }

const WHILE = 'max-age=10, stale-while-revalidate=30'
const IF_ERROR = 'max-age=10, stale-if-error=30'

const row = rows('')

/** The error in answer to a request, and what the client gets. */
const failing = (origin: Origin, expected: Expected, headers: Fields = {}): Step => ({
  request: { headers },
  origin,
  expect: { asked: true, ...expected },
})

export const cases: readonly CacheCase[] = [
  row(
    'while-stale-answers',
    '5861 3',
    'may',
    'Within the window the stale response answers, and is refreshed meanwhile.',
    [
      ...stale(WHILE),
      { request: {}, origin: NEW, expect: { asked: true, ...OLD, headers: { Age: '20' } } },
      { request: {}, expect: { asked: false, ...FRESH, headers: { Age: '0' } } },
    ],
  ),
  row('while-validates', '5861 3', 'should', 'The refresh is a validation, where there are validators.', [
    ...stale(WHILE, { ETag: '"1"' }),
    {
      request: {},
      origin: { status: 304, headers: { ETag: '"1"', 'Cache-Control': 'max-age=10' } },
      expect: { asked: { headers: { 'If-None-Match': '"1"' } }, ...OLD },
    },
    { request: {}, expect: { asked: false, ...OLD, headers: { Age: '0' } } },
  ]),
  row(
    'while-last-moment',
    '5861 3',
    'may',
    'The window begins when the lifetime ends, and is as long as it says.',
    [
      ...stale(WHILE),
      { advance: '19s' },
      { request: {}, origin: NEW, expect: { asked: true, ...OLD, headers: { Age: '39' } } },
    ],
  ),
  row('while-after-window', '5861 3', 'should', 'After the window the client waits for a fresh response.', [
    ...stale(WHILE),
    { advance: '20s' },
    { request: {}, origin: NEW, expect: { asked: true, ...FRESH } },
  ]),
  row('while-fresh', '5861 3', 'own', 'A fresh response is not refreshed.', [
    ...stale('max-age=30, stale-while-revalidate=30'),
    { request: {}, expect: { asked: false, ...OLD } },
  ]),
  row(
    'while-absent',
    '9111 4.2.4',
    'must',
    'Without a window, what is stale does not answer before it was validated.',
    [...stale('max-age=10'), { request: {}, origin: NEW, expect: { asked: true, ...FRESH } }],
  ),
  row('while-zero', '5861 3', 'must', 'A window of 0 s is none.', [
    ...stale('max-age=10, stale-while-revalidate=0'),
    { request: {}, origin: NEW, expect: { asked: true, ...FRESH } },
  ]),
  row('while-malformed', '5861 3', 'must', 'A window that is no number is none.', [
    ...stale('max-age=10, stale-while-revalidate=soon'),
    { request: {}, origin: NEW, expect: { asked: true, ...FRESH } },
  ]),
  row('while-without-argument', '5861 3', 'must', 'A window without a number is none.', [
    ...stale('max-age=10, stale-while-revalidate'),
    { request: {}, origin: NEW, expect: { asked: true, ...FRESH } },
  ]),
  ...(
    [
      ['must-revalidate', '9111 5.2.2.2', 'must-revalidate'],
      ['proxy-revalidate', '9111 5.2.2.8', 'proxy-revalidate'],
    ] as const
  ).flatMap(([name, rfc, directive]) => [
    row(
      `while-${name}`,
      rfc,
      'must',
      `Beside ${directive} nothing stale answers, whatever window there is.`,
      [...stale(`${WHILE}, ${directive}`), { request: {}, origin: NEW, expect: { asked: true, ...FRESH } }],
    ),
    row(`if-error-${name}`, rfc, 'must', `Beside ${directive} nothing stale stands in for an error.`, [
      ...stale(`${IF_ERROR}, ${directive}`),
      failing({ status: 503, body: 'down' }, { status: 503, body: 'down' }),
    ]),
    row(
      `unreachable-${name}`,
      rfc,
      'must',
      `With ${directive} an error is answered where the service is not there.`,
      [...stale(`max-age=10, ${directive}`), failing('unreachable', { status: 502, body: /./ })],
    ),
  ]),
  row(
    'while-no-cache',
    '9111 5.2.2.4',
    'must',
    'Beside no-cache nothing answers unvalidated, whatever window there is.',
    [
      ...stale(`${WHILE}, no-cache`, { ETag: '"1"' }),
      { request: {}, origin: NEW, expect: { asked: true, ...FRESH } },
    ],
  ),
  row(
    'while-s-maxage',
    '5861 3',
    'own',
    'A window beside s-maxage counts: who sends both has said what is meant.',
    [
      ...stale('s-maxage=10, stale-while-revalidate=30'),
      { request: {}, origin: NEW, expect: { asked: true, ...OLD } },
    ],
  ),
  row(
    'while-client-no-cache',
    '9111 5.2.1.4',
    'should',
    'A client that says no-cache waits for a fresh response, also within the window.',
    [
      ...stale(WHILE),
      {
        request: { headers: { 'Cache-Control': 'no-cache' } },
        origin: NEW,
        expect: { asked: true, ...FRESH },
      },
    ],
  ),
  row(
    'while-client-max-age',
    '9111 5.2.1.1',
    'should',
    'A client that says max-age waits for a response that is not older, also within the window.',
    [
      ...stale(WHILE),
      {
        request: { headers: { 'Cache-Control': 'max-age=15' } },
        origin: NEW,
        expect: { asked: true, ...FRESH },
      },
    ],
  ),
  row(
    'while-refresh-fails',
    '5861 3',
    'own',
    'A refresh that fails leaves what is stored, until the window ends.',
    [
      ...stale(WHILE),
      { request: {}, origin: { status: 500 }, expect: { asked: true, ...OLD } },
      { advance: '5s' },
      { request: {}, origin: NEW, expect: { asked: true, ...OLD } },
      { request: {}, expect: { asked: false, ...FRESH } },
    ],
  ),
  row(
    'while-refresh-unreachable',
    '5861 3',
    'own',
    'A refresh that reaches nobody leaves what is stored, and a second passes before the next one.',
    [
      ...stale(WHILE),
      { request: {}, origin: 'unreachable', expect: { asked: true, ...OLD } },
      { request: {}, expect: { asked: false, ...OLD } },
      { advance: '1s' },
      { request: {}, origin: NEW, expect: { asked: true, ...OLD } },
      { request: {}, expect: { asked: false, ...FRESH } },
    ],
  ),
  row('while-one-refresh', '5861 3', 'own', 'However many ask within the window, one refresh is under way.', [
    ...stale(WHILE),
    {
      together: [0, 10, 20, 30].map((afterMs) => ({ request: {}, afterMs, expect: OLD })),
      origin: { headers: { 'Cache-Control': 'max-age=10' }, body: 'new', delayMs: 1_000 },
      asked: 1,
    },
    { advance: '2s' },
    { request: {}, expect: { asked: false, ...FRESH } },
  ]),
  row(
    'while-head',
    '5861 3',
    'own',
    'A refresh for HEAD asks by GET: what is stored has a content afterwards too.',
    [
      ...stale(WHILE),
      {
        request: { method: 'HEAD' },
        origin: NEW,
        expect: { asked: { method: 'GET', headers: {} }, status: 200, body: '' },
      },
      { request: {}, expect: { asked: false, ...FRESH } },
    ],
  ),
  row('while-range', '5861 3', 'own', 'A refresh for a part asks for the whole.', [
    ...stale(WHILE),
    {
      request: { headers: { Range: 'bytes=0-0' } },
      origin: NEW,
      expect: { asked: { headers: { Range: null } }, status: 206, body: 'o' },
    },
    { request: {}, expect: { asked: false, ...FRESH } },
  ]),
  row(
    'while-conditional',
    '5861 3',
    'own',
    'A client that has the stale response gets 304 within the window.',
    [
      ...stale(WHILE, { ETag: '"1"' }),
      {
        request: { headers: { 'If-None-Match': '"1"' } },
        origin: { status: 304, headers: { ETag: '"1"', 'Cache-Control': 'max-age=10' } },
        expect: { asked: true, status: 304, body: '' },
      },
    ],
  ),
  row(
    'while-refresh-not-storable',
    '5861 3',
    'own',
    'A refresh that must not be stored leaves the window to others.',
    [
      ...stale(WHILE),
      {
        request: {},
        origin: { headers: { 'Cache-Control': 'private' }, body: 'mine' },
        expect: { asked: true, ...OLD },
      },
      { advance: '40s' },
      { request: {}, origin: NEW, expect: { asked: true, ...FRESH } },
    ],
  ),
  row(
    'while-authorization',
    '5861 3',
    'own',
    'A refresh whose answer is for one user alone takes nothing from the others.',
    [
      ...stale(WHILE),
      {
        request: { headers: { Authorization: 'Bearer x' } },
        origin: { headers: { 'Cache-Control': 'max-age=10' }, body: 'mine' },
        expect: { asked: true, ...OLD },
      },
      { advance: '5s' },
      { request: {}, origin: NEW, expect: { asked: true, ...OLD } },
      { request: {}, expect: { asked: false, ...FRESH } },
    ],
  ),
  row(
    'while-status',
    '9211 2.4',
    'own',
    'A stale answer says in Cache-Status for how long it has been stale.',
    [
      ...stale(WHILE),
      { request: {}, origin: NEW, expect: { asked: true, ...OLD, cacheStatus: /^gatewright; hit; ttl=-10/ } },
    ],
  ),
  row(
    'while-by-option',
    '5861 3',
    'may',
    'For responses that say nothing the operator may set a window.',
    [...stale('max-age=10'), { request: {}, origin: NEW, expect: { asked: true, ...OLD } }],
    { staleWhileRevalidateMs: '30s' },
  ),
  row(
    'while-response-before-option',
    '5861 3',
    'own',
    'What the response says of its window counts more than the option.',
    [
      ...stale('max-age=10, stale-while-revalidate=5'),
      { request: {}, origin: NEW, expect: { asked: true, ...FRESH } },
    ],
    { staleWhileRevalidateMs: '30s' },
  ),
  row(
    'while-option-not-against-must-revalidate',
    '9111 4.2.4',
    'must',
    'No option lets stale responses answer that forbid it.',
    [
      ...stale('max-age=10, must-revalidate'),
      { request: {}, origin: NEW, expect: { asked: true, ...FRESH } },
    ],
    { staleWhileRevalidateMs: '30s', staleIfErrorMs: '30s' },
  ),

  ...[500, 502, 503, 504].map((status) =>
    row(
      `if-error-${status}`,
      '5861 4',
      'may',
      'In place of 500, 502, 503 and 504 the stale response answers.',
      [...stale(IF_ERROR), failing({ status, body: 'down' }, { ...OLD, headers: { Age: '20' } })],
    ),
  ),
  ...[400, 404, 429, 501, 505].map((status) =>
    row(
      `if-error-not-${status}`,
      '5861 4',
      'must',
      'Other statuses are not those of RFC 5861, and are passed on.',
      [...stale(IF_ERROR), failing({ status, body: 'other' }, { status, body: 'other' })],
    ),
  ),
  row('if-error-refused', '5861 4', 'may', 'Where connections are refused, the stale response answers.', [
    ...stale(IF_ERROR),
    failing('unreachable', OLD),
  ]),
  row(
    'if-error-reset',
    '5861 4',
    'may',
    'Where the connection breaks before the answer, the stale response answers.',
    [...stale(IF_ERROR), failing({ fault: fault.resetBeforeHead() }, OLD)],
  ),
  row('if-error-malformed', '5861 4', 'may', 'Where the answer is no HTTP, the stale response answers.', [
    ...stale(IF_ERROR),
    failing({ fault: fault.malformed('nonsense\r\n\r\n') }, OLD),
  ]),
  row(
    'if-error-timeout',
    '5861 4',
    'may',
    'Where the answer does not come in time, the stale response answers.',
    [...stale('max-age=10, stale-if-error=86400'), failing({ fault: fault.noAnswer() }, OLD)],
  ),
  row('if-error-window-ends', '5861 4', 'must', 'After the window the error is passed on.', [
    ...stale(IF_ERROR),
    { advance: '20s' },
    failing({ status: 503, body: 'down' }, { status: 503, body: 'down' }),
  ]),
  row('if-error-window-last-moment', '5861 4', 'may', 'The window begins when the lifetime ends.', [
    ...stale(IF_ERROR),
    { advance: '19s' },
    failing({ status: 503, body: 'down' }, OLD),
  ]),
  row('if-error-absent', '9111 4.2.4', 'own', 'Without a window, an error is passed on.', [
    ...stale('max-age=10'),
    failing({ status: 503, body: 'down' }, { status: 503, body: 'down' }),
  ]),
  row(
    'if-error-asks-each-time',
    '5861 4',
    'own',
    'The service is asked each time, so that the end of the error is seen at once.',
    [
      ...stale(IF_ERROR),
      failing({ status: 503 }, OLD),
      failing({ status: 503 }, OLD),
      { request: {}, origin: NEW, expect: { asked: true, ...FRESH } },
      { request: {}, expect: { asked: false, ...FRESH } },
    ],
  ),
  row(
    'if-error-by-client',
    '5861 4',
    'may',
    'The client may ask for a stale response in place of an error.',
    [
      ...stale('max-age=10'),
      failing({ status: 503, body: 'down' }, OLD, { 'Cache-Control': 'stale-if-error=30' }),
    ],
  ),
  row('if-error-by-client-window', '5861 4', 'must', 'What the client says of its window counts.', [
    ...stale('max-age=10'),
    failing(
      { status: 503, body: 'down' },
      { status: 503, body: 'down' },
      { 'Cache-Control': 'stale-if-error=5' },
    ),
  ]),
  row(
    'if-error-by-client-against-must-revalidate',
    '9111 5.2.2.2',
    'must',
    'No client gets stale what forbids it.',
    [
      ...stale('max-age=10, must-revalidate'),
      failing(
        { status: 503, body: 'down' },
        { status: 503, body: 'down' },
        { 'Cache-Control': 'stale-if-error=30' },
      ),
    ],
  ),
  row(
    'if-error-on-reload',
    '5861 4',
    'own',
    'A client that wants a fresh response gets the stored one where there is none.',
    [
      {
        request: {},
        origin: { headers: { 'Cache-Control': 'max-age=60, stale-if-error=60' }, body: 'old' },
        expect: { asked: true },
      },
      failing({ status: 503 }, OLD, { 'Cache-Control': 'no-cache' }),
    ],
  ),
  row('if-error-head', '5861 4', 'may', 'For HEAD too the stale response answers in place of an error.', [
    ...stale(IF_ERROR),
    { request: { method: 'HEAD' }, origin: { status: 503 }, expect: { asked: true, status: 200, body: '' } },
  ]),
  row('if-error-range', '5861 4', 'may', 'A part of the stale response answers in place of an error too.', [
    ...stale(IF_ERROR),
    failing({ status: 503 }, { status: 206, body: 'o' }, { Range: 'bytes=0-0' }),
  ]),
  row('if-error-after-while', '5861 4', 'may', 'Both windows count, each for its own case.', [
    ...stale('max-age=10, stale-while-revalidate=5, stale-if-error=30'),
    failing({ status: 503, body: 'down' }, OLD),
  ]),
  row(
    'if-error-after-part',
    '5861 4',
    'own',
    'A part that was asked for alone takes nothing from the stale whole.',
    [
      ...stale(IF_ERROR),
      {
        request: { headers: { Range: 'bytes=0-0' } },
        origin: { status: 206, headers: { 'Content-Range': 'bytes 0-0/3' }, body: 'o' },
        expect: { asked: true, status: 206, body: 'o' },
      },
      failing({ status: 503 }, OLD),
    ],
  ),
  row(
    'if-error-not-for-other-variant',
    '9111 4.1',
    'must',
    'Only what matches the request stands in for an error.',
    [
      {
        request: { headers: { 'X-A': '1' } },
        origin: { headers: { 'Cache-Control': IF_ERROR, Vary: 'X-A' }, body: 'old' },
        expect: { asked: true },
      },
      { advance: '20s' },
      failing({ status: 503, body: 'down' }, { status: 503, body: 'down' }, { 'X-A': '2' }),
    ],
  ),
  row(
    'if-error-broken-content',
    '5861 4',
    'own',
    'What breaks off after its head has begun to answer: it is not taken back.',
    [
      ...stale(IF_ERROR),
      {
        request: {},
        origin: { headers: { 'Cache-Control': 'max-age=10' }, body: 'new content', fault: fault.truncate(3) },
        expect: { asked: true, status: 200, body: 'new', complete: false },
      },
      failing({ status: 503 }, OLD),
    ],
  ),
  row(
    'if-error-by-option',
    '5861 4',
    'may',
    'For responses that say nothing the operator may set a window of errors.',
    [...stale('max-age=10'), failing({ status: 503 }, OLD)],
    { staleIfErrorMs: '30s' },
  ),
  row(
    'if-error-response-before-option',
    '5861 4',
    'own',
    'What the response says of its window of errors counts more than the option.',
    [
      ...stale('max-age=10, stale-if-error=5'),
      failing({ status: 503, body: 'down' }, { status: 503, body: 'down' }),
    ],
    { staleIfErrorMs: '30s' },
  ),
]
