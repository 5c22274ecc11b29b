import { connect } from 'node:tls'
import { expect, test } from 'vitest'
import type { AdminSnapshot } from '../../src/admin/index.ts'
import { freePort } from '../free-port.ts'
import { ask, askMany, runScript } from './run-script.ts'

test('two processes are as one: to who looks at them, to clients, and to the one that takes the place of another', async () => {
  const adminPort = await freePort()
  const script = runScript('together.ts', adminPort)
  const [, served, securely] = await script.line(/^serving (\d+) (\d+)$/)
  const port = Number(served)
  const url = `http://127.0.0.1:${adminPort}`
  const snapshot = async (): Promise<AdminSnapshot> =>
    (await (await fetch(`${url}/api/snapshot`)).json()) as AdminSnapshot
  const requests = async (): Promise<number> => {
    const text = await (await fetch(`${url}/metrics`)).text()
    return Number(/^proxy_requests_total\{route="\/",.*\} (\d+)$/m.exec(text)?.[1])
  }

  // 1. What both count is one count.
  const pids = [...(await askMany(port, 64)).keys()]
  const { proxy, routes } = await snapshot()
  expect(proxy.workers?.map(({ number, phase, answers }) => [number, phase, answers])).toEqual([
    [1, 'serving', true],
    [2, 'serving', true],
  ])
  expect(new Set(proxy.workers?.map(({ pid }) => `${pid}`))).toEqual(new Set(pids))
  expect(proxy.pid).toBe(script.pid)
  expect(routes.find(({ match }) => match === '/')).toMatchObject({ matches: 64 })
  expect(await requests()).toBe(64)

  // 2. A command goes to both, and one for the log to this process too.
  const drained = await fetch(`${url}/api/endpoints/drain`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ pool: 'users', endpoint: 'http://127.0.0.1:9' }),
  })
  expect(await drained.json()).toMatchObject({ state: 'drained' })
  expect((await snapshot()).pools[0]!.endpoints[0]).not.toHaveProperty('states')
  for (const level of ['error', 'info']) {
    await fetch(`${url}/api/log`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ level }),
    })
    expect(await (await fetch(`${url}/api/log`)).json()).toEqual({ level })
  }

  // 3. Both resume the sessions of each other.
  const { session } = await askSecurely(Number(securely))
  const resumed = await Promise.all(Array.from({ length: 32 }, () => askSecurely(Number(securely), session)))
  expect(new Set(resumed.map(({ answer }) => answer))).toEqual(new Set(pids))
  expect(resumed.map(({ isResumed }) => isResumed)).not.toContain(false)

  // 4. A limit is one for both, and so is a circuit.
  const limited = await askMany(port, 250, '/limited')
  expect(limited.size).toBe(3)
  expect(limited.get(pids[0]!)! + limited.get(pids[1]!)!).toBe(100)
  // Enough for one of them to see twenty failures, and not for both.
  for (let i = 0; i < 39; i++) await ask(port, '/failing')
  const opened = [await script.line(/^open in (\d+)$/), await script.line(/^open in (\d+)$/)]
  expect(new Set(opened.map(([, pid]) => pid))).toEqual(new Set(pids))
  expect(await ask(port, '/failing')).toContain('circuit_open')

  // 5. What a process has counted outlives it, and the one that comes in its place knows what the others do.
  const counted = await requests()
  await ask(port, '/end').catch(() => {})
  await script.line(/another one is started/)
  expect(await requests()).toBe(counted)
  expect((await fetch(`${url}/ready`)).status).toBe(200)
  const [, third] = await script.line(/^open in (\d+)$/)
  expect(pids).not.toContain(third)
  const later = await askMany(port, 20, '/limited')
  expect([...later.keys()]).toEqual([expect.stringContaining('rate_limited')])

  script.signal('SIGTERM')
  expect(await script.ended).toEqual({ code: 0, signal: null })
  // Those of workers are at no address.
  const closed = script.lines.filter((line) => line.includes('the admin listener'))
  expect(closed).toEqual([`gatewright: the admin listener at ${url} is closed`])
}, 60_000)

/** Which process answers, by TLS 1.2: there a session is known when the handshake is over. */
function askSecurely(port: number, session?: Buffer) {
  return new Promise<{ answer: string; session: Buffer; isResumed: boolean }>((resolve, reject) => {
    const options = { port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.2' } as const
    const socket = connect({ ...options, ...(session === undefined ? {} : { session }) })
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('error', reject)
    socket.on('secureConnect', () => {
      const found = { session: socket.getSession()!, isResumed: socket.isSessionReused() }
      socket.on('end', () => resolve({ ...found, answer: text.slice(text.indexOf('\r\n\r\n') + 4) }))
      socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    })
  })
}
