import { describe, expect, it } from 'vitest'
import { type Exchange, type Handler, respond } from '../../src/index.ts'
import type { Field } from '../http2/field-lists.ts'
import type { RawRequest } from '../http2/raw-http2-peer.ts'
import { http2Client, http2Gateway } from '../http2/server-support.ts'
import { answer, OK, rawUpstream } from './support.ts'

/** A proxy before a service that answers everything, and one client. */
async function world(response: string = OK) {
  const upstream = await rawUpstream()
  const requests: { head: string; body: string; header: (name: string) => string | undefined }[] = []
  upstream.answer((request) => {
    const { head, body, header } = request
    requests.push({ head, body: body.toString('latin1'), header })
    return response
  })
  const app = await http2Gateway(upstream)
  return { app, upstream, requests, client: await http2Client(app) }
}

/** A proxy that answers itself, and shows the exchange. */
async function shown(request: RawRequest, handler: Handler = () => respond(200, 'ok')) {
  let exchange: Exchange | undefined
  const app = await http2Gateway(await rawUpstream(), {
    target: (it) => {
      exchange = it
      return handler(it)
    },
  })
  const client = await http2Client(app)
  const response = await client.ask(request)
  return { request: exchange!.request, exchange: exchange!, response, app }
}

describe('a request over HTTP/2', () => {
  it('is sent on in HTTP/1.1', async () => {
    const { client, requests, app } = await world()
    const fields: Field[] = [
      ['accept', 'text/plain'],
      ['x-one', '1'],
      ['x-one', '2'],
    ]
    const response = await client.ask({ path: '/a/b?c=d', authority: 'shop.example:81', fields })
    expect([response.status, response.text, response.header('content-length')]).toEqual([200, 'ok', '2'])
    const lines = requests[0]!.head.split('\r\n')
    expect(lines[0]).toBe('GET /a/b?c=d HTTP/1.1')
    expect(
      lines.filter((it) => /^(accept|x-one|host|x-forwarded-proto|x-forwarded-host):/i.test(it)),
    ).toEqual([
      'Host: shop.example:81',
      'accept: text/plain',
      'x-one: 1',
      'x-one: 2',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: shop.example:81',
    ])
    expect(requests[0]!.head).toMatch(/^Via: 2(\.0)? /im)
    expect(app.refused).toEqual([])
  })

  it('is shown to filters as one of version 2, with its authority as Host', async () => {
    const { request, response } = await shown({ path: '/%7Ea', authority: 'Shop.Example' })
    expect(response.status).toBe(200)
    expect([request.version, request.method, request.target, request.rawTarget]).toEqual([
      '2',
      'GET',
      '/~a',
      '/%7Ea',
    ])
    expect([request.host, request.scheme]).toEqual(['shop.example', 'http'])
    expect([...request.headers].filter(([name]) => name.toLowerCase() === 'host')).toEqual([
      [expect.stringMatching(/^host$/i), 'Shop.Example'],
    ])
  })

  it('may name its host in Host alone', async () => {
    const { request } = await shown({ authority: '', fields: [['host', 'a.example']] })
    expect([request.host, request.headers.get('host')]).toEqual(['a.example', 'a.example'])
  })

  it('may have both, if they say the same', async () => {
    const { request, response } = await shown({
      authority: 'A.example:80',
      fields: [['host', 'a.example']],
    })
    expect(response.status).toBe(200)
    expect(request.host).toBe('a.example:80')
  })

  it('may have no authority at all where its scheme is another one', async () => {
    const { response, request } = await shown({ scheme: 'ftp', authority: '' })
    expect(response.status).toBe(200)
    expect([request.host, request.headers.get('host')]).toEqual(['', ''])
  })

  it('has its cookie joined that came in pieces', async () => {
    const { client, requests } = await world()
    await client.ask({
      fields: [
        ['cookie', 'a=1'],
        ['x-between', '1'],
        ['cookie', 'b=2'],
        ['cookie', 'c=3'],
      ],
    })
    expect(requests[0]!.head.match(/^cookie:.*$/gim)).toEqual(['cookie: a=1; b=2; c=3'])
  })

  it('may ask for "*" with OPTIONS', async () => {
    const { client, requests } = await world()
    expect((await client.ask({ method: 'OPTIONS', path: '*' })).status).toBe(200)
    expect(requests[0]!.head.split('\r\n')[0]).toBe('OPTIONS * HTTP/1.1')
  })

  it("says that it takes trailers by TE, which is the next hop's to say", async () => {
    const { client, requests } = await world()
    await client.ask({ fields: [['te', 'trailers']] })
    await client.ask({})
    expect(requests.map((it) => it.header('te'))).toEqual(['trailers', undefined])
  })
})

describe('a response over HTTP/2', () => {
  it('has no field of the connection, nor one that the service names as such', async () => {
    const { client } = await world(
      answer(
        200,
        'ok',
        'Connection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\nProxy-Connection: a\r\nX-Kept: 1\r\n',
      ),
    )
    const { fields } = await client.ask()
    expect(fields.map(([name]) => name).sort()).toEqual([':status', 'content-length', 'date', 'x-kept'])
  })

  it('has lower-case names and a date, and keeps what comes several times', async () => {
    const { response } = await shown({}, () =>
      respond(200, 'ok', { 'X-Upper': 'A', 'Set-Cookie': ['a=1', 'b=2'] }),
    )
    expect(response.fields).toEqual([
      [':status', '200'],
      ['x-upper', 'A'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['content-type', expect.any(String)],
      ['date', expect.stringMatching(/GMT$/)],
      ['content-length', '2'],
    ])
  })

  it('of chunks has no framing field', async () => {
    const { client } = await world(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n3\r\nay!\r\n0\r\n\r\n',
    )
    const { text, header } = await client.ask()
    expect([text, header('content-length'), header('transfer-encoding')]).toEqual([
      'okay!',
      undefined,
      undefined,
    ])
  })

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 200, '5'],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', 204, undefined],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "a"\r\n\r\n', 304, '5'],
  ])('to %s without a body ends with its head: %j', async (method, response, status, length) => {
    const { client, app } = await world(response)
    const { status: got, ended, header } = await client.ask({ method })
    expect([got, ended, header('content-length')]).toEqual([status, true, length])
    expect(client.order.filter((it) => it.startsWith('data'))).toEqual([])
    expect(await app.outcome()).toMatchObject({ result: 'completed', status, bytesSent: 0 })
  })

  it('leaves in one write with its body', async () => {
    const { client } = await world()
    await client.ask()
    const reads: number[] = []
    client.wire.handler = {
      onData: (chunk) => {
        reads.push(chunk.length)
        return client.onData(chunk)
      },
      onEnd: () => client.onEnd(),
      onDrain: () => client.onDrain(),
      onClose: (error) => client.onClose(error),
    }
    await client.ask()
    expect(reads).toHaveLength(1)
  })
})

/** RFC 9113 section 8: what makes a request malformed. It costs the stream, and nobody else. */
const MALFORMED: readonly (readonly [what: string, request: RawRequest, reason: string])[] = [
  ['a Connection field', { fields: [['connection', 'close']] }, 'a field of the connection'],
  ['a Keep-Alive field', { fields: [['keep-alive', '1']] }, 'a field of the connection'],
  ['a Proxy-Connection field', { fields: [['proxy-connection', 'a']] }, 'a field of the connection'],
  ['an Upgrade field', { fields: [['upgrade', 'websocket']] }, 'a field of the connection'],
  ['Transfer-Encoding', { fields: [['transfer-encoding', 'chunked']] }, 'a field of the connection'],
  ['a TE of something else', { fields: [['te', 'gzip']] }, 'a TE other than "trailers"'],
  ['a name in upper case', { fields: [['X-Upper', '1']] }, 'a field name that is no token in lower case'],
  ['a name that is no token', { fields: [['a b', '1']] }, 'a field name that is no token in lower case'],
  ['an empty name', { fields: [['', '1']] }, 'a field name that is no token in lower case'],
  ['a line break in a value', { fields: [['a', '1\r\nb: 2']] }, 'a control character in a field value'],
  ['a NUL in a value', { fields: [['a', '\0']] }, 'a control character in a field value'],
  ['space around a value', { fields: [['a', ' 1']] }, 'white space around a field value'],
  ['an unknown pseudo-header field', { fields: [[':x', '1']] }, 'pseudo-header'],
  [
    'a pseudo-header field behind others',
    {
      fields: [
        ['a', '1'],
        [':path', '/'],
      ],
    },
    ':path',
  ],
  ['a pseudo-header field twice', { fields: [[':path', '/b']] }, 'more than one :path'],
  [':status', { fields: [[':status', '200']] }, ':status in a request'],
  ['an empty path', { path: '' }, 'a bad :path'],
  ['a path that is none', { path: 'a' }, 'a bad :path'],
  ['a path with a space', { path: '/a b' }, 'a bad :path'],
  ['"*" with GET', { path: '*' }, 'the path "*"'],
  ['user information', { authority: 'me@a' }, 'a bad :authority'],
  ['neither :authority nor Host', { authority: '' }, 'neither :authority nor Host'],
  ['a Host that differs', { fields: [['host', 'b']] }, 'a Host that differs from :authority'],
  [
    'two Hosts',
    {
      fields: [
        ['host', 'a'],
        ['host', 'a'],
      ],
    },
    'more than one Host',
  ],
  ['a method that is no token', { method: 'G T' }, 'a bad :method'],
  [
    'two lengths',
    {
      fields: [
        ['content-length', '1'],
        ['content-length', '1'],
      ],
      body: 'a',
    },
    'more than one Content-Length',
  ],
  ['a length that is none', { fields: [['content-length', '+1']], body: 'a' }, 'Content-Length'],
  ['CONNECT with a path', { method: 'CONNECT' }, 'CONNECT with :scheme or :path'],
  [':protocol with GET', { fields: [[':protocol', 'websocket']] }, ':protocol'],
  ['a length and no body', { fields: [['content-length', '5']] }, 'Content-Length'],
]

describe('a malformed request over HTTP/2', () => {
  it.each(MALFORMED)('with %s is reset, and the connection lives on', async (_, request, reason) => {
    const { client, app, requests } = await world()
    const id = client.request(request)
    const { reset, status } = await client.response(id)
    expect([status, reset]).toEqual([0, 'PROTOCOL_ERROR'])
    expect(app.refused.map(({ code }) => code)).toEqual(['request_malformed'])
    expect(app.refused[0]!.detail).toContain(reason)
    expect(requests).toEqual([])
    expect((await client.ask()).status).toBe(200)
  })

  it.each([
    ['a host that is none', { authority: 'a..b' }, 400],
    ['a path of two readings', { path: '/a/..%2fb' }, 400],
    ['an expectation', { fields: [['expect', 'wonders']] as Field[] }, 417],
    ['CONNECT', undefined, 501],
  ])('with %s is answered', async (_, request, status) => {
    const { client, app } = await world()
    const id = request === undefined ? client.nextId() : client.request(request)
    if (request === undefined)
      client.head(
        id,
        [
          [':method', 'CONNECT'],
          [':authority', 'a:443'],
        ],
        true,
      )
    const response = await client.response(id)
    expect([response.status, response.header('content-type')]).toEqual([status, 'application/problem+json'])
    expect(app.refused).toHaveLength(1)
    expect((await client.ask()).status).toBe(200)
  })

  it.each([
    ['longer', '3', 'four', 'a body that is longer than its Content-Length'],
    ['shorter', '5', 'four', 'a body that is shorter than its Content-Length'],
  ])('of which the body is %s than it says is reset', async (_, length, body, detail) => {
    const upstream = await rawUpstream()
    const app = await http2Gateway(upstream)
    const client = await http2Client(app)
    const id = client.request({ method: 'POST', fields: [['content-length', length]], open: true })
    const peer = await upstream.accept()
    client.data(id, body, true)
    expect((await client.response(id)).reset).toBe('PROTOCOL_ERROR')
    expect(await app.outcome()).toMatchObject({
      result: 'aborted',
      error: { code: 'request_malformed', detail },
    })
    await peer.over
    // The service cannot take what came for a whole request.
    expect(peer.unread.split('\r\n\r\n')[1]!.length).toBeLessThan(Number(length))
  })

  it('with trailers that are malformed is reset', async () => {
    for (const field of [
      [':path', '/'],
      ['Upper', '1'],
      ['connection', 'close'],
    ] as Field[]) {
      const upstream = await rawUpstream()
      const app = await http2Gateway(upstream)
      const client = await http2Client(app)
      const id = client.request({ method: 'POST', body: 'a', open: true, trailers: undefined! })
      await upstream.accept()
      client.head(id, [field], true)
      expect((await client.response(id)).reset).toBe('PROTOCOL_ERROR')
      expect((await app.outcome()).error?.code).toBe('request_malformed')
    }
  })

  it('with a second header section in the middle is reset', async () => {
    const upstream = await rawUpstream()
    const app = await http2Gateway(upstream)
    const client = await http2Client(app)
    const id = client.request({ method: 'POST', open: true })
    await upstream.accept()
    client.head(id, [['a', '1']], false)
    expect((await client.response(id)).reset).toBe('PROTOCOL_ERROR')
    expect((await app.outcome()).error?.detail).toContain('second header section')
  })
})
