import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type ClientHttp2Session, connect } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import { websocket } from '../../src/filters/index.ts'
import {
  type Filter,
  type Outcome,
  onRequest,
  pool,
  proxy,
  type RunningProxy,
  respond,
} from '../../src/index.ts'
import { seededRandom } from '../../src/testing/index.ts'
import { connectOverHttp2, serveOverHttp2 } from '../http2/websocket-over-http2.ts'

const KIB = 1024
const MIB = 1024 * KIB
const MESSAGES = 10_000
const random = randomBytes(MIB)
const text = random.toString('base64').slice(0, MIB)

type Version = 'HTTP/1.1' | 'HTTP/2'
const VERSIONS: readonly Version[] = ['HTTP/1.1', 'HTTP/2']

interface World {
  readonly running: RunningProxy
  readonly sockets: WebSocketServer
  readonly outcomes: Outcome[]
  readonly open: (protocols?: string[]) => WebSocket
}

interface WorldOptions {
  client: Version
  service: Version
  filters?: Filter[]
  compressed?: boolean
  onConnection?: (socket: WebSocket) => void
  /** What the service answers in place of a 101. */
  refusal?: number
}

/** A proxy between real peers, which are closed when the test is over; then nothing may be left open. */
async function world({
  client,
  service,
  filters = [],
  compressed = false,
  onConnection = echo,
  refusal,
}: WorldOptions): Promise<World> {
  const sockets = new WebSocketServer({
    noServer: service === 'HTTP/2',
    ...(service === 'HTTP/1.1' && { port: 0, host: '127.0.0.1' }),
    perMessageDeflate: compressed,
    maxPayload: 2 * MIB,
    ...(refusal !== undefined && {
      verifyClient: (_info: unknown, done: (allowed: boolean, status: number) => void) =>
        done(false, refusal),
    }),
    handleProtocols: (offered: Set<string>) => (offered.has('b') ? 'b' : false),
  } as never)
  sockets.on('connection', onConnection)
  let server: Server | undefined
  if (service === 'HTTP/2') {
    server = serveOverHttp2(sockets)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  } else await once(sockets, 'listening')
  const { port } = (server ?? sockets).address() as AddressInfo
  const outcomes: Outcome[] = []
  const running = await proxy()
    .listen({ port: 0 })
    .use(
      (exchange, next) => {
        exchange.onComplete((outcome) => outcomes.push(outcome))
        return next(exchange)
      },
      ...filters,
    )
    .route('/', pool([`http://127.0.0.1:${port}`], { http2: service === 'HTTP/2' }))
    .start({ signals: false })
  let session: ClientHttp2Session | undefined
  if (client === 'HTTP/2') {
    session = connect(running.url)
    await once(session, 'remoteSettings')
  }
  onTestFinished(async () => {
    session?.close()
    await running.close()
    expect(running.connections).toBe(0)
    server?.close()
    await new Promise((resolve) => sockets.close(resolve))
  })
  return {
    running,
    sockets,
    outcomes,
    open: (protocols = []) =>
      session === undefined
        ? new WebSocket(running.url.replace('http', 'ws'), protocols, { perMessageDeflate: compressed })
        : connectOverHttp2(session, '/', protocols, { perMessageDeflate: compressed }),
  }
}

function echo(socket: WebSocket): void {
  socket.on('error', () => {})
  socket.on('message', (data: RawData, binary) =>
    socket.send(data as Buffer, { binary, compress: (data as Buffer).length % 10 === 0 }),
  )
}

/** Mostly small ones, and some of up to 1 MiB. */
function* sizes(seed: number): Generator<number> {
  const draw = seededRandom(seed)
  yield MIB
  yield 0
  for (let i = 2; i < MESSAGES; i++) {
    const dice = draw()
    if (dice < 0.001) yield Math.floor(draw() * MIB)
    else if (dice < 0.05) yield Math.floor(draw() * 16 * KIB)
    else yield Math.floor(draw() * 200)
  }
}

/** Sends them all, some of them in fragments, and checks each that comes back. */
async function echoes(socket: WebSocket, seed: number): Promise<number> {
  await once(socket, 'open')
  const sent: (string | Buffer)[] = []
  let came = 0
  const over = new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('close', (code) => reject(new Error(`closed with ${code} after ${came}`)))
    socket.on('message', (data: Buffer, binary) => {
      const wanted = sent.shift()!
      const same =
        typeof wanted === 'string' ? !binary && data.toString() === wanted : binary && data.equals(wanted)
      if (!same) reject(new Error(`message ${came} is not what was sent`))
      if (++came === MESSAGES) resolve()
    })
  })
  let n = 0
  for (const size of sizes(seed)) {
    const message = n++ % 2 === 0 ? text.slice(0, size) : random.subarray(0, size)
    sent.push(message)
    // Where it is agreed on. All of them would keep zlib busy for long.
    const compress = n % 10 === 0
    if (n % 5 === 0 && size > 2) {
      const at = Math.floor(size / 2)
      socket.send(message.slice(0, at), { fin: false, compress })
      socket.send(message.slice(at), { fin: true, compress })
    } else socket.send(message, { compress })
    if (n % 500 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await over
  socket.removeAllListeners('close')
  socket.close(1000, 'done')
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  expect([code, reason.toString()]).toEqual([1000, 'done'])
  return came
}

const COMBINATIONS = VERSIONS.flatMap((client) => VERSIONS.map((service) => ({ client, service })))

describe('WebSocket between real peers', () => {
  for (const { client, service } of COMBINATIONS) {
    for (const kind of ['a tunnel', 'a filter of messages'] as const) {
      for (const compressed of [false, true]) {
        it(`${client} to ${service}, ${kind}${compressed ? ', compressed' : ''}: ${MESSAGES} messages come back as they were`, async () => {
          let seen = 0
          const filter = websocket({
            onMessage: () => {
              seen++
            },
          })
          const { open, outcomes } = await world({
            client,
            service,
            compressed,
            filters: kind === 'a tunnel' ? [] : [filter],
          })
          const socket = open(['a', 'b'])
          expect(await echoes(socket, 1)).toBe(MESSAGES)
          expect(socket.protocol).toBe('b')
          expect(socket.extensions).toBe(compressed ? 'permessage-deflate' : '')
          expect(seen).toBe(kind === 'a tunnel' ? 0 : 2 * MESSAGES)
          await expect
            .poll(() => outcomes.map(({ result, status }) => [result, status]))
            .toEqual([['completed', 101]])
        }, 60_000)
      }
    }
  }
})

/** The status that a handshake was refused with. */
async function refusedWith(socket: WebSocket): Promise<number | undefined> {
  socket.on('error', () => {})
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  response.resume()
  return response.statusCode
}

async function closedWith(socket: WebSocket): Promise<number> {
  const [code] = (await once(socket, 'close')) as [number]
  return code
}

describe.each(COMBINATIONS)('WebSocket, $client to $service', ({ client, service }) => {
  for (const filters of [[], [websocket()]]) {
    const through = filters.length === 0 ? 'a tunnel' : 'a filter of messages'

    it(`${through}: a refusal of the service comes through as it is`, async () => {
      const { open, sockets, outcomes } = await world({ client, service, filters, refusal: 403 })
      expect(await refusedWith(open())).toBe(403)
      expect(sockets.clients.size).toBe(0)
      await expect
        .poll(() => outcomes.map(({ status, error }) => [status, error]))
        .toEqual([[403, undefined]])
    })

    it(`${through}: a filter before it refuses, and the service is never asked`, async () => {
      let asked = 0
      const auth = onRequest(({ request }) =>
        request.headers.get('sec-websocket-protocol') === 'b' ? undefined : respond(401, 'who are you?'),
      )
      const { open } = await world({
        client,
        service,
        filters: [auth, ...filters],
        onConnection: (socket) => {
          asked++
          echo(socket)
        },
      })
      expect(await refusedWith(open(['a']))).toBe(401)
      expect(asked).toBe(0)
      const allowed = open(['b'])
      await once(allowed, 'open')
      expect(asked).toBe(1)
      allowed.terminate()
    })
  }

  it('a drain says 1001 to both', async () => {
    const service1001 = Promise.withResolvers<number>()
    const { open, running } = await world({
      client,
      service,
      filters: [websocket()],
      onConnection: (socket) => socket.on('close', (code) => service1001.resolve(code)),
    })
    const socket = open()
    await once(socket, 'open')
    const codes = Promise.all([closedWith(socket), service1001.promise])
    await running.drain({ limitMs: '10s', tunnelMs: 0 })
    expect(await codes).toEqual([1001, 1001])
  })

  it('a proxy that is closed at once says 1001 to the client, too', async () => {
    const { open, running } = await world({ client, service, filters: [websocket()] })
    const socket = open()
    await once(socket, 'open')
    const code = closedWith(socket)
    await running.close()
    expect(await code).toBe(1001)
  })

  it('without the filter, a drain closes the connection without a word', async () => {
    const { open, running } = await world({ client, service })
    const socket = open()
    await once(socket, 'open')
    const code = closedWith(socket)
    await running.drain({ limitMs: '10s', tunnelMs: 0 })
    expect(await code).toBe(1006)
  })

  it('a client that is cut off leaves nothing behind', async () => {
    const gone = Promise.withResolvers<number>()
    const { open, outcomes } = await world({
      client,
      service,
      filters: [websocket()],
      onConnection: (socket) => socket.on('error', () => {}).on('close', gone.resolve),
    })
    const socket = open()
    await once(socket, 'open')
    socket.terminate()
    expect(await gone.promise).toBe(1006)
    await expect.poll(() => outcomes.length).toBe(1)
  })
})
