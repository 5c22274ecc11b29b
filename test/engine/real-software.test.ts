import { execFile, spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pool, proxy, type RunningProxy } from '../../src/index.ts'
import { freePort } from '../free-port.ts'

const KIB = 1024
const MIB = 1024 * KIB
const SIZES = [0, 1, 1023, 16 * KIB, 16 * KIB + 1, 64 * KIB, MIB, 100 * MIB]
const curl = spawnSync('curl', ['--version']).error === undefined
const nginx = spawnSync('nginx', ['-v']).error === undefined
if (!curl) console.log('skipped: curl is not installed')
if (!nginx) console.log('skipped: nginx is not installed')

/** 1 MiB by chance; a body of any size is a repetition of it, cut off. */
const block = randomBytes(MIB)

function* pieces(size: number, most = 100_000): Generator<Buffer> {
  for (let at = 0; at < size; ) {
    const from = at % MIB
    const length = Math.min(most, MIB - from, size - at)
    yield block.subarray(from, from + length)
    at += length
  }
}

const hashes = new Map<number, string>()
function hashOf(size: number): string {
  let found = hashes.get(size)
  if (found === undefined) {
    const hash = createHash('sha1')
    for (const piece of pieces(size, MIB)) hash.update(piece)
    found = `${size} ${hash.digest('hex')}`
    hashes.set(size, found)
  }
  return found
}

async function hash(chunks: AsyncIterable<Buffer>): Promise<string> {
  const sum = createHash('sha1')
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.length
    sum.update(chunk)
  }
  return `${size} ${sum.digest('hex')}`
}

/** Answers an upload with its hash, and `/down/<size>` with that many bytes, `?chunked` or with a length. */
async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { pathname, search } = new URL(incoming.url ?? '', 'http://a')
  if (incoming.method !== 'GET') {
    const sum = await hash(incoming)
    outgoing.setHeader(
      'X-Framing',
      incoming.headers['transfer-encoding'] ?? incoming.headers['content-length'] ?? '',
    )
    outgoing.end(sum)
    return
  }
  const size = Number(pathname.split('/').at(-1))
  if (search !== '?chunked') outgoing.setHeader('Content-Length', size)
  for (const piece of pieces(size)) {
    if (!outgoing.write(piece)) await new Promise((resolve) => outgoing.once('drain', resolve))
  }
  outgoing.end()
}

const origin = createServer((incoming, outgoing) => void serve(incoming, outgoing))
const directory = mkdtempSync(join(tmpdir(), 'gatewright-'))
const agent = new Agent({ connections: 4 })
const running: RunningProxy[] = []
let child: ReturnType<typeof spawn> | undefined
const through: Record<string, string> = {}

async function startProxy(url: string): Promise<string> {
  const app = await proxy()
    .listen({ port: 0 })
    .route('/', pool([url]))
    .start({ signals: false })
  running.push(app)
  return app.url
}

/** Starts nginx before the origin, with the bodies as files too. Resolves when it accepts. */
async function startNginx(originPort: number): Promise<string> {
  const port = await freePort()
  for (const size of SIZES) writeFileSync(join(directory, `${size}`), Buffer.concat([...pieces(size, MIB)]))
  writeFileSync(
    join(directory, 'nginx.conf'),
    `daemon off; master_process off; worker_processes 1; pid ${directory}/pid; error_log ${directory}/error.log;
     events { worker_connections 256; }
     http {
       access_log off; client_max_body_size 0; default_type application/octet-stream;
       client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy;
       fastcgi_temp_path ${directory}/f; uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
       server {
         listen 127.0.0.1:${port};
         location /file/ { alias ${directory}/; }
         location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://127.0.0.1:${originPort}; }
       }
     }`,
  )
  child = spawn('nginx', ['-p', directory, '-c', join(directory, 'nginx.conf')], { stdio: 'ignore' })
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
    if (open) return `http://127.0.0.1:${port}`
    await new Promise((resolve) => setImmediate(resolve))
  }
}

beforeAll(async () => {
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const { port } = origin.address() as AddressInfo
  through['node:http'] = await startProxy(`http://127.0.0.1:${port}`)
  if (nginx) through.nginx = await startProxy(await startNginx(port))
}, 30_000)

afterAll(async () => {
  await agent.close()
  for (const one of running) await one.close()
  child?.kill()
  origin.closeAllConnections()
  origin.close()
  rmSync(directory, { recursive: true, force: true })
})

for (const upstream of nginx ? ['node:http', 'nginx'] : ['node:http']) {
  describe(`before ${upstream}, undici`, () => {
    for (const size of SIZES) {
      it(`downloads ${size} bytes, with a length and chunked`, async () => {
        for (const query of ['', '?chunked']) {
          const response = await request(`${through[upstream]}/down/${size}${query}`, { dispatcher: agent })
          expect(response.statusCode).toBe(200)
          if (query === '') expect(response.headers['content-length']).toBe(`${size}`)
          expect(await hash(response.body)).toBe(hashOf(size))
        }
      }, 60_000)

      it(`uploads ${size} bytes, with a length and chunked`, async () => {
        for (const framing of ['length', 'chunked']) {
          const response = await request(`${through[upstream]}/up`, {
            method: 'POST',
            dispatcher: agent,
            headers: framing === 'length' ? { 'Content-Length': `${size}` } : {},
            body: (async function* () {
              yield* pieces(size)
            })() as never,
          })
          expect(response.statusCode).toBe(200)
          expect(await response.body.text()).toBe(hashOf(size))
          // Undici frames what turns out to be empty by its length.
          if (upstream === 'node:http' && size > 0)
            expect(response.headers['x-framing']).toBe(framing === 'chunked' ? 'chunked' : `${size}`)
        }
      }, 60_000)
    }
  })
}

describe.skipIf(!nginx)('before nginx, undici', () => {
  for (const size of SIZES) {
    it(`downloads a file of ${size} bytes`, async () => {
      const response = await request(`${through.nginx}/file/${size}`, { dispatcher: agent })
      expect(response.statusCode).toBe(200)
      expect(await hash(response.body)).toBe(hashOf(size))
    }, 60_000)
  }
})

describe.skipIf(!curl)('curl', () => {
  const run = promisify(execFile)
  const upstreams = nginx ? ['node:http', 'nginx'] : ['node:http']

  it.each(upstreams)(
    'downloads from %s',
    async (upstream) => {
      for (const size of [0, 1, 64 * KIB, MIB]) {
        for (const query of ['', '?chunked']) {
          for (const version of ['--http1.1', '--http1.0']) {
            const { stdout } = await run(
              'curl',
              ['-sS', '--fail', version, `${through[upstream]}/down/${size}${query}`],
              { encoding: 'buffer', maxBuffer: 2 * MIB },
            )
            expect(`${stdout.length} ${createHash('sha1').update(stdout).digest('hex')}`).toBe(hashOf(size))
          }
        }
      }
    },
    60_000,
  )

  it.each(upstreams)(
    'uploads to %s, with and without Expect',
    async (upstream) => {
      const file = join(directory, 'upload')
      for (const size of [0, 1, 64 * KIB, 2 * MIB]) {
        writeFileSync(file, Buffer.concat([...pieces(size, MIB)]))
        for (const options of [
          [],
          ['-H', 'Expect: 100-continue'],
          ['-H', 'Expect:'],
          ['-H', 'Transfer-Encoding: chunked'],
        ]) {
          const { stdout } = await run('curl', [
            '-sS',
            '--fail',
            ...options,
            '--data-binary',
            `@${file}`,
            `${through[upstream]}/up`,
          ])
          expect(stdout).toBe(hashOf(size))
        }
      }
    },
    60_000,
  )

  it('uses one connection for several requests', async () => {
    const url = `${through['node:http']}/down/10`
    const { stdout } = await run('curl', [
      '-sS',
      '-o',
      '/dev/null',
      '-o',
      '/dev/null',
      '-o',
      '/dev/null',
      '-w',
      '%{num_connects} ',
      url,
      url,
      url,
    ])
    expect(stdout).toBe('1 0 0 ')
  })
})
