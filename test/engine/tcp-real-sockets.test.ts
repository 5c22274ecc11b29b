import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  pool,
  proxy,
  type RefusedConnection,
  respond,
  selfSigned,
  type TlsListenOptions,
} from '../../src/index.ts'
import { GET, onRealSockets } from './support.ts'
import { tcpGateway } from './tcp-gateway.ts'

onRealSockets()

const SIZE = 12_000_000
const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** Everything that comes until the other side ends, read with pauses where `slowly`. (`for await` would close the socket.) */
function readAll(socket: Socket, slowly: boolean): Promise<Buffer> {
  const parts: Buffer[] = []
  socket.on('data', (chunk) => {
    parts.push(chunk)
    if (!slowly || parts.length % 8 > 0) return
    socket.pause()
    setImmediate(() => socket.resume())
  })
  return new Promise((resolve, reject) => {
    socket.once('end', () => resolve(Buffer.concat(parts)))
    socket.once('error', reject)
  })
}

/** A service that sends bytes of its own, and says what it has got. */
async function exchangingService(own: Buffer) {
  const got: Promise<string>[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    got.push(readAll(socket, got.length % 2 === 0).then(sha))
    socket.end(own)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  return { got, url: `tcp://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}` }
}

describe.each<[string, TlsListenOptions | undefined]>([
  ['in clear text', undefined],
  ['in TLS that ends here', selfSigned()],
])('%s, tcp()', (_, tls) => {
  test('passes large streams on in both directions at once, byte for byte', async () => {
    const [down, up] = [randomBytes(SIZE), randomBytes(SIZE)]
    const service = await exchangingService(down)
    const app = await tcpGateway([service.url], { listen: tls === undefined ? {} : { tls } })
    const port = Number(new URL(app.url).port)
    const clients = [true, false, true].map(async (slowly) => {
      const socket =
        tls === undefined
          ? connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true })
          : connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      await once(socket, tls === undefined ? 'connect' : 'secureConnect')
      socket.allowHalfOpen = true
      socket.end(up)
      return sha(await readAll(socket, slowly))
    })
    expect(await Promise.all(clients)).toEqual([sha(down), sha(down), sha(down)])
    expect(await Promise.all(service.got)).toEqual([sha(up), sha(up), sha(up)])
    expect(await app.outcome(3)).toMatchObject({ result: 'completed', bytesSent: SIZE, bytesReceived: SIZE })
  })
})

test('malformed headers on real connections end these alone, each with its reason', async () => {
  const refused: RefusedConnection[] = []
  const all = Promise.withResolvers<void>()
  const running = await proxy()
    .listen({
      port: 0,
      proxyProtocol: { from: ['loopback'] },
      onConnectionRefused: (one) => {
        refused.push(one)
        if (refused.length === 4) all.resolve()
      },
    })
    .route('/', ({ client }) => respond(200, client.address))
    .start({ signals: false })
  onTestFinished(() => running.close())
  const port = Number(new URL(running.url).port)
  const served = connectTcp(port, '127.0.0.1')
  served.write(`PROXY TCP4 203.0.113.1 203.0.113.2 1 2\r\n${GET}`)
  const answer = async () => String((await once(served, 'data'))[0])
  expect(await answer()).toContain('203.0.113.1')
  const begins = [
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'PROXY TCP4 1.2.3.4\r\n',
    Buffer.concat([Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'), Buffer.from([0x21, 0x11, 0, 1, 0])]),
    randomBytes(200).fill('\r', 0, 1),
  ]
  for (const begin of begins) {
    const socket = connectTcp(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(begin)
    const parts: Buffer[] = []
    socket.on('data', (chunk) => parts.push(chunk))
    await once(socket, 'close')
    expect(Buffer.concat(parts).toString()).toBe('')
  }
  await all.promise
  expect(refused.map(({ reason }) => reason)).toEqual(begins.map(() => 'proxy_header'))
  served.write(GET)
  expect(await answer()).toContain('203.0.113.1')
  served.destroy()
})

test('an endpoint that speaks no TLS is not spoken to by tls:', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end('in clear text')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const app = await tcpGateway([], {
    build: (it) =>
      it.to(
        pool([`tls://127.0.0.1:${port}`], { tls: { dangerouslyAcceptAnyCertificate: true } }).retry({
          attempts: 1,
        }),
      ),
  })
  const socket = connectTcp(Number(new URL(app.url).port), '127.0.0.1')
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'upstream_tls_failed' } })
  await closed
})
