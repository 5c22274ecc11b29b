import { expect, test } from 'vitest'
import { askMany, runScript } from './run-script.ts'

test('two workers serve one port, both get connections, and SIGTERM ends them', async () => {
  const script = runScript('gateway.ts')
  const [, port, one, two] = await script.line(/^serving (\d+) (\d+) (\d+)$/)
  const served = await askMany(Number(port), 64)
  expect(new Set(served.keys())).toEqual(new Set([one, two]))
  script.signal('SIGTERM')
  expect(await script.ended).toEqual({ code: 0, signal: null })
  for (const pid of [one, two]) expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
}, 30_000)
