import { expect, test } from 'vitest'
import type { AdminSnapshot } from '../../src/admin/index.ts'
import { freePort } from '../free-port.ts'
import { ask, askMany, runScript } from './run-script.ts'

test('two processes have one admin listener, which goes on when one of them ends', async () => {
  const port = await freePort()
  const script = runScript('admin.ts', port)
  const [, served] = await script.line(/^serving (\d+)$/)
  const url = `http://127.0.0.1:${port}`
  const snapshot = async (): Promise<AdminSnapshot> =>
    (await (await fetch(`${url}/api/snapshot`)).json()) as AdminSnapshot
  const requests = async (): Promise<number> => {
    const text = await (await fetch(`${url}/metrics`)).text()
    return Number(/^proxy_requests_total\{route="\/",.*\} (\d+)$/m.exec(text)?.[1])
  }

  // 1. What both count is one count.
  const pids = [...(await askMany(Number(served), 64)).keys()].map(Number)
  const { proxy, routes } = await snapshot()
  expect(proxy.workers?.map(({ number, phase, answers }) => [number, phase, answers])).toEqual([
    [1, 'serving', true],
    [2, 'serving', true],
  ])
  expect(new Set(proxy.workers?.map(({ pid }) => pid))).toEqual(new Set(pids))
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

  // 3. What a process has counted outlives it.
  await ask(Number(served), '/end').catch(() => {})
  await script.line(/another one is started/)
  expect(await requests()).toBe(64)
  expect((await fetch(`${url}/ready`)).status).toBe(200)

  script.signal('SIGTERM')
  expect(await script.ended).toEqual({ code: 0, signal: null })
  // Those of workers are at no address.
  const closed = script.lines.filter((line) => line.includes('the admin listener'))
  expect(closed).toEqual([`gatewright: the admin listener at ${url} is closed`])
}, 60_000)
