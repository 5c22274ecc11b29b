import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

const COMPILE_CACHE = join(import.meta.dirname, '..', '..', 'coverage', 'compile-cache')

/** A script of `scripts/` that runs, as its supervisor. What it and its workers write comes in lines. */
export interface Script {
  readonly pid: number
  readonly lines: readonly string[]
  /** The first line that fits, but for those that were given before. */
  line(pattern: RegExp): Promise<RegExpExecArray>
  signal(name: NodeJS.Signals): void
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

export function runScript(name: string, ...args: readonly (string | number)[]): Script {
  const path = join(import.meta.dirname, 'scripts', name)
  const child = spawn(process.execPath, ['--conditions=gatewright-source', path, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Half of what the start of a process takes is what this keeps.
    env: { ...process.env, NO_COLOR: '1', NODE_COMPILE_CACHE: COMPILE_CACHE },
  })
  // Its workers end by themselves: that nobody is left is what one of the tests is about.
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const lines: string[] = []
  const given = new Set<number>()
  const waiting = new Set<() => void>()
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  readLines(child, (line) => {
    lines.push(line)
    for (const look of waiting) look()
  })
  return {
    pid: child.pid!,
    lines,
    ended,
    signal: (signal) => {
      child.kill(signal)
    },
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          for (const [i, line] of lines.entries()) {
            const found = given.has(i) ? null : pattern.exec(line)
            if (found === null) continue
            given.add(i)
            waiting.delete(look)
            resolve(found)
            return
          }
        }
        waiting.add(look)
        look()
        void ended.then(() => reject(new Error(`it ended without ${pattern}:\n${lines.join('\n')}`)))
      }),
  }
}

function readLines({ stdout, stderr }: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [stdout, stderr]) createInterface({ input: stream! }).on('line', onLine)
}

/** One request on a connection of its own: what was answered. Rejects where that is not all of an answer. */
export function ask(port: number, path = '/'): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1')
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('error', reject)
    socket.on('end', () => {
      socket.end()
      const [, length, content] = /content-length: (\d+).*?\r\n\r\n(.*)$/is.exec(text) ?? []
      if (content === undefined || content.length !== Number(length)) reject(new Error(`cut off: ${text}`))
      else resolve(content)
    })
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  })
}

/** So many at once: how often each answer came. */
export async function askMany(port: number, count: number, path = '/'): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const answer of await Promise.all(Array.from({ length: count }, () => ask(port, path))))
    counts.set(answer, (counts.get(answer) ?? 0) + 1)
  return counts
}

/** A service whose answers wait until they are let go. */
export interface HoldingService {
  readonly port: number
  /** Resolves when so many requests are here. */
  holds(count: number): Promise<void>
  release(): void
}

export async function holdingService(): Promise<HoldingService> {
  const held: ServerResponse[] = []
  const waiting = new Set<() => void>()
  const server = createServer((_, response) => {
    held.push(response)
    for (const look of waiting) look()
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    holds: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (held.length >= count) resolve()
        }
        waiting.add(look)
        look()
      }),
    release: () => {
      for (const response of held.splice(0)) response.end('released')
    },
  }
}

/** Clients that ask without a pause, each on a connection that it keeps as long as it may. */
export interface SteadyLoad {
  readonly failures: readonly string[]
  /** How many requests were answered. */
  readonly answered: number
  stop(): Promise<void>
}

export function steadyLoad(port: number, clients: number): SteadyLoad {
  const failures: string[] = []
  let answered = 0
  let stopped = false
  const client = async (): Promise<void> => {
    while (!stopped) {
      const socket = connect(port, '127.0.0.1').setEncoding('latin1')
      try {
        await keepAsking(socket)
      } catch (error) {
        failures.push((error as Error).message)
      }
      socket.destroy()
    }
  }
  /** Until a response says that it is the last one. */
  const keepAsking = async (socket: Socket): Promise<void> => {
    for (;;) {
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      const text = await answerOn(socket)
      answered++
      if (stopped || /connection: close/i.test(text)) return
    }
  }
  const all = Promise.all(Array.from({ length: clients }, client))
  return {
    failures,
    get answered() {
      return answered
    },
    async stop() {
      stopped = true
      await all
    },
  }
}

/** One response. Those of the test's gateway come whole, for they are short. */
function answerOn(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const over = (then: () => void): void => {
      for (const event of ['data', 'error', 'close']) socket.removeAllListeners(event)
      socket.on('error', () => {})
      then()
    }
    socket.on('data', (text: string) => over(() => resolve(text)))
    socket.on('error', (error) => over(() => reject(error)))
    socket.on('close', () => over(() => reject(new Error('closed without an answer'))))
  })
}
