import { expect, test } from 'vitest'
import { ask, askMany, holdingService, runScript, steadyLoad } from './run-script.ts'

test('two workers serve one port, through the end of one and a roll of both, until SIGTERM', async () => {
  const service = await holdingService()
  const script = runScript('gateway.ts', 0, service.port)
  const [, found, one, two] = await script.line(/^serving (\d+) (\d+) (\d+)$/)
  const port = Number(found)

  // 1. Both get connections.
  expect(new Set((await askMany(port, 64)).keys())).toEqual(new Set([one, two]))

  // 2. Another gateway is told that the port is taken, although it could share it.
  const other = runScript('gateway.ts', port)
  expect(await other.ended).toEqual({ code: 1, signal: null })
  expect(other.lines.filter((line) => line.includes('StartError'))).toEqual([
    expect.stringContaining(`127.0.0.1:${port} is in use: stop what listens there`),
  ])

  // 3. One is killed: what it was about is lost, and nothing else. Who connects to its socket meanwhile is served.
  const exchanges = Promise.allSettled(Array.from({ length: 16 }, () => ask(port, '/held')))
  await service.holds(16)
  process.kill(Number(one), 'SIGKILL')
  const meanwhile = await askMany(port, 64)
  expect([...meanwhile.keys()]).toEqual([two])
  await script.line(/worker 1 \(process \d+\) ended with SIGKILL; another one is started now$/)
  service.release()
  const outcomes = (await exchanges).map(({ status }) => status)
  expect(new Set(outcomes)).toEqual(new Set(['fulfilled', 'rejected']))
  const [, three] = await script.line(/worker 1 \(process (\d+)\) serves in its place$/)
  expect(new Set((await askMany(port, 64)).keys())).toEqual(new Set([two, three]))

  // 4. Both are replaced under load, and no request fails.
  const load = steadyLoad(port, 4)
  script.signal('SIGHUP')
  await script.line(/the workers have reloaded$/)
  for (const number of [1, 2]) await script.line(new RegExp(`worker ${number}: the proxy at .* is closed$`))
  await load.stop()
  expect(load.failures).toEqual([])
  expect(load.answered).toBeGreaterThan(100)
  const pids = new Set((await askMany(port, 64)).keys())
  expect(pids.size).toBe(2)
  for (const old of [one, two, three]) expect(pids).not.toContain(old)

  // 5. What runs finishes, and nobody is left.
  const last = Array.from({ length: 8 }, () => ask(port, '/held'))
  await service.holds(8)
  script.signal('SIGTERM')
  // Twice: those before them have drained in the roll.
  for (const number of [1, 2, 1, 2])
    await script.line(new RegExp(`worker ${number}: the proxy at .* is drained$`))
  service.release()
  expect(new Set(await Promise.all(last))).toEqual(new Set(['released']))
  expect(await script.ended).toEqual({ code: 0, signal: null })
  for (const pid of [two, three, ...pids]) expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
}, 120_000)

test('workers that end before they serve end it all, with what happened', async () => {
  const script = runScript('crashing.ts')
  expect(await script.ended).toEqual({ code: 1, signal: null })
  expect(script.lines.filter((line) => line.startsWith('Error:'))).toEqual([
    expect.stringMatching(/^Error: worker 1 \(process \d+\) ended with exit code 3 before it served$/),
  ])
  expect(script.lines).toContain('a process of this one would be worker undefined')
})
