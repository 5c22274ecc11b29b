import { at, type CacheCase, type CaseOptions, type Step } from './case.ts'

const FRESH = { 'Cache-Control': 'max-age=60', ETag: '"1"' }

const stored: Step = { request: {}, origin: { headers: FRESH, body: 'stored' }, expect: { asked: true } }

const row = (
  id: string,
  section: string,
  level: CacheCase['level'],
  requires: string,
  steps: CacheCase['steps'],
  more: { options?: CaseOptions; until?: string } = {},
): CacheCase => ({ id: `cache-status-${id}`, rfc: `9211 ${section}`, requires, level, steps, ...more })

/** What Cache-Status says of the request that follows what is stored and its time. */
function says(cacheStatus: string | RegExp, after: Step & { expect?: object }): readonly Step[] {
  return [stored, { ...after, expect: { ...after.expect, cacheStatus } } as Step]
}

export const cases: readonly CacheCase[] = [
  row('hit', '2.1', 'must', 'An answer from what is stored, for which nobody was asked, is a hit.', [
    stored,
    { request: {}, expect: { asked: false, cacheStatus: /^gatewright; hit(;|$)/ } },
  ]),
  row('hit-without-fwd', '2.1', 'must', 'A hit has no fwd beside it.', [
    stored,
    { request: {}, expect: { asked: false, cacheStatus: /^(?!.*fwd)/ } },
  ]),
  row('miss', '2.2', 'must', 'Where nothing is stored, the answer says that it was asked for.', [
    {
      request: {},
      origin: { headers: FRESH },
      expect: { asked: true, cacheStatus: /^gatewright; fwd=(uri-)?miss(;|$)/ },
    },
    { request: {}, expect: { asked: false } },
  ]),
  row('miss-without-hit', '2.1', 'must', 'What was asked for is no hit.', [
    { request: {}, origin: { headers: FRESH }, expect: { asked: true, cacheStatus: /^(?!.*hit)/ } },
    { request: {}, expect: { asked: false } },
  ]),
  row('uri-miss', '2.2', 'should', 'Where nothing is stored of the URI, the reason is uri-miss.', [
    { request: {}, origin: { headers: FRESH }, expect: { asked: true, cacheStatus: /fwd=uri-miss/ } },
    { request: {}, expect: { asked: false } },
  ]),
  row('vary-miss', '2.2', 'should', 'Where only other variants are stored, the reason is vary-miss.', [
    {
      request: { headers: { 'X-A': '1' } },
      origin: { headers: { ...FRESH, Vary: 'X-A' } },
      expect: { asked: true },
    },
    {
      request: { headers: { 'X-A': '2' } },
      origin: { headers: { ...FRESH, Vary: 'X-A' } },
      expect: { asked: true, cacheStatus: /fwd=vary-miss/ },
    },
  ]),
  row('stale', '2.2', 'must', 'Where what is stored is stale, the reason is stale.', [
    stored,
    { advance: '61s' },
    {
      request: {},
      origin: { headers: FRESH },
      expect: { asked: true, cacheStatus: /^gatewright; fwd=stale/ },
    },
  ]),
  row('stale-no-cache', '2.2', 'own', 'What has to be validated each time counts as stale.', [
    {
      request: {},
      origin: { headers: { 'Cache-Control': 'no-cache', ETag: '"1"' }, body: 'stored' },
      expect: { asked: true },
    },
    {
      request: {},
      origin: { status: 304, headers: { ETag: '"1"', 'Cache-Control': 'no-cache' } },
      expect: { asked: true, status: 200, body: 'stored', cacheStatus: /^gatewright; fwd=stale/ },
    },
  ]),
  ...[
    ['no-cache', 'no-cache'],
    ['max-age', 'max-age=0'],
    ['min-fresh', 'min-fresh=100'],
  ].map(([id, value]) =>
    row(
      `request-${id}`,
      '2.2',
      'must',
      'Where the client wants a fresher response, the reason is request.',
      says(/^gatewright; fwd=request/, {
        request: { headers: { 'Cache-Control': value! } },
        origin: { headers: FRESH },
        expect: { asked: true },
      }),
    ),
  ),
  row(
    'method',
    '2.2',
    'must',
    'Where the method is none for caches, the reason is method.',
    says(/^gatewright; fwd=method(;|$)/, { request: { method: 'POST', body: 'x' }, expect: { asked: true } }),
  ),
  ...[
    ['if-match', { 'If-Match': '"1"' }],
    ['if-unmodified-since', { 'If-Unmodified-Since': at(0) }],
  ].map(([id, headers]) =>
    row(
      `bypass-${id}`,
      '2.2',
      'must',
      'Where the cache was not to look, the reason is bypass.',
      says(/^gatewright; fwd=bypass(;|$)/, {
        request: { headers: headers as Record<string, string> },
        expect: { asked: true },
      }),
    ),
  ),
  row('partial', '2.2', 'must', 'Where only a part of what is asked for is stored, the reason is partial.', [
    {
      request: { headers: { Range: 'bytes=0-1' } },
      origin: { status: 206, headers: { ...FRESH, 'Content-Range': 'bytes 0-1/4' }, body: 'ab' },
      expect: { asked: true },
    },
    {
      request: {},
      origin: [{ status: 206, headers: { ...FRESH, 'Content-Range': 'bytes 2-3/4' }, body: 'cd' }],
      expect: { asked: true, status: 200, body: 'abcd', cacheStatus: /fwd=partial/ },
    },
  ]),
  row(
    'fwd-status',
    '2.3',
    'must',
    'The status of the service is told where it is not the one that is sent.',
    [
      stored,
      { advance: '61s' },
      {
        request: {},
        origin: { status: 304, headers: FRESH },
        expect: { asked: true, status: 200, body: 'stored', cacheStatus: /fwd=stale; fwd-status=304/ },
      },
    ],
  ),
  row(
    'fwd-status-same',
    '2.3',
    'may',
    'The status of the service is left out where it is the one that is sent.',
    [
      {
        request: {},
        origin: { status: 404 },
        expect: { asked: true, status: 404, cacheStatus: /^(?!.*fwd-status)/ },
      },
      { request: {}, expect: { asked: true } },
    ],
  ),
  row(
    'stale-if-error',
    '2.1',
    'must',
    'What answers in place of an error is no hit, since the service was asked.',
    [
      {
        request: {},
        origin: { headers: { 'Cache-Control': 'max-age=10, stale-if-error=60' }, body: 'old' },
        expect: { asked: true },
      },
      { advance: '20s' },
      {
        request: {},
        origin: { status: 503 },
        expect: {
          asked: true,
          status: 200,
          body: 'old',
          cacheStatus: /^gatewright; fwd=stale; fwd-status=503.*; detail=stale-if-error$/,
        },
      },
    ],
  ),
  row(
    'stale-if-unreachable',
    '2.3',
    'must',
    'Where the service answered nothing, there is no status of it.',
    [
      {
        request: {},
        origin: { headers: { 'Cache-Control': 'max-age=10, stale-if-error=60' }, body: 'old' },
        expect: { asked: true },
      },
      { advance: '20s' },
      {
        request: {},
        origin: 'unreachable',
        expect: {
          asked: true,
          status: 200,
          body: 'old',
          cacheStatus: /^(?!.*fwd-status)gatewright; fwd=stale.*; detail=stale-if-error$/,
        },
      },
    ],
  ),
  row('ttl', '2.4', 'should', 'A hit says for how long it is fresh, from now on.', [
    stored,
    { advance: '20s' },
    { request: {}, expect: { asked: false, cacheStatus: /^gatewright; hit; ttl=40(;|$)/ } },
  ]),
  row('ttl-with-age', '2.4', 'must', 'The age that a response came with is taken off.', [
    { request: {}, origin: { headers: { ...FRESH, Age: '15' } }, expect: { asked: true } },
    { advance: '20s' },
    { request: {}, expect: { asked: false, cacheStatus: /; ttl=25(;|$)/ } },
  ]),
  row('ttl-rounded', '2.4', 'own', 'A part of a second is not counted.', [
    stored,
    { advance: '500ms' },
    { request: {}, expect: { asked: false, cacheStatus: /; ttl=59(;|$)/ } },
  ]),
  row('ttl-negative', '2.4', 'must', 'What answers though it is stale has a negative time.', [
    {
      request: {},
      origin: { headers: { 'Cache-Control': 'max-age=10' }, body: 'old' },
      expect: { asked: true },
    },
    { advance: '30s' },
    {
      request: { headers: { 'Cache-Control': 'max-stale' } },
      expect: { asked: false, body: 'old', cacheStatus: /^gatewright; hit; ttl=-20; detail=max-stale$/ },
    },
  ]),
  row('stored', '2.5', 'should', 'What is stored of what was asked for says so.', [
    { request: {}, origin: { headers: FRESH }, expect: { asked: true, cacheStatus: /; stored(;|$)/ } },
    { request: {}, expect: { asked: false } },
  ]),
  ...[
    ['no-store', { 'Cache-Control': 'no-store' }],
    ['private', { 'Cache-Control': 'private' }],
    ['set-cookie', { 'Cache-Control': 'max-age=60', 'Set-Cookie': 'a=1' }],
    ['vary', { 'Cache-Control': 'max-age=60', Vary: '*' }],
  ].map(([why, headers]) =>
    row(
      `not-stored-${why}`,
      '2.5',
      'must',
      'What is not stored does not say that it is; the detail says why.',
      [
        {
          request: {},
          origin: { headers: headers as Record<string, string> },
          expect: { asked: true, cacheStatus: new RegExp(`^(?!.*stored).*; detail=${why as string}$`) },
        },
        { request: {}, expect: { asked: true } },
      ],
    ),
  ),
  row('collapsed', '2.6', 'should', 'Who has waited for the answer to another request is told so.', [
    {
      together: [
        { request: {}, expect: { cacheStatus: /^(?!.*collapsed)/ } },
        { request: {}, expect: { cacheStatus: /; collapsed(;|$)/ } },
      ],
      origin: { headers: FRESH, delayMs: 100 },
      asked: 1,
    },
    { request: {}, expect: { asked: false, cacheStatus: /^(?!.*collapsed)/ } },
  ]),
  row('no-key', '2.7', 'own', 'The key is nobody else’s affair, and is not told.', [
    stored,
    { request: {}, expect: { asked: false, cacheStatus: /^(?!.*key)/ } },
  ]),
  row('detail-stale', '2.8', 'may', 'The detail says by what right a stale response answers.', [
    {
      request: {},
      origin: { headers: { 'Cache-Control': 'max-age=10, stale-while-revalidate=60' }, body: 'old' },
      expect: { asked: true },
    },
    { advance: '20s' },
    { request: {}, expect: { asked: true, body: 'old', cacheStatus: /; detail=stale-while-revalidate$/ } },
  ]),
  row(
    'name-token',
    '2',
    'must',
    'A name that is a token is written as one.',
    [
      {
        request: {},
        origin: { headers: FRESH },
        expect: { asked: true, cacheStatus: /^edge-1\.example; fwd=/ },
      },
      { request: {}, expect: { asked: false } },
    ],
    { options: { name: 'edge-1.example' } },
  ),
  row(
    'name-string',
    '2',
    'must',
    'A name that is no token is written as a string.',
    [
      {
        request: {},
        origin: { headers: FRESH },
        expect: { asked: true, cacheStatus: /^"my \\"edge\\""; fwd=/ },
      },
      { request: {}, expect: { asked: false } },
    ],
    { options: { name: 'my "edge"' } },
  ),
  row('behind-others', '2', 'must', 'A cache adds itself behind those that are nearer to the service.', [
    {
      request: {},
      origin: { headers: { ...FRESH, 'Cache-Status': 'shield; hit; ttl=5' } },
      expect: { asked: true, cacheStatus: /^shield; hit; ttl=5, gatewright; fwd=/ },
    },
    { request: {}, expect: { asked: false } },
  ]),
  row(
    'behind-others-on-hit',
    '2',
    'must',
    'On a hit the stored list stays, and the cache adds itself once.',
    [
      {
        request: {},
        origin: { headers: { ...FRESH, 'Cache-Status': ['origin; fwd=miss', 'shield; hit'] } },
        expect: { asked: true },
      },
      ...[1, 2].map(
        (): Step => ({
          request: {},
          expect: { asked: false, cacheStatus: /^origin; fwd=miss, shield; hit, gatewright; hit; ttl=60$/ },
        }),
      ),
    ],
  ),
  row('behind-others-when-passed', '2', 'must', 'What is passed on keeps the list of the other caches.', [
    {
      request: { method: 'POST', body: 'x' },
      origin: { headers: { 'Cache-Status': 'shield; fwd=method' } },
      expect: { asked: true, cacheStatus: /^shield; fwd=method, gatewright; fwd=method$/ },
    },
  ]),
  row(
    'by-304',
    '2',
    'must',
    'After a validation the list is that of the 304, not of the response that was stored before.',
    [
      {
        request: {},
        origin: { headers: { ...FRESH, 'Cache-Status': 'shield; fwd=miss' }, body: 'stored' },
        expect: { asked: true },
      },
      { advance: '61s' },
      {
        request: {},
        origin: { status: 304, headers: { ...FRESH, 'Cache-Status': 'shield; hit' } },
        expect: {
          asked: true,
          status: 200,
          body: 'stored',
          cacheStatus: /^shield; hit, gatewright; fwd=stale/,
        },
      },
    ],
  ),
  row('on-304', '2', 'own', 'A 304 of the cache’s own has it too.', [
    stored,
    {
      request: { headers: { 'If-None-Match': '"1"' } },
      expect: { asked: false, status: 304, body: '', cacheStatus: /^gatewright; hit/ },
    },
  ]),
  row('on-206', '2', 'own', 'A 206 of the cache’s own has it too.', [
    stored,
    {
      request: { headers: { Range: 'bytes=0-1' } },
      expect: { asked: false, status: 206, body: 'st', cacheStatus: /^gatewright; hit/ },
    },
  ]),
  row('on-416', '2', 'own', 'A 416 of the cache’s own has it too.', [
    stored,
    {
      request: { headers: { Range: 'bytes=100-' } },
      expect: { asked: false, status: 416, body: '', cacheStatus: /^gatewright; hit/ },
    },
  ]),
  row('on-head', '2', 'own', 'An answer to HEAD has it too.', [
    stored,
    { request: { method: 'HEAD' }, expect: { asked: false, cacheStatus: /^gatewright; hit/ } },
  ]),
  row(
    'on-504',
    '2',
    'should',
    'The 504 for those who want a stored response or none says that the cache has made it.',
    [
      {
        request: { headers: { 'Cache-Control': 'only-if-cached' } },
        expect: { asked: false, status: 504, body: /./, cacheStatus: 'gatewright; detail=only-if-cached' },
      },
    ],
  ),
  row('on-502', '2', 'should', 'An error of the proxy on the way to the service says that it was asked.', [
    {
      request: {},
      origin: 'unreachable',
      expect: { asked: true, status: 502, cacheStatus: /^gatewright; fwd=(uri-)?miss/ },
    },
  ]),
  row(
    'on-502-of-post',
    '2',
    'should',
    'An error of the proxy in answer to another method says why it went past the cache.',
    [
      {
        request: { method: 'POST', body: 'x' },
        origin: 'unreachable',
        expect: { asked: true, status: 502, cacheStatus: /^gatewright; fwd=method/ },
      },
    ],
  ),
  row('on-error-of-service', '2', 'own', 'An error of the service has it too.', [
    {
      request: {},
      origin: { status: 500 },
      expect: { asked: true, status: 500, cacheStatus: /^gatewright; fwd=/ },
    },
  ]),

  // Those who want a stored response or none.
  {
    id: 'only-if-cached-fresh',
    rfc: '9111 5.2.1.7',
    requires: 'Who wants a stored response or none gets the stored one.',
    level: 'should',
    steps: [
      stored,
      {
        request: { headers: { 'Cache-Control': 'only-if-cached' } },
        expect: { asked: false, body: 'stored' },
      },
    ],
  },
  {
    id: 'only-if-cached-nothing',
    rfc: '9111 5.2.1.7',
    requires: 'Who wants a stored response or none gets 504 where nothing is stored.',
    level: 'should',
    steps: [
      {
        request: { headers: { 'Cache-Control': 'only-if-cached' } },
        expect: { asked: false, status: 504, body: /./ },
      },
    ],
  },
  {
    id: 'only-if-cached-to-be-validated',
    rfc: '9111 5.2.1.7',
    requires: 'Who wants a stored response or none gets 504 where the stored one has to be validated.',
    level: 'should',
    steps: [
      stored,
      { advance: '61s' },
      {
        request: { headers: { 'Cache-Control': 'only-if-cached' } },
        expect: { asked: false, status: 504, body: /./ },
      },
    ],
  },
  {
    id: 'only-if-cached-while-stale',
    rfc: '9111 5.2.1.7',
    requires: 'Who wants a stored response or none gets one that may be used stale.',
    level: 'should',
    steps: [
      stored,
      { advance: '61s' },
      {
        request: { headers: { 'Cache-Control': 'only-if-cached, max-stale' } },
        expect: { asked: false, status: 200, body: 'stored' },
      },
    ],
  },
  {
    id: 'only-if-cached-other-variant',
    rfc: '9111 5.2.1.7',
    requires: 'Who wants a stored response or none gets 504 where only other variants are stored.',
    level: 'should',
    steps: [
      {
        request: { headers: { 'X-A': '1' } },
        origin: { headers: { ...FRESH, Vary: 'X-A' } },
        expect: { asked: true },
      },
      {
        request: { headers: { 'X-A': '2', 'Cache-Control': 'only-if-cached' } },
        expect: { asked: false, status: 504, body: /./ },
      },
    ],
  },
]
