import { type ChildProcess, execFile, fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Agent, request } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { pool, proxy, type RunningProxy } from '../src/index.ts'

// Real processes, real sockets, and load from wrk: what the simulations claim, once for real.

const execute = promisify(execFile)
const wrk = spawnSync('wrk', ['--version']).error === undefined
if (!wrk) console.log('skipped: wrk is not installed')

const children: ChildProcess[] = []
const running: RunningProxy[] = []
afterEach(async () => {
  for (const app of running.splice(0)) await app.close()
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function start(script: string, ...args: string[]): ChildProcess {
  const child = fork(join(import.meta.dirname, `real-outage-${script}`), args, {
    execArgv: ['--conditions=gatewright-source'],
  })
  children.push(child)
  return child
}

async function told<T>(child: ChildProcess): Promise<T> {
  const [message] = (await once(child, 'message')) as [T]
  return message
}

/**
 * A port below those that the system gives to clients (Linux: from 32768). While nobody listens at one of those, a client that
 * connects to it may be given the same one, and be connected to itself.
 */
async function freePort(): Promise<number> {
  for (let port = 20_000 + (process.pid % 10_000); ; port++) {
    const server = createServer()
    const bound = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!bound) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}

async function service(given?: number): Promise<{ child: ChildProcess; port: number; url: string }> {
  const child = start('service.ts', `${given ?? (await freePort())}`)
  const bound = await told<{ port: number }>(child)
  return { child, port: bound.port, url: `http://127.0.0.1:${bound.port}` }
}

async function servedBy(child: ChildProcess): Promise<number> {
  child.send('served?')
  return (await told<{ served: number }>(child)).served
}

/** What wrk says of so many seconds. */
async function load(url: string, seconds: number, ...options: string[]): Promise<string> {
  const { stdout } = await execute('wrk', ['-t1', '-c16', `-d${seconds}s`, ...options, url])
  expect(stdout).toMatch(/[1-9]\d* requests in/)
  return stdout
}

/** The same: lines of trouble only. */
async function trouble(url: string, seconds: number): Promise<string[]> {
  return (await load(url, seconds)).split('\n').filter((line) => /Non-2xx|Socket errors/.test(line))
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe.skipIf(!wrk)('under load from wrk', () => {
  test('one of two services is killed, and starts again: no GET fails, and its traffic returns', async () => {
    const [one, two] = [await service(), await service()]
    const endpoints = pool([one.url, two.url], { connectMs: '1s' })
      .health({ path: '/', intervalMs: 100, rise: 2, fall: 1 })
      .retry()
    const app = await proxy().listen(0).route('/', endpoints).start({ signals: false })
    running.push(app)
    const load = trouble(app.url, 6)
    await wait(2_000)
    one.child.kill('SIGKILL')
    await wait(2_000)
    const again = await service(one.port)
    expect(await load).toEqual([])
    expect(await servedBy(again.child)).toBeGreaterThan(100)
    expect(await servedBy(two.child)).toBeGreaterThan(100)
  }, 30_000)

  test('a hundred reloads: no request fails', async () => {
    const [one, two] = [await service(), await service()]
    const both = pool([one.url, two.url])
    const app = (turn: number) =>
      proxy()
        .listen(0)
        .use((exchange, next) => next(exchange))
        .route('/', turn % 2 === 0 ? both : pool([two.url]))
    const proxying = await app(0).start({ signals: false })
    running.push(proxying)
    const load = trouble(proxying.url, 4)
    for (let turn = 1; turn <= 100; turn++) {
      await proxying.reload(app(turn))
      await wait(20)
    }
    expect(await load).toEqual([])
  }, 30_000)

  test.each([
    ['that keep their connections', [], 0],
    // Who connects in the very moment in which the listener is closed is lost: how many that are is up to the machine.
    ['that make a new connection for each request', ['-H', 'Connection: close'], undefined],
  ] as const)(
    'SIGTERM and 32 clients %s: each request that a service has answered is answered',
    async (_, options, lost) => {
      const one = await service()
      const gateway = start('gateway.ts', one.url)
      const { url } = await told<{ url: string }>(gateway)
      const exited = once(gateway, 'exit')
      const said = load(url, 5, '-c32', '--timeout', '30s', ...options)
      await wait(1_000)
      gateway.kill('SIGTERM')
      expect((await exited)[0]).toBe(0)
      const text = await said
      const answered = Number(/(\d+) requests in/.exec(text)?.[1])
      expect(answered).toBeGreaterThan(32)
      expect(await servedBy(one.child)).toBe(answered)
      expect(text).not.toContain('Non-2xx')
      // Nobody listens any more: later connections fail, which wrk tells by `connect` or `write`. Of those that were made,
      // `read` counts the ones that ended without an answer.
      const [, unanswered] = /Socket errors: connect \d+, read (\d+), write \d+/.exec(text)!
      if (lost !== undefined) expect(Number(unanswered)).toBe(lost)
    },
    30_000,
  )
})

test('SIGTERM under load: every request that reached a service is answered, and the process ends', async () => {
  const one = await service()
  const gateway = start('gateway.ts', one.url)
  const { url } = await told<{ url: string }>(gateway)
  const exited = once(gateway, 'exit')
  const agent = new Agent({ connections: 16 })
  let answered = 0
  let ended = false
  const client = async (): Promise<void> => {
    while (!ended) {
      try {
        const { statusCode, body } = await request(url, { dispatcher: agent })
        await body.dump()
        if (statusCode === 200) answered++
      } catch {
        // Not connected any more, or closed before the request was taken.
        return
      }
    }
  }
  const clients = Array.from({ length: 16 }, client)
  await wait(1_000)
  gateway.kill('SIGTERM')
  await Promise.all(clients)
  ended = true
  expect((await exited)[0]).toBe(0)
  expect(answered).toBeGreaterThan(16)
  expect(await servedBy(one.child)).toBe(answered)
  await agent.close()
}, 30_000)
