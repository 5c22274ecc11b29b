import { describe, expect, it } from 'vitest'
import { onRequest, onResponse, respond } from '../../src/index.ts'
import { answer, client, GET, gateway, OK, rawUpstream, testNetwork } from './support.ts'

/** Starts everything, sends a request, and gives both ends at the point where the upstream must answer. */
async function asked(request: string, options: Parameters<typeof gateway>[1] = {}) {
  const upstream = await rawUpstream()
  const app = await gateway(upstream, options)
  const from = await client(app)
  void from.send(request)
  const peer = await upstream.accept()
  return { upstream, app, from, peer, request: await peer.request() }
}

describe('responses without a body', () => {
  for (const [name, head] of [
    ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
    ['chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['without framing', 'HTTP/1.1 200 OK\r\n\r\n'],
  ] as const) {
    it(`HEAD, ${name}: the connection goes on, on both sides`, async () => {
      const { from, peer, upstream } = await asked('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
      await peer.send(head)
      const response = await from.response({ to: 'HEAD' })
      expect(response.status).toBe(200)
      expect(response.header('content-length')).toBe(name === 'with a length' ? '5' : undefined)
      expect(response.header('transfer-encoding')).toBeUndefined()
      await from.send(GET)
      await peer.request()
      await peer.send(OK)
      expect((await from.response()).body.toString()).toBe('ok')
      expect(upstream.peers).toHaveLength(1)
    })
  }

  it('204: no framing field goes out, whatever the upstream says', async () => {
    const { from, peer } = await asked(GET)
    await peer.send('HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n')
    const response = await from.response()
    expect(response.status).toBe(204)
    expect(response.header('content-length')).toBeUndefined()
    await from.send(GET)
    await peer.request()
    await peer.send(OK)
    expect((await from.response()).body.toString()).toBe('ok')
  })

  it('304: the length of the representation is passed on, without a body', async () => {
    const { from, peer } = await asked(GET)
    await peer.send('HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 500\r\n\r\n')
    const response = await from.response()
    expect(response.status).toBe(304)
    expect(response.header('content-length')).toBe('500')
    await from.send(GET)
    await peer.request()
    await peer.send(OK)
    expect((await from.response()).body.toString()).toBe('ok')
  })

  it('HEAD to an answer of our own tells the length and sends nothing', async () => {
    const app = await gateway(await rawUpstream(), { filters: [onRequest(() => respond(200, 'hello'))] })
    const from = await client(app)
    await from.send(`HEAD / HTTP/1.1\r\nHost: a\r\n\r\n${GET}`)
    expect((await from.response({ to: 'HEAD' })).header('content-length')).toBe('5')
    expect((await from.response()).body.toString()).toBe('hello')
  })

  it('bytes after the head of a response to HEAD are not the next response', async () => {
    const { from, peer, upstream } = await asked('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')
    expect((await from.response({ to: 'HEAD' })).status).toBe(200)
    await peer.over
    await from.send(GET)
    const second = await upstream.accept()
    await second.request()
    await second.send(OK)
    expect((await from.response()).body.toString()).toBe('ok')
  })
})

describe('HTTP/1.0 clients', () => {
  it('without keep-alive the connection closes after the response', async () => {
    const { from, peer, request } = await asked('GET / HTTP/1.0\r\n\r\n')
    expect(request.startLine).toBe('GET / HTTP/1.1')
    expect(request.header('host')).toMatch(/^127\.0\.0\.1:\d+$/)
    expect(request.header('via')).toBe('1.0 gatewright')
    await peer.send(OK)
    const response = await from.response()
    expect(response.header('connection')).toBe('close')
    expect(response.body.toString()).toBe('ok')
    expect(await from.over).toBe('ended')
  })

  it('with keep-alive it goes on', async () => {
    const { from, peer } = await asked('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    await peer.send(OK)
    expect((await from.response()).header('connection')).toBe('keep-alive')
    await from.send('GET /2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    expect((await peer.request()).target).toBe('/2')
    await peer.send(OK)
    expect((await from.response()).status).toBe(200)
  })

  it('a chunked response becomes one that ends with the connection, keep-alive or not', async () => {
    const { from, peer } = await asked('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    await peer.send(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: 1\r\n\r\n',
    )
    const response = await from.response()
    expect(response.framing).toBe('close')
    expect(response.complete).toBe(true)
    expect(response.header('connection')).toBe('close')
    expect(response.body.toString()).toBe('abcde')
  })
})

describe('upstream bodies', () => {
  it('one that ends with the connection goes out chunked, and whole', async () => {
    const { from, peer, app } = await asked(GET)
    await peer.send('HTTP/1.1 200 OK\r\n\r\nfirst ')
    await from.until('first ')
    await peer.send('second')
    peer.end()
    await from.until('second')
    expect(await from.until('0\r\n\r\n')).toBe('\r\n0\r\n\r\n')
    expect(await app.outcome()).toMatchObject({ result: 'completed', bytesSent: 12 })
  })

  it('one that ends with the connection at once, in one packet', async () => {
    const { from, peer } = await asked(GET)
    void peer.send('HTTP/1.0 200 OK\r\n\r\nall of it')
    peer.end()
    const response = await from.response()
    expect(response.framing).toBe('chunked')
    expect(response.body.toString()).toBe('all of it')
  })

  it('chunks in pieces come out whole', async () => {
    const { from, peer } = await asked(GET)
    for (const byte of 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a="b;c"\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n') {
      await peer.send(byte)
    }
    const response = await from.response()
    expect(response.body.toString()).toBe('hello0123456789')
    expect(response.trailers).toEqual([['X-T', '1']])
  })

  it('a length keeps its length', async () => {
    const { from, peer } = await asked(GET)
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234')
    await from.until('01234')
    await peer.send('56789')
    expect(await from.until('56789')).toBe('56789')
    expect(from.unread).toBe('')
  })

  it('an empty chunked response stays empty', async () => {
    const { from, peer } = await asked(GET)
    await peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')
    const response = await from.response()
    expect(response.body.length).toBe(0)
    expect(response.complete).toBe(true)
  })
})

describe('request bodies', () => {
  it('chunked in, chunked out, with trailers', async () => {
    const { from, peer, request } = await asked(
      'POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 9\r\n\r\n',
    )
    expect(request.framing).toBe('chunked')
    expect(request.body.toString()).toBe('abc')
    expect(request.trailers).toEqual([['X-Sum', '9']])
    expect(request.header('te')).toBe('trailers')
    expect(request.header('connection')).toBe('TE')
    await peer.send(OK)
    await from.response()
  })

  it('a length in, a length out, also when it comes in pieces', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc')
    const peer = await upstream.accept()
    await peer.until('abc')
    await from.send('def')
    expect(await peer.until('def')).toBe('def')
    await peer.send(OK)
    expect((await from.response()).status).toBe(200)
    expect(await app.outcome()).toMatchObject({ bytesReceived: 6 })
  })

  it('POST without a body says so', async () => {
    const { from, peer, request } = await asked('POST / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(request.header('content-length')).toBe('0')
    await peer.send(OK)
    await from.response()
  })

  it('a body on GET goes along', async () => {
    const { from, peer, request } = await asked('GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi')
    expect(request.body.toString()).toBe('hi')
    await peer.send(OK)
    await from.response()
  })
})

describe('targets', () => {
  it('absolute-form: its authority counts, and the path goes on in origin form', async () => {
    const { from, peer, request } = await asked(
      'GET http://Shop.example:81/a?b=c HTTP/1.1\r\nHost: other\r\n\r\n',
    )
    expect(request.target).toBe('/a?b=c')
    expect(request.header('host')).toBe('shop.example:81')
    expect(request.header('x-forwarded-host')).toBe('shop.example:81')
    await peer.send(OK)
    await from.response()
  })

  it('asterisk-form goes on as it is', async () => {
    const { from, peer, request } = await asked('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(request.startLine).toBe('OPTIONS * HTTP/1.1')
    await peer.send(OK)
    expect((await from.response()).status).toBe(200)
  })

  it('CONNECT is refused', async () => {
    const app = await gateway(await rawUpstream())
    const from = await client(app)
    await from.send('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n')
    expect((await from.response()).status).toBe(501)
    expect(await from.over).toBe('ended')
  })
})

describe('early answers', () => {
  for (const [name, status] of [
    ['small', 'HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno'],
    ['closing', 'HTTP/1.1 403 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno'],
  ] as const) {
    it(`a final response while the body is still coming reaches the client: ${name}`, async () => {
      const upstream = await rawUpstream()
      const app = await gateway(upstream)
      const from = await client(app)
      await from.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin')
      const peer = await upstream.accept()
      await peer.until('begin')
      await peer.send(status)
      const response = await from.response()
      expect(response.status).toBe(403)
      expect(response.header('connection')).toBe('close')
      expect(await from.over).toBe('ended')
      await peer.over
      expect(await app.outcome()).toMatchObject({ result: 'completed', status: 403 })
    })
  }

  it('when little of the body is left it is read and dropped, and the connection goes on', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\nbegin')
    const peer = await upstream.accept()
    await peer.until('begin')
    await peer.send(answer(403, 'no'))
    const response = await from.response()
    expect(response.status).toBe(403)
    expect(response.header('connection')).toBeUndefined()
    await from.send('x'.repeat(29_995) + GET)
    const second = await upstream.accept()
    await second.request()
    await second.send(OK)
    expect((await from.response()).status).toBe(200)
  })

  it('a streamed answer and a streamed request run side by side', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    const peer = await upstream.accept()
    await peer.until('\r\n\r\n')
    await peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    await from.until('\r\n\r\n')
    for (let i = 0; i < 5; i++) {
      await from.send('4\r\nping\r\n')
      expect(await peer.until('ping\r\n')).toContain('ping')
      await peer.send('4\r\npong\r\n')
      expect(await from.until('pong\r\n')).toContain('pong')
    }
    await from.send('0\r\n\r\n')
    await peer.until('0\r\n\r\n')
    await peer.send('0\r\n\r\n')
    await from.until('0\r\n\r\n')
    expect((await app.outcome()).result).toBe('completed')
    await from.send(GET)
    await peer.request()
    await peer.send(OK)
    expect((await from.response()).status).toBe(200)
  })

  it('a streamed answer that ends before the request does closes both, and leaves nothing', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    const peer = await upstream.accept()
    await peer.until('\r\n\r\n')
    await peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    await from.until('\r\n\r\n')
    await peer.send('1\r\nx\r\n0\r\n\r\n')
    expect(await from.until('0\r\n\r\n')).toBe('1\r\nx\r\n0\r\n\r\n')
    await peer.over
    expect(await from.over).toBe('ended')
    expect(await app.outcome()).toMatchObject({ result: 'completed', status: 200 })
  })
})

describe('a response whose body fails before anything of it went out', () => {
  it('is 502, not an empty connection', async () => {
    let go: () => void = () => {}
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    const { from, peer, app } = await asked(GET, { filters: [onResponse(() => gate)] })
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n')
    peer.reset()
    // The lease comes back when the proxy has seen the reset.
    await testNetwork().settled()
    expect(app.endpoints[0]!.inFlight).toBe(0)
    go()
    expect((await from.response()).status).toBe(502)
    expect(await app.outcome()).toMatchObject({
      status: 502,
      error: { code: 'upstream_response_incomplete' },
    })
  })
})
