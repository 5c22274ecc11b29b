import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { pool, proxy, respond, selfSigned, type TlsListenOptions } from '../../src/index.ts'
import { GET, gateway, onRealSockets, rawUpstream, SWITCHED, WEBSOCKET } from './support.ts'
import { TestAuthority } from './test-authority.ts'
import { tlsClient } from './tls-client.ts'

onRealSockets()

const own = selfSigned()
const MIB = 1024 * 1024

describe('bodies through TLS', () => {
  const block = randomBytes(MIB)

  function* pieces(size: number): Generator<Buffer> {
    for (let left = size; left > 0; left -= MIB) yield block.subarray(0, Math.min(left, MIB))
  }

  function hashOf(size: number): string {
    const sum = createHash('sha1')
    for (const piece of pieces(size)) sum.update(piece)
    return `${size} ${sum.digest('hex')}`
  }

  async function hash(chunks: AsyncIterable<Buffer>): Promise<string> {
    const sum = createHash('sha1')
    let size = 0
    for await (const chunk of chunks) {
      size += chunk.length
      sum.update(chunk)
    }
    return `${size} ${sum.digest('hex')}`
  }

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    if (incoming.method === 'POST') {
      outgoing.end(await hash(incoming))
      return
    }
    const size = Number(incoming.url!.slice(1))
    outgoing.setHeader('Content-Length', size)
    for (const piece of pieces(size))
      if (!outgoing.write(piece)) await new Promise((resolve) => outgoing.once('drain', resolve))
    outgoing.end()
  }

  it.each([
    ['http', 100 * MIB],
    ['https', 100 * MIB],
    ['https', 16_385],
    ['https', 1],
    ['https', 0],
  ] as const)(
    'arrive whole, both ways, from and to a service by %s: %d bytes',
    async (scheme, size) => {
      const handler = (incoming: IncomingMessage, outgoing: ServerResponse) => void serve(incoming, outgoing)
      const service = scheme === 'https' ? createSecureServer({ ...own }, handler) : createServer(handler)
      await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
      const { port } = service.address() as AddressInfo
      const running = await proxy()
        .listen({ port: 0, tls: own })
        .route('/', pool([`${scheme}://127.0.0.1:${port}`], { tls: { ca: own.cert } }))
        .start({ signals: false })
      const dispatcher = new Agent({ connect: { ca: own.cert } })
      onTestFinished(async () => {
        await dispatcher.close()
        await running.close()
        service.closeAllConnections()
        service.close()
        expect(running.connections).toBe(0)
      })
      const down = await request(`${running.url}/${size}`, { dispatcher })
      expect(await hash(down.body)).toBe(hashOf(size))
      for (const headers of [{}, { 'Content-Length': `${size}` }]) {
        const up = await request(running.url, {
          method: 'POST',
          dispatcher,
          headers,
          body: pieces(size) as never,
        })
        expect(await up.body.text()).toBe(hashOf(size))
      }
    },
    120_000,
  )

  it('wait for a client that does not read', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, { tls: own })
    const client = await tlsClient(app)
    client.socket.pause()
    await client.peer.send(GET)
    const peer = await upstream.accept()
    await peer.request()
    const size = 32 * MIB
    await peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
    let sent = 0
    const sending = (async () => {
      for (; sent < size; sent += MIB) await peer.send(block)
    })()
    // As long as anything moves, the event loop turns; then what is under way is what sockets hold.
    for (let before = -1; before !== sent; ) {
      before = sent
      for (let i = 0; i < 500; i++) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(sent).toBeLessThan(size)
    client.socket.resume()
    expect((await client.peer.response()).body.length).toBe(size)
    await sending
  }, 60_000)
})

describe('clients that leave', () => {
  it('in the middle of a response end the work that is done for them', async () => {
    for (const how of ['reset', 'close'] as const) {
      const upstream = await rawUpstream()
      const app = await gateway(upstream, { tls: own })
      const client = await tlsClient(app)
      await client.peer.send(GET)
      const peer = await upstream.accept()
      await peer.request()
      await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
      await client.peer.until('half')
      client.peer[how]()
      await peer.over
      expect(await app.outcome()).toMatchObject({ result: 'aborted', error: { code: 'client_aborted' } })
    }
  })

  it('a service that breaks off is seen to have: the end is none that TLS announces', async () => {
    const upstream = await rawUpstream()
    const app = await gateway(upstream, { tls: own })
    const client = await tlsClient(app)
    client.socket.on('error', () => {})
    await client.peer.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
    const peer = await upstream.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n')
    await client.peer.until('half')
    peer.reset()
    // A body that ends with the connection: only a reset tells that it is not whole.
    expect(await client.peer.over).toBe('reset')
  })
})

describe('tunnels', () => {
  it.each(['end', 'reset'] as const)('from TLS to TLS carry both directions, and the %s', async (how) => {
    const service = createSecureServer({ ...own })
    service.on('upgrade', (_request, socket) => {
      socket.write(`${SWITCHED}early`)
      socket.on('data', (chunk: Buffer) => socket.write(chunk))
      socket.on('error', () => {})
      socket.on('end', () => socket.end('behind your end'))
    })
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      service.closeAllConnections()
      service.close()
    })
    const { port } = service.address() as AddressInfo
    const app = await gateway(`https://127.0.0.1:${port}`, { tls: own, pool: { tls: { ca: own.cert } } })
    const { peer } = await tlsClient(app)
    await peer.send(WEBSOCKET)
    expect(await peer.until('early')).toContain('101 Switching Protocols')
    const large = randomBytes(3 * MIB)
    await peer.send(large)
    expect((await peer.bytes(large.length)).equals(large)).toBe(true)
    peer[how]()
    // One side may still speak when the other has ended.
    if (how === 'end') expect(await peer.rest()).toBe('behind your end')
    const { result, bytesSent } = await app.outcome()
    expect([result, bytesSent]).toEqual(
      how === 'end' ? ['completed', large.length + 20] : ['aborted', large.length + 5],
    )
  })
})

describe('certificates that are replaced under load', () => {
  it.each(['in their files', 'by a reload'] as const)(
    'twenty times %s: no request fails, and every new connection is shown the new one',
    async (how) => {
      const authority = new TestAuthority()
      const folder = mkdtempSync(join(tmpdir(), 'gatewright-tls-'))
      const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
      /** Each file as a whole, one after the other. */
      const replace = ({ cert, key }: { cert: string; key: string }) => {
        for (const [file, content] of [
          [certFile, cert],
          [keyFile, key],
        ] as const) {
          writeFileSync(`${file}.new`, content)
          renameSync(`${file}.new`, file)
        }
        return new X509Certificate(cert).serialNumber
      }
      const first = authority.issue(['localhost'])
      replace(first)
      const describing = (tls: TlsListenOptions) =>
        proxy()
          .listen({ port: 0, tls })
          .route('/', () => respond(200, 'ok'))
      const running = await describing(how === 'in their files' ? { certFile, keyFile } : first).start({
        signals: false,
      })
      const connect = { ca: authority.cert, servername: 'localhost' }
      const kept = new Agent({ connect, connections: 4 })
      const fresh = new Agent({ connect, pipelining: 0 })
      onTestFinished(async () => {
        await Promise.all([kept.destroy(), fresh.destroy()])
        await running.close()
        rmSync(folder, { recursive: true })
        expect(running.connections).toBe(0)
      })

      // 1. Two kinds of clients: those that keep their connections, and those that make a new one each time.
      let replacing = true
      let requests = 0
      const load = async (dispatcher: Agent): Promise<void> => {
        while (replacing) {
          const { statusCode, body } = await request(running.url, { dispatcher })
          expect([statusCode, await body.text()]).toEqual([200, 'ok'])
          requests++
        }
      }
      const loads = Promise.all([load(kept), load(kept), load(fresh), load(fresh)])

      // 2. Meanwhile, another certificate, again and again.
      const shown: string[] = []
      const given: string[] = []
      for (let i = 0; i < 20; i++) {
        const next = authority.issue(['localhost'])
        given.push(replace(next))
        await (how === 'in their files' ? running.reloadCertificates() : running.reload(describing(next)))
        const { socket, peer } = await tlsClient(running, connect)
        shown.push(socket.getPeerX509Certificate()!.serialNumber)
        await peer.send(GET)
        expect((await peer.response()).status).toBe(200)
        peer.close()
        const before = requests
        while (requests < before + 20) await new Promise((resolve) => setImmediate(resolve))
      }
      replacing = false
      await loads
      expect(shown).toEqual(given)
      expect(new Set(shown).size).toBe(20)
      expect(running.refusedConnections).toEqual(new Map())
    },
    60_000,
  )
})
