import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { attribute } from '../core/attribute.ts'
import { ProxyError } from '../core/errors.ts'
import { type Handler, onRequest } from '../core/handler.ts'
import { HeaderList } from '../core/headers.ts'
import { respond } from '../core/message.ts'
import { pool } from '../pool/pool.ts'
import { proxy } from '../proxy/proxy.ts'
import { type ExchangeOptions, exchange, run, simulate } from '../testing/index.ts'
import type { FieldValue } from './fields/field-value.ts'
import { type HeadersOptions, headers } from './headers.ts'

/** What the service gets of a request with these fields. */
async function sent(options: HeadersOptions, given: ExchangeOptions = {}) {
  const { calls } = await run(headers(options), exchange(given))
  return calls[0]!.headers
}

async function made(value: FieldValue, given: ExchangeOptions = {}) {
  return (await sent({ request: { set: { 'X-Value': value } } }, given)).get('x-value')
}

async function received(options: HeadersOptions, answer: Handler) {
  const { response } = await run(headers(options), exchange(), answer)
  return [...response.headers].map(([name, value]) => `${name}: ${value}`)
}

describe('headers changes requests', () => {
  test('in the order remove, rename, set, add', async () => {
    const fields = await sent(
      {
        request: {
          add: { 'X-New': 'added', 'X-Many': ['2', '3'] },
          set: { 'X-Set': 'mine' },
          rename: { 'X-Old': 'X-New' },
          remove: ['X-New'],
        },
      },
      {
        headers: [
          ['Host', 'a.test'],
          ['x-new', 'of the client'],
          ['x-old', 'one'],
          ['X-Old', 'two'],
          ['x-set', 'a'],
          ['x-set', 'b'],
          ['x-many', '1'],
        ],
      },
    )
    expect([...fields]).toEqual([
      ['Host', 'a.test'],
      ['X-Set', 'mine'],
      ['x-many', '1'],
      ['X-New', 'one'],
      ['X-New', 'two'],
      ['X-New', 'added'],
      ['X-Many', '2'],
      ['X-Many', '3'],
    ])
  })

  test('leaves no word of the client under a new name', async () => {
    const fields = await sent(
      { request: { rename: { a: 'B' } } },
      { headers: { a: '1', b: 'of the client' } },
    )
    expect(fields.getAll('b')).toEqual(['1'])
  })

  test('keeps what stands under the new name where nothing has the old one', async () => {
    const fields = await sent({ request: { rename: { a: 'b' } } }, { headers: { b: 'kept' } })
    expect(fields.getAll('b')).toEqual(['kept'])
  })

  test.each<[string, ExchangeOptions, string | undefined]>([
    ['{client.address}', { client: '198.51.100.7' }, '198.51.100.7'],
    ['{client.address}:{client.port}', { client: { address: '::1', port: 9 } }, '::1:9'],
    ['{client.scheme}', { url: 'https://a.test/' }, 'https'],
    [
      '{client.tls.protocol} {client.tls.cipher}',
      { url: 'https://a.test/' },
      'TLSv1.3 TLS_AES_128_GCM_SHA256',
    ],
    ['{client.tls.servername}', { url: 'https://a.test/' }, 'a.test'],
    ['{client.tls.servername}', { url: 'http://a.test/' }, undefined],
    [
      '{request.method} {request.host} {request.path}?{request.query}',
      { url: 'http://a.test/b?c=d' },
      'GET a.test /b?c=d',
    ],
    ['{id} {route}', { id: '7f', route: 'users' }, '7f users'],
    ['{params.id}', { params: { id: 'a b' } }, 'a b'],
    ['{params.*}', { params: { '*': 'a/b' } }, 'a/b'],
    ['user={params.id};', { params: { id: '7' } }, 'user=7;'],
    ['user={params.id}', {}, undefined],
    ['user={params.id}', { params: { id: '' } }, undefined],
    ['{params.constructor}', {}, undefined],
    ['{{client.address}} {id}', { id: '7' }, '{client.address} 7'],
    ['{"group":"default","max_age":1}', {}, '{"group":"default","max_age":1}'],
    ['{}', {}, '{}'],
  ])('%s of %j is %j', async (template, given, expected) => {
    expect(await made(template, given)).toBe(expected)
  })

  test.each([true, false])('tells of a client certificate that is vouched for: %s', async (authorized) => {
    const clientCertificate = {
      authorized,
      authorizationError: undefined,
      subject: 'CN=a',
      issuer: 'CN=b',
      subjectAltNames: [],
      fingerprint256: 'AB:CD',
      serialNumber: '1',
      validFrom: new Date(0),
      validTo: new Date(0),
      raw: Buffer.alloc(0),
    }
    const given = { url: 'https://a.test/', client: { tls: { clientCertificate } } }
    expect(await made('{client.tls.subject} {client.tls.fingerprint}', given)).toBe(
      authorized ? 'CN=a AB:CD' : undefined,
    )
  })

  test('takes attributes and functions, also those of earlier filters', async () => {
    const tenant = attribute<string>('tenant')
    const limit = attribute<number>('limit')
    const one = exchange()
    one.set(tenant, 'acme')
    one.set(limit, 0)
    const set = { 'X-Tenant': tenant, 'X-Limit': limit, 'X-Both': (it: typeof one) => `${it.get(tenant)}!` }
    const { calls } = await run(headers({ request: { set } }), one)
    expect(calls[0]!.headers.get('x-tenant')).toBe('acme')
    expect(calls[0]!.headers.get('x-limit')).toBe('0')
    expect(calls[0]!.headers.get('x-both')).toBe('acme!')
  })

  test('leaves no word of the client where it has none of its own', async () => {
    const user = attribute<string>('user')
    const given = { headers: { 'X-User': 'admin', 'X-Roles': 'all' } }
    const fields = await sent({ request: { set: { 'x-user': user }, add: { 'x-roles': user } } }, given)
    expect(fields.has('x-user')).toBe(false)
    expect(fields.getAll('x-roles')).toEqual(['all'])
  })

  test('leaves no word of the client under a name that services read as the same', async () => {
    const forged = {
      'X-User': 'ada',
      X_User: 'admin',
      x_uSER: 'root',
      X_Debug: '1',
      X_Role: 'all',
      X_Other: '1',
      X_Add: '1',
    }
    const fields = await sent(
      {
        request: {
          set: { 'X-User': ({ request }) => request.headers.get('x-user') },
          remove: ['X-Debug'],
          rename: { 'X-Old': 'X-Role' },
          add: { 'X-Add': '2' },
        },
      },
      { headers: forged },
    )
    expect([...fields]).toEqual([
      ['Host', 'example.com'],
      ['X-User', 'ada'],
      ['X_Other', '1'],
      ['X_Add', '1'],
      ['X-Add', '2'],
    ])
  })

  test.each(['a\r\nX-Admin: 1', 'a\nb', 'a\0b', ' a', 'a\t', '\u20ac'])(
    'refuses a request for which a field would hold %j',
    async (id) => {
      const refused = run(
        headers({ request: { set: { 'X-User': '{params.id}' } } }),
        exchange({ params: { id } }),
      )
      await expect(refused).rejects.toMatchObject({ code: 'request_malformed', status: 400 })
    },
  )

  test('writes what a function gives only if a field can hold it', async () => {
    const wrong = headers({ request: { add: { 'X-Wrong': (() => 7) as unknown as () => string } } })
    await expect(run(wrong, exchange())).rejects.toMatchObject({ code: 'request_malformed' })
  })

  test('never writes more than one field, whatever stands in a parameter', async () => {
    const filter = headers({ request: { set: { 'X-User': 'u={params.id}' } } })
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (id) => {
        try {
          const { calls } = await run(filter, exchange({ headers: { host: 'a' }, params: { id } }))
          const lines = calls[0]!.headers.lines(0).split('\r\n')
          expect(lines).toEqual(id === '' ? ['host: a', ''] : ['host: a', `X-User: u=${id}`, ''])
          expect(lines.join('')).not.toMatch(/[\r\n]/)
        } catch (error) {
          if (!(error instanceof ProxyError) || error.code !== 'request_malformed') throw error
          expect(id).toMatch(/[^\t\x20-\x7e\x80-\xff]|[\t ]$/)
        }
      }),
    )
  })
})

describe('headers changes responses', () => {
  test('of handlers that answer at once, and later', async () => {
    const options: HeadersOptions = {
      response: {
        set: { 'X-Id': '{id}' },
        add: { Link: '</a>' },
        remove: ['server'],
        rename: { 'X-A': 'X-B' },
      },
    }
    const answer = () => respond(200, undefined, { Server: 'x', 'X-A': '1', Link: '</b>', 'x-id': 'old' })
    const expected = ['Link: </b>', 'X-Id: test-exchange', 'X-B: 1', 'Link: </a>']
    expect(await received(options, answer)).toEqual(expected)
    expect(await received(options, async () => answer())).toEqual(expected)
  })

  test('without what a field cannot hold', async () => {
    const options = { response: { set: { 'X-A': () => 'a\r\nb' }, add: { 'X-B': () => 'a\nb' } } }
    expect(await received(options, () => respond(200, undefined, { 'X-A': 'old' }))).toEqual([])
  })

  test('which are error answers, where it is told to', async () => {
    const failing = onRequest(() => {
      throw new ProxyError('overloaded')
    })
    const response = { set: { 'X-Id': '{params.id}', 'X-Bad': () => '\n' }, add: { 'X-More': ['1', '2'] } }
    const app = proxy()
      .route('/no/:id', headers({ response }), failing, () => respond(200))
      .route('/yes/:id', headers({ response: { ...response, onErrors: true } }), failing, () => respond(200))
      .route(
        '/bad/:id',
        headers({
          request: { set: { 'X-Id': '{params.id}' } },
          response: { set: { 'X-A': '1' }, onErrors: true },
        }),
        () => respond(200),
      )
    await using sim = simulate(app)
    const no = await sim.get('/no/7')
    expect([no.status, no.headers.get('x-id')]).toEqual([503, undefined])
    const yes = await sim.get('/yes/7')
    expect([yes.status, yes.headers.get('x-id'), yes.headers.has('x-bad')]).toEqual([503, '7', false])
    expect(yes.headers.getAll('x-more')).toEqual(['1', '2'])
    const bad = await sim.get('/bad/a%0d%0aX-Admin:1')
    expect([bad.status, bad.headers.get('x-a'), bad.headers.has('x-admin')]).toEqual([400, '1', false])
    await sim.assertNoLeaks()
  })

  test('the outer filter last, also in error answers', async () => {
    const named = (value: string) => headers({ response: { set: { 'X-By': value }, onErrors: true } })
    const app = proxy()
      .use(named('outer'), named('inner'))
      .route('/fails', () => {
        throw new ProxyError('overloaded')
      })
      .route('/', () => respond(200))
    await using sim = simulate(app)
    expect((await sim.get('/')).headers.getAll('x-by')).toEqual(['outer'])
    expect((await sim.get('/fails')).headers.getAll('x-by')).toEqual(['outer'])
    await sim.assertNoLeaks()
  })

  test('says a thing once, however many attempts there were', async () => {
    const adding = headers({ response: { add: { 'X-Try': 'a' }, onErrors: true } })
    const app = proxy().route('/', pool(['http://a', 'http://b']).retry({ attempts: 2 }).use(adding))
    await using sim = simulate(app)
    sim.upstream('http://a').inject({ kind: 'refuse' })
    sim.upstream('http://b').inject({ kind: 'refuse' })
    const { status, headers: fields } = await sim.get('/')
    expect([status, fields.getAll('x-try')]).toEqual([502, ['a']])
    await sim.assertNoLeaks()
  })
})

test('headers works in a proxy, with names as they were written', async () => {
  const app = proxy().route(
    '/users/:id',
    headers({ request: { set: { 'X-User': '{params.id}' }, remove: ['cookie'] } }),
    pool(['http://u']),
  )
  await using sim = simulate(app)
  sim.upstream('http://u').reply(({ headers }) => ({ body: JSON.stringify(headers) }))
  const response = await sim.get('/users/J%C3%BCrgen', { headers: { Cookie: 'a=b' } })
  expect(response.status).toBe(200)
  const fields = HeaderList.from(response.json() as [string, string][])
  expect([fields.get('x-user'), fields.has('cookie')]).toEqual(['J\u00fcrgen', false])
  await sim.assertNoLeaks()
})

describe('headers refuses', () => {
  test.each<[string, unknown, string]>([
    ['nothing to do', {}, '"options" must be at least one'],
    ['an unknown option', { requests: {} }, 'did you mean "request"'],
    ['an unknown change', { request: { sets: {} } }, 'did you mean "set"'],
    ['onErrors of requests', { request: { onErrors: true } }, '"onErrors" must be one of'],
    ['onErrors that is no flag', { response: { onErrors: 1 } }, '"response.onErrors" must be true or false'],
    ['a list of one text', { request: { remove: 'a' } }, '"request.remove" must be a list'],
    ['a list of fields to set', { request: { set: ['a'] } }, '"request.set" must be an object'],
    ['a name that is none', { request: { remove: ['a b'] } }, '"request.remove" must be names of fields'],
    ['a value that is none', { request: { set: { a: 7 } } }, '"request.set: a" must be'],
    ['a null', { request: { set: { a: null } } }, '"request.set: a" must be'],
    ['a value with a line break', { response: { add: { a: 'b\r\nc' } } }, '"response.add: a" must be a text'],
    ['a place that there is not', { request: { set: { a: '{client.adress}' } } }, 'not "{client.adress}"'],
    ['a place of every object', { request: { set: { a: '{toString}' } } }, 'not "{toString}"'],
    [
      'Host',
      { request: { set: { host: 'a' } } },
      '"request.set" must be left to the proxy for this field, which writes it anew (the "host" of a pool says what), got "host"',
    ],
    ['Content-Length', { response: { set: { 'Content-Length': '1' } } }, 'which frames messages'],
    ['Transfer-Encoding', { request: { remove: ['transfer-encoding'] } }, 'which frames messages'],
    [
      'a new name of the proxy',
      { request: { rename: { a: 'X-Forwarded-For' } } },
      '"request.rename" must be left',
    ],
    [
      'an old name of the proxy',
      { request: { rename: { forwarded: 'a' } } },
      '"request.rename" must be left',
    ],
    ['Via', { request: { add: { via: '1.1 a' } } }, 'options of the listener and the pool say what'],
    ['Connection', { response: { add: { connection: 'close' } } }, 'which frames messages'],
    ['a disguised name', { request: { set: { x_forwarded_for: 'a' } } }, 'which drops it'],
  ])('%s', (_, options, message) => {
    expect(() => headers(options as HeadersOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
    )
  })
})
