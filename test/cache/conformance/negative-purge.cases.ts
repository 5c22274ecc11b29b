import type { CacheCase, CaseOptions, CaseRequest, Expected, Fields, Step } from './case.ts'

const NOTHING: Expected = { status: 404, body: 'nothing' }
const nothing = (asked: boolean, headers: Fields = {}): Step => ({
  request: {},
  origin: { status: 404, headers, body: 'nothing' },
  expect: { asked, ...NOTHING },
})

const negative = (
  id: string,
  rfc: string,
  level: CacheCase['level'],
  requires: string,
  steps: CacheCase['steps'],
  options: CaseOptions = { defaultLifetimes: { 404: '10s', 503: '5s' } },
): CacheCase => ({ id: `negative-${id}`, rfc, requires, level, steps, options })

const HOST = 'one.example'

const ask = (asked: boolean, request: CaseRequest = {}, headers: Fields = {}): Step => ({
  request: { host: HOST, ...request },
  origin: { headers: { 'Cache-Control': 'max-age=600', ETag: '"1"', ...headers } },
  expect: { asked },
})
const kept = (request: CaseRequest, body: string): Step => ({
  request: { host: HOST, ...request },
  expect: { asked: false, status: 200, body },
})

const purge = (
  id: string,
  requires: string,
  steps: CacheCase['steps'],
  level: CacheCase['level'] = 'own',
): CacheCase => ({ id: `purge-${id}`, rfc: '9111 4.4', requires, level, until: 'purge', steps })

const URL_A = { url: `http://${HOST}/a` }
const windows = { 'Cache-Control': 'max-age=600, stale-while-revalidate=600, stale-if-error=600' }

export const cases: readonly CacheCase[] = [
  negative(
    'stored',
    '9111 4.2.2',
    'may',
    'A response that names no lifetime gets that of the option for its status.',
    [nothing(true), { advance: '9s' }, nothing(false)],
  ),
  negative('ends', '9111 4.2', 'must', 'The lifetime of the option ends like any other.', [
    nothing(true),
    { advance: '10s' },
    nothing(true),
  ]),
  negative('other-status', '9111 4.2.2', 'own', 'Each status has a lifetime of its own.', [
    { request: {}, origin: { status: 503, body: 'down' }, expect: { asked: true, status: 503 } },
    { advance: '4s' },
    { request: {}, expect: { asked: false, status: 503, body: 'down' } },
    { advance: '1s' },
    { request: {}, expect: { asked: true } },
  ]),
  negative('status-without', '9111 4.2.2', 'own', 'A status that the option does not name has none.', [
    { request: {}, origin: { status: 502, body: 'down' }, expect: { asked: true, status: 502 } },
    { request: {}, expect: { asked: true } },
  ]),
  negative('named-longer', '9111 4.2.1', 'must', 'A lifetime that the response names goes before.', [
    nothing(true, { 'Cache-Control': 'max-age=60' }),
    { advance: '59s' },
    nothing(false),
  ]),
  negative(
    'named-shorter',
    '9111 4.2.1',
    'must',
    'A shorter lifetime that the response names goes before too.',
    [nothing(true, { 'Cache-Control': 'max-age=1' }), { advance: '2s' }, nothing(true)],
  ),
  negative('invalid-expires', '9111 5.3', 'must', 'An Expires that cannot be read names a lifetime: none.', [
    nothing(true, { Expires: '0' }),
    nothing(true),
  ]),
  negative(
    'no-store',
    '9111 5.2.2.5',
    'must',
    'What must not be stored is not stored for the sake of an option.',
    [nothing(true, { 'Cache-Control': 'no-store' }), nothing(true)],
  ),
  negative('private', '9111 5.2.2.7', 'must', 'What is private is not stored for the sake of an option.', [
    nothing(true, { 'Cache-Control': 'private' }),
    nothing(true),
  ]),
  negative('cookie', '9111 3', 'own', 'What has a cookie is not stored for the sake of an option.', [
    nothing(true, { 'Set-Cookie': 'a=1' }),
    nothing(true),
  ]),
  negative(
    'age',
    '9111 4.2.3',
    'must',
    'The age that a response came with is taken off the lifetime of the option.',
    [nothing(true, { Age: '8' }), { advance: '2s' }, nothing(true)],
  ),
  negative('authorization', '9111 3.5', 'must', 'An answer to someone who is logged in is for nobody else.', [
    {
      request: { headers: { Authorization: 'Bearer x' } },
      origin: { status: 404, body: 'not for you' },
      expect: { asked: true, status: 404 },
    },
    nothing(true),
  ]),
  negative(
    'success',
    '9111 4.2.2',
    'own',
    'The option is for successes too.',
    [
      { request: {}, origin: { body: 'it' }, expect: { asked: true } },
      { advance: '59s' },
      { request: {}, expect: { asked: false, body: 'it' } },
      { advance: '1s' },
      { request: {}, expect: { asked: true } },
    ],
    { defaultLifetimes: { 200: '1m' } },
  ),
  negative(
    'off',
    '9111 4.2.2',
    'own',
    'Without the option, a 404 that names no lifetime is asked for each time.',
    [nothing(true), nothing(true)],
    {},
  ),
  negative(
    'unsafe-ends-it',
    '9111 4.4',
    'must',
    'What is stored of what is not there ends when it is made.',
    [
      nothing(true),
      {
        request: { method: 'PUT', body: 'x' },
        origin: { status: 201 },
        expect: { asked: true, status: 201 },
      },
      { request: {}, origin: { body: 'it' }, expect: { asked: true, status: 200, body: 'it' } },
    ],
  ),

  purge('url', 'A purge of a URL has it asked for again.', [
    ask(true),
    ask(false),
    { purge: URL_A },
    { ...ask(true), expect: { asked: { headers: { 'If-None-Match': null } } } } as Step,
    ask(false),
  ]),
  purge('url-other-stays', 'A purge of a URL leaves the others.', [
    ask(true, { path: '/b' }),
    { purge: URL_A },
    kept({ path: '/b' }, 'answer 1'),
  ]),
  purge('url-query', 'The query is a part of the URL.', [
    ask(true, { path: '/a?x=1' }),
    { purge: URL_A },
    kept({ path: '/a?x=1' }, 'answer 1'),
    { purge: { url: `http://${HOST}/a?x=1` } },
    ask(true, { path: '/a?x=1' }),
  ]),
  purge('url-host', 'The host is a part of the URL.', [
    ask(true, { host: 'two.example' }),
    { purge: URL_A },
    kept({ host: 'two.example' }, 'answer 1'),
  ]),
  purge('url-otherwise-written', 'Hosts are compared without case, and with the port that the scheme has.', [
    ask(true),
    { purge: { url: 'http://One.Example:80/a' } },
    ask(true),
  ]),
  purge('url-variants', 'A purge of a URL is one of all its variants.', [
    ...['1', '2'].map((value) => ask(true, { headers: { 'X-A': value } }, { Vary: 'X-A' })),
    { purge: URL_A },
    ...['1', '2'].map((value) => ask(true, { headers: { 'X-A': value } }, { Vary: 'X-A' })),
  ]),
  ...[
    ['surrogate-key', { 'Surrogate-Key': 'news product-7' }],
    ['cache-tag', { 'Cache-Tag': 'news,product-7' }],
    ['cache-tag-with-spaces', { 'Cache-Tag': 'news, product-7' }],
    ['cache-tag-lines', { 'Cache-Tag': ['news', 'product-7'] }],
  ].map(([id, headers]) =>
    purge(`tag-${id as string}`, 'A purge of a tag is one of all responses that have it.', [
      ask(true, {}, headers as Fields),
      ask(true, { path: '/b' }, headers as Fields),
      ask(true, { path: '/c' }, { 'Cache-Tag': 'news', 'Surrogate-Key': 'news' }),
      { purge: { tag: 'product-7' } },
      ask(true, {}, headers as Fields),
      ask(true, { path: '/b' }, headers as Fields),
      { request: { host: HOST, path: '/c' }, expect: { asked: false, status: 200, body: 'answer 3' } },
    ]),
  ),
  purge('tags', 'Several tags are purged at once.', [
    ask(true, {}, { 'Cache-Tag': 'one' }),
    ask(true, { path: '/b' }, { 'Cache-Tag': 'two' }),
    ask(true, { path: '/c' }, { 'Cache-Tag': 'three' }),
    { purge: { tags: ['one', 'two'] } },
    ask(true),
    ask(true, { path: '/b' }),
    { request: { host: HOST, path: '/c' }, expect: { asked: false, status: 200, body: 'answer 3' } },
  ]),
  purge('tag-of-earlier-response', 'A response that has the tag no longer stays.', [
    ask(true, {}, { 'Cache-Tag': 'one', 'Cache-Control': 'max-age=10' }),
    { advance: '20s' },
    ask(true, {}, { 'Cache-Tag': 'two' }),
    { purge: { tag: 'one' } },
    kept({}, 'answer 2'),
  ]),
  purge('tag-then-new', 'What comes after a purge is stored, though it has the tag.', [
    ask(true, {}, { 'Cache-Tag': 'one' }),
    { purge: { tag: 'one' } },
    ask(true, {}, { 'Cache-Tag': 'one' }),
    kept({}, 'answer 2'),
  ]),
  purge('pattern-path', 'A purge of a pattern is one of all URLs that fit.', [
    ask(true, { path: '/images/a' }),
    ask(true, { path: '/images/deep/b?x=1' }),
    ask(true, { path: '/other' }),
    { purge: { pattern: { path: '/images/*' } } },
    ask(true, { path: '/images/a' }),
    ask(true, { path: '/images/deep/b?x=1' }),
    { request: { host: HOST, path: '/other' }, expect: { asked: false, status: 200, body: 'answer 3' } },
  ]),
  purge('pattern-host', 'A pattern may be of hosts.', [
    ask(true, { host: 'a.two.example' }),
    ask(true),
    { purge: { pattern: { host: '*.two.example', path: '/*' } } },
    ask(true, { host: 'a.two.example' }),
    { request: { host: HOST }, expect: { asked: false, status: 200, body: 'answer 2' } },
  ]),
  purge('everything', 'A purge of everything leaves nothing.', [
    ask(true),
    ask(true, { path: '/b', host: 'two.example' }),
    { purge: { everything: true } },
    ask(true),
    ask(true, { path: '/b', host: 'two.example' }),
  ]),
  purge('soft', 'A soft purge has the response validated.', [
    ask(true),
    { purge: URL_A, soft: true },
    {
      request: { host: HOST },
      origin: { status: 304, headers: { 'Cache-Control': 'max-age=600', ETag: '"1"' } },
      expect: { asked: { headers: { 'If-None-Match': '"1"' } }, status: 200, body: 'answer 1' },
    },
    { request: { host: HOST }, expect: { asked: false, status: 200, body: 'answer 1' } },
  ]),
  purge('soft-tag', 'A soft purge of a tag has all responses with it validated.', [
    ask(true, {}, { 'Cache-Tag': 'one' }),
    { purge: { tag: 'one' }, soft: true },
    {
      request: { host: HOST },
      origin: { status: 304, headers: { ETag: '"1"' } },
      expect: { asked: { headers: { 'If-None-Match': '"1"' } }, status: 200, body: 'answer 1' },
    },
  ]),
  purge(
    'soft-while-revalidate',
    'After a soft purge the window of stale-while-revalidate counts from the purge on.',
    [
      ask(true, {}, windows),
      { purge: URL_A, soft: true },
      {
        request: { host: HOST },
        origin: { headers: { 'Cache-Control': 'max-age=600' }, body: 'new' },
        expect: { asked: true, status: 200, body: 'answer 1' },
      },
      { request: { host: HOST }, expect: { asked: false, status: 200, body: 'new' } },
    ],
  ),
  purge('soft-if-error', 'After a soft purge the response may stand in for an error.', [
    ask(true, {}, { 'Cache-Control': 'max-age=600, stale-if-error=600' }),
    { purge: URL_A, soft: true },
    {
      request: { host: HOST },
      origin: { status: 503 },
      expect: { asked: true, status: 200, body: 'answer 1' },
    },
  ]),
  purge('hard-no-window', 'After a hard purge no window counts.', [
    ask(true, {}, windows),
    { purge: URL_A },
    { request: { host: HOST }, origin: { status: 503 }, expect: { asked: true, status: 503 } },
  ]),
]
