import { execFile, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  type ClientHttp2Session,
  connect,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pool, proxy, type RunningProxy } from '../../src/index.ts'

const KIB = 1024
const MIB = 1024 * KIB
const SIZES = [0, 1, 16 * KIB, 64 * KIB + 1, MIB, 10 * MIB]
const has = (tool: string) => spawnSync(tool, ['--version']).error === undefined
const [curl, nghttp, h2load] = ['curl', 'nghttp', 'h2load'].map(has)
for (const [tool, there] of Object.entries({ curl, nghttp, h2load }))
  if (!there) console.log(`skipped: ${tool} is not installed`)

const run = promisify(execFile)
const bytes = randomBytes(10 * MIB)
const body = (size: number) => bytes.subarray(0, size)
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')

/** Answers an upload with its hash and its trailers, `/<size>` with that many bytes, and `/hints` with a 103 first. */
async function serve(
  incoming: IncomingMessage | Http2ServerRequest,
  outgoing: ServerResponse | Http2ServerResponse,
): Promise<void> {
  const hash = createHash('sha256')
  for await (const chunk of incoming as AsyncIterable<Buffer>) hash.update(chunk)
  if (incoming.method === 'POST') {
    const trailer = incoming.trailers['x-sum'] ?? 'none'
    ;(outgoing as ServerResponse).end(`${hash.digest('hex')} ${String(trailer)}`)
    return
  }
  const path = incoming.url ?? ''
  if (path === '/hints') (outgoing as ServerResponse).writeEarlyHints({ link: '</a.css>; rel=preload' })
  if (path === '/trailers') {
    outgoing.setHeader('trailer', 'x-sum')
    ;(outgoing as ServerResponse).write('some')
    ;(outgoing as ServerResponse).addTrailers({ 'x-sum': '42' })
    outgoing.end()
    return
  }
  ;(outgoing as ServerResponse).end(body(Number(path.slice(1)) || 0))
}

const origins = {
  'HTTP/1.1': createServer((incoming, outgoing) => void serve(incoming, outgoing)),
  'HTTP/2': createHttp2Server((incoming, outgoing) => void serve(incoming, outgoing)),
}
const versions = Object.keys(origins) as (keyof typeof origins)[]
const through = {} as Record<keyof typeof origins, string>
const running: RunningProxy[] = []
const sessions: ClientHttp2Session[] = []
const directory = mkdtempSync(join(tmpdir(), 'gatewright-'))

beforeAll(async () => {
  for (const version of versions) {
    const origin = origins[version]
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
    const app = await proxy()
      .listen({ port: 0 })
      .route(
        '/',
        pool([`http://127.0.0.1:${(origin.address() as AddressInfo).port}`], { http2: version === 'HTTP/2' }),
      )
      .start({ signals: false })
    running.push(app)
    through[version] = app.url
  }
})

afterAll(async () => {
  for (const session of sessions) session.close()
  for (const app of running) await app.close()
  origins['HTTP/1.1'].closeAllConnections()
  for (const origin of Object.values(origins)) origin.close()
  rmSync(directory, { recursive: true, force: true })
})

function session(url: string): ClientHttp2Session {
  // In MB: what waits for its turn counts too.
  const made = connect(url, { maxSessionMemory: 100 })
  made.setMaxListeners(0)
  sessions.push(made)
  return made
}

interface Answer {
  readonly headers: IncomingHttpHeaders
  readonly hints: readonly IncomingHttpHeaders[]
  readonly trailers: IncomingHttpHeaders | undefined
  readonly body: Buffer
}

function ask(
  from: ClientHttp2Session,
  headers: Record<string, string>,
  upload?: { readonly body: Uint8Array; readonly trailers?: Record<string, string> },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = from.request(headers, {
      endStream: upload === undefined,
      waitForTrailers: upload?.trailers !== undefined,
    })
    let head: IncomingHttpHeaders = {}
    let trailers: IncomingHttpHeaders | undefined
    const hints: IncomingHttpHeaders[] = []
    const chunks: Buffer[] = []
    stream.on('headers', (it) => hints.push(it))
    stream.on('response', (it) => {
      head = it
    })
    stream.on('trailers', (it) => {
      trailers = it
    })
    stream.on('wantTrailers', () => stream.sendTrailers(upload!.trailers!))
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => resolve({ headers: head, hints, trailers, body: Buffer.concat(chunks) }))
    stream.on('error', reject)
    if (upload !== undefined) stream.end(upload.body)
  })
}

describe.each(versions)('before a service that speaks %s, node:http2', (version) => {
  it.each(SIZES)('downloads and uploads %i bytes', async (size) => {
    const from = session(through[version])
    const down = await ask(from, { ':path': `/${size}` })
    expect([down.headers[':status'], down.body.length, sha256(down.body)]).toEqual([
      200,
      size,
      sha256(body(size)),
    ])
    const up = await ask(from, { ':path': '/', ':method': 'POST' }, { body: body(size) })
    expect(up.body.toString()).toBe(`${sha256(body(size))} none`)
  })

  it('sends and gets trailers, and gets hints', async () => {
    const from = session(through[version])
    const up = await ask(
      from,
      { ':path': '/', ':method': 'POST' },
      { body: body(10), trailers: { 'x-sum': '7' } },
    )
    expect(up.body.toString()).toBe(`${sha256(body(10))} 7`)
    const down = await ask(from, { ':path': '/trailers', te: 'trailers' })
    expect([down.body.toString(), down.trailers?.['x-sum']]).toEqual(['some', '42'])
    const hinted = await ask(from, { ':path': '/hints' })
    expect(hinted.hints.map((it) => [it[':status'], it.link])).toEqual([[103, '</a.css>; rel=preload']])
    expect(hinted.headers[':status']).toBe(200)
  })

  it('has a thousand requests answered on streams of one connection', async () => {
    const from = session(through[version])
    await ask(from, { ':path': '/1' })
    const most = from.remoteSettings.maxConcurrentStreams!
    expect(most).toBe(128)
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) =>
        i % 2 === 0
          ? ask(from, { ':path': `/${i}` })
          : ask(from, { ':path': '/', ':method': 'POST' }, { body: body(i * 50) }),
      ),
    )
    for (const [i, answer] of answers.entries()) {
      if (i % 2 === 0) expect(sha256(answer.body)).toBe(sha256(body(i)))
      else expect(answer.body.toString()).toBe(`${sha256(body(i * 50))} none`)
    }
  }, 60_000)

  describe.skipIf(!curl)('curl', () => {
    const http2 = ['-sS', '--fail', '--max-time', '30', '--http2-prior-knowledge']

    it('downloads', async () => {
      for (const size of SIZES) {
        const { stdout } = await run('curl', [...http2, `${through[version]}/${size}`], {
          encoding: 'buffer',
          maxBuffer: 11 * MIB,
        })
        expect([stdout.length, sha256(stdout)]).toEqual([size, sha256(body(size))])
      }
    }, 60_000)

    it('uploads', async () => {
      const file = join(directory, `curl-${version.at(-1)}`)
      for (const size of SIZES) {
        writeFileSync(file, body(size))
        const { stdout } = await run('curl', [...http2, '--data-binary', `@${file}`, through[version]])
        expect(stdout).toBe(`${sha256(body(size))} none`)
      }
    }, 60_000)
  })

  describe.skipIf(!nghttp)('nghttp', () => {
    // curl 7.88 is no witness: when the reset comes while it sends, it drops the response, which RFC 9113 section 8.1 forbids.
    it('gets an answer that comes before its upload was read', async () => {
      const file = join(directory, `early-${version.at(-1)}`)
      writeFileSync(file, body(MIB))
      const app = await proxy()
        .listen({ port: 0, limits: { bodyBytes: 1_000 } })
        .route('/', pool([through[version]]))
        .start({ signals: false })
      running.push(app)
      const { stdout } = await run('nghttp', ['--verbose', '--no-dep', '-d', file, app.url], {
        timeout: 30_000,
      })
      expect(stdout).toContain(':status: 413')
    })

    it('downloads on many streams, with small windows', async () => {
      const { stdout } = await run(
        'nghttp',
        ['--stat', '-n', '-m', '50', '-w', '16', '-W', '18', `${through[version]}/100000`],
        {
          timeout: 30_000,
        },
      )
      // One line for each, with its status and its size in KiB.
      expect(stdout.match(/ 200 +97K \/100000$/gm)).toHaveLength(50)
    })

    it('uploads with trailers', async () => {
      const file = join(directory, `nghttp-${version.at(-1)}`)
      writeFileSync(file, body(MIB))
      const { stdout } = await run('nghttp', ['-d', file, '--trailer=x-sum: 9', `${through[version]}/`], {
        timeout: 30_000,
      })
      // Over HTTP/1.1, no trailers follow a body with a length.
      expect(stdout).toBe(`${sha256(body(MIB))} ${version === 'HTTP/2' ? '9' : 'none'}`)
    })
  })

  it.skipIf(!h2load)(
    'h2load has all of its requests answered',
    async () => {
      const { stdout } = await run(
        'h2load',
        ['-n', '3000', '-c', '8', '-m', '16', `${through[version]}/1024`],
        { timeout: 60_000 },
      )
      expect(stdout).toContain(
        '3000 total, 3000 started, 3000 done, 3000 succeeded, 0 failed, 0 errored, 0 timeout',
      )
      expect(stdout).toContain('status codes: 3000 2xx, 0 3xx, 0 4xx, 0 5xx')
    },
    60_000,
  )
})
