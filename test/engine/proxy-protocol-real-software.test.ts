import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Exchange, type ListenOptions, pool, proxy, respond, selfSigned, tcp } from '../../src/index.ts'
import { freePort } from '../free-port.ts'

const has = (name: string) => spawnSync(name, ['-v']).error === undefined
const haproxy = has('haproxy')
const nginx = has('nginx')
if (!haproxy) console.log('skipped: haproxy is not installed')
if (!nginx) console.log('skipped: nginx is not installed')

/** Resolves when somebody accepts there. */
async function accepting(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (connected) return
    if (child.exitCode !== null) throw new Error(`it has ended with ${child.exitCode}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function startHaproxy(port: number, sections: string): Promise<void> {
  await startWith('haproxy', port, sections, (file) => ['-db', '-f', file])
}

async function startNginx(port: number, server: string): Promise<void> {
  const config = (directory: string) => `
daemon off; pid ${directory}/pid; error_log stderr crit; worker_processes 1;
events { worker_connections 64; }
http { access_log off; client_body_temp_path ${directory}; proxy_temp_path ${directory}; fastcgi_temp_path ${directory};
  uwsgi_temp_path ${directory}; scgi_temp_path ${directory};
  ${server} }`
  await startWith('nginx', port, config, (file, directory) => ['-p', directory, '-c', file])
}

async function startWith(
  name: string,
  port: number,
  config: string | ((directory: string) => string),
  args: (file: string, directory: string) => string[],
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), `gatewright-${name}-`))
  const file = join(directory, 'config')
  writeFileSync(file, typeof config === 'string' ? config : config(directory))
  const child = spawn(name, args(file, directory), { stdio: ['ignore', 'ignore', 'inherit'] })
  onTestFinished(async () => {
    child.kill()
    if (child.exitCode === null) await once(child, 'exit')
    rmSync(directory, { recursive: true })
  })
  await accepting(port, child)
}

/** A proxy that answers with what it knows of its client. */
async function startGateway(listen: ListenOptions = {}) {
  const clients: Exchange['client'][] = []
  const running = await proxy()
    .listen({ port: 0, proxyProtocol: { from: ['loopback'] }, ...listen })
    .route('/', ({ client }) => {
      clients.push(client)
      return respond(200, `${client.address}:${client.port}`)
    })
    .start({ signals: false })
  onTestFinished(async () => {
    await running.close()
    expect(running.connections).toBe(0)
  })
  return { port: running.addresses[0]!.port, clients, running }
}

/** A tcp() before something that listens at a port. */
async function startTcp(port: number, proxyProtocol: 'v1' | 'v2'): Promise<number> {
  const running = await tcp()
    .listen(0)
    .to(pool([`tcp://127.0.0.1:${port}`], { proxyProtocol }))
    .start({ signals: false })
  onTestFinished(() => running.close())
  return running.addresses[0]!.port
}

/** One request on a connection of its own; gives the body, and the port that it came from. */
async function ask(port: number): Promise<{ body: string; from: number }> {
  const socket = connect(port, '127.0.0.1', () => {
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  })
  await once(socket, 'connect')
  const from = socket.localPort!
  const parts: Buffer[] = []
  socket.on('data', (chunk) => parts.push(chunk))
  await once(socket, 'end')
  socket.destroy()
  return { body: Buffer.concat(parts).toString().split('\r\n\r\n')[1] ?? '', from }
}

const COMMON = 'defaults\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n'

describe.skipIf(!haproxy)('haproxy', () => {
  test.each([
    ['send-proxy', 'tcp', {}],
    ['send-proxy-v2', 'tcp', {}],
    ['send-proxy-v2 proxy-v2-options crc32c,unique-id', 'http', {}],
    [
      'send-proxy-v2 ssl verify none sni str(a.example)',
      'tcp',
      { tls: selfSigned({ names: ['a.example'] }) },
    ],
    ['send-proxy proto h2', 'http', {}],
  ])('that says %s in front names the client (mode %s)', async (options, mode, listen) => {
    const gateway = await startGateway(listen)
    const port = await freePort()
    await startHaproxy(
      port,
      `${COMMON}
listen in
  mode ${mode}
  unique-id-format %ci-%rt
  bind 127.0.0.1:${port}
  server gateway 127.0.0.1:${gateway.port} ${options}
`,
    )
    const { body, from } = await ask(port)
    expect(body.replace(/^[0-9a-f]+\r\n|\r\n0$/g, '')).toBe(`127.0.0.1:${from}`)
    expect(gateway.clients.at(-1)).toMatchObject({ localPort: port })
    if (options.includes('unique-id'))
      expect(String(gateway.clients.at(-1)!.proxyProtocol?.uniqueId)).toMatch(/^127\.0\.0\.1-/)
  })

  test('is let in for its checks, with and without a header', async () => {
    const gateway = await startGateway()
    const port = await freePort()
    await startHaproxy(
      port,
      `${COMMON}
listen in
  mode tcp
  bind 127.0.0.1:${port}
  server one 127.0.0.1:${gateway.port} send-proxy-v2 check inter 50 rise 1
  server two 127.0.0.1:${gateway.port} send-proxy-v2 check-send-proxy check inter 50 rise 1
`,
    )
    for (let i = 0; i < 4; i++) {
      const { body, from } = await ask(port)
      expect(body).toBe(`127.0.0.1:${from}`)
    }
    expect([...gateway.running.refusedConnections]).toEqual([])
  })

  test.each(['v1', 'v2'] as const)('behind tcp() takes the header %s', async (version) => {
    const port = await freePort()
    await startHaproxy(
      port,
      `${COMMON}
frontend in
  mode http
  bind 127.0.0.1:${port} accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] %[dst_port]"
`,
    )
    const through = await startTcp(port, version)
    const { body, from } = await ask(through)
    expect(body).toBe(`127.0.0.1:${from} ${through}`)
  })
})

test.skipIf(!haproxy)('haproxy is told of the host name that a client of TLS has asked for', async () => {
  const port = await freePort()
  await startHaproxy(
    port,
    `${COMMON}
frontend in
  mode http
  bind 127.0.0.1:${port} accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[fc_pp_authority]"
`,
  )
  const running = await tcp()
    .listen({ port: 0, tls: selfSigned({ names: ['a.example'] }) })
    .to(pool([`tcp://127.0.0.1:${port}`], { proxyProtocol: 'v2' }))
    .start({ signals: false })
  onTestFinished(() => running.close())
  const socket = connectTls({
    port: running.addresses[0]!.port,
    host: '127.0.0.1',
    servername: 'a.example',
    rejectUnauthorized: false,
  })
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  const text = Buffer.concat((await socket.toArray()) as Buffer[]).toString()
  expect(text.split('\r\n\r\n')[1]).toBe('a.example')
})

describe.skipIf(!nginx)('nginx', () => {
  test.each(['v1', 'v2'] as const)('behind tcp() takes the header %s', async (version) => {
    const port = await freePort()
    await startNginx(
      port,
      `server { listen 127.0.0.1:${port} proxy_protocol; location / { return 200 "$proxy_protocol_addr:$proxy_protocol_port"; } }`,
    )
    const through = await startTcp(port, version)
    const { body, from } = await ask(through)
    expect(body).toBe(`127.0.0.1:${from}`)
  })

  test('behind an HTTP pool is told of each client', async () => {
    const port = await freePort()
    await startNginx(
      port,
      `server { listen 127.0.0.1:${port} proxy_protocol; location / { return 200 "$proxy_protocol_addr:$proxy_protocol_port"; } }`,
    )
    const running = await proxy()
      .listen(0)
      .route('/', pool([`http://127.0.0.1:${port}`], { proxyProtocol: 'v2' }))
      .start({ signals: false })
    onTestFinished(() => running.close())
    for (const _ of [1, 2]) {
      const { body, from } = await ask(running.addresses[0]!.port)
      expect(body).toBe(`127.0.0.1:${from}`)
    }
  })
})
