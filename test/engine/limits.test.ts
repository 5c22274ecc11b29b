import { describe, expect, it } from 'vitest'
import { onRequest, respond } from '../../src/index.ts'
import { answer, client, GET, gateway, OK, rawUpstream, testNetwork } from './support.ts'

/** What the client gets for these bytes. The upstream must hear nothing of it. */
async function refused(request: string, limits: Parameters<typeof gateway>[1] = {}) {
  const upstream = await rawUpstream()
  const app = await gateway(upstream, limits)
  const from = await client(app)
  void from.send(request)
  const response = await from.response()
  expect(response.header('connection')).toBe('close')
  expect(await from.over).toBe('ended')
  expect(upstream.peers).toHaveLength(0)
  return response
}

describe('heads', () => {
  it('414: a target that is too long', async () => {
    expect((await refused(`GET /${'a'.repeat(8_192)} HTTP/1.1\r\nHost: a\r\n\r\n`)).status).toBe(414)
  })

  it('a target of exactly the limit passes', async () => {
    const upstream = (await rawUpstream()).answer(() => OK)
    const from = await client(await gateway(upstream, { limits: { targetBytes: 100 } }))
    await from.send(`GET /${'a'.repeat(99)} HTTP/1.1\r\nHost: a\r\n\r\n`)
    expect((await from.response()).status).toBe(200)
  })

  it('431: a head that is too large, in one write or in pieces, complete or not', async () => {
    expect((await refused(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)).status).toBe(431)
    expect((await refused(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}`)).status).toBe(431)
    const app = await gateway(await rawUpstream(), { limits: { headBytes: 100 } })
    const from = await client(app)
    await from.send('GET / HTTP/1.1\r\nHost: a\r\nX: ')
    for (let i = 0; i < 100 && from.unreadBytes === 0; i++) await from.send('x')
    expect((await from.response()).status).toBe(431)
  })

  it('431: too many fields', async () => {
    expect((await refused(`GET / HTTP/1.1\r\nHost: a\r\n${'a: b\r\n'.repeat(100)}\r\n`)).status).toBe(431)
  })

  it('431 also for the second request of a connection', async () => {
    const upstream = (await rawUpstream()).answer(() => OK)
    const from = await client(await gateway(upstream))
    await from.send(GET)
    expect((await from.response()).status).toBe(200)
    await from.send(`GET / HTTP/1.1\r\nHost: a\r\n${'a: b\r\n'.repeat(100)}\r\n`)
    expect((await from.response()).status).toBe(431)
    expect(await from.over).toBe('ended')
  })

  for (const [name, request, status] of [
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400],
    ['a bare line feed', 'GET / HTTP/1.1\nHost: a\n\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na', 400],
    [
      'length and chunked',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    [
      'a coding we do not know',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
      501,
    ],
    ['HTTP/2.0', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505],
    ['another expectation', 'GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n', 417],
    ['a path above the root', 'GET /../etc HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['TRACE with a body', 'TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na', 400],
    ['TLS on a plain port', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ] as const) {
    it(`${status}: ${name}`, async () => {
      const response = await refused(request)
      expect(response.status).toBe(status)
      expect(response.header('content-type')).toBe('application/problem+json')
    })
  }
})

describe('bodies', () => {
  it('413: a length past the limit, before the handler runs', async () => {
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n'
    expect((await refused(head, { limits: { bodyBytes: 100 } })).status).toBe(413)
    expect((await refused(head + 'x'.repeat(101), { limits: { bodyBytes: 100 } })).status).toBe(413)
  })

  it('a length of exactly the limit passes', async () => {
    const upstream = (await rawUpstream()).answer(({ body }) => answer(200, `${body.length}`))
    const from = await client(await gateway(upstream, { limits: { bodyBytes: 100 } }))
    await from.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n${'x'.repeat(100)}`)
    expect((await from.response()).body.toString()).toBe('100')
    await from.send(
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n${'x'.repeat(100)}\r\n0\r\n\r\n`,
    )
    expect((await from.response()).body.toString()).toBe('100')
  })

  it('413: chunks past the limit; the upstream sees the request break off', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, { limits: { bodyBytes: 100 } })
    const from = await client(app)
    await from.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
    const peer = await upstream.accept()
    await peer.until('hello')
    await from.send(`60\r\n${'x'.repeat(0x60)}\r\n`)
    expect((await from.response()).status).toBe(413)
    await peer.over
    expect(peer.unread).not.toContain('\r\n0\r\n')
    expect(await app.outcome()).toMatchObject({
      result: 'completed',
      status: 413,
      error: { code: 'request_body_too_large' },
    })
  })

  it('400: a broken chunk; the upstream sees the request break off', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
    const peer = await upstream.accept()
    await peer.until('hello')
    await from.send('zz\r\n')
    expect((await from.response()).status).toBe(400)
    await peer.over
    expect((await app.outcome()).error?.code).toBe('request_malformed')
  })

  it('a chunk that is broken after the answer closes the connection without a second answer', async () => {
    const app = await gateway(await rawUpstream(), { filters: [onRequest(() => respond(200, 'ok'))] })
    const from = await client(app)
    await from.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n')
    expect((await from.response()).status).toBe(200)
    await from.send('abcGARBAGE\r\n\r\n')
    const second = await from.response()
    expect(second.status).toBe(400)
    expect(await from.rest()).toBe('')
  })

  it('a client that goes on sending a large body gets to read the 413', async () => {
    const app = await gateway(await rawUpstream(), { limits: { bodyBytes: 1_000 } })
    const from = await client(app)
    from.pause()
    await from.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${64 * 1024 * 1024}\r\n\r\n`)
    const piece = Buffer.alloc(1024 * 1024)
    for (let i = 0; i < 32; i++) void from.send(piece)
    await testNetwork().settled()
    from.resume()
    expect((await from.response()).status).toBe(413)
  })

  it('a client that aborts its upload ends the request at the upstream', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nbegin')
    const peer = await upstream.accept()
    await peer.until('begin')
    from.reset()
    await peer.over
    expect(await app.outcome()).toMatchObject({ result: 'aborted', status: undefined, bytesReceived: 5 })
  })
})

describe('connections', () => {
  it('past the limit new ones are closed, and there is room again when one goes', async () => {
    const upstream = (await rawUpstream()).answer(() => OK)
    const app = await gateway(upstream, { limits: { connections: 1 } })
    const one = await client(app)
    await one.send(GET)
    expect((await one.response()).status).toBe(200)
    const two = await client(app)
    await two.over
    one.end()
    await one.over
    const three = await client(app)
    await three.send(GET)
    expect((await three.response()).status).toBe(200)
  })
})
