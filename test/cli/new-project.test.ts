/** A project as `gatewright new` writes it: its types, its test, and its first start. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runNew } from '../../src/cli/new/run-new.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Each of them loads the whole package: seconds, on a machine that has nothing else to do. */
const LIMIT_MS = 120_000

let folder = ''

beforeAll(async () => {
  const above = await mkdtemp(join(tmpdir(), 'gatewright-'))
  folder = join(above, 'shop')
  const silent = { out: () => {}, err: () => {}, isTerminal: false, env: {}, cwd: above }
  expect(await runNew(['shop'], silent)).toBe(0)
  // What `npm install` would bring.
  await mkdir(join(folder, 'node_modules'))
  await symlink(ROOT, join(folder, 'node_modules/gatewright'))
  for (const name of ['@types', 'typescript', 'vitest'])
    await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name))
})

afterAll(() => rm(join(folder, '..'), { recursive: true }))

describe('a new project', { timeout: LIMIT_MS }, () => {
  test.concurrent('has types that are right', async () => {
    const tsc = run('node_modules/typescript/bin/tsc', '--customConditions', 'gatewright-source')
    expect(await tsc.ended).toEqual({ code: 0, output: '' })
  })

  test.concurrent('passes its own test', async () => {
    // The sources run as they are, as Node would load the package.
    const config = {
      resolve: { conditions: ['gatewright-source'] },
      ssr: { resolve: { conditions: ['gatewright-source', 'node', 'import', 'default'] } },
      test: { server: { deps: { external: ['SOURCES'] } } },
    }
    const text = JSON.stringify(config).replace('"SOURCES"', String(/\/src\//))
    await writeFile(join(folder, 'vitest.config.js'), `export default ${text}\n`)
    const { code, output } = await run('node_modules/vitest/vitest.mjs', 'run', '--no-color').ended
    expect(output).toContain('3 passed')
    // The log of the proxy is none of the test's.
    expect(output).not.toContain('"requestId"')
    expect(code).toBe(0)
  })

  test.concurrent('serves when it is started, and ends when it is told to', async () => {
    const started = run('start.ts')
    const url = await started.line(/listens on (http:\S+)/)
    const answer = await fetch(`${url}/users/42`)
    expect(await answer.json()).toMatchObject({ user: '42' })
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    started.child.kill('SIGTERM')
    const { code, output } = await started.ended
    expect([code, output]).toEqual([0, expect.stringContaining('"route":"/users/:id"')])
  })
})

interface Run {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>
  /** The first group of the first match in what it says. Rejects when it ends without. */
  line(pattern: RegExp): Promise<string>
}

/** Runs a file of the project by Node, with an end whatever happens. */
function run(...args: string[]): Run {
  const child = spawn(process.execPath, ['--conditions=gatewright-source', ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: '0', NODE_OPTIONS: '--conditions=gatewright-source' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  let output = ''
  const said: (() => void)[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      for (const look of said) look()
    })
  }
  const ended = once(child, 'close').then(([code]: (number | null)[]) => ({ code: code ?? null, output }))
  return {
    child,
    ended,
    line(pattern) {
      const found = Promise.withResolvers<string>()
      said.push(() => {
        const [, group] = pattern.exec(output) ?? []
        if (group !== undefined) found.resolve(group)
      })
      void ended.then(() => found.reject(new Error(`it ended, and said:\n${output}`)))
      return found.promise
    },
  }
}
