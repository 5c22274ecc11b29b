import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'

const isThere = (tool: string) => spawnSync(tool, ['--version']).error === undefined

export const hasPromtool: boolean = isThere('promtool')
export const hasPrometheus: boolean = isThere('prometheus')
if (!hasPromtool || !hasPrometheus) console.log('skipped: prometheus and promtool are not installed')

/** What `promtool` says, on both of its outputs; `ok` where it has found nothing. */
export function promtool(args: readonly string[], input = ''): { ok: boolean; said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' })
  return { ok: status === 0, said: (stdout + stderr).trim() }
}

/** A real Prometheus of a test's own, on loopback, that scrapes one target five times a second. */
export class Prometheus implements AsyncDisposable {
  readonly #url: string
  readonly #folder: string
  readonly #process: ChildProcess

  private constructor(url: string, folder: string, child: ChildProcess) {
    this.#url = url
    this.#folder = folder
    this.#process = child
  }

  static async start(target: string): Promise<Prometheus> {
    const folder = await mkdtemp(join(tmpdir(), 'gatewright-prometheus-'))
    const config = {
      global: { scrape_interval: '200ms', scrape_timeout: '200ms' },
      scrape_configs: [{ job_name: 'proxy', static_configs: [{ targets: [target] }] }],
    }
    // JSON is YAML.
    await writeFile(join(folder, 'prometheus.yaml'), JSON.stringify(config))
    const address = `127.0.0.1:${await freePort()}`
    const args = [
      `--config.file=${join(folder, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      '--enable-feature=exemplar-storage',
      '--log.level=error',
    ]
    const child = spawn('prometheus', args, { stdio: 'ignore' })
    return new Prometheus(`http://${address}/api/v1`, folder, child)
  }

  /** What its API answers; throws while it does not. */
  async ask(path: string): Promise<unknown> {
    const response = await fetch(this.#url + path)
    const { status, data } = (await response.json()) as { status: string; data: unknown }
    if (status !== 'success') throw new Error(`${path}: ${status}`)
    return data
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
    await rm(this.#folder, { recursive: true, force: true })
  }
}
