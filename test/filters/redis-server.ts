import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'

export const hasRedis: boolean = spawnSync('redis-server', ['--version']).error === undefined
if (!hasRedis) console.log('skipped: redis-server is not installed')

/** A real redis-server of a test's own, on loopback, that keeps nothing. */
export class RedisServer {
  readonly port: number
  readonly #folder: string
  readonly #args: readonly string[]
  #process: ChildProcess | undefined

  private constructor(port: number, folder: string, args: readonly string[]) {
    this.port = port
    this.#folder = folder
    this.#args = args
  }

  static async start(...args: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), await mkdtemp(join(tmpdir(), 'gatewright-redis-')), args)
    await server.begin()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Starts it, again if it was killed, and waits until it takes connections. */
  async begin(): Promise<void> {
    const options = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    const child = spawn('redis-server', [...options, '--dir', this.#folder, ...this.#args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#process = child
    for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false }))
      if (String(text).includes('Ready to accept connections')) {
        child.stdout.resume()
        return
      }
    throw new Error('redis-server has not started')
  }

  /** SIGSTOP makes it hang, SIGCONT go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal)
  }

  /** As if the power failed. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  async close(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
