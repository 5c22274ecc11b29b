import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo, Socket } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { virtualClock } from '../../src/testing/index.ts'
import { client, type GatewayOptions, GET, gateway, onRealSockets, SWITCHED, WEBSOCKET } from './support.ts'

// The TLS is Node's own.
onRealSockets()

const openssl = spawnSync('openssl', ['version']).error === undefined
if (!openssl) console.log('skipped: openssl is not installed')

const directory = mkdtempSync(join(tmpdir(), 'gatewright-tls-'))
let key = ''
let cert = ''

beforeAll(() => {
  if (!openssl) return
  const file = (name: string) => join(directory, name)
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
    ...['-keyout', file('key'), '-out', file('cert')],
  ])
  if (made.status !== 0) throw new Error(made.stderr.toString())
  key = readFileSync(file('key'), 'utf8')
  cert = readFileSync(file('cert'), 'utf8')
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** A TLS service that answers every request with the server name it was asked for. Gives its port. */
async function service(): Promise<number> {
  const server = createServer({ key, cert }, (socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const asked = chunk.toString('latin1')
      if (asked.includes('Upgrade: websocket')) socket.write(`${SWITCHED}early`)
      else if (!asked.startsWith('GET')) socket.write(chunk)
      else {
        const name = String(socket.servername)
        const body = asked.startsWith('GET /large') ? 'x'.repeat(3_000_000) : name
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
      }
    })
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function answered(url: string, options: GatewayOptions, request = GET) {
  const app = await gateway(url, options)
  const from = await client(app)
  await from.send(request)
  const response = await from.response()
  return { app, from, response }
}

describe.skipIf(!openssl)('an https: endpoint', () => {
  it('is reached when its certificate is trusted and names it', async () => {
    const port = await service()
    const { from, response } = await answered(`https://localhost:${port}`, { pool: { tls: { ca: cert } } })
    expect(response.status).toBe(200)
    expect(response.body.toString()).toBe('localhost')
    await from.send(GET.replace('/', '/large'))
    expect((await from.response()).body.length).toBe(3_000_000)
  })

  it('502: a certificate that nobody vouches for', async () => {
    const { app, response } = await answered(`https://localhost:${await service()}`, {})
    expect(response.status).toBe(502)
    expect(response.header('proxy-status')).toBe('gatewright; error=tls_certificate_error')
    expect(app.outcomes[0]?.error?.code).toBe('upstream_certificate_invalid')
  })

  it('502: a certificate for another name', async () => {
    const { app, response } = await answered(`https://127.0.0.1:${await service()}`, {
      pool: { tls: { ca: cert } },
    })
    expect(response.status).toBe(502)
    expect(app.outcomes[0]?.error?.code).toBe('upstream_certificate_invalid')
  })

  it('another server name can be asked for', async () => {
    const { response } = await answered(`https://127.0.0.1:${await service()}`, {
      pool: { tls: { ca: cert, servername: 'localhost' } },
    })
    expect(response.body.toString()).toBe('localhost')
  })

  it('any certificate is accepted when told so', async () => {
    const { response } = await answered(`https://127.0.0.1:${await service()}`, {
      pool: { tls: { dangerouslyAcceptAnyCertificate: true } },
    })
    expect(response.status).toBe(200)
  })

  it('502: a service that speaks no TLS', async () => {
    const plain = createTcpServer((socket) =>
      socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    )
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void plain.close())
    const { app, response } = await answered(`https://localhost:${(plain.address() as AddressInfo).port}`, {})
    expect(response.status).toBe(502)
    expect(app.outcomes[0]?.error?.code).toBe('upstream_tls_failed')
  })

  it('504: a service that never answers the handshake is left, and its connection closed', async () => {
    const clock = virtualClock()
    const greeted = Promise.withResolvers<Socket>()
    const silent = createTcpServer((socket) => {
      socket.on('error', () => {}).once('data', () => greeted.resolve(socket))
    })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void silent.close())
    const app = await gateway(`https://localhost:${(silent.address() as AddressInfo).port}`, {
      pool: { connectMs: '1m', tlsMs: '3s' },
      start: { surroundings: { clock } },
    })
    const from = await client(app)
    await from.send(GET)
    const socket = await greeted.promise
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    await clock.advance('3s')
    expect((await from.response()).status).toBe(504)
    expect(app.outcomes[0]?.error?.code).toBe('upstream_tls_timeout')
    await closed
  })

  it('a tunnel through it carries early bytes and both directions', async () => {
    const { from, response } = await answered(
      `https://localhost:${await service()}`,
      { pool: { tls: { ca: cert } } },
      WEBSOCKET,
    )
    expect(response.status).toBe(101)
    expect(await from.until('early')).toBe('early')
    await from.send('ping')
    expect(await from.until('ping')).toBe('ping')
    from.end()
    await from.over
  })
})
