import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type Filter, respond } from '../../src/index.ts'
import {
  client,
  expectAlive,
  GET,
  gateway,
  OK,
  type Peer,
  rawUpstream,
  SWITCHED,
  testNetwork,
  WEBSOCKET,
} from './support.ts'

async function tunnel(): Promise<{
  app: Awaited<ReturnType<typeof gateway>>
  upstream: Awaited<ReturnType<typeof rawUpstream>>
  from: Peer
  peer: Peer
}> {
  const upstream = await rawUpstream()
  const app = await gateway(upstream)
  const from = await client(app)
  await from.send(WEBSOCKET)
  const peer = await upstream.accept()
  await peer.request()
  await peer.send(SWITCHED)
  await from.until('\r\n\r\n')
  return { app, upstream, from, peer }
}

describe('a tunnel', () => {
  it('the 101 carries what the upstream said, and the proxy says Upgrade itself', async () => {
    const upstream = await rawUpstream()
    const from = await client(await gateway(upstream))
    await from.send(WEBSOCKET)
    const peer = await upstream.accept()
    const request = await peer.request()
    expect(request.header('sec-websocket-key')).toBe('dGhlIHNhbXBsZSBub25jZQ==')
    expect(request.header('x-forwarded-for')).toBe('127.0.0.1')
    await peer.send(SWITCHED)
    const response = await from.response()
    expect(response.status).toBe(101)
    expect(response.header('connection')).toBe('Upgrade')
    expect(response.header('upgrade')).toBe('websocket')
    expect(response.header('sec-websocket-accept')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
    from.close()
    await peer.over
  })

  it('passes bytes both ways, as they are', async () => {
    const { app, from, peer } = await tunnel()
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    await from.send(bytes)
    expect(await peer.bytes(256)).toEqual(bytes)
    await peer.send(bytes)
    expect(await from.bytes(256)).toEqual(bytes)
    from.end()
    expect(await peer.over).toBe('ended')
    peer.end()
    expect(await from.over).toBe('ended')
    expect(await app.outcome()).toMatchObject({
      result: 'completed',
      status: 101,
      error: undefined,
      bytesSent: 256,
      bytesReceived: 256,
    })
  })

  it('bytes in the same packet as the 101 come first', async () => {
    const upstream = await rawUpstream()
    const from = await client(await gateway(upstream))
    await from.send(WEBSOCKET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(`${SWITCHED}early `)
    await from.until('\r\n\r\n')
    await peer.send('late')
    expect(await from.until('late')).toBe('early late')
    from.close()
  })

  it('bytes in the same packet as the request come first', async () => {
    const upstream = await rawUpstream()
    const from = await client(await gateway(upstream))
    await from.send(`${WEBSOCKET}early `)
    const peer = await upstream.accept()
    expect(await peer.until('\r\n\r\n')).not.toContain('early')
    await from.send('middle ')
    expect(peer.unread).toBe('')
    await peer.send(SWITCHED)
    await from.until('\r\n\r\n')
    await from.send('late')
    expect(await peer.until('late')).toBe('early middle late')
    from.close()
  })

  it('a client that ends its side still hears the other', async () => {
    const { from, peer } = await tunnel()
    await from.send('last')
    from.end()
    expect(await peer.rest()).toBe('last')
    await peer.send('still here')
    expect(await from.until('still here')).toBe('still here')
    peer.end()
    expect(await from.over).toBe('ended')
  })

  it('an upstream that ends its side still hears the client', async () => {
    const { from, peer } = await tunnel()
    await peer.send('last')
    peer.end()
    expect(await from.rest()).toBe('last')
    await from.send('still here')
    expect(await peer.until('still here')).toBe('still here')
    from.end()
    expect(await peer.over).toBe('ended')
  })

  it('an upstream that ends its side together with the 101', async () => {
    const upstream = await rawUpstream()
    const from = await client(await gateway(upstream))
    await from.send(WEBSOCKET)
    const peer = await upstream.accept()
    await peer.request()
    void peer.send(`${SWITCHED}bye`)
    peer.end()
    await from.until('\r\n\r\n')
    expect(await from.rest()).toBe('bye')
    from.end()
    await peer.over
  })

  it("an upstream's reset is the client's reset", async () => {
    const { app, upstream, from, peer } = await tunnel()
    peer.reset()
    expect(await from.over).toBe('reset')
    expect(await app.outcome()).toMatchObject({ status: 101, error: { code: 'upstream_reset' } })
    await expectAlive(app, upstream)
  })

  for (const direction of ['up', 'down'] as const) {
    it(`${direction}: megabytes go through a reader that is slow at first`, async () => {
      const { from, peer } = await tunnel()
      const [source, sink] = direction === 'up' ? [from, peer] : [peer, from]
      const bytes = randomBytes(4 * 1024 * 1024)
      sink.pause()
      const sent = source.send(bytes)
      let taken = false
      void sent.then(() => {
        taken = true
      })
      await testNetwork().settled()
      // The proxy does not swallow what its reader does not take.
      expect(taken).toBe(false)
      sink.resume()
      const hash = (it: Buffer) => createHash('sha1').update(it).digest('hex')
      expect(hash(await sink.bytes(bytes.length))).toBe(hash(bytes))
      source.end()
      await sink.over
      sink.end()
      await source.over
    }, 20_000)
  }

  it('is closed when the proxy closes', async () => {
    const { app, from, peer } = await tunnel()
    await app.running.close()
    await from.over
    await peer.over
    expect(await app.outcome()).toMatchObject({ status: 101, result: 'failed' })
  })

  it('a filter that answers something else in its place lets go of the upstream', async () => {
    const upstream = await rawUpstream()
    const instead: Filter = async (exchange, next) => {
      await next(exchange)
      return respond(403, 'no')
    }
    const app = await gateway(upstream, { filters: [instead] })
    const from = await client(app)
    await from.send(WEBSOCKET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(SWITCHED)
    expect((await from.response()).status).toBe(403)
    await peer.over
  })
})

describe('an upgrade that must not be', () => {
  for (const offered of ['h2c', 'TLS/1.0', 'HTTP/2.0', 'h2c, TLS/1.2']) {
    it(`${offered} is not offered on`, async () => {
      const upstream = await rawUpstream()
      const from = await client(await gateway(upstream))
      await from.send(
        `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${offered}\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n`,
      )
      const peer = await upstream.accept()
      const request = await peer.request()
      expect(request.header('upgrade')).toBeUndefined()
      expect(request.header('connection')).toBeUndefined()
      expect(request.header('http2-settings')).toBeUndefined()
      await peer.send(OK)
      expect((await from.response()).status).toBe(200)
      await from.send(GET)
      await peer.request()
      await peer.send(OK)
      expect((await from.response()).status).toBe(200)
    })
  }

  it('of several protocols those that are dangerous are taken out, and switching to them is refused', async () => {
    const upstream = await rawUpstream()
    const from = await client(await gateway(upstream))
    await from.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c, websocket\r\n\r\n')
    const peer = await upstream.accept()
    expect((await peer.request()).header('upgrade')).toBe('websocket')
    await peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
    expect((await from.response()).status).toBe(502)
    await peer.over
  })

  it('502: an upstream that switches without being asked', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream)
    const from = await client(app)
    await from.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(SWITCHED)
    expect((await from.response()).status).toBe(502)
    expect((await app.outcome()).error?.code).toBe('upstream_upgrade_failed')
    await peer.over
  })

  it('502: an upstream that switches to another protocol', async () => {
    const upstream = await rawUpstream()
    const from = await client(await gateway(upstream))
    await from.send(WEBSOCKET)
    const peer = await upstream.accept()
    await peer.request()
    await peer.send(SWITCHED.replace('Upgrade: websocket', 'Upgrade: other'))
    expect((await from.response()).status).toBe(502)
    await peer.over
  })

  it('Upgrade that Connection does not name is no offer', async () => {
    const upstream = await rawUpstream()
    const from = await client(await gateway(upstream))
    await from.send('GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n')
    const peer = await upstream.accept()
    expect((await peer.request()).header('upgrade')).toBeUndefined()
    await peer.send(OK)
    expect((await from.response()).status).toBe(200)
  })

  it('Upgrade on a request with a body is no offer', async () => {
    const upstream = await rawUpstream()
    const from = await client(await gateway(upstream))
    await from.send(WEBSOCKET.replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 2\r\n\r\nhi'))
    const peer = await upstream.accept()
    expect((await peer.request()).header('upgrade')).toBeUndefined()
    await peer.send(OK)
    expect((await from.response()).status).toBe(200)
  })
})
