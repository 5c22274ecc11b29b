import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { createServer } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { ProxyAgent, request } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type ConnectMethodOptions,
  type Filter,
  type Outcome,
  proxy,
  respond,
  selfSigned,
} from '../../src/index.ts'

const own = selfSigned()

/** An HTTPS origin at a free port. */
async function origin(): Promise<number> {
  const server = createServer({ cert: own.cert, key: own.key }, (incoming, outgoing) => {
    incoming.resume()
    incoming.on('end', () => outgoing.end(`origin ${incoming.method} ${incoming.url}`))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function forwardProxy(
  options: Partial<ConnectMethodOptions> & { allow: string[] },
  ...filters: Filter[]
) {
  const outcomes: Outcome[] = []
  const running = await proxy()
    .listen(0)
    .use((exchange, next) => {
      exchange.onComplete((outcome) => outcomes.push(outcome))
      return next(exchange)
    })
    .connect(...filters, { allowAddresses: ['loopback'], ...options })
    .start({ signals: false })
  onTestFinished(async () => {
    await running.close()
    expect(running.connections).toBe(0)
  })
  return { running, url: running.url, outcomes }
}

const requireUser: Filter = (exchange, next) =>
  exchange.request.headers.get('proxy-authorization') ===
  `Basic ${Buffer.from('ann:secret').toString('base64')}`
    ? next(exchange)
    : respond(407, 'who are you?', { 'Proxy-Authenticate': 'Basic realm="proxy"' })

function curl(...args: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile('curl', ['-sSk', '-m', '8', ...args], { timeout: 10_000 }, (error, stdout, stderr) => {
      resolve(error === null ? stdout : `${error.code}: ${stderr.trim()}`)
    })
  })
}

describe('curl', () => {
  test('gets its tunnel with HTTP/1.1, and is asked for credentials', async () => {
    const port = await origin()
    const { url } = await forwardProxy({ allow: [`localhost:${port}`] }, requireUser)
    const target = `https://localhost:${port}/a?b`
    expect(await curl('--proxytunnel', '-x', url, target)).toMatch(/^56: .*407/)
    expect(await curl('-x', url, '-U', 'ann:secret', target)).toBe('origin GET /a?b')
    // The scheme is found out by a first try without credentials.
    expect(await curl('-x', url, '--proxy-anyauth', '-U', 'ann:secret', target)).toBe('origin GET /a?b')
    expect(await curl('-x', url, '-U', 'ann:secret', `https://127.0.0.1:${port}/`)).toMatch(/^56: .*403/)
  })

  test('sends a large body through', async () => {
    const port = await origin()
    const { url, outcomes } = await forwardProxy({ allow: [`localhost:${port}`] })
    const sent = await new Promise<string>((resolve) => {
      const args = ['-sSk', '-m', '8', '-x', url, '--data-binary', '@-', `https://localhost:${port}/`]
      const child = execFile('curl', args, { timeout: 10_000 }, (_error, stdout) => resolve(stdout))
      child.stdin!.end(Buffer.alloc(3_000_000, 'x'))
    })
    expect(sent).toBe('origin POST /')
    while (outcomes.length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(outcomes[0]!.bytesReceived).toBeGreaterThan(3_000_000)
  })
})

test('undici has its requests sent through', async () => {
  const port = await origin()
  const { url } = await forwardProxy({ allow: [`localhost:${port}`] }, requireUser)
  const token = `Basic ${Buffer.from('ann:secret').toString('base64')}`
  const agent = new ProxyAgent({ uri: url, token, requestTls: { rejectUnauthorized: false } })
  onTestFinished(() => agent.close())
  for (const path of ['/one', '/two']) {
    const response = await request(`https://localhost:${port}${path}`, { dispatcher: agent })
    expect(await response.body.text()).toBe(`origin GET ${path}`)
  }
})

/** The status that a client gets for CONNECT. */
async function statusOf(url: string, authority: string): Promise<string> {
  const socket = connectTcp(Number(new URL(url).port), '127.0.0.1')
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: a\r\n\r\n`)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return chunk.toString().split(' ')[1] ?? ''
}

test('an inner address is refused, however it is written, and whatever name stands for it', async () => {
  const port = await origin()
  const { url } = await forwardProxy({ allow: [`*:${port}`], allowAddresses: [] })
  const hosts = [
    'localhost',
    '127.0.0.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0',
  ]
  const answers = await Promise.all(hosts.map((host) => statusOf(url, `${host}:${port}`)))
  expect(Object.fromEntries(hosts.map((host, i) => [host, answers[i]]))).toEqual(
    Object.fromEntries(hosts.map((host) => [host, '403'])),
  )
  const open = await forwardProxy({ allow: [`*:${port}`] })
  expect(await statusOf(open.url, `127.1:${port}`)).toBe('200')
})

describe('a client of HTTP/2', () => {
  /** A session with the proxy, in clear text. */
  function session(url: string) {
    const made = connectHttp2(url)
    made.on('error', () => {})
    onTestFinished(() => made.destroy())
    return made
  }

  test('gets a tunnel in a stream, and other requests beside it', async () => {
    const port = await origin()
    const { url, outcomes } = await forwardProxy({ allow: [`localhost:${port}`] })
    const http2 = session(url)
    const stream = http2.request({ ':method': 'CONNECT', ':authority': `localhost:${port}` })
    const [headers] = await once(stream, 'response')
    expect(headers[':status']).toBe(200)
    expect(headers['content-length']).toBeUndefined()
    const inner = connectTls({ socket: stream, rejectUnauthorized: false })
    await once(inner, 'secureConnect')
    inner.write('GET /inside HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    let text = ''
    for await (const chunk of inner) text += chunk
    expect(text).toContain('origin GET /inside')
    // Who speaks TLS in a stream ends that stream himself.
    stream.end()
    while (outcomes.length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(outcomes[0]).toMatchObject({ result: 'completed', status: 200 })
    const beside = http2.request({ ':path': '/nothing' })
    expect((await once(beside, 'response'))[0][':status']).toBe(404)
  })

  test('is refused and asked for credentials as one of HTTP/1.1 is', async () => {
    const { url } = await forwardProxy({ allow: ['localhost:9'] }, (exchange, next) =>
      exchange.request.headers.has('x-let-me') ? next(exchange) : requireUser(exchange, next),
    )
    const http2 = session(url)
    const asked = http2.request({ ':method': 'CONNECT', ':authority': 'localhost:9' })
    expect((await once(asked, 'response'))[0]).toMatchObject({
      ':status': 407,
      'proxy-authenticate': 'Basic realm="proxy"',
    })
    asked.resume()
    const denied = http2.request({ ':method': 'CONNECT', ':authority': 'localhost:10', 'x-let-me': '1' })
    expect((await once(denied, 'response'))[0][':status']).toBe(403)
    denied.resume()
    const noPort = http2.request({ ':method': 'CONNECT', ':authority': 'localhost', 'x-let-me': '1' })
    expect((await once(noPort, 'response'))[0][':status']).toBe(400)
    noPort.resume()
  })
})

test('without connect, CONNECT is answered 501, whatever the version', async () => {
  const running = await proxy()
    .listen(0)
    .route('/', () => respond(200, 'ok'))
    .start({ signals: false })
  onTestFinished(() => running.close())
  expect(await curl('--proxytunnel', '-x', running.url, 'https://localhost:9/')).toMatch(/^56: .*501/)
  const made = connectHttp2(running.url)
  onTestFinished(() => made.destroy())
  const stream = made.request({ ':method': 'CONNECT', ':authority': 'localhost:9' })
  expect((await once(stream, 'response'))[0][':status']).toBe(501)
  stream.resume()
})
