import { expect, test } from 'vitest'
import { ask, askMany, runScript } from './run-script.ts'

test('workers count a rate limit together, and follow a circuit that opens in one, as does one that comes later', async () => {
  const script = runScript('limited.ts')
  const [, port, one, two] = await script.line(/^serving (\d+) (\d+) (\d+)$/)
  const served = await askMany(Number(port), 250)
  expect(served.size).toBe(3)
  expect(served.get(one!)! + served.get(two!)!).toBe(100)

  // Enough for one of them to see twenty failures, and not for both.
  for (let i = 0; i < 39; i++) await ask(Number(port), '/failing')
  const [, first] = await script.line(/^open in (\d+)$/)
  const [, second] = await script.line(/^open in (\d+)$/)
  expect(new Set([first, second])).toEqual(new Set([one, two]))
  expect(await ask(Number(port), '/failing')).toContain('circuit_open')

  process.kill(Number(one), 'SIGKILL')
  const [, third] = await script.line(/^open in (\d+)$/)
  expect([one, two]).not.toContain(third)
  const later = await askMany(Number(port), 20)
  expect([...later.keys()]).toEqual([expect.stringContaining('rate_limited')])
  script.signal('SIGTERM')
  expect(await script.ended).toEqual({ code: 0, signal: null })
}, 60_000)
