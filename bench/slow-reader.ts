/**
 * What a slow peer costs in memory: 300 MB go through the proxy to a client that reads 5 MB/s, then from a client to a
 * service that reads 5 MB/s; and to a client once more through each filter that works on bodies. The proxy runs in a process
 * of its own, whose resident memory may grow by 16 MB; by 64 where a filter makes new bytes.
 *
 *     node --conditions=gatewright-source bench/slow-reader.ts [--smoke]
 */
import { type ChildProcess, fork } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { type Filter, pool, proxy } from 'gatewright'
import { bodyTransform } from 'gatewright/filters/body-transform'
import { compress } from 'gatewright/filters/compress'
import { decompress } from 'gatewright/filters/decompress'
import { replaceText } from 'gatewright/filters/replace-text'

export interface SlowReaderOptions {
  readonly direction: 'download' | 'upload'
  /** A filter that a download goes through. */
  readonly through?: Through
  readonly totalBytes: number
  /** Reads this much, then lets the proxy wait. */
  readonly burstBytes: number
  readonly pauseMs: number
}

export interface SlowReaderResult {
  /** The highest resident memory of the proxy's process above what it had after a first, small transfer. */
  readonly grownBytes: number
  readonly seconds: number
}

/** The filters that work on bodies as they come. */
export const THROUGH = ['compress', 'decompress', 'bodyTransform', 'replaceText'] as const

type Through = (typeof THROUGH)[number]

const FILTERS: Readonly<Record<Through, () => Filter>> = {
  compress: () => compress(),
  decompress: () => decompress({ maxBytes: Number.POSITIVE_INFINITY }),
  bodyTransform: () =>
    bodyTransform({
      async *response(chunks) {
        for await (const chunk of chunks) yield chunk.map((byte) => byte ^ 1)
      },
    }),
  replaceText: () => replaceText('aa', 'b'),
}

const MB = 1_000_000
const LIMIT_BYTES = 16 * MB
/** What a filter makes anew is outside the heap, where V8 lets 64 MiB come together before it collects. */
const THROUGH_LIMIT_BYTES = 64 * MB
const BLOCK = Buffer.alloc(65_536, 'gatewright ')
/** What no coding makes smaller: it is longer than their windows. */
const NOISE = randomFillSync(Buffer.alloc(1_048_576))
/** Enough for the code to be compiled and the buffers of a connection to be there. */
const WARM_UP_BYTES = 20 * MB

/** Where resident memory can be read. */
export const canMeasure: boolean = existsSync('/proc/self/status')

/** Sends bytes through a proxy in a child process to someone who reads them slowly. */
export async function slowReader(options: SlowReaderOptions): Promise<SlowReaderResult> {
  const service = await startService(options)
  const child = fork(import.meta.filename, ['--proxy', `${portOf(service)}`, options.through ?? ''], {
    execArgv: [...process.execArgv, '--conditions=gatewright-source'],
  })
  try {
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', (message) => resolve(Number(message)))
      child.once('exit', (code) => reject(new Error(`the proxy ended with code ${code}`)))
    })
    await transfer(port, { ...options, totalBytes: WARM_UP_BYTES, pauseMs: 0 })
    const before = residentBytes(child)
    const startedAt = performance.now()
    let most = before
    const timer = setInterval(() => {
      most = Math.max(most, residentBytes(child))
    }, 20)
    await transfer(port, options)
    clearInterval(timer)
    most = Math.max(most, residentBytes(child))
    return { grownBytes: most - before, seconds: (performance.now() - startedAt) / 1000 }
  } finally {
    child.kill()
    service.close()
  }
}

/** For `bench/run.ts`, and from the command line. */
export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  if (!canMeasure) {
    console.log('skipped: there is no /proc to read resident memory from')
    return
  }
  const cases = [
    { direction: 'download' },
    { direction: 'upload' },
    ...THROUGH.map((through) => ({ direction: 'download', through }) as const),
  ] as const
  for (const it of cases) {
    // 5 MB/s: 50 kB, then 10 ms.
    const { grownBytes, seconds } = await slowReader({
      ...it,
      totalBytes: smoke ? 20 * MB : 300 * MB,
      burstBytes: smoke ? 1 * MB : 50_000,
      pauseMs: smoke ? 0 : 10,
    })
    const limit = 'through' in it ? THROUGH_LIMIT_BYTES : LIMIT_BYTES
    const verdict = grownBytes > limit ? 'too much' : 'fine'
    const name = 'through' in it ? `through ${it.through}` : it.direction
    console.log(
      `  ${name.padEnd(21)} ${smoke ? 20 : 300} MB in ${seconds.toFixed(1)} s: RSS grew by ${(grownBytes / MB).toFixed(1)} MB, limit ${limit / MB} MB: ${verdict}`,
    )
    if (grownBytes > limit) process.exitCode = 1
  }
}

/** `GET /bytes` gives that many bytes; a `POST` is read, slowly if it is large, and answered. */
function startService(options: SlowReaderOptions): Promise<Server> {
  const server = createServer({ noDelay: true }, (socket) => {
    let head = ''
    let left = -1
    socket.on('error', () => {})
    const reader = slowly(socket, options, (chunk) => {
      let body = chunk.length
      if (left < 0) {
        head += chunk.toString('latin1')
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        body = head.length - end - 4
        left = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
        reader.fast = left <= WARM_UP_BYTES
      }
      left -= body
      if (left > 0) return
      const size = Number(/^GET \/(\d+)/.exec(head)?.[1] ?? 0)
      head = ''
      left = -1
      void answer(socket, size, options.through)
    })
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

async function answer(socket: Socket, size: number, through: Through | undefined): Promise<void> {
  if (through === undefined) {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
    await send(socket, size)
    return
  }
  // Each block is a member of its own, so that as many of them as there are is one body.
  const block = through === 'decompress' ? gzipSync(NOISE, { level: 1 }) : NOISE
  const coding = through === 'decompress' ? 'Content-Encoding: gzip\r\n' : ''
  const length = Math.ceil(size / block.length) * block.length
  socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${coding}Content-Length: ${length}\r\n\r\n`)
  await send(socket, length, block)
}

async function transfer(port: number, options: SlowReaderOptions): Promise<void> {
  const { direction, totalBytes, through } = options
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const done = Promise.withResolvers<void>()
  socket.on('error', done.reject)
  let received = 0
  // Without a length, the end of the connection is that of the body. Noise stays as long as it is.
  if (through !== undefined)
    socket.on('end', () => {
      if (received > totalBytes * 0.99) done.resolve()
    })
  socket.on('close', () => done.reject(new Error('the connection ended before the response was complete')))
  let head = ''
  let left = -1
  const reader = slowly(socket, options, (chunk) => {
    let body = chunk.length
    if (left < 0) {
      head += chunk.toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      if (!head.startsWith('HTTP/1.1 200 ')) done.reject(new Error(head.slice(0, 200)))
      body = head.length - end - 4
      left = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Number.POSITIVE_INFINITY)
    }
    left -= body
    received += body
    if (left === 0) done.resolve()
  })
  reader.fast = options.pauseMs === 0
  if (through !== undefined)
    socket.write(`GET /${totalBytes} HTTP/1.0\r\nHost: bench\r\nAccept-Encoding: gzip;q=0.5, zstd\r\n\r\n`)
  else if (direction === 'download') socket.write(`GET /${totalBytes} HTTP/1.1\r\nHost: bench\r\n\r\n`)
  else {
    socket.write(`POST / HTTP/1.1\r\nHost: bench\r\nContent-Length: ${totalBytes}\r\n\r\n`)
    void send(socket, totalBytes)
  }
  await done.promise
  socket.destroy()
}

/** Reads in bursts. The socket's own buffer is small, so that it is the proxy that has to wait. */
function slowly(
  socket: Socket,
  { burstBytes, pauseMs }: SlowReaderOptions,
  onChunk: (chunk: Buffer) => void,
): { fast: boolean } {
  const state = { fast: false }
  let burst = 0
  let behindMs = 0
  socket.on('data', (chunk) => {
    onChunk(chunk)
    if (state.fast || pauseMs === 0) return
    burst += chunk.length
    if (burst < burstBytes) return
    behindMs += (burst / burstBytes) * pauseMs
    burst = 0
    const pausedAt = performance.now()
    socket.pause()
    void sleep(Math.max(1, behindMs)).then(() => {
      // Timers are late; on average the rate is kept.
      behindMs -= performance.now() - pausedAt
      socket.resume()
    })
  })
  return state
}

async function send(socket: Socket, size: number, block: Buffer = BLOCK): Promise<void> {
  for (let left = size; left > 0 && !socket.destroyed; left -= block.length) {
    const more = socket.write(left >= block.length ? block : block.subarray(0, left))
    if (more) continue
    await new Promise<void>((resolve) => {
      const go = (): void => {
        socket.off('drain', go)
        socket.off('close', go)
        resolve()
      }
      socket.on('drain', go)
      socket.on('close', go)
    })
  }
}

function portOf(server: Server): number {
  return (server.address() as { port: number }).port
}

function residentBytes({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
}

if (process.argv[2] === '--proxy') {
  const through = process.argv[4] as Through | ''
  const filters = through === '' || through === undefined ? [] : [FILTERS[through]()]
  const running = await proxy()
    .listen(0)
    .route('/', ...filters, pool([`http://127.0.0.1:${process.argv[3]}`]))
    .start({ signals: false })
  process.send!(running.addresses[0]!.port)
  process.once('disconnect', () => process.exit())
} else if (import.meta.main) {
  const { values } = parseArgs({ options: { smoke: { type: 'boolean', default: false } } })
  await run(values)
}
