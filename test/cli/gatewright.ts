import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { ROOT } from '../source-scan.ts'

/** A command line that runs as a process of its own, of the sources. */
export class Gatewright {
  readonly #process: ChildProcess
  readonly #ended = Promise.withResolvers<number | null>()
  readonly #listeners = new Set<() => void>()
  stdout = ''
  stderr = ''

  constructor(cwd: string, args: readonly string[], nodeArgs: readonly string[] = []) {
    const main = join(ROOT, 'src/cli/main.ts')
    this.#process = spawn(process.execPath, ['--conditions=gatewright-source', ...nodeArgs, main, ...args], {
      cwd,
      // All of them load the same sources: most of the time goes into that.
      env: { ...process.env, NODE_COMPILE_CACHE: join(ROOT, 'coverage', 'compile-cache') },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      this.#tell()
    })
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
      this.#tell()
    })
    this.#process.on('close', (code) => {
      this.#ended.resolve(code)
      this.#tell()
    })
    onTestFinished(() => {
      this.#process.kill('SIGKILL')
    })
  }

  /** What it ends with. */
  get ended(): Promise<number | null> {
    return this.#ended.promise
  }

  /** Resolves when all that it has written matches. Rejects where it ends before. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(`${this.stdout}\n${this.stderr}`)
      if (found !== null) return found
      if (this.#process.exitCode !== null || this.#process.signalCode !== null)
        throw new Error(`it has ended, and did not say ${pattern}:\n${this.stdout}\n${this.stderr}`)
      await new Promise<void>((resolve) => {
        const once = (): void => {
          this.#listeners.delete(once)
          resolve()
        }
        this.#listeners.add(once)
      })
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}
