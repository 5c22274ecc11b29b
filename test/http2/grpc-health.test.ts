import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo, Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Observer } from '../../src/core/observer.ts'
import { type GrpcHealthOptions, pool, proxy } from '../../src/index.ts'

const made = certificate()
if (made === undefined) console.log('skipped: openssl is not installed')

/** A certificate for localhost, and its key, in PEM. */
function certificate(): { key: string; cert: string } | undefined {
  if (spawnSync('openssl', ['version']).error !== undefined) return undefined
  const directory = mkdtempSync(join(tmpdir(), 'gatewright-grpc-'))
  try {
    const file = (name: string) => join(directory, name)
    const { status, stderr } = spawnSync('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
      ...['-keyout', file('key'), '-out', file('cert')],
    ])
    if (status !== 0) throw new Error(stderr.toString())
    return { key: readFileSync(file('key'), 'utf8'), cert: readFileSync(file('cert'), 'utf8') }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** The numbers of `ServingStatus`, by service. */
const SERVICES: Readonly<Record<string, number>> = { '': 1, 'users.v1.Users': 1, 'orders.v1.Orders': 2 }

/** `grpc.health.v1.Health/Check` by hand, on node:http2. */
function health(stream: ServerHttp2Stream, headers: IncomingHttpHeaders & { ':path'?: string }): void {
  const head = { ':status': 200, 'content-type': 'application/grpc' }
  const refuse = (status: number) => stream.respond({ ...head, 'grpc-status': status }, { endStream: true })
  if (headers[':path'] !== '/grpc.health.v1.Health/Check') {
    refuse(12)
    return
  }
  const parts: Buffer[] = []
  stream.on('data', (chunk: Buffer) => parts.push(chunk))
  stream.on('end', () => {
    const message = Buffer.concat(parts).subarray(5)
    const status = SERVICES[message.subarray(2).toString()]
    if (status === undefined) {
      refuse(5)
      return
    }
    stream.respond(head, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': 0 }))
    stream.end(Buffer.of(0, 0, 0, 0, 2, 0x08, status))
  })
}

interface Listening {
  readonly port: number
  /** Resolves when every connection that came is closed. */
  readonly idle: () => Promise<void>
}

async function listening(server: Server | Http2Server | Http2SecureServer): Promise<Listening> {
  const open = new Set<object>()
  let wake = (): void => {}
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      open.delete(socket)
      wake()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return {
    port: (server.address() as AddressInfo).port,
    async idle() {
      while (open.size > 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

/** What the first probe of an endpoint finds. */
async function probed(url: string, options: Omit<GrpcHealthOptions, 'type'> = {}): Promise<string> {
  const found = Promise.withResolvers<string>()
  const observer: Observer = { probed: (_, { reason }) => found.resolve(reason) }
  const tls = made === undefined ? {} : { ca: made.cert }
  const app = await proxy()
    .listen({ host: '127.0.0.1', port: 0 })
    .route(
      '/',
      pool([url], { tls }).health({
        type: 'grpc',
        timeoutMs: '10s',
        intervalMs: '1h',
        jitter: 0,
        ...options,
      }),
    )
    .start({ signals: false, surroundings: { observer } })
  const reason = await found.promise
  await app.close()
  return reason
}

const services: [string | undefined, string][] = [
  [undefined, 'passed'],
  ['users.v1.Users', 'passed'],
  ['orders.v1.Orders', 'NOT_SERVING'],
  ['nobody.v1.Knows', 'grpc-status 5 NOT_FOUND'],
]

describe('a gRPC probe of node:http2', () => {
  test.each(services)('by prior knowledge finds of %s: %s', async (service, reason) => {
    const server = createServer().on('stream', health)
    const { port, idle } = await listening(server)
    expect(await probed(`http://127.0.0.1:${port}`, service === undefined ? {} : { service })).toBe(reason)
    await idle()
  })

  test.skipIf(made === undefined).each(services)('by TLS finds of %s: %s', async (service, reason) => {
    const server = createSecureServer(made!).on('stream', health)
    const { port, idle } = await listening(server)
    expect(await probed(`https://localhost:${port}`, service === undefined ? {} : { service })).toBe(reason)
    await idle()
  })

  test('finds that there is no service for health', async () => {
    const server = createServer().on('stream', (stream: ServerHttp2Stream) => {
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': 12 },
        { endStream: true },
      )
    })
    const { port } = await listening(server)
    expect(await probed(`http://127.0.0.1:${port}`)).toBe('grpc-status 12 UNIMPLEMENTED')
  })

  test('finds that it is a service by HTTP alone', async () => {
    const server = createServer((_, response) => response.end('hello'))
    const { port } = await listening(server)
    expect(await probed(`http://127.0.0.1:${port}`)).toBe('content-type')
  })

  test('finds that a session ends before its answer', async () => {
    const server = createServer().on('stream', (stream: ServerHttp2Stream) => stream.session?.destroy())
    const { port } = await listening(server)
    expect(['upstream_reset', 'upstream_response_incomplete']).toContain(
      await probed(`http://127.0.0.1:${port}`),
    )
  })
})

describe('a gRPC probe of a service without HTTP/2', () => {
  test('fails where it speaks HTTP/1.1', async () => {
    const { port } = await listening(createHttpServer((_, response) => response.end('hello')))
    expect(await probed(`http://127.0.0.1:${port}`)).toBe('upstream_response_malformed')
  })

  test.skipIf(made === undefined)('fails where TLS agrees on nothing', async () => {
    const { port } = await listening(createTlsServer(made!, (socket) => void socket.on('error', () => {})))
    expect(await probed(`https://localhost:${port}`)).toBe('alpn')
  })

  test.skipIf(made === undefined)('fails where TLS offers something else', async () => {
    const server = createTlsServer(
      { ...made!, ALPNProtocols: ['http/1.1'] },
      (socket) => void socket.on('error', () => {}),
    )
    const { port } = await listening(server)
    expect(await probed(`https://localhost:${port}`)).toBe('upstream_tls_failed')
  })
})
