import { execFile } from 'node:child_process'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls, createServer, type Server, type TlsOptions } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { OptionError, type Pool, pool, selfSigned, type TcpProxy, tcp } from '../../src/index.ts'
import { client, onRealSockets, rawUpstream } from './support.ts'
import { tcpGateway } from './tcp-gateway.ts'

const portOf = ({ url }: { readonly url: string }) => Number(new URL(url).port)

/** A service with TLS of its own, that says its name and what it was told. */
async function tlsService(name: string, options: TlsOptions = {}): Promise<string> {
  const { cert, key } = selfSigned({ names: [name] })
  const server: Server = createServer({ cert, key, ...options }, (socket) => {
    socket.on('error', () => {})
    socket.once('data', (chunk) => socket.end(`${name} ${socket.alpnProtocol} ${chunk}`))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  return `tcp://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

/** What a client gets that asks for a name; the code of the error where that is nothing. */
function ask(
  app: { readonly url: string },
  servername: string,
  ALPNProtocols: string[] = [],
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTls(
      { port: portOf(app), host: '127.0.0.1', servername, rejectUnauthorized: false, ALPNProtocols },
      () => socket.write(`hello from ${String(socket.getPeerCertificate().subject.CN)}`),
    )
    const parts: Buffer[] = []
    socket.on('data', (chunk) => parts.push(chunk))
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.on('close', () => resolve(Buffer.concat(parts).toString()))
  })
}

const routed = (build: (app: TcpProxy) => TcpProxy) => ({ build: (app: TcpProxy) => build(app) })

describe('tcp().sni', () => {
  onRealSockets()

  test('sends TLS on, as it is, by the name that is asked for', async () => {
    const [db, web, other] = await Promise.all(
      ['db.test', 'web.test', 'other.test'].map((it) => tlsService(it)),
    )
    const app = await tcpGateway(
      [],
      routed((it) =>
        it.sni({ 'db.example.com': pool([db!]), '*.example.com': pool([web!]) }).to(pool([other!])),
      ),
    )
    expect(await ask(app, 'db.example.com')).toBe('db.test false hello from db.test')
    expect(await ask(app, 'www.EXAMPLE.com')).toBe('web.test false hello from web.test')
    expect(await ask(app, 'example.com')).toBe('other.test false hello from other.test')
    expect(await ask(app, '')).toBe('other.test false hello from other.test')
    expect(
      app.exchanges.map(({ client, request }) => [client.clientHello?.servername, request.host]),
    ).toEqual([
      ['db.example.com', 'db.example.com'],
      ['www.example.com', 'www.example.com'],
      ['example.com', 'example.com'],
      [undefined, ''],
    ])
  })

  test('closes a connection for a name that nobody has, with a reason, and no other', async () => {
    const db = await tlsService('db.test')
    const app = await tcpGateway(
      [],
      routed((it) => it.sni({ 'db.example.com': pool([db]) })),
    )
    expect(await ask(app, 'elsewhere.example.com')).toBe('ECONNRESET')
    expect(await app.outcome()).toMatchObject({ result: 'failed', error: { code: 'route_not_found' } })
    expect(await ask(app, 'db.example.com')).toContain('db.test')
  })

  test('tells clients apart by the protocols that they offer', async () => {
    const [h2, h1] = [
      await tlsService('h2.test', { ALPNProtocols: ['h2'] }),
      await tlsService('h1.test', { ALPNProtocols: ['http/1.1'] }),
    ]
    const app = await tcpGateway(
      [],
      routed((it) => it.sni({ 'a.example': pool([h2]) }, { alpn: 'h2' }).sni({ 'a.example': pool([h1]) })),
    )
    expect(await ask(app, 'a.example', ['h2', 'http/1.1'])).toContain('h2.test h2')
    expect(await ask(app, 'a.example', ['http/1.1'])).toContain('h1.test http/1.1')
    expect(await ask(app, 'a.example')).toContain('h1.test false')
  })

  test('reads the name of openssl as well', async () => {
    const db = await tlsService('db.test')
    const app = await tcpGateway(
      [],
      routed((it) => it.sni({ 'db.example.com': pool([db]) })),
    )
    const { promise, resolve } = Promise.withResolvers<string>()
    const child = execFile(
      'openssl',
      ['s_client', '-connect', `127.0.0.1:${portOf(app)}`, '-servername', 'db.example.com', '-quiet'],
      { timeout: 10_000 },
      (_error, stdout) => resolve(stdout),
    )
    child.stdin!.write('hi\n')
    expect(await promise).toBe('db.test false hi\n')
  })

  test('goes by the name of TLS that ends here, too', async () => {
    const service = await rawUpstream()
    const app = await tcpGateway([service], {
      listen: { tls: selfSigned({ names: ['db.example.com'] }), alpn: ['postgresql'] },
      build: (it, services) => it.sni({ 'db.example.com': services }),
    })
    expect(app.url).toMatch(/^tls:/)
    const answered = ask(app, 'db.example.com', ['postgresql'])
    const peer = await service.accept()
    expect(await peer.until('db.example.com')).toBe('hello from db.example.com')
    await peer.send('in clear text')
    peer.end()
    expect(await answered).toBe('in clear text')
    expect(app.exchanges[0]!.client.tls).toMatchObject({ alpn: 'postgresql', servername: 'db.example.com' })
  })

  test('and tls: endpoints are connected to by TLS, behind the PROXY header where there is one', async () => {
    const secret = await tlsService('secret.test')
    const plain = await tcpGateway(
      [],
      routed((it) =>
        it.to(pool([secret.replace('tcp:', 'tls:')], { tls: { dangerouslyAcceptAnyCertificate: true } })),
      ),
    )
    const one = await client(plain)
    await one.send('hi')
    expect(await one.rest()).toBe('secret.test false hi')
    // The one before takes the header off, then TLS goes on.
    const inner = await tcpGateway([], {
      listen: { proxyProtocol: { from: ['loopback'] } },
      build: (it) => it.sni({ 'in.example': pool([secret]) }),
    })
    const outer = await tcpGateway(
      [],
      routed((it) =>
        it.to(
          pool([`tls://127.0.0.1:${portOf(inner)}`], {
            proxyProtocol: 'v2',
            tls: { dangerouslyAcceptAnyCertificate: true, servername: 'in.example' },
          }),
        ),
      ),
    )
    const other = await client(outer)
    await other.send('hi')
    expect(await other.rest()).toBe('secret.test false hi')
    expect(inner.exchanges[0]!.client).toMatchObject({
      port: outer.exchanges[0]!.client.port,
      clientHello: { servername: 'in.example' },
    })
  })

  test('refuses what is no TLS, and what breaks off', async () => {
    const app = await tcpGateway(
      [],
      routed((it) => it.sni({ 'db.example.com': pool(['tcp://127.0.0.1:9']) })),
    )
    const one = connectTcp(portOf(app), '127.0.0.1', () => one.write('GET / HTTP/1.1\r\n\r\n'))
    one.on('error', () => {})
    expect(await app.refusals(1)).toEqual(['client_hello'])
    const other = connectTcp(portOf(app), '127.0.0.1', () => other.end(Buffer.from([22, 3, 1, 0])))
    other.on('error', () => {})
    expect(await app.refusals(2)).toEqual(['client_hello', 'client_hello'])
    expect(app.refused.map(({ error }) => error?.message)).toEqual([
      'no TLS handshake',
      'it ended before that was complete',
    ])
    one.destroy()
    other.destroy()
  })
})

test('a hello that stalls ends with its time', async () => {
  const { testClock } = await import('./support.ts')
  const app = await tcpGateway([], {
    listen: { limits: { handshakeMs: '3s' } },
    build: (it) => it.sni({ 'db.example.com': pool(['tcp://127.0.0.1:9']) }),
  })
  const one = await client(app)
  await one.send(Buffer.from([22, 3, 1]))
  await testClock().advance(2_999)
  expect(app.running.connections).toBe(1)
  await testClock().advance(1)
  await one.over
  expect(await app.refusals(1)).toEqual(['client_hello_timeout'])
})

describe('what sni refuses at the call', () => {
  const db = pool(['tcp://db:1'])
  test.each([
    ['no names', {}, undefined],
    ['a port', { 'a.example:443': db }, undefined],
    ['an address', { '[::1]': db }, undefined],
    ['what is no name', { 'a b': db }, undefined],
    ['an HTTP pool', { 'a.example': pool(['http://a']) }, undefined],
    ['what is no pool', { 'a.example': 'tcp://db:1' as unknown as Pool }, undefined],
    ['no protocols', { 'a.example': db }, { alpn: [] }],
    ['an unknown option', { 'a.example': db }, { protocol: 'h2' } as never],
  ])('%s', (_, names, options) => {
    expect(() => tcp().sni(names, options)).toThrow(OptionError)
  })

  test('a name twice', () => {
    expect(() => tcp().sni({ 'a.example': db }).sni({ 'a.example': db })).toThrow(OptionError)
  })
})
