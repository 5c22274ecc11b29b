import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { pool, proxy, respond, selfSigned } from '../../src/index.ts'

const speaksHttp2 = /HTTP2/.test(spawnSync('curl', ['--version'], { encoding: 'utf8' }).stdout ?? '')
const LARGE = 5_000_000
const { cert, key } = selfSigned()
const folder = mkdtempSync(join(tmpdir(), 'gatewright-'))
const upload = join(folder, 'upload')
writeFileSync(upload, Buffer.alloc(LARGE, 'x'))
afterAll(() => rmSync(folder, { recursive: true }))

function curl(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('curl', ['-sSk', '-m', '20', ...args], (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    )
  })
}

/** A service that speaks both, and says what it was spoken to in and how much it was sent. */
async function service(): Promise<string> {
  const server: Http2SecureServer = createSecureServer(
    { cert, key, allowHTTP1: true },
    (request, response) => {
      let bytes = 0
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      request.on('end', () => response.end(`${request.httpVersion} ${bytes}`))
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function start(http2?: boolean | 'auto'): Promise<string> {
  const running = await proxy()
    .listen({ port: 0, host: '127.0.0.1', tls: { cert, key } })
    .route('/large', () => respond(200, Buffer.alloc(LARGE)))
    .route(
      '/',
      pool([await service()], {
        tls: { ca: cert, servername: 'localhost' },
        ...(http2 !== undefined && { http2 }),
      }),
    )
    .start({ signals: false })
  onTestFinished(async () => {
    await running.close()
    expect(running.connections).toBe(0)
  })
  return running.url
}

describe.skipIf(!speaksHttp2)('curl, with TLS on both sides', () => {
  for (const [http2, toService] of [
    [undefined, '1.1'],
    [true, '2.0'],
    ['auto', '2.0'],
  ] as const) {
    for (const [option, version] of [
      ['--http1.1', '1.1'],
      ['--http2', '2'],
    ] as const) {
      it(`${option}, and http2: ${http2} to the service`, async () => {
        const url = await start(http2)
        const told = ['-w', ' %{http_version} %{http_code}', option]
        expect(await curl(...told, `${url}/`)).toBe(`${toService} 0 ${version} 200`)
        expect(await curl(...told, '--data-binary', `@${upload}`, `${url}/`)).toBe(
          `${toService} ${LARGE} ${version} 200`,
        )
      })
    }
  }

  it('downloads much twice over one connection of HTTP/2', async () => {
    const url = `${await start()}/large`
    const told = '%{http_version} %{num_connects} %{size_download}\n'
    const nowhere = ['-o', '/dev/null', '-o', '/dev/null']
    expect(await curl('-w', told, ...nowhere, url, url)).toBe(`2 1 ${LARGE}\n2 0 ${LARGE}\n`)
  })
})
