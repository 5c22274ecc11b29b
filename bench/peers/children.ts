import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Command {
  file: string
  args: readonly string[]
  env?: Readonly<Record<string, string>>
}

/** A process started by this run. It is ended by `end()`, or by `endEverything()` at the latest. */
export interface Child {
  pid: number
  /** Resolves when the process is gone, whatever ended it. */
  exited: Promise<number | null>
  running(): boolean
  stdout(): string
  /** The last few kilobytes, for the sentence that says why a proxy did not start. */
  stderrTail(): string
  say(line: string): void
  end(): Promise<void>
}

const STDERR_TAIL = 4096
const living = new Set<ChildProcess>()
const temporary = new Set<string>()

/** Starts a process; with `cpus` it is pinned to them (`taskset` replaces itself, so the pid is the proxy's). */
export function start(command: Command, cpus?: string): Child {
  const [file, args] = cpus
    ? ['taskset', ['-c', cpus, command.file, ...command.args]]
    : [command.file, [...command.args]]
  const child = spawn(file, args, {
    // An open stdin pipe: our own scripts end when it closes, so none outlives a harness that was killed.
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...command.env },
  })
  living.add(child)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_TAIL)
  })
  child.stdin.on('error', () => {})
  let running = true
  const exited = new Promise<number | null>((resolve) => {
    const gone = (code: number | null) => {
      running = false
      living.delete(child)
      resolve(code)
    }
    child.once('error', (error) => {
      stderr += error.message
      gone(null)
    })
    // 'close' comes after the last output has been read, 'exit' may come before.
    child.once('close', gone)
  })
  return {
    pid: child.pid ?? -1,
    exited,
    running: () => running,
    stdout: () => stdout,
    stderrTail: () => stderr.trim(),
    say: (line) => child.stdin.write(line),
    async end() {
      if (!running) return
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 1_500)
      await exited
      clearTimeout(timer)
    },
  }
}

/** Runs a process to its end and returns what it printed; rejects when it fails. */
export async function output(command: Command, cpus?: string): Promise<string> {
  const child = start(command, cpus)
  const code = await child.exited
  if (code !== 0) {
    throw new Error(`${command.file} ended with ${code ?? 'a signal'}: ${child.stderrTail()}`)
  }
  return child.stdout()
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port was assigned')
  return address.port
}

export function temporaryFolder(under: string = tmpdir()): string {
  const folder = mkdtempSync(join(under, 'gatewright-bench-'))
  temporary.add(folder)
  return folder
}

/** Polls until `ready` resolves to true. Rejects when the process ends first or the time is up. */
export async function untilReady(
  child: Child,
  ready: () => Promise<boolean>,
  limitMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + limitMs
  while (performance.now() < deadline) {
    if (!child.running()) throw new Error(`it ended at once: ${child.stderrTail() || 'without a word'}`)
    if (await ready().catch(() => false)) return
    await sleep(50)
  }
  throw new Error(`it did not answer within ${limitMs} ms: ${child.stderrTail()}`)
}

/** For the last moment: synchronous, so that it also works in an `exit` handler. */
export function endEverything(): void {
  for (const child of living) child.kill('SIGKILL')
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true })
  temporary.clear()
}
