/**
 * What a slow peer costs in memory: 300 MB go through the proxy to a client that reads 5 MB/s, then from a client to a
 * service that reads 5 MB/s. The proxy runs in a process of its own, whose resident memory may grow by 16 MB.
 *
 *     node --conditions=gatewright-source bench/slow-reader.ts [--smoke]
 */
import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { pool, proxy } from 'gatewright'

export interface SlowReaderOptions {
  readonly direction: 'download' | 'upload'
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

const MB = 1_000_000
const LIMIT_BYTES = 16 * MB
const BLOCK = Buffer.alloc(65_536, 'gatewright ')
/** Enough for the code to be compiled and the buffers of a connection to be there. */
const WARM_UP_BYTES = 20 * MB

/** Where resident memory can be read. */
export const canMeasure: boolean = existsSync('/proc/self/status')

/** Sends bytes through a proxy in a child process to someone who reads them slowly. */
export async function slowReader(options: SlowReaderOptions): Promise<SlowReaderResult> {
  const service = await startService(options)
  const child = fork(import.meta.filename, ['--proxy', `${portOf(service)}`], {
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
  for (const direction of ['download', 'upload'] as const) {
    // 5 MB/s: 50 kB, then 10 ms.
    const { grownBytes, seconds } = await slowReader({
      direction,
      totalBytes: smoke ? 20 * MB : 300 * MB,
      burstBytes: smoke ? 1 * MB : 50_000,
      pauseMs: smoke ? 0 : 10,
    })
    const verdict = grownBytes > LIMIT_BYTES ? 'too much' : 'fine'
    console.log(
      `  ${direction.padEnd(8)} ${smoke ? 20 : 300} MB in ${seconds.toFixed(1)} s: RSS grew by ${(grownBytes / MB).toFixed(1)} MB, limit 16 MB: ${verdict}`,
    )
    if (grownBytes > LIMIT_BYTES) process.exitCode = 1
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
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
      void send(socket, size)
    })
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

async function transfer(port: number, options: SlowReaderOptions): Promise<void> {
  const { direction, totalBytes } = options
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const done = Promise.withResolvers<void>()
  socket.on('error', done.reject)
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
      left = Number(/content-length: (\d+)/i.exec(head)?.[1])
    }
    left -= body
    if (left === 0) done.resolve()
  })
  reader.fast = options.pauseMs === 0
  if (direction === 'download') socket.write(`GET /${totalBytes} HTTP/1.1\r\nHost: bench\r\n\r\n`)
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

async function send(socket: Socket, size: number): Promise<void> {
  for (let left = size; left > 0 && !socket.destroyed; left -= BLOCK.length) {
    const more = socket.write(left >= BLOCK.length ? BLOCK : BLOCK.subarray(0, left))
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
  const running = await proxy()
    .listen(0)
    .route('/', pool([`http://127.0.0.1:${process.argv[3]}`]))
    .start({ signals: false })
  process.send!(running.addresses[0]!.port)
  process.once('disconnect', () => process.exit())
} else if (import.meta.main) {
  const { values } = parseArgs({ options: { smoke: { type: 'boolean', default: false } } })
  await run(values)
}
