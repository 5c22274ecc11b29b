import { type AddressInfo, connect as connectTcp, createServer } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Wire, WireHandler } from '../../src/core/network.ts'
import { respond, selfSigned } from '../../src/index.ts'
import { virtualClock } from '../../src/testing/index.ts'
import { nodeNetwork } from '../../src/transport/network.ts'
import { GET, gateway, onRealSockets } from './support.ts'
import { plainClient, portOf, tlsClient } from './tls-client.ts'
import { refusing } from './tls-gateway.ts'

onRealSockets()

const own = selfSigned()

describe('a client that comes to no handshake', () => {
  it('and says nothing is closed when its time is up', async () => {
    const { app, clock, refusals, connected } = await refusing(own, { handshakeMs: '3s' })
    const client = await plainClient(app)
    await connected(1)
    await clock.advance(2_999)
    expect(app.running.connections).toBe(1)
    await clock.advance(1)
    expect(await client.over).toBeDefined()
    expect(await refusals(1)).toEqual(['handshake_timeout'])
    await connected(0)
    expect(app.running.refusedConnections.get('handshake_timeout')).toBe(1)
  })

  it('is told with the reason, and nobody else is concerned', async () => {
    const log: string[] = []
    const clock = virtualClock()
    const app = await gateway('http://127.0.0.1:9', {
      tls: own,
      limits: { handshakeMs: '3s' },
      target: () => respond(200, 'ok'),
      start: { signals: false, surroundings: { clock } },
      onConnectionRefused: ({ reason, peer }) => {
        log.push(`${reason} ${peer.address}`)
        throw new Error('the log is full')
      },
    })
    const console = vi.spyOn(globalThis.console, 'error').mockImplementation(() => {})
    onTestFinished(() => console.mockRestore())
    const served = await tlsClient(app)
    const stalled = await plainClient(app)
    await stalled.send((await clientHello()).subarray(0, 40))
    while (app.running.connections < 2) await new Promise((resolve) => setImmediate(resolve))
    await clock.advance('3s')
    await stalled.over
    while (log.length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(log).toEqual(['handshake_timeout 127.0.0.1'])
    expect(console.mock.calls).toEqual([
      ['gatewright: onConnectionRefused threw', new Error('the log is full')],
    ])
    await served.peer.send(GET)
    expect((await served.peer.response()).status).toBe(200)
    const fresh = await tlsClient(app)
    await fresh.peer.send(GET)
    expect((await fresh.peer.response()).status).toBe(200)
    served.peer.close()
    fresh.peer.close()
  })

  it('and sends a byte now and then has no more time than others', async () => {
    const { app, clock, refusals, connected } = await refusing(own)
    const client = await plainClient(app)
    await connected(1)
    const hello = await clientHello()
    for (let i = 0; i < 10; i++) {
      await client.send(hello.subarray(i, i + 1))
      await clock.advance('1s')
    }
    expect(await refusals(1)).toEqual(['handshake_timeout'])
    await client.over
  })

  it.each([
    ['a request without TLS', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'ERR_SSL_HTTP_REQUEST'],
    ['noise', '\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b', undefined],
    ['the beginning of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', undefined],
    ['a record that is too large', '\x16\x03\x01\xff\xff\x01\x00\xff\xfb\x03\x03', undefined],
    ['SSH', 'SSH-2.0-OpenSSH_9.9\r\n', undefined],
  ])('and sends %s is closed at once', async (_, bytes, code) => {
    const { app, refused, refusals, connected } = await refusing(own)
    const client = await plainClient(app)
    await client.send(bytes)
    await client.over
    expect(await refusals(1)).toEqual(['handshake_failed'])
    const { error, peer } = refused[0]!
    if (code !== undefined) expect(error).toMatchObject({ code })
    expect(error).toBeInstanceOf(Error)
    expect(peer.address).toBe('127.0.0.1')
    await connected(0)
    // Others are served.
    const { peer: other } = await tlsClient(app)
    await other.send(GET)
    expect((await other.response()).status).toBe(200)
  })

  it.each(['reset', 'end'] as const)('and leaves is forgotten: %s', async (how) => {
    const { app, refusals, connected } = await refusing(own)
    for (const begun of [Buffer.alloc(0), (await clientHello()).subarray(0, 40), await clientHello()]) {
      const client = await plainClient(app)
      await connected(1)
      if (begun.length > 0) await client.send(begun)
      client[how]()
      await connected(0)
    }
    expect(new Set(await refusals(3))).toEqual(new Set(['handshake_failed']))
  })
})

/** What a client sends first. */
async function clientHello(): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>()
  const listener = await nodeNetwork.listen({ host: '127.0.0.1', port: 0 }, (wire) => {
    wire.handler = {
      onData: (chunk) => {
        resolve(Buffer.from(chunk))
        wire.destroy()
        return undefined
      },
      onEnd: () => {},
      onDrain: () => {},
      onClose: () => {},
    }
  })
  const socket = connectTls({ host: '127.0.0.1', port: listener.address.port })
  socket.on('error', () => {})
  const hello = await promise
  socket.destroy()
  await listener.close()
  return hello
}

describe('handshakes under way', () => {
  it('count for the limit of connections', async () => {
    const { app, refusals, connected } = await refusing(own, { connections: 2 })
    const clients = [await plainClient(app), await plainClient(app)]
    await connected(2)
    const third = await plainClient(app)
    await third.over
    expect(await refusals(1)).toEqual(['connections'])
    clients[0]!.close()
    await connected(1)
    const { peer } = await tlsClient(app)
    await peer.send(GET)
    expect((await peer.response()).status).toBe(200)
  })

  it('make room for new ones where there are too many, the oldest first', async () => {
    const { app, refusals, refused, connected } = await refusing(own, { handshakes: 2 })
    const first = await plainClient(app)
    await connected(1)
    const second = await plainClient(app)
    await connected(2)
    const { peer } = await tlsClient(app)
    await first.over
    expect(await refusals(1)).toEqual(['handshakes'])
    // One that has ended makes room by itself.
    await peer.send(GET)
    expect((await peer.response()).status).toBe(200)
    second.close()
    await connected(1)
    expect(refused.map(({ reason }) => reason)).toEqual(['handshakes', 'handshake_failed'])
  })

  it('are given up when the proxy closes', async () => {
    const { app, refused, connected } = await refusing(own)
    const client = await plainClient(app)
    await connected(1)
    await app.running.close()
    await client.over
    expect([app.running.connections, refused]).toEqual([0, []])
  })

  it('end, and are served, when the proxy drains', async () => {
    const { app, connected } = await refusing(own)
    const raw = connectTcp({ host: '127.0.0.1', port: portOf(app) })
    onTestFinished(() => void raw.destroy())
    await connected(1)
    const drained = app.running.drain('1m')
    await new Promise((resolve) => setImmediate(resolve))
    const socket = connectTls({ socket: raw, rejectUnauthorized: false })
    await new Promise((resolve) => socket.once('secureConnect', resolve))
    socket.write(GET)
    const response = await new Promise<string>((resolve) =>
      socket.once('data', (chunk) => resolve(String(chunk))),
    )
    expect(response).toContain('200 OK')
    expect(response).toContain('Connection: close')
    socket.end()
    await drained
  })
})

describe('behind the handshake', () => {
  it('no client can begin another one', async () => {
    const { app } = await refusing(own)
    const client = await tlsClient(app, { maxVersion: 'TLSv1.2' })
    const error = await new Promise<Error | null>((resolve) => {
      client.socket.renegotiate({}, resolve)
      client.socket.once('error', resolve)
    })
    expect(error?.message).toMatch(/no renegotiation/i)
  })

  it('a record that was tampered with closes the connection', async () => {
    const { app, connected } = await refusing(own)
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const client = await tlsClient(app, { maxVersion })
      client.socket.on('error', () => {})
      await client.peer.send(GET)
      await client.peer.response()
      client.raw.write(Buffer.concat([Buffer.from([0x17, 3, 3, 0, 40]), Buffer.alloc(40, 1)]))
      await client.peer.over
      await connected(0)
    }
  })

  it('a client that ends its side within a request has left, and is let go', async () => {
    const { app, connected } = await refusing(own)
    const client = await tlsClient(app)
    await client.peer.send('GET / HTTP/1.1\r\nHost: a\r\n')
    client.peer.end()
    await client.peer.over
    await connected(0)
  })
})

describe('bytes that come before TLS on the same connection', () => {
  const LINE = 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n'

  it.each([
    ['with the beginning of the handshake', true],
    ['before it', false],
  ])('can be read first: %s', async (_, together) => {
    const server = nodeNetwork.tlsServer!(SETTINGS)
    const lineRead = Promise.withResolvers<void>()
    const secured = Promise.withResolvers<Wire>()
    let early = -1
    /** Reads the line, and then hands the wire over. */
    class LineReader extends Echo {
      #read = Buffer.alloc(0)

      override onData(chunk: Buffer): undefined {
        this.#read = Buffer.concat([this.#read, chunk])
        if (this.#read.length < LINE.length) return
        expect(this.#read.subarray(0, LINE.length).toString()).toBe(LINE)
        const behind = this.#read.subarray(LINE.length)
        early = behind.length
        server.accept(this.wire, behind, {
          onSecure: (wire) => secured.resolve(new Echo(wire).wire),
          onFailed: secured.reject,
        })
        lineRead.resolve()
      }
    }
    const listener = await nodeNetwork.listen(
      { host: '127.0.0.1', port: 0 },
      (wire) => void new LineReader(wire),
    )
    // What stands between the client and the listener, and speaks of the client.
    const relay = createServer((from) => {
      const to = connectTcp({ host: '127.0.0.1', port: listener.address.port, noDelay: true })
      from.once('data', (hello) => {
        from.pause()
        if (!together) to.write(LINE)
        void (together ? Promise.resolve() : lineRead.promise).then(() => {
          to.write(together ? Buffer.concat([Buffer.from(LINE), hello]) : hello)
          from.pipe(to).pipe(from)
        })
      })
    })
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
    const { port } = relay.address() as AddressInfo
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, servername: 'a.test' })
    const { tls, remote } = await secured.promise
    expect([early > 0, tls?.servername, remote.address]).toEqual([together, 'a.test', '127.0.0.1'])
    const large = 'hello'.repeat(40_000)
    socket.write(large)
    let heard = ''
    for await (const chunk of socket) {
      heard += chunk
      if (heard.length === large.length) break
    }
    expect(heard).toBe(large)
    await listener.close()
    await new Promise((resolve) => relay.close(resolve))
  })
})

/** Says everything again. */
class Echo implements WireHandler {
  readonly wire: Wire

  constructor(wire: Wire) {
    this.wire = wire
    wire.handler = this
  }

  onData(chunk: Buffer): undefined {
    this.wire.write(Buffer.from(chunk))
  }

  onEnd(): void {
    this.wire.end()
  }

  onDrain(): void {}
  onClose(): void {}
}

const SETTINGS = {
  certificates: [{ ...own, names: [], passphrase: undefined, ocspResponse: undefined, endsAt: 0 }],
  minVersion: 'TLSv1.2' as const,
  ciphers: 'TLS_AES_128_GCM_SHA256',
  curves: 'X25519',
  preferServerCiphers: false,
  alpn: ['http/1.1'],
  clientCertificates: 'off' as const,
  clientCa: [],
  ticketKeys: undefined,
  sessionMs: 0,
}
