import { type ChildProcess, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

/** A script of `scripts/` that runs, as its supervisor. What it and its workers write comes in lines. */
export interface Script {
  readonly pid: number
  readonly lines: readonly string[]
  /** The first line, from one that was not asked for before, that fits. */
  line(pattern: RegExp): Promise<RegExpExecArray>
  signal(name: NodeJS.Signals): void
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

export function runScript(name: string, ...args: readonly (string | number)[]): Script {
  const path = join(import.meta.dirname, 'scripts', name)
  const child = spawn(process.execPath, ['--conditions=gatewright-source', path, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  })
  // Its workers end by themselves: that nobody is left is what one of the tests is about.
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const lines: string[] = []
  let seen = 0
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
          while (seen < lines.length) {
            const found = pattern.exec(lines[seen++]!)
            if (found === null) continue
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

/** One request on a connection of its own: what was answered. */
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
      resolve(text.slice(text.indexOf('\r\n\r\n') + 4))
    })
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  })
}

/** So many at once: how often each answer came. */
export async function askMany(port: number, count: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const answer of await Promise.all(Array.from({ length: count }, () => ask(port))))
    counts.set(answer, (counts.get(answer) ?? 0) + 1)
  return counts
}
