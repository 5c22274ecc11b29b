/**
 * Does what the README tells a newcomer, in an empty folder, with the package as it would be published: `npm run newcomer`,
 * behind `npm run build`. Packs it, has a project made by it (`npx gatewright new`), installs, tests, checks the types of and
 * starts that, asks once and ends it. With `-- --all` it does so with a project as configuration, too. npm asks the registry
 * for what the package and the projects depend on.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const LIMIT_MS = 180_000
const root = join(import.meta.dirname, '..')
const folder = await mkdtemp(join(tmpdir(), 'gatewright-newcomer-'))

try {
  const [packed = ''] = (await npm(['pack', '--silent', '--pack-destination', folder], root))
    .trim()
    .split('\n')
  const tarball = join(folder, packed)
  const quietly = ['--no-audit', '--no-fund', '--loglevel', 'error']

  await npm(['exec', '--yes', '--package', tarball, '--', 'gatewright', 'new', 'demo'], folder)
  const demo = join(folder, 'demo')
  await npm(['install', ...quietly], demo)
  await npm(['test'], demo)
  await npm(['run', 'types'], demo)
  await serves(demo, /listens on (http:\S+)/)

  if (process.argv.includes('--all')) {
    const created = ['gatewright', 'new', 'by-config', '--config']
    await npm(['exec', '--yes', '--package', tarball, '--', ...created], folder)
    const byConfig = join(folder, 'by-config')
    await npm(['install', ...quietly], byConfig)
    await npm(['test'], byConfig)
    await serves(byConfig, /(http:\/\/127\.0\.0\.1:\d+)/)
  }
  console.log('a newcomer gets along')
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** Starts a project as its README says, asks whether it is well, and ends it. */
async function serves(cwd: string, url: RegExp): Promise<void> {
  console.log('--- npm start')
  const child = start(['start'], { cwd, env: { ...process.env, PORT: '0' } })
  const closed = once(child, 'close')
  try {
    const answer = await fetch(`${await printed(child, url)}/healthz`)
    assert.equal(answer.status, 200)
  } finally {
    end(child, 'SIGTERM')
  }
  await closed
}

/** The first group of the first match in what it says. */
function printed(child: ChildProcess, pattern: RegExp): Promise<string> {
  const found = Promise.withResolvers<string>()
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text
    const [, group] = pattern.exec(said) ?? []
    if (group !== undefined) found.resolve(group)
  })
  child.once('close', () => found.reject(new Error(`it ended, and said:\n${said}`)))
  return found.promise
}

/** Runs npm to its end, and gives what it says. */
async function npm(args: readonly string[], cwd: string): Promise<string> {
  console.log(`--- npm ${args.join(' ')}`)
  const child = start(args, { cwd })
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  assert.equal(code, 0, `npm ${args.join(' ')} ended with ${code}:\n${said}`)
  return said
}

/** In a group of its own, since npm starts a shell, and that what it was told to. */
function start(args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn('npm', args, { ...options, stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  const timer = setTimeout(() => end(child, 'SIGKILL'), LIMIT_MS)
  child.once('close', () => clearTimeout(timer))
  return child
}

function end({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch {
    // It has ended by itself.
  }
}
