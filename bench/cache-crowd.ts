/**
 * A crowd in front of a cold cache: 1 000 clients ask for the same 50 MB within 10 s, over sockets, of a service that takes 10 s
 * to send them. The service is to be asked once, every client to get the same bytes, and the proxy's process to grow by no more
 * than the object and what is on its way to the sockets.
 *
 *     node --conditions=gatewright-source bench/cache-crowd.ts [--smoke]
 */
import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { pool, proxy } from 'gatewright'
import { cache } from 'gatewright/cache'

const MB = 1_000_000

interface Crowd {
  readonly clients: number
  readonly objectBytes: number
  readonly overMs: number
}

interface CrowdResult {
  readonly asked: number
  /** Clients that got all of it, byte by byte. */
  readonly served: number
  /** The first thing that went wrong for a client. */
  readonly failure: string | undefined
  /** The highest resident memory of the proxy's process above what it had before. */
  readonly grownBytes: number
  readonly seconds: number
}

/** What is on its way to each socket: at most a piece that it did not take at once, and what was read of the next. */
const SOCKET_BYTES = 131_072
/** Garbage that V8 lets come together. */
const SLACK_BYTES = 64 * MB

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  if (!existsSync('/proc/self/status')) {
    console.log('skipped: there is no /proc to read resident memory from')
    return
  }
  const crowd = smoke
    ? { clients: 50, objectBytes: 2 * MB, overMs: 500 }
    : { clients: 1_000, objectBytes: 50 * MB, overMs: 10_000 }
  const limitBytes = crowd.objectBytes + crowd.clients * SOCKET_BYTES + SLACK_BYTES
  const { asked, served, failure, grownBytes, seconds } = await measure(crowd)
  const fine = asked === 1 && served === crowd.clients && grownBytes <= limitBytes
  console.log(
    `  ${crowd.clients} clients, ${crowd.objectBytes / MB} MB, ${seconds.toFixed(1)} s: the service was asked ${asked} times, ` +
      `${served} got the same bytes, RSS grew by ${(grownBytes / MB).toFixed(1)} MB, limit ${(limitBytes / MB).toFixed(0)} MB: ` +
      `${fine ? 'fine' : `wrong${failure === undefined ? '' : ` (${failure})`}`}`,
  )
  if (!fine) process.exitCode = 1
}

async function measure(crowd: Crowd): Promise<CrowdResult> {
  const object = pattern(crowd.objectBytes)
  const service = await startService(object, crowd.overMs)
  const child = fork(import.meta.filename, ['--proxy', String(portOf(service.server))], {
    execArgv: ['--conditions=gatewright-source'],
  })
  try {
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', (message) => resolve(Number(message)))
      child.once('exit', (code) => reject(new Error(`the proxy ended with code ${code}`)))
    })
    const before = residentBytes(child)
    let most = before
    const timer = setInterval(() => {
      most = Math.max(most, residentBytes(child))
    }, 50)
    const startedAt = performance.now()
    const failures = await Promise.all(
      Array.from({ length: crowd.clients }, async (_, i) => {
        await sleep((crowd.overMs * i) / crowd.clients)
        // Every tenth is a slow one.
        return download(port, object, i % 10 === 0)
      }),
    )
    clearInterval(timer)
    return {
      asked: service.asked(),
      served: failures.filter((it) => it === undefined).length,
      failure: failures.find((it) => it !== undefined),
      grownBytes: most - before,
      seconds: (performance.now() - startedAt) / 1_000,
    }
  } finally {
    child.kill()
    service.server.close()
  }
}

/** Sends the object in steps, each at its time. */
async function startService(
  object: Buffer,
  durationMs: number,
): Promise<{ server: Server; asked(): number }> {
  let asked = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      for (const _ of chunk.toString('latin1').matchAll(/^GET /gm)) {
        asked++
        void answer()
      }
    })
    async function answer(): Promise<void> {
      socket.write(
        `HTTP/1.1 200 OK\r\nContent-Length: ${object.length}\r\nCache-Control: max-age=3600\r\nETag: "1"\r\n\r\n`,
      )
      const startedAt = performance.now()
      for (let at = 0; at < object.length && !socket.destroyed; at += 65_536) {
        socket.write(object.subarray(at, at + 65_536))
        const dueMs = (durationMs * at) / object.length - (performance.now() - startedAt)
        if (dueMs > 1) await sleep(dueMs)
      }
    }
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return { server, asked: () => asked }
}

/** All clients read into the same memory. */
const INTO = Buffer.alloc(262_144)

/** What went wrong, if anything did. A slow one stops for a while after each 256 KiB. */
function download(port: number, object: Buffer, slow: boolean): Promise<string | undefined> {
  return new Promise((resolve) => {
    let head = ''
    let at = -1
    let sinceStop = 0
    const socket = connect({
      port,
      host: '127.0.0.1',
      onread: {
        buffer: INTO,
        callback(size, into) {
          let body = Buffer.from(into.buffer, into.byteOffset, size)
          if (at < 0) {
            head += body.toString('latin1')
            const end = head.indexOf('\r\n\r\n') + 4
            if (end < 4) return true
            if (!head.startsWith('HTTP/1.1 200 ')) return finish(head.slice(0, 100))
            body = body.subarray(body.length - (head.length - end))
            at = 0
          }
          if (Buffer.compare(body, object.subarray(at, at + body.length)) !== 0)
            return finish(`other bytes behind byte ${at}`)
          at += body.length
          if (at === object.length) return finish(undefined)
          sinceStop += body.length
          if (!slow || sinceStop < 262_144) return true
          sinceStop = 0
          setTimeout(() => socket.resume(), 50)
          return false
        },
      },
    })
    socket.on('error', (error) => finish(error.message))
    socket.on('close', () => finish(`closed behind byte ${at} of ${object.length}`))
    socket.write('GET /film HTTP/1.1\r\nHost: bench\r\n\r\n')
    function finish(failure: string | undefined): boolean {
      resolve(failure)
      socket.destroy()
      return false
    }
  })
}

/** No two pieces of it are the same. */
function pattern(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) % 4_294_967_296, at)
  return bytes
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
    .use(cache({ maxBytes: '200mb', maxEntryBytes: '64mb' }))
    .route('/', pool([`http://127.0.0.1:${process.argv[3]}`]))
    .start({ signals: false })
  process.send!(running.addresses[0]!.port)
  process.once('disconnect', () => process.exit())
} else if (import.meta.main) {
  await run({ smoke: process.argv.includes('--smoke') })
}
