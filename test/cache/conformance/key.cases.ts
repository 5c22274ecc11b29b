import type { CacheCase, CaseRequest } from './case.ts'

const one = { headers: { 'Cache-Control': 'max-age=60' }, body: 'one' }
const two = { headers: { 'Cache-Control': 'max-age=60' }, body: 'two' }

/** Two requests that mean different things: the second is asked for, and the first is still there afterwards. */
function apart(first: CaseRequest, second: CaseRequest): CacheCase['steps'] {
  return [
    { request: first, origin: one, expect: { asked: true, body: 'one' } },
    { request: second, origin: two, expect: { asked: true, body: 'two' } },
    { request: first, expect: { asked: false, body: 'one' } },
    { request: second, expect: { asked: false, body: 'two' } },
  ]
}

/** Two requests that mean the same. */
function same(first: CaseRequest, second: CaseRequest): CacheCase['steps'] {
  return [
    { request: first, origin: one, expect: { asked: true, body: 'one' } },
    { request: second, origin: two, expect: { asked: false, body: 'one' } },
  ]
}

export const cases: readonly CacheCase[] = [
  {
    id: 'key-same-uri',
    rfc: '9111 2',
    requires: 'A stored response answers a later request for the same URI.',
    level: 'may',
    steps: same({ path: '/a?x=1' }, { path: '/a?x=1' }),
  },
  {
    id: 'key-path',
    rfc: '9111 2',
    requires: 'The path is part of the key.',
    level: 'must',
    steps: apart({ path: '/a' }, { path: '/b' }),
  },
  {
    id: 'key-path-case',
    rfc: '9110 4.2.3',
    requires: 'Paths are compared with case.',
    level: 'must',
    steps: apart({ path: '/a' }, { path: '/A' }),
  },
  {
    id: 'key-path-slash',
    rfc: '9110 4.2.3',
    requires: 'A path with a slash at its end is another one.',
    level: 'must',
    steps: apart({ path: '/a' }, { path: '/a/' }),
  },
  {
    id: 'key-query',
    rfc: '9111 2',
    requires: 'The query is part of the key.',
    level: 'must',
    steps: apart({ path: '/a?x=1' }, { path: '/a?x=2' }),
  },
  {
    id: 'key-query-absent',
    rfc: '9111 2',
    requires: 'A URI with a query is another one than that without.',
    level: 'must',
    steps: apart({ path: '/a' }, { path: '/a?x=1' }),
  },
  {
    id: 'key-query-empty',
    rfc: '9110 4.2.3',
    requires: 'An empty query is something else than none.',
    level: 'must',
    steps: apart({ path: '/a' }, { path: '/a?' }),
  },
  {
    id: 'key-query-order',
    rfc: '9110 4.2.3',
    requires: 'The order of the parts of a query counts.',
    level: 'must',
    steps: apart({ path: '/a?x=1&y=2' }, { path: '/a?y=2&x=1' }),
  },
  {
    id: 'key-host',
    rfc: '9111 4',
    requires: 'The host is part of the key.',
    level: 'must',
    steps: apart({ host: 'one.example' }, { host: 'two.example' }),
  },
  {
    id: 'key-host-case',
    rfc: '9110 4.2.3',
    requires: 'Hosts are compared without case.',
    level: 'may',
    steps: same({ host: 'one.example' }, { host: 'ONE.example' }),
  },
  {
    id: 'key-host-port',
    rfc: '9111 4',
    requires: 'The port is part of the key.',
    level: 'must',
    steps: apart({ host: 'one.example:8080' }, { host: 'one.example:8081' }),
  },
  {
    id: 'key-host-default-port',
    rfc: '9110 4.2.3',
    requires: 'The port that the scheme has anyway means the same as none.',
    level: 'may',
    steps: same({ host: 'one.example' }, { host: 'one.example:80' }),
  },
  {
    id: 'key-host-port-of-other-scheme',
    rfc: '9110 4.2.3',
    requires: 'The port of another scheme is a port of its own.',
    level: 'must',
    steps: apart({ host: 'one.example' }, { host: 'one.example:443' }),
  },
  {
    id: 'key-scheme',
    rfc: '9111 4',
    requires: 'The scheme is part of the key.',
    level: 'must',
    steps: apart({ host: 'one.example' }, { host: 'one.example', scheme: 'https' }),
  },
  {
    id: 'key-scheme-default-port',
    rfc: '9110 4.2.3',
    requires: 'The port that the scheme has anyway means the same as none.',
    level: 'may',
    steps: same({ host: 'one.example', scheme: 'https' }, { host: 'one.example:443', scheme: 'https' }),
  },
  {
    id: 'key-method',
    rfc: '9111 4',
    requires: 'A stored response to GET does not answer another method.',
    level: 'must',
    steps: [
      { request: {}, origin: one, expect: { asked: true } },
      { request: { method: 'OPTIONS' }, origin: two, expect: { asked: true, body: 'two' } },
      { request: {}, expect: { asked: false, body: 'one' } },
    ],
  },
  {
    id: 'key-glue',
    rfc: '9111 2',
    requires: 'Hosts and paths that would be the same text when glued together are apart.',
    level: 'own',
    steps: apart({ host: 'one.example:80', path: '/80/a' }, { host: 'one.example:8080', path: '/a' }),
  },
  {
    id: 'key-further-part',
    rfc: '9111 2',
    requires: 'The operator may add parts to the key.',
    level: 'may',
    options: { key: (exchange) => exchange.request.headers.get('x-tenant') ?? '' },
    steps: apart({ headers: { 'X-Tenant': 'one' } }, { headers: { 'X-Tenant': 'two' } }),
  },
  {
    id: 'key-further-parts-glue',
    rfc: '9111 2',
    requires: 'Further parts of the key that would be the same text when glued together are apart.',
    level: 'own',
    options: { key: ({ request: { headers } }) => [headers.get('x-a') ?? '', headers.get('x-b') ?? ''] },
    steps: apart({ headers: { 'X-A': '1', 'X-B': '23' } }, { headers: { 'X-A': '12', 'X-B': '3' } }),
  },
]
