import { fault } from 'gatewright/testing'
import type { CacheCase, CaseRequest, Expected, Fields, Origin, Step } from './case.ts'

const FRESH = { 'Cache-Control': 'max-age=60' }
const slow: Origin = { headers: FRESH, body: 'one', delayMs: 1_000 }

const row = (
  id: string,
  level: CacheCase['level'],
  requires: string,
  steps: CacheCase['steps'],
): CacheCase => ({
  id: `coalescing-${id}`,
  rfc: '9111 4',
  requires,
  level,
  steps,
})

/** Clients ask 10 ms after each other. */
function all(
  requests: readonly CaseRequest[],
  asked: number,
  origin: Origin = slow,
  expect: Expected = {},
): Step {
  return {
    together: requests.map((request, i) => ({ request, afterMs: i * 10, expect })),
    origin,
    asked,
  }
}

/** Each is asked for by himself, and gets an answer of his own: `answer 1`, `answer 2` and so on. */
function each(requests: readonly CaseRequest[], headers: Fields = FRESH): Step {
  return {
    together: requests.map((request, i) => ({
      request,
      afterMs: i * 10,
      expect: { body: `answer ${i + 1}` },
    })),
    origin: requests.map((_, i) => ({ headers, body: `answer ${i + 1}`, delayMs: 1_000 })),
    asked: requests.length,
  }
}

const stale = (cacheControl: string): readonly Step[] => [
  {
    request: {},
    origin: { headers: { 'Cache-Control': cacheControl, ETag: '"1"' }, body: 'old' },
    expect: { asked: true },
  },
  { advance: '20s' },
]

const FIVE: readonly CaseRequest[] = Array.from({ length: 5 }, () => ({}))
const hit = (body: string, request: CaseRequest = {}): Step => ({
  request,
  expect: { asked: false, status: 200, body },
})

export const cases: readonly CacheCase[] = [
  row('same', 'may', 'Requests for the same at the same time are one request to the service.', [
    all(FIVE, 1),
    hit('one'),
  ]),
  row('other-uri', 'must', 'Requests for different URIs do not wait for each other.', [
    all([{ path: '/a' }, { path: '/b' }, { path: '/a' }], 2),
    hit('one', { path: '/b' }),
  ]),
  row('other-host', 'must', 'Requests to different hosts do not wait for each other.', [
    all([{ host: 'one.example' }, { host: 'two.example' }], 2),
    hit('one', { host: 'two.example' }),
  ]),
  row('variants', 'must', 'Each variant is asked for once.', [
    all(
      ['1', '2', '1', '2', '1'].map((value) => ({ headers: { 'X-A': value } })),
      2,
      { headers: { ...FRESH, Vary: 'X-A' }, body: 'one', delayMs: 1_000 },
    ),
    hit('one', { headers: { 'X-A': '2' } }),
  ]),
  row(
    'known-variants',
    'own',
    'Where it is known what a response depends on, variants are asked for side by side.',
    [
      {
        request: { headers: { 'X-A': '0' } },
        origin: { headers: { ...FRESH, Vary: 'X-A' } },
        expect: { asked: true },
      },
      all(
        ['1', '2', '1', '2'].map((value) => ({ headers: { 'X-A': value } })),
        2,
        { headers: { ...FRESH, Vary: 'X-A' }, body: 'one', delayMs: 1_000 },
      ),
    ],
  ),
  ...[
    ['no-store', { 'Cache-Control': 'no-store' }],
    ['private', { 'Cache-Control': 'private, max-age=60' }],
    ['cookie', { ...FRESH, 'Set-Cookie': 'a=1' }],
    ['vary-star', { ...FRESH, Vary: '*' }],
  ].map(([id, headers]) =>
    row(
      `not-shared-${id as string}`,
      'must',
      'Where an answer is for one client alone, everyone who waited for it asks for himself.',
      [
        all(FIVE, 5, { headers: headers as Record<string, string>, body: 'mine', delayMs: 1_000 }),
        { request: {}, expect: { asked: true } },
      ],
    ),
  ),
  row(
    'validate-always',
    'must',
    'Where an answer has to be validated each time, everyone asks for himself.',
    [
      all(FIVE, 5, { headers: { 'Cache-Control': 'no-cache', ETag: '"1"' }, body: 'one', delayMs: 1_000 }),
      { request: {}, expect: { asked: true } },
    ],
  ),
  row('leader-leaves', 'own', 'Who has asked first may leave: the others get the answer.', [
    {
      together: [
        { request: {}, leavesMs: 500 },
        { request: {}, afterMs: 10 },
        { request: {}, afterMs: 600 },
      ],
      origin: slow,
      asked: 1,
    },
    hit('one'),
  ]),
  row('follower-leaves', 'own', 'Who waits may leave: the others get the answer.', [
    {
      together: [{ request: {} }, { request: {}, afterMs: 10, leavesMs: 500 }, { request: {}, afterMs: 20 }],
      origin: slow,
      asked: 1,
    },
    hit('one'),
  ]),
  row('all-leave', 'own', 'Where all have left, the answer is stored all the same.', [
    { together: [{ request: {}, leavesMs: 500 }], origin: slow, asked: 1 },
    { advance: '2s' },
    hit('one'),
  ]),
  row('while-content-comes', 'own', 'Who asks while the content comes reads along from its begin.', [
    {
      together: [0, 1_000, 2_500].map((afterMs) => ({ request: {}, afterMs })),
      origin: { headers: FRESH, body: 'x'.repeat(5_000), fault: fault.drip(1_000, '1s') },
      asked: 1,
    },
    hit('x'.repeat(5_000)),
  ]),
  row('leader-leaves-content', 'own', 'Who has asked first may leave while the content comes.', [
    {
      together: [
        { request: {}, leavesMs: 2_500 },
        { request: {}, afterMs: 1_500 },
      ],
      origin: { headers: FRESH, body: 'x'.repeat(5_000), fault: fault.drip(1_000, '1s') },
      asked: 1,
    },
    hit('x'.repeat(5_000)),
  ]),
  row('validation', 'may', 'A stale response is validated once for all who ask.', [
    ...stale('max-age=10'),
    all(
      FIVE,
      1,
      { status: 304, headers: { ...FRESH, ETag: '"1"' }, delayMs: 1_000 },
      { status: 200, body: 'old' },
    ),
    hit('old'),
  ]),
  row('stale-if-error', 'may', 'One error is enough for all who may have the stale response.', [
    ...stale('max-age=10, stale-if-error=60'),
    all(FIVE, 1, { status: 503, delayMs: 1_000 }, { status: 200, body: 'old' }),
  ]),
  row(
    'stale-if-error-not-for-all',
    'must',
    'The window of one client is not that of those who wait with it.',
    [
      ...stale('max-age=10'),
      {
        together: [
          {
            request: { headers: { 'Cache-Control': 'stale-if-error=60' } },
            expect: { status: 200, body: 'old' },
          },
          { request: {}, afterMs: 10, expect: { status: 503, body: 'down' } },
        ],
        origin: { status: 503, body: 'down', delayMs: 1_000 },
        asked: 2,
      },
    ],
  ),
  row('conditional', 'must', 'Each of those who wait has conditions of his own.', [
    {
      together: [
        { request: {}, expect: { status: 200, body: 'one' } },
        { request: { headers: { 'If-None-Match': '"1"' } }, afterMs: 10, expect: { status: 304, body: '' } },
        {
          request: { headers: { 'If-None-Match': '"2"' } },
          afterMs: 20,
          expect: { status: 200, body: 'one' },
        },
      ],
      origin: { headers: { ...FRESH, ETag: '"1"' }, body: 'one', delayMs: 1_000 },
      asked: 1,
    },
  ]),
  row(
    'client-no-cache',
    'should',
    'Who wants the service to be asked does not get the answer to a request before his.',
    [each([{}, { headers: { 'Cache-Control': 'no-cache' } }]), hit('answer 2')],
  ),
  row('client-no-store', 'should', 'Who wants nothing stored is asked for alone.', [
    each([{}, { headers: { 'Cache-Control': 'no-store' } }]),
    hit('answer 1'),
  ]),
  row('authorization', 'must', 'Who is logged in is asked for alone, and his answer is not for others.', [
    each([{ headers: { Authorization: 'Bearer x' } }, {}]),
    hit('answer 2'),
  ]),
  row('range', 'own', 'Who wants a part does not wait for the whole.', [
    each([{}, { headers: { Range: 'bytes=0-0' } }]),
    hit('answer 2'),
  ]),
  row('unsafe', 'must', 'Unsafe requests are never one.', [
    each(Array.from({ length: 3 }, () => ({ method: 'POST', body: 'x' }))),
    { request: {}, expect: { asked: true } },
  ]),
  row('only-if-cached', 'should', 'Who wants a stored response or none does not wait for one.', [
    {
      together: [
        { request: {} },
        {
          request: { headers: { 'Cache-Control': 'only-if-cached' } },
          afterMs: 10,
          expect: { status: 504, body: /./ },
        },
      ],
      origin: slow,
      asked: 1,
    },
  ]),
  row(
    'remembered-not-shared',
    'own',
    'Where answers were for one client alone, nobody waits for another for a while.',
    [
      { request: {}, origin: { headers: { 'Cache-Control': 'no-store' } }, expect: { asked: true } },
      {
        together: [0, 1, 2].map((i) => ({ request: {}, afterMs: i * 10 })),
        origin: { headers: { 'Cache-Control': 'no-store' }, body: 'mine', delayMs: 1_000 },
        asked: 3,
      },
    ],
  ),
  row(
    'shared-again',
    'own',
    'Where answers have become fit to be stored, those who ask wait for each other again.',
    [
      { request: {}, origin: { headers: { 'Cache-Control': 'no-store' } }, expect: { asked: true } },
      { advance: '11s' },
      all(FIVE, 1),
      hit('one'),
    ],
  ),
  row('broken-off', 'must', 'What breaks off breaks off for all who read along, and is stored for nobody.', [
    {
      together: [0, 10].map((afterMs) => ({
        request: {},
        afterMs,
        expect: { body: 'one', complete: false },
      })),
      origin: { headers: FRESH, body: 'one and more', delayMs: 1_000, fault: fault.truncate(3) },
      asked: 1,
    },
    { request: {}, origin: { body: 'new' }, expect: { asked: true, body: 'new' } },
  ]),
]
