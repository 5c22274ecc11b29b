/** Runs every example, as CI does: `npm run examples`. Each checks itself and ends; the quickstart is asked, then ended. */
import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'

const LIMIT_MS = 30_000

const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  filters: ['filters/proxy.ts'],
  routing: ['routing/proxy.ts'],
  'trusted-proxies': ['trusted-proxies/proxy.ts'],
  tls: ['tls/proxy.ts'],
  grpc: ['grpc/proxy.ts'],
  caching: ['caching/proxy.ts'],
  admin: ['admin/proxy.ts'],
  testing: ['--test', 'testing/require-token.test.ts', 'testing/proxy.test.ts'],
  workers: ['workers/proxy.ts'],
  'real-nginx': ['real-nginx/proxy.ts'],
}

type Child = ChildProcessByStdio<null, Readable, null>

const failed: string[] = []
await example('quickstart', runQuickstart)
for (const [name, args] of Object.entries(EXAMPLES)) await example(name, () => runToItsEnd(args))
console.log(failed.length === 0 ? '\nevery example ran' : `\nfailed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1

async function example(name: string, run: () => Promise<void>): Promise<void> {
  console.log(`--- ${name}`)
  try {
    await run()
  } catch (error) {
    failed.push(name)
    console.error(error)
  }
}

async function runToItsEnd(args: readonly string[]): Promise<void> {
  const child = start(args)
  child.stdout.pipe(process.stdout, { end: false })
  await ended(child)
}

/** Started on a free port, asked twice, ended as Ctrl-C or an orchestrator would. */
async function runQuickstart(): Promise<void> {
  const child = start(['quickstart/proxy.ts'], { PORT: '0' })
  const end = ended(child)
  try {
    const url = await Promise.race([printedUrl(child), end.then(() => undefined)])
    assert.ok(url !== undefined, 'it ended before it listened')
    const answers = [await (await fetch(url)).text(), await (await fetch(url)).text()]
    assert.notEqual(answers[0], answers[1], 'both services answer in turn')
    process.stdout.write(answers.join(''))
  } finally {
    child.kill('SIGTERM')
  }
  await end
}

async function printedUrl(child: Child): Promise<string> {
  let printed = ''
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    process.stdout.write(chunk)
    printed += chunk
    const found = /curl -i (http:\/\/\S+)\n/.exec(printed)
    if (found !== null) {
      child.stdout.resume()
      return found[1]!
    }
  }
  throw new Error('it printed no address')
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
  return spawn(process.execPath, ['--conditions=gatewright-source', ...args], {
    cwd: import.meta.dirname,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function ended(child: Child): Promise<void> {
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
  const [code, signal] = await once(child, 'exit')
  clearTimeout(limit)
  assert.equal(code, 0, signal === null ? `it ended with ${code}` : `it was ended by ${signal}`)
}
