import { describe, expect, it } from 'vitest'
import { onRequest, respond } from '../../src/index.ts'
import {
  client,
  deadUrl,
  expectAlive,
  GET,
  gateway,
  OK,
  onRealSockets,
  rawUpstream,
  SWITCHED,
  WEBSOCKET,
} from './support.ts'

// Each check of the table in FIELD.md section 3, in which every Node proxy failed some.
// On the system's sockets, as those were measured.
onRealSockets()

describe('framing and messages', () => {
  it('a chunked DELETE is framed anew, and the request behind it is not mistaken for its body', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    const smuggled = 'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n'
    await from.send(
      `DELETE /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n`,
    )
    const peer = await upstream.accept()
    const first = await peer.request()
    expect(first.startLine).toBe('DELETE /a HTTP/1.1')
    expect(first.framing).toBe('chunked')
    expect(first.body.toString()).toBe(smuggled)
    await peer.send(OK)
    expect((await from.response()).status).toBe(200)
    expect((await peer.request()).startLine).toBe('GET /b HTTP/1.1')
    await peer.send(OK)
    expect((await from.response()).status).toBe(200)
  })

  it('response trailers arrive', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(
      'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 9\r\nx-two: b\r\n\r\n',
    )
    const response = await from.response()
    expect(response.body.toString()).toBe('abc')
    expect(response.header('trailer')).toBe('X-Sum')
    expect(response.trailers).toEqual([
      ['X-Sum', '9'],
      ['x-two', 'b'],
    ])
  })

  it('103 Early Hints arrive before the response', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(
      'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: x\r\nX: 1\r\n\r\n',
    )
    const hint = await from.until('\r\n\r\n')
    expect(hint).toBe('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n')
    await peer.send(OK)
    expect((await from.response()).status).toBe(200)
  })

  it('103 does not go to an HTTP/1.0 client', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send('GET / HTTP/1.0\r\n\r\n')
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(`HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${OK}`)
    const response = await from.response()
    expect(response.interim).toEqual([])
    expect(response.status).toBe(200)
  })
})

describe('who leaves', () => {
  it('a client that aborts mid-stream closes the upstream connection', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    await from.until('abc')
    from.reset()
    await peer.over
    const outcome = await app.outcome()
    expect(outcome).toMatchObject({ result: 'aborted', status: 200, error: { code: 'client_aborted' } })
  })

  it('a client that closes in order mid-stream closes the upstream connection', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc')
    await from.until('abc')
    from.close()
    await peer.over
    expect(await app.outcome()).toMatchObject({ result: 'aborted', status: 200, bytesSent: 3 })
  })

  it('a client that aborts before the headers closes the upstream connection', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    from.reset()
    await peer.over
    expect(await app.outcome()).toMatchObject({ result: 'aborted', status: undefined })
    expect(app.endpoints[0]?.inFlight).toBe(0)
  })

  for (const framing of ['Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', 'Content-Length: 9\r\n\r\nabc']) {
    it(`an upstream that resets mid-body closes the client, visibly cut: ${framing.split('\r')[0]}`, async () => {
      const upstream = await rawUpstream()
      const app = await gateway(upstream)
      const from = await client(app)
      await from.send(GET)
      const peer = await upstream.accept()
      await peer.request()
      await peer.send(`HTTP/1.1 200 OK\r\n${framing}`)
      await from.until('\r\n\r\n')
      await from.until('abc')
      peer.reset()
      expect(['', '\r\n']).toContain(await from.rest())
      expect(await app.outcome()).toMatchObject({
        result: 'failed',
        status: 200,
        error: { code: 'upstream_response_incomplete' },
      })
    })
  }

  it('an HTTP/1.0 client sees by a reset that a body without length was cut', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send('GET / HTTP/1.0\r\n\r\n')
    const peer = await upstream.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    await from.until('abc')
    peer.reset()
    expect(await from.over).toBe('reset')
    expect((await app.outcome()).result).toBe('failed')
  })
})

describe('WebSocket', () => {
  it('a client that resets at once does no harm', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(WEBSOCKET)
    from.reset()
    await expectAliveBeside(app, upstream)
  })

  it('a client that resets while the upstream is silent frees the upstream connection', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(WEBSOCKET)
    const peer = await upstream.accept()
    await peer.request()
    from.reset()
    await peer.over
    expect(await app.outcome()).toMatchObject({ result: 'aborted', status: undefined })
    await expectAlive(app, upstream)
  })

  it('a client that resets in the tunnel resets the upstream', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(WEBSOCKET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(SWITCHED)
    await from.until('\r\n\r\n')
    await from.send('ping')
    expect(await peer.until('ping')).toBe('ping')
    from.reset()
    expect(await peer.over).toBe('reset')
    expect((await app.outcome()).status).toBe(101)
    await expectAlive(app, upstream)
  })

  it("the upstream's 502 is the client's 502", async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(WEBSOCKET)
    const peer = await upstream.accept()
    const request = await peer.request()
    expect(request.header('upgrade')).toBe('websocket')
    expect(request.header('connection')).toBe('Upgrade')
    await peer.send('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nmine')
    const response = await from.response()
    expect(response.status).toBe(502)
    expect(response.body.toString()).toBe('mine')
  })
})

describe('connections', () => {
  it('20 requests, one after the other, use 1 upstream connection', async () => {
    const upstream = (await rawUpstream()).answer(() => OK)
    const app = await gateway(upstream)
    const from = await client(app)
    for (let i = 0; i < 20; i++) {
      await from.send(GET)
      expect((await from.response()).body.toString()).toBe('ok')
    }
    expect(upstream.peers).toHaveLength(1)
  })

  it('a dead upstream is 502 with Proxy-Status', async () => {
    const app = await gateway(await deadUrl())
    const from = await client(app)
    await from.send(GET)
    const response = await from.response()
    expect(response.status).toBe(502)
    expect(response.header('proxy-status')).toBe('gatewright; error=connection_refused')
    expect(response.header('content-type')).toBe('application/problem+json')
    expect(response.body.toString()).not.toContain('127.0.0.1')
    expect(await app.outcome()).toMatchObject({
      result: 'completed',
      status: 502,
      error: { code: 'upstream_refused' },
    })
  })
})

describe('fields', () => {
  it('fields named in Connection end here, in both directions', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-End: 2\r\n\r\n',
    )
    const peer = await upstream.accept()
    const request = await peer.request()
    expect(request.headers.map(([name]) => name.toLowerCase())).toEqual([
      'host',
      'x-end',
      'x-forwarded-for',
      'x-forwarded-proto',
      'x-forwarded-host',
      'x-forwarded-port',
      'via',
    ])
    await peer.send(
      'HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\nContent-Length: 0\r\n\r\n',
    )
    const response = await from.response()
    expect(response.header('x-hop')).toBeUndefined()
    expect(response.header('connection')).toBeUndefined()
    expect(response.header('x-end')).toBe('2')
  })

  it('a client cannot nominate away what the proxy and its filters add', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, {
      filters: [
        onRequest((exchange) => {
          exchange.request.headers.set('X-User', 'jane')
        }),
      ],
    })
    const from = await client(app)
    await from.send(
      'GET / HTTP/1.1\r\nHost: a\r\nX-User: admin\r\nConnection: X-User, X-Forwarded-For, X-Forwarded-Proto, Via, Host\r\n\r\n',
    )
    const peer = await upstream.accept()
    const request = await peer.request()
    expect(request.header('x-user')).toBe('jane')
    expect(request.header('x-forwarded-for')).toBe('127.0.0.1')
    expect(request.header('x-forwarded-proto')).toBe('http')
    expect(request.header('via')).toBe('1.1 gatewright')
    expect(request.header('host')).toBe('a')
    await peer.send(OK)
    await from.response()
  })

  it('Proxy-Authorization is not passed on', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(
      'GET / HTTP/1.1\r\nHost: a\r\nProxy-Authorization: Basic x\r\nProxy-Connection: keep-alive\r\nAuthorization: Basic y\r\n\r\n',
    )
    const peer = await upstream.accept()
    const request = await peer.request()
    expect(request.header('proxy-authorization')).toBeUndefined()
    expect(request.header('proxy-connection')).toBeUndefined()
    expect(request.header('authorization')).toBe('Basic y')
    await peer.send(OK)
    await from.response()
  })

  it('X-Forwarded-* and Forwarded that a client made up are replaced', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(
      'GET / HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 443\r\nX-Real-IP: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n\r\n',
    )
    const peer = await upstream.accept()
    const request = await peer.request()
    expect(request.headers.filter(([name]) => /forwarded|real/i.test(name))).toEqual([
      ['X-Forwarded-For', '127.0.0.1'],
      ['X-Forwarded-Proto', 'http'],
      ['X-Forwarded-Host', 'shop.example'],
      ['X-Forwarded-Port', new URL(app.url).port],
    ])
    await peer.send(OK)
    await from.response()
  })
})

describe('Expect: 100-continue', () => {
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n'

  it('is answered by the proxy once the body is wanted, and does not reach the upstream', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(head)
    expect(await from.until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    await from.send('body')
    const peer = await upstream.accept()
    const request = await peer.request()
    expect(request.header('expect')).toBeUndefined()
    expect(request.body.toString()).toBe('body')
    await peer.send(`HTTP/1.1 100 Continue\r\n\r\n${OK}`)
    const response = await from.response()
    expect(response.interim).toEqual([])
    expect(response.status).toBe(200)
    await from.send(GET)
    await peer.request()
    await peer.send(OK)
    expect((await from.response()).status).toBe(200)
  })

  it('a filter that refuses answers without 100, and the connection closes', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, { filters: [onRequest(() => respond(401, 'no'))] })
    const from = await client(app)
    await from.send(head)
    const response = await from.response()
    expect(response.interim).toEqual([])
    expect(response.status).toBe(401)
    expect(response.header('connection')).toBe('close')
    expect(await from.over).toBe('ended')
    expect(upstream.peers).toHaveLength(0)
  })
})

describe('slow reader', () => {
  it('a client that does not read stops the upstream, and both go on when it reads', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    const size = 64 * 1024 * 1024
    await peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
    await from.until('\r\n\r\n')
    from.pause()
    const piece = Buffer.alloc(1024 * 1024, 'x')
    let sent = 0
    let stopped = false
    // Until the system takes no more from the upstream: then the proxy has stopped reading.
    while (!stopped && sent < size) {
      const taken = peer.send(piece)
      sent += piece.length
      stopped = await Promise.race([taken.then(() => false), idle().then(() => true)])
    }
    expect(stopped).toBe(true)
    expect(sent).toBeLessThan(size)
    from.resume()
    while (sent < size) {
      await peer.send(piece)
      sent += piece.length
    }
    expect(await app.outcome()).toMatchObject({ result: 'completed', bytesSent: size })
    expect((await from.bytes(size)).every((byte) => byte === 0x78)).toBe(true)
    await from.send(GET)
    await peer.request()
    await peer.send(OK)
    expect((await from.response()).status).toBe(200)
  })
})

/** Many turns of the event loop, in which bytes that can move do move. */
async function idle(): Promise<void> {
  for (let i = 0; i < 2_000; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** As `expectAlive`, where the connection of another exchange may or may not have come before. */
async function expectAliveBeside(
  app: { readonly url: string },
  upstream: Awaited<ReturnType<typeof rawUpstream>>,
): Promise<void> {
  const other = await client(app)
  await other.send('GET /alive HTTP/1.1\r\nHost: a\r\n\r\n')
  for (;;) {
    const peer = await upstream.accept()
    const request = await peer.request().catch(() => undefined)
    if (request?.target !== '/alive') continue
    await peer.send(OK)
    break
  }
  expect((await other.response()).status).toBe(200)
}
