import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemClock } from './clock.ts'
import { type Client, Exchange } from './exchange.ts'
import { HeaderList, type HeadersInit } from './headers.ts'
import { all, any, type Match, type MatchObject, not, within } from './match.ts'
import { RequestMessage } from './message.ts'
import { normalizePath } from './path.ts'
import { systemRandom } from './random.ts'
import { compileRoutes, type RouterOptions } from './router.ts'
import { handlersBeside } from './side-call.ts'

const CLIENT: Client = {
  address: '192.0.2.1',
  port: 5000,
  peer: { address: '192.0.2.1', port: 5000 },
  peerTrusted: false,
  scheme: 'http',
  localPort: 80,
  tls: undefined,
  forwarding: { forwardedFor: undefined, forwarded: undefined, host: undefined, port: undefined },
}

/** `GET http://host/path`, of which all but the path may be left out. */
function exchange(text: string, headers?: HeadersInit): Exchange {
  const [, method = 'GET', scheme = 'http', host = 'localhost', target = '/'] =
    /^(?:([A-Z]+) )?(?:(https?):\/\/([^/]*))?(.*)$/.exec(text)!
  const request = new RequestMessage({
    method,
    host,
    target,
    scheme: scheme as 'http' | 'https',
    headers: HeaderList.from(headers),
  })
  return new Exchange(
    request,
    CLIENT,
    {
      clock: systemClock,
      random: systemRandom,
      beside: handlersBeside,
      inform: () => {},
      makeId: () => 'id',
      aborted: () => {},
      report: () => {},
    },
    0,
  )
}

function routerOf(matches: readonly Match[], options?: RouterOptions) {
  return compileRoutes(
    matches.map((match, i) => ({ match, value: i })),
    options,
  )
}

/** The number of the route that is found; else what the look-up ended with. */
function found(matches: readonly Match[], text: string, headers?: HeadersInit, options?: RouterOptions) {
  const lookup = routerOf(matches, options).find(exchange(text, headers))
  if (lookup.kind === 'found') return lookup.value
  return lookup.kind === 'method-not-allowed' ? lookup.allow : lookup.kind
}

function paramsOf(match: Match, text: string, options?: RouterOptions) {
  const lookup = routerOf([match], options).find(exchange(text))
  return lookup.kind === 'found' ? { ...lookup.params } : lookup.kind
}

describe('a match', () => {
  it.each<[match: Match, request: string, matches: boolean]>([
    // A prefix by segment.
    ['/api', '/api', true],
    ['/api', '/api/', true],
    ['/api', '/api/x', true],
    ['/api', '/api/x/y', true],
    ['/api', '/apix', false],
    ['/api', '/ap', false],
    ['/api', '/', false],
    ['/api', '/x/api', false],
    ['/api', '/API', false],
    ['/api', '/api?x=1', true],
    ['/api', '/api;v=1', false],
    ['/api/', '/api', true],
    ['/api/', '/api/x', true],
    ['/', '/', true],
    ['/', '/x', true],
    ['/', 'OPTIONS *', true],
    ['/a/b', '/a/b/c', true],
    ['/a/b', '/a/bc', false],
    ['/a/b', '/a', false],
    // Exact.
    [{ path: '/api', exact: true }, '/api', true],
    [{ path: '/api', exact: true }, '/api?x', true],
    [{ path: '/api', exact: true }, '/api/', false],
    [{ path: '/api', exact: true }, '/api/x', false],
    [{ path: '/api/', exact: true }, '/api/', true],
    [{ path: '/api/', exact: true }, '/api', false],
    [{ path: '/', exact: true }, '/', true],
    [{ path: '/', exact: true }, '/x', false],
    [{ path: '/', exact: true }, 'OPTIONS *', false],
    [{ path: '/u/:id', exact: true }, '/u/7', true],
    [{ path: '/u/:id', exact: true }, '/u/7/', false],
    [{ path: '/u/:id/', exact: true }, '/u/7/', true],
    [{ path: '/u/:id', exact: true }, '/u/7/x', false],
    // Parameters and wildcards.
    ['/users/:id', '/users/7', true],
    ['/users/:id', '/users/7/posts', true],
    ['/users/:id', '/users/', false],
    ['/users/:id', '/users', false],
    // Not normalized, as a filter may leave it.
    ['/users/:id/posts', '/users//posts', false],
    ['/users/:id/posts', '/users/7/posts/1', true],
    ['/users/:id/posts', '/users/7/post', false],
    ['/users/:id/posts', '/users/7/postsx', false],
    ['/:a/:b', '/x/y', true],
    ['/:a/:b', '/x/', false],
    ['/files/*', '/files/a', true],
    ['/files/*', '/files/a/b', true],
    ['/files/*', '/files/', false],
    ['/files/*', '/files', false],
    ['/*', '/x', true],
    ['/*', '/', false],
    ['/v1/users:batch', '/v1/users:batch', true],
    // Encodings that mean the same.
    ['/@me', '/%40me', true],
    ['/%40me', '/@me', true],
    ['/a b', '/a%20b', true],
    ['/café', '/caf%C3%A9', true],
    ['/%61b', '/ab', true],
    ['/%3Aid', '/:id', true],
    ['/a%2Fb', '/a%2Fb', true],
    ['/a%2fb', '/a/b', false],
    ['/a/b', '/a%2Fb', false],
    // Methods.
    ['GET /x', 'GET /x', true],
    ['GET /x', 'HEAD /x', true],
    ['HEAD /x', 'GET /x', false],
    ['get /x', 'GET /x', true],
    ['POST /x', 'GET /x', false],
    [{ methods: ['PUT', 'post'] }, 'POST /x', true],
    [{ methods: ['PUT', 'post'] }, 'OPTIONS *', false],
    // Hosts.
    ['api.example.com/', 'http://api.example.com/x', true],
    ['api.example.com/', 'http://api.example.com./x', true],
    ['api.example.com/', 'http://api.example.com:8080/x', true],
    ['API.Example.com/', 'http://api.example.com/x', true],
    ['api.example.com/', 'http://example.com/x', false],
    ['api.example.com/', 'http://x.api.example.com/x', false],
    ['GET api.example.com/users/:id', 'http://api.example.com/users/7', true],
    ['api.example.com:8080/', 'http://api.example.com:8080/', true],
    ['api.example.com:8080/', 'http://api.example.com/', false],
    ['api.example.com:80/', 'http://api.example.com/', true],
    ['api.example.com:443/', 'https://api.example.com/', true],
    ['api.example.com:443/', 'http://api.example.com/', false],
    ['*.example.com/', 'http://a.example.com/', true],
    ['*.example.com/', 'http://a.b.example.com:81/', true],
    ['*.example.com/', 'http://example.com/', false],
    ['*.example.com/', 'http://.example.com/', false],
    ['*.example.com/', 'http://aexample.com/', false],
    ['*.example.com/', 'http://a.example.com.evil.org/', false],
    ['*.example.com:8080/', 'http://a.example.com:8080/', true],
    ['*.example.com:8080/', 'http://a.example.com/', false],
    [{ host: 'localhost' }, 'http://localhost:3000/', true],
    ['localhost/x', 'http://localhost:3000/x', true],
    [{ host: '[::1]' }, 'http://[::1]:8080/', true],
    [{ host: '[::1]:8080' }, 'http://[::1]:8080/', true],
    [{ host: '[::1]:8080' }, 'http://[::1]/', false],
    [{ host: '127.0.0.1' }, 'http://127.0.0.1/', true],
    [{ host: 'a.b' }, 'http:///', false],
    // Query.
    [{ query: { v: '2' } }, '/x?v=2', true],
    [{ query: { v: '2' } }, '/x?a=1&v=2', true],
    [{ query: { v: '2' } }, '/x?v=1&v=2', true],
    [{ query: { v: '2' } }, '/x?v=22', false],
    [{ query: { v: '2' } }, '/x?vv=2', false],
    [{ query: { v: '2' } }, '/x', false],
    [{ query: { v: true } }, '/x?v', true],
    [{ query: { v: true } }, '/x?v=', true],
    [{ query: { v: '' } }, '/x?v', true],
    [{ query: { 'a b': 'c d' } }, '/x?a+b=c%20d', true],
    [{ query: { v: /^\d+$/ } }, '/x?v=17', true],
    [{ query: { v: /^\d+$/ } }, '/x?v=x', false],
    [{ query: { v: '1=2' } }, '/x?v=1=2', true],
    [{ query: { v: '%E9' } }, '/x?v=%E9', true],
    // Combinations.
    [all('/api', { methods: ['GET'] }), '/api/x', true],
    [all('/api', { methods: ['GET'] }), '/x', false],
    [all('/api', not('/api/internal')), '/api/x', true],
    [all('/api', not('/api/internal')), '/api/internal/x', false],
    [any('/a', '/b'), '/b/x', true],
    [any('/a', '/b'), '/c', false],
    [all(any('/a', '/b'), any({ host: 'x.y' }, { host: 'z.y' })), 'http://z.y/a', true],
    [all(any('/a', '/b'), any({ host: 'x.y' }, { host: 'z.y' })), 'http://a.y/a', false],
    [not('GET /x'), 'POST /x', true],
    [not('GET /x'), 'GET /x', false],
    [not(any('/a', '/b')), '/b', false],
    [not(not('/a')), '/a', true],
    [not({ host: '*.example.com' }), 'http://a.example.com/', false],
    [not({ path: '/u/:id', exact: true }), '/u/7', false],
    [not({ path: '/u/:id', exact: true }), '/u/7/x', true],
    [not('/f/*'), '/f/x', false],
    [not('/f/*'), '/f/', true],
    [(request) => request.query === 'yes', '/x?yes', true],
    [(_, client) => client.address === '192.0.2.2', '/x', false],
    [within('/api', '/users/:id'), '/api/users/7', true],
    [within('/api', '/users/:id'), '/users/7', false],
    [within('/api', { query: { v: '1' } }), '/api/x?v=1', true],
    [within('/api', { query: { v: '1' } }), '/x?v=1', false],
    [within('/api', not('/in')), '/api/in/x', false],
    [within('/api', not('/in')), '/api/out', true],
    [within('a.b/v1', any('GET /x', '/y')), 'http://a.b/v1/x', true],
    [within('a.b/v1', any('GET /x', '/y')), 'http://c.b/v1/x', false],
    [within('/a', within('/b', '/c')), '/a/b/c', true],
    [within('/a', { path: '/', exact: true }), '/a', true],
    [within('/a', { path: '/', exact: true }), '/a/b', false],
  ])('%j of %s: %s', (match, request, matches) => {
    const lookup = routerOf([match]).find(exchange(request))
    expect(lookup.kind === 'found').toBe(matches)
  })

  it.each<[match: MatchObject, headers: HeadersInit, matches: boolean]>([
    [{ headers: { 'X-Version': '2' } }, { 'x-version': '2' }, true],
    [{ headers: { 'x-version': '2' } }, { 'X-VERSION': '1' }, false],
    [{ headers: { 'x-version': '2' } }, { 'x-version': ['1', '2'] }, true],
    [{ headers: { 'x-version': true } }, { 'x-version': '' }, true],
    [{ headers: { 'x-version': true } }, {}, false],
    [{ headers: { accept: /json/ } }, { accept: 'application/json' }, true],
    [{ cookies: { beta: '1' } }, { cookie: 'a=b; beta=1' }, true],
    [{ cookies: { beta: '1' } }, { cookie: 'a=b;beta="1"' }, true],
    [{ cookies: { beta: '1' } }, { cookie: 'xbeta=1' }, false],
    [{ cookies: { beta: '1' } }, { cookie: ['a=b', 'beta=0; beta=1'] }, true],
    [{ cookies: { beta: true } }, { cookie: 'beta' }, true],
    [{ cookies: { beta: '1' } }, {}, false],
    [{ headers: { a: '1', b: '2' } }, { a: '1' }, false],
    [{ headers: { a: '1', b: '2' } }, { a: '1', b: '2' }, true],
  ])('%j of %j: %s', (match, headers, matches) => {
    expect(found([match], '/', headers)).toBe(matches ? 0 : 'not-found')
  })

  it('with a global expression does not remember the last value', () => {
    const router = routerOf([{ query: { v: /a/g } }])
    for (let i = 0; i < 3; i++) expect(router.find(exchange('/?v=a')).kind).toBe('found')
  })

  it('refuses a predicate that is asynchronous, which would match everything', () => {
    const predicate = (async () => false) as unknown as () => boolean
    expect(() => found([predicate], '/')).toThrow(/returns true or false at once/)
  })

  it.each<[match: unknown, message: RegExp]>([
    ['', /"match" must be a path/],
    ['api', /"match" must be a path/],
    ['api/users', /begins with "\/" \(or, for a host: \{ host: "api" \}\)/],
    ['GET  ', /"match" must be a path/],
    ['/a?b', /without "\?" and "#"/],
    ['/a//b', /no empty or dot segments/],
    ['/a/../b', /no empty or dot segments/],
    ['/a/%2e%2e/b', /no empty or dot segments/],
    ['/a\\b', /no backslash/],
    ['/a%', /broken "%"/],
    ['/\ud800', /normalized request/],
    ['/*/a', /last segment only/],
    ['/a*', /last segment only/],
    ['/a/*/', /last segment only/],
    ['/*a-b', /"\*name"/],
    ['/:id.json', /whole segments/],
    ['/:', /whole segments/],
    ['/:id?', /without "\?"/],
    ['/:a/:a', /each parameter once/],
    ['*/x', /begins with "\/"/],
    ['a.*.b/x', /"host" must be a host/],
    ['münchen.de/', /punycode/],
    [{ host: '*' }, /"host"/],
    [{ host: 'a.b:0' }, /"host"/],
    [{ host: 'a.b/c' }, /"host"/],
    [{ host: 7 }, /"host"/],
    [{ pth: '/a' }, /"pth" must be one of the options/],
    [{ exact: true }, /together with "path"/],
    [{ path: '/a', exact: 'yes' }, /true or false/],
    [{ path: '/a/*', exact: true }, /without "\*"/],
    [{ methods: [] }, /one method or more/],
    [{ methods: 'GET' }, /one method or more/],
    [{ methods: ['G T'] }, /methods such as "GET"/],
    [{ headers: { 'a b': '1' } }, /named by tokens/],
    [{ headers: { a: 1 } }, /a string, a regular expression or true/],
    [{ headers: ['a'] }, /an object of names/],
    [null, /"match" must be a string, an object/],
    [7, /"match" must be a string, an object/],
    [['/a'], /"match" must be a string, an object/],
    [all('/a', '/b'), /given by one match only/],
    [all({ host: 'a.b' }, { host: 'a.c' }), /given by one match only/],
    [all({ methods: ['GET'] }, { methods: ['PUT'] }), /exclude each other/],
    [within('/a/*', '/b'), /can be joined to/],
    [within('/:a', '/:a'), /each parameter once/],
    [all(any(...many()), any(...many())), /at most 256 alternatives/],
  ])('refuses %j', (match, message) => {
    expect(() => routerOf([match as Match])).toThrow(message)
    expect(() => routerOf([match as Match])).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID' }))
  })

  it('refuses an empty combination', () => {
    expect(() => all()).toThrow(/one match or more/)
    expect(() => any()).toThrow(/one match or more/)
  })

  function many(): Match[] {
    return Array.from({ length: 17 }, (_, i) => (_request: RequestMessage) => i > 100)
  }
})

describe('params', () => {
  it.each<[match: Match, request: string, params: Record<string, string>]>([
    ['/users/:id', '/users/7/posts', { id: '7' }],
    ['/users/:id/posts/:post', '/users/7/posts/9/x', { id: '7', post: '9' }],
    ['/files/*', '/files/a/b', { '*': 'a/b' }],
    ['/files/*name', '/files/a/b', { name: 'a/b' }],
    ['/:a/x/*rest', '/1/x/2/', { a: '1', rest: '2/' }],
    ['/users/:id', '/users/a%20b%C3%A9?x', { id: 'a bé' }],
    ['/users/:id', '/users/a%2Fb', { id: 'a/b' }],
    ['/users/:id', '/users/a%E9', { id: 'a%E9' }],
    ['/users/:id', '/users/a%2541', { id: 'a%41' }],
    ['/users/:id', '/users/a+b', { id: 'a+b' }],
    ['/users', '/users/7', {}],
    [{ path: '/x/:a/', exact: true }, '/x/1/', { a: '1' }],
    [any('/a/:x', '/b/:y'), '/b/1', { y: '1' }],
  ])('of %j for %s: %j', (match, request, params) => {
    expect(paramsOf(match, request)).toEqual(params)
  })

  it('keep their case where the router ignores it', () => {
    expect(paramsOf('/Users/:id', '/USERS/AbC', { caseSensitive: false })).toEqual({ id: 'AbC' })
  })

  it('inherit nothing, so that any name can be one', () => {
    const lookup = routerOf(['/:__proto__/:constructor']).find(exchange('/a/b'))
    if (lookup.kind !== 'found') throw new Error(lookup.kind)
    expect(Object.entries(lookup.params)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
    expect('toString' in lookup.params).toBe(false)
    expect({}.constructor).toBe(Object)
  })

  it('of a route without any are one frozen object', () => {
    const router = routerOf(['/a'])
    expect(router.find(exchange('/a'))).toBe(router.find(exchange('/a/b')))
  })
})

describe('the most specific match', () => {
  /** Each row in the order in which its routes are tried for the request. */
  it.each<[request: string, ...matches: Match[]]>([
    ['http://a.example.com/x', 'a.example.com:80/', 'a.example.com/', '*.example.com/x', '/x'],
    ['http://a.b.example.com/x', '*.b.example.com/', '*.example.com:80/x', '*.example.com/x', '*.com/', '/x'],
    [
      '/a/b/c',
      { path: '/a/b/c', exact: true },
      '/a/b/c',
      { path: '/a/b/:c', exact: true },
      '/a/b/*',
      '/a/b',
      '/a',
      '/',
    ],
    ['/a/b', '/a/:x', '/:y/b', { path: '/:y/:z', exact: true }, '/*', '/'],
    ['/api/x', '/api', { path: '/:a/:b', exact: true }, '/:a/:b', '/:a'],
    ['/users/me/posts', '/users/me', '/users/:id/posts', '/users/:id', '/users'],
    ['/a', { path: '/a', exact: true }, '/a', { path: '/:x', exact: true }, '/*', { path: '/' }],
    [
      'GET /a?x=1&y=2',
      { path: '/a', methods: ['GET'], query: { x: '1', y: '2' } },
      { path: '/a', query: { x: '1', y: '2' } },
      'GET /a',
      '/a',
    ],
    ['/a/b', '/a/b', all('/a', () => true, not({ query: { x: true } })), all('/a', () => true), '/a'],
  ])('of %s', (request, ...matches) => {
    for (let from = 0; from < matches.length; from++) {
      const left = matches.slice(from)
      expect(found(left, request)).toBe(0)
      expect(found(left.toReversed(), request)).toBe(left.length - 1)
    }
  })

  it('is the first of equals', () => {
    expect(found([{ query: { x: '1' } }, { query: { y: '2' } }], '/?x=1&y=2')).toBe(0)
    expect(found([{ query: { y: '2' } }, { query: { x: '1' } }], '/?x=1&y=2')).toBe(0)
  })

  it('falls back to the next when a condition does not hold', () => {
    const matches: Match[] = [
      '/a',
      { path: '/a/b', headers: { x: '1' } },
      { path: '/a/b', headers: { x: '2' } },
    ]
    expect(found(matches, '/a/b', { x: '2' })).toBe(2)
    expect(found(matches, '/a/b', { x: '3' })).toBe(0)
  })

  it('falls back from a host that has no such path to routes without a host', () => {
    expect(found(['a.b/x', '/y'], 'http://a.b/y')).toBe(1)
  })

  it('goes back to a parameter when the static branch ends', () => {
    expect(found(['/users/me/settings', '/users/:id/posts'], '/users/me/posts')).toBe(1)
    expect(found(['/abc/x', '/abd', '/:p/y'], '/abc/y')).toBe(2)
    expect(found(['/abc', '/:p'], '/abcd')).toBe(1)
    expect(found(['/abc', '/:p'], '/ab')).toBe(1)
  })

  it('takes each alternative of any() by its own specificity', () => {
    const matches: Match[] = [any('/a/b', '/c'), '/a', '/c/d']
    expect(found(matches, '/a/b')).toBe(0)
    expect(found(matches, '/a/x')).toBe(1)
    expect(found(matches, '/c/x')).toBe(0)
    expect(found(matches, '/c/d')).toBe(2)
  })

  it('ignores case where told to', () => {
    const options = { caseSensitive: false }
    expect(found(['/Admin', '/'], '/aDMIN/x', {}, options)).toBe(0)
    expect(found(['/a%2fB', '/'], '/A%2Fb', {}, { ...options, dangerouslyAllowAmbiguousPaths: true })).toBe(0)
    expect(found(['/admin', '/'], '/ADMIN%2Fx', {}, options)).toBe('ambiguous')
    expect(found([all('/', not('/admin'))], '/ADMIN', {}, options)).toBe('not-found')
  })
})

describe('a request that no route takes', () => {
  it('is not found', () => {
    expect(found(['/a'], '/b')).toBe('not-found')
    expect(found([], '/')).toBe('not-found')
    expect(found(['GET /a'], 'POST /b')).toBe('not-found')
  })

  it('has a method that is not allowed, when everything else matches', () => {
    expect(found(['GET /a', 'PUT /a', 'POST /a/b'], 'DELETE /a')).toEqual(['GET', 'HEAD', 'PUT'])
    expect(found(['GET /a', 'PUT /a', 'POST /a/b'], 'DELETE /a/b')).toEqual(['POST', 'GET', 'HEAD', 'PUT'])
    expect(found(['GET a.b/', 'PUT /'], 'POST http://a.b/')).toEqual(['GET', 'HEAD', 'PUT'])
    expect(found(['GET /a'], 'OPTIONS /a')).toEqual(['GET', 'HEAD'])
    expect(found([{ methods: ['GET'] }], 'OPTIONS *')).toEqual(['GET', 'HEAD'])
  })

  it('is not found when more than the method is wrong', () => {
    const matches: Match[] = [{ path: '/a', methods: ['PUT'], headers: { x: '1' } }]
    expect(found(matches, 'POST /a')).toBe('not-found')
    expect(found(matches, 'POST /a', { x: '1' })).toEqual(['PUT'])
    expect(found(['PUT a.b/'], 'POST /')).toBe('not-found')
    expect(found([not('GET /a')], 'GET /a')).toBe('not-found')
  })

  it('is served by a less specific route that allows the method', () => {
    expect(found(['GET /a', '/'], 'POST /a')).toBe(1)
  })
})

describe('a path that services read in different ways', () => {
  const matches: Match[] = ['/', '/admin', { path: '/secret', exact: true }, 'GET /read']
  it.each<[request: string, result: number | string | string[]]>([
    ['/admin%2Fx', 'ambiguous'],
    ['/%2Fadmin', 'ambiguous'],
    ['/x%2Fadmin', 0],
    ['/admin%5Cx', 'ambiguous'],
    ['/admin;v=1', 'ambiguous'],
    ['/admin;/x', 'ambiguous'],
    ['/;/admin', 'ambiguous'],
    ['/admin%3Bx', 'ambiguous'],
    ['/secret;%2Fx', 'ambiguous'],
    ['/secret;x', 'ambiguous'],
    ['/admin/a%2Fb', 1],
    ['/admin/a;v=1', 1],
    ['/x;jsessionid=1', 0],
    ['/%61dmin', 1],
    ['/admi%6e%2fx', 'ambiguous'],
    ['/admin%252Fx', 0],
    ['POST /read', 0],
    ['/read%2Fx', 'ambiguous'],
  ])('%s: %j', (request, result) => {
    const [method, path] = request.startsWith('/') ? ['GET', request] : request.split(' ')
    expect(found(matches, `${method} ${normalizePath(path!)}`)).toEqual(result)
  })

  it('is refused where the method of the other reading would be', () => {
    expect(found(['GET /read', { path: '/:any', exact: true }], 'POST /read%2Fx')).toBe('ambiguous')
  })

  it('is not found when no route takes it as it stands', () => {
    expect(found(['/admin'], '/admin%2Fx')).toBe('not-found')
  })

  it('is served as it stands where that is wanted', () => {
    expect(found(matches, '/admin%2Fx', {}, { dangerouslyAllowAmbiguousPaths: true })).toBe(0)
  })

  it.each(['/public/..%2fadmin', '/public/..;/admin', '/public%5c..%5cadmin', '/%2e%2e/admin', '/admin%00'])(
    '%s reaches no route',
    (path) => {
      expect(normalizePath(path)).toBeUndefined()
    },
  )

  it('cannot pass by the filters of /admin, whatever a service makes of it', () => {
    const router = routerOf(['/', '/public', '/admin'])
    const piece = fc.constantFrom(
      '/',
      '//',
      '.',
      '..',
      ';',
      ';x',
      '%2f',
      '%5C',
      '%2e',
      '%3b',
      'admin',
      'public',
      'a',
    )
    const paths = fc.array(piece, { maxLength: 8 }).map((parts) => `/${parts.join('')}`)
    fc.assert(
      fc.property(paths, (raw) => {
        const path = normalizePath(raw)
        if (path === undefined) return
        const lookup = router.find(exchange(path))
        if (lookup.kind !== 'found' || lookup.value === 2) return
        const decoded = decodeURIComponent(path).replaceAll('\\', '/')
        for (const seen of [path, decoded, path.replace(/;[^/]*/g, ''), decoded.replace(/;[^/]*/g, '')]) {
          expect(new URL(`http://x/${seen}`.replace(/([^:])\/+/g, '$1/')).pathname).not.toMatch(
            /^\/admin(\/|$)/,
          )
        }
      }),
      { numRuns: 5000 },
    )
  })
})

describe('a route that can never be reached', () => {
  it.each<[unreachable: string, by: string, ...matches: Match[]]>([
    ['/a', '/a', '/a', '/a'],
    ['/a/', '/a', '/a', '/a/'],
    ['/u/:x', '/u/:id', '/u/:id', '/u/:x'],
    ['/%61', '/a', '/a', '/%61'],
    ['GET /a', 'GET /a', 'GET /a', 'GET /a'],
    ['HEAD /a', 'GET /a', 'GET /a', 'HEAD /a'],
    ['A.B/x', 'a.b/x', 'a.b/x', '/x', 'A.B/x'],
    ['/f/*', '/f/:x', '/f/:x', '/f/*'],
    ['/f/*', '/f/:x', '/f/*', '/f/:x'],
    ['GET,HEAD /f/* and query a', '/f/:x', '/f/:x', { path: '/f/*', methods: ['GET'], query: { a: true } }],
    ['PUT,POST /a', 'POST /a', 'PUT /a', 'POST /a', { path: '/a', methods: ['PUT', 'POST'] }],
    ['/ and header x = "1"', '/ and header x = "1"', { headers: { x: '1' } }, { headers: { X: '1' } }],
    ['/a or /b', '/b', '/a', '/b', any('/a', '/b')],
    ['/ and not (/x)', '/ and not (/x)', not('/x'), not('/x')],
  ])('%s because of %s', (unreachable, by, ...matches) => {
    expect(() => routerOf(matches)).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_INVALID',
        message: `route: "${unreachable}" can never be reached: "${by}" takes all of its requests`,
      }),
    )
  })

  it('is named as its author named it', () => {
    const routes = [
      { match: '/a', value: 1, name: 'first' },
      { match: '/a', value: 2, name: 'second' },
    ]
    expect(() => compileRoutes(routes)).toThrow(
      'route: "second" can never be reached: "first" takes all of its requests',
    )
  })

  it.each<[why: string, ...matches: Match[]]>([
    ['a predicate can be compared with nothing', isOdd, isOdd],
    ['the later one is more specific', '/a', '/a/b', { path: '/a', exact: true }, 'GET /a', 'a.b/a'],
    ['the methods differ', 'GET /a', 'POST /a', { path: '/a', methods: ['GET', 'PUT'] }],
    ['the conditions differ', { query: { a: '1' } }, { query: { a: '2' } }, { query: { a: /1/ } }],
    ['one alternative can be reached', '/a', any('/a', '/b')],
    ['an alternative may stand twice', any('/a', '/a')],
    ['ports differ', 'a.b/', 'a.b:80/', 'a.b:81/'],
    ['a trailing slash counts', { path: '/a', exact: true }, { path: '/a/', exact: true }],
    ['a parameter further left does not cover', '/:a/b', '/a/:b'],
  ])('is not one, when %s', (_why, ...matches) => {
    expect(() => routerOf(matches)).not.toThrow()
  })

  function isOdd(): boolean {
    return true
  }
})

describe('explain', () => {
  it('lists routes in the order of specificity, each with why it did or did not match', () => {
    const router = routerOf([
      '/',
      'GET /users/:id',
      'api.example.com/users',
      { path: '/users/7', headers: { x: '1' } },
      'POST /users/:id',
      { path: '/u', exact: true },
    ])
    const { lookup, path, routes } = router.explain(exchange('GET http://a.b/users/7'))
    expect(lookup).toMatchObject({ kind: 'found', value: 1, params: { id: '7' } })
    expect(path).toBe('/users/7')
    expect(routes.map(({ name, verdict, reason }) => [name, verdict, reason])).toEqual([
      ['api.example.com/users', 'host', 'the host is not api.example.com'],
      ['/u (exact)', 'path', 'the path does not match /u'],
      ['/users/7 and header x = "1"', 'condition', 'header x = "1" does not hold'],
      ['GET /users/:id', 'chosen', 'the most specific match'],
      ['POST /users/:id', 'method', 'the method is not POST'],
      ['/', 'outranked', '"GET /users/:id" is more specific or comes first'],
    ])
  })

  it('says why an ambiguous path is refused', () => {
    const { lookup, routes } = routerOf(['/', '/admin']).explain(exchange('/admin%2Fx'))
    expect(lookup).toEqual({ kind: 'ambiguous', reading: '/admin/x' })
    expect(routes.find(({ name }) => name === '/')?.verdict).toBe('ambiguous')
  })

  it('agrees with the look-up', () => {
    fc.assert(
      fc.property(matchLists, requests, (matches, request) => {
        const router = routerOfReachable(matches)
        const { lookup, routes } = router.explain(exchange(request))
        const chosen = routes.find(({ verdict }) => verdict === 'chosen' || verdict === 'ambiguous')
        expect(chosen !== undefined).toBe(lookup.kind === 'found' || lookup.kind === 'ambiguous')
        if (lookup.kind === 'found') expect(chosen?.name).toBe(lookup.route.name)
        if (lookup.kind === 'method-not-allowed') {
          expect(routes.some(({ verdict }) => verdict === 'method')).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('the tree', () => {
  it('finds what a list would find', () => {
    fc.assert(
      fc.property(matchLists, fc.array(requests, { minLength: 1, maxLength: 8 }), (matches, texts) => {
        const reachable = reachableOnly(matches)
        const router = routerOf(reachable, { dangerouslyAllowAmbiguousPaths: true })
        for (const text of texts) {
          const lookup = router.find(exchange(text))
          const expected = modelFind(reachable, text)
          if (typeof expected === 'number') expect(lookup).toMatchObject({ kind: 'found', value: expected })
          else if (expected === undefined) expect(lookup.kind).toBe('not-found')
          else {
            if (lookup.kind !== 'method-not-allowed') throw new Error(`${lookup.kind} instead of 405`)
            expect([...lookup.allow].sort()).toEqual([...expected].sort())
          }
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('visits each place once, however many ways there are to read a hostile path', () => {
    // Patterns that are alike up to the last segment, static or parameter at each place: 2^12 ways to read /a/a/a/...
    const matches = Array.from(
      { length: 1 << 10 },
      (_, bits) =>
        `/${Array.from({ length: 10 }, (_, i) => ((bits >> i) & 1 ? 'a' : `:p${i}`)).join('/')}/end`,
    )
    let tests = 0
    const router = routerOf([...matches, () => ++tests > 0])
    expect(router.find(exchange(`/${'a/'.repeat(4000)}x`))).toMatchObject({ value: matches.length })
    expect(tests).toBe(1)
  })

  it('takes names of hosts with any number of labels', () => {
    const router = routerOf(['*.example.com/', '/'])
    expect(router.find(exchange(`http://${'a.'.repeat(5000)}example.com/`))).toMatchObject({ value: 0 })
    expect(router.find(exchange(`http://${'.'.repeat(5000)}/`))).toMatchObject({ value: 1 })
  })
})

// The model: no tree, no radix, no sorting; each route is tried on each request, and ranks are compared as strings.

interface ModelRoute {
  host?: string
  path: string
  exact?: boolean
  methods?: string[]
  query?: { q: '1' }
}

const segment = fc.constantFrom('a', 'ab', 'b', 'abc', ':', '%40')
const matchLists: fc.Arbitrary<ModelRoute[]> = fc.array(
  fc
    .record(
      {
        host: fc.constantFrom('a.x', '*.x', '*.a.x', 'a.x:8080'),
        path: fc
          .tuple(fc.array(segment, { maxLength: 4 }), fc.constantFrom('', '', '/*', '/'))
          .map(([parts, end]) => `/${parts.map((it, i) => (it === ':' ? `:p${i}` : it)).join('/')}${end}`)
          .map((path) => path.replace(/\/+/g, '/')),
        exact: fc.boolean(),
        methods: fc.subarray(['GET', 'POST', 'PUT'], { minLength: 1 }),
        query: fc.constant({ q: '1' as const }),
      },
      { requiredKeys: ['path'] },
    )
    .map(({ exact, ...route }) =>
      route.path.includes('*') || exact === undefined ? route : { ...route, exact },
    ),
  { minLength: 1, maxLength: 12 },
)

const requests = fc
  .tuple(
    fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE'),
    fc.constantFrom('a.x', 'b.x', 'x', 'b.a.x', 'a.x:8080'),
    fc.array(fc.constantFrom('a', 'ab', 'b', 'abc', 'abcd', 'c', '@', '%40', 'a%2Fb'), { maxLength: 5 }),
    fc.constantFrom('', '/', '?q=1', '/?q=1'),
  )
  .map(([method, host, parts, end]) =>
    `${method} http://${host}/${parts.join('/')}${end}`.replace(/([^:])\/\//, '$1/'),
  )

/** Drops what the router would refuse, so that the rest can be compared. */
function reachableOnly(matches: readonly ModelRoute[]): ModelRoute[] {
  const kept: ModelRoute[] = []
  for (const match of matches) {
    try {
      routerOf([...kept, match])
      kept.push(match)
    } catch (error) {
      expect((error as Error).message).toContain('can never be reached')
    }
  }
  return kept
}

function routerOfReachable(matches: readonly ModelRoute[]) {
  return routerOf(reachableOnly(matches))
}

function modelFind(routes: readonly ModelRoute[], text: string): number | Set<string> | undefined {
  const { request } = exchange(text)
  const fitting = routes
    .map((route, order) => ({ route, order }))
    .filter(({ route }) => modelHostFits(route.host, request.host))
    .filter(({ route }) => modelPathFits(route, request.path.split('%40').join('@')))
    .filter(({ route }) => route.query === undefined || request.query === 'q=1')
  const methodsOf = ({ methods }: ModelRoute) => [
    ...(methods ?? []),
    ...(methods?.includes('GET') ? ['HEAD'] : []),
  ]
  const taking = fitting.filter(({ route }) => !route.methods || methodsOf(route).includes(request.method))
  if (taking.length === 0) {
    return fitting.length === 0 ? undefined : new Set(fitting.flatMap(({ route }) => methodsOf(route)))
  }
  const ranked = taking.map(({ route, order }) => ({ order, rank: modelRank(route, order) }))
  return ranked.reduce((best, it) => (it.rank < best.rank ? it : best)).order
}

function modelHostFits(pattern: string | undefined, host: string): boolean {
  const name = host.split(':')[0]!
  if (pattern === undefined) return true
  if (pattern.includes(':')) return pattern === host
  return pattern.startsWith('*')
    ? name !== pattern.slice(2) && name.endsWith(pattern.slice(1))
    : name === pattern
}

function modelPathFits({ path, exact = false }: ModelRoute, actual: string): boolean {
  const pattern = path.replaceAll('%40', '@').split('/').slice(1)
  const parts = actual.split('/').slice(1)
  if (!exact && pattern.at(-1) === '') pattern.pop()
  if (pattern.at(-1) === '*') {
    pattern.pop()
    if ((parts.slice(pattern.length).join('/') ?? '') === '') return false
  } else if (exact && parts.length !== pattern.length) return false
  return pattern.every((it, i) => (it.startsWith(':') ? (parts[i] ?? '') !== '' : it === parts[i]))
}

function modelRank({ host, path, exact = false, methods, query }: ModelRoute, order: number): string {
  const hostRank =
    host === undefined
      ? 'z'
      : !host.startsWith('*')
        ? host.includes(':')
          ? 'a'
          : 'b'
        : `c${9 - host.length}`
  const parts = path.split('/').filter((it) => it !== '')
  const pathRank = parts.map((it) => (it.startsWith(':') ? 'b' : it === '*' ? 'c' : 'a')).join('')
  const conditions = (methods === undefined ? 0 : 1) + (query === undefined ? 0 : 1)
  return [
    hostRank,
    `${pathRank}${pathRank.endsWith('c') ? '' : 'd'}${exact ? 0 : 1}`,
    9 - conditions,
    String(order).padStart(3, '0'),
  ].join(' ')
}
