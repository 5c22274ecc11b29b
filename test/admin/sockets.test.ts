import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type ClientHttp2Session, connect } from 'node:http2'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { log, proxy } from 'gatewright'
import { type Admin, type AdminOptions, admin } from 'gatewright/admin'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { TestAuthority } from '../engine/test-authority.ts'
import { TOKEN, users } from './admin-world.ts'

const execute = promisify(execFile)

const folder = mkdtempSync(join(tmpdir(), 'gatewright-admin-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
function file(text: string): string {
  const path = join(folder, `${++files}`)
  writeFileSync(path, text)
  return path
}

const authority = new TestAuthority()
const server = authority.issue(['localhost', '127.0.0.1'])
const ca = file(authority.cert)

async function started(options: AdminOptions): Promise<Admin> {
  const attached = admin({ port: 0, ...options })
  const running = await proxy().listen(0).attach(attached).route('/', users).start({ signals: false })
  onTestFinished(() => running.close())
  return attached
}

/** The status that curl sees, and the body. */
async function curl(...args: readonly string[]): Promise<[number, string]> {
  const { stdout } = await execute('curl', ['-s', '--noproxy', '*', '-w', '\n%{http_code}', ...args])
  const at = stdout.lastIndexOf('\n')
  return [Number(stdout.slice(at + 1)), stdout.slice(0, at)]
}

describe('curl', () => {
  it('asks and steers, with the token alone', async () => {
    const { url } = await started({ token: TOKEN })
    const authorized = ['-H', `Authorization: Bearer ${TOKEN}`]
    expect(await curl(`${url}/health`)).toEqual([200, '{"status":"ok","phase":"serving"}'])
    expect((await curl(`${url}/api/pools`))[0]).toBe(401)
    expect((await curl(...authorized, `${url}/api/pools`))[1]).toContain('"http://u1"')
    const body = ['--json', '{"pool":"users","endpoint":"http://u1","weight":4}']
    const [status, answer] = await curl(...authorized, ...body, `${url}/api/endpoints/weight`)
    expect([status, JSON.parse(answer)]).toEqual([200, expect.objectContaining({ weight: 4 })])
  })

  it('takes a heap snapshot whole', async () => {
    const { url } = await started({ profiling: true })
    const path = join(folder, 'heap')
    const told = vi.spyOn(log, 'info')
    onTestFinished(() => told.mockRestore())
    const [status] = await curl('-o', path, '--json', '{}', `${url}/api/profile/heap`)
    expect(status).toBe(200)
    expect(told.mock.calls).toEqual([['admin: 127.0.0.1 takes a snapshot of the heap']])
    const { stdout } = await execute('node', [
      '-e',
      'const { snapshot } = JSON.parse(require("fs").readFileSync(process.argv[1])); console.log(snapshot.node_count > 1000)',
      path,
    ])
    expect(stdout).toBe('true\n')
  }, 60_000)

  it('that leaves while a heap snapshot comes makes room for the next one', async () => {
    const { url } = await started({ profiling: true })
    const take = () =>
      fetch(`${url}/api/profile/heap`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{}',
      })
    const first = await take()
    expect([first.status, (await take()).status]).toEqual([200, 409])
    await first.body!.cancel()
    await vi.waitFor(async () => {
      const next = await take()
      await next.body!.cancel()
      expect(next.status).toBe(200)
    }, 20_000)
  }, 60_000)

  it('is answered at the address that it connects to, where that is not the loopback', async () => {
    const own = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4')
    if (own === undefined) return
    const { url } = await started({ host: '0.0.0.0', token: TOKEN })
    const { port } = new URL(url)
    expect((await curl(`http://${own.address}:${port}/ready`))[0]).toBe(200)
    expect((await curl('-H', 'Host: 10.255.255.1', `http://${own.address}:${port}/ready`))[0]).toBe(421)
  })
})

describe('by HTTP/2', () => {
  const asked = (client: ClientHttp2Session, headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      const stream = client.request({ ':path': '/api/pools', ...headers })
      stream.on('response', ({ ':status': status }) => resolve(status ?? 0))
      stream.on('error', reject)
      stream.resume()
    })

  it.each(['clear text', 'TLS'])('the authority is the host, in %s', async (how) => {
    const { url } = await started(how === 'TLS' ? { tls: server } : {})
    const client = connect(url, { ca: authority.cert })
    onTestFinished(() => client.destroy())
    expect(await asked(client, {})).toBe(200)
    expect(await asked(client, { ':authority': 'evil.example' })).toBe(421)
    expect(await asked(client, { ':authority': 'localhost:1' })).toBe(200)
    expect(await asked(client, { 'sec-fetch-site': 'cross-site' })).toBe(403)
    const post = { ':method': 'POST', ':path': '/api/endpoints/drain', 'content-type': 'text/plain' }
    expect(await asked(client, post)).toBe(415)
  })
})

describe('client certificates', () => {
  const known = authority.issue(['operator'])
  const shown = ({ cert, key }: { readonly cert: string; readonly key: string }) => [
    ...['--cert', file(cert)],
    ...['--key', file(key)],
  ]

  it('let in without a token, from other machines too', async () => {
    const tls = { ...server, clientCertificates: 'require', clientCa: authority.cert } as const
    const { url } = await started({ host: '0.0.0.0', tls })
    const at = `https://localhost:${new URL(url).port}/api/pools`
    expect((await curl('--cacert', ca, ...shown(known), at))[0]).toBe(200)
    await expect(curl('--cacert', ca, at)).rejects.toThrow('curl')
    const stranger = new TestAuthority().issue(['operator'])
    await expect(curl('--cacert', ca, ...shown(stranger), at)).rejects.toThrow('curl')
  })

  it('do not when they are only asked for', () => {
    const tls = { ...server, clientCertificates: 'request', clientCa: authority.cert } as const
    expect(() => admin({ host: '0.0.0.0', tls })).toThrow('admin: "host" must be an address of the loopback')
  })
})
