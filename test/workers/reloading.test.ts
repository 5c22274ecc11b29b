import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../free-port.ts'
import { ask, askMany, holdingService, runScript } from './run-script.ts'

test('a reload in place changes what workers serve and where, and they end with their supervisor', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'workers-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'served.json')
  const serve = (text: string, ...ports: number[]) => writeFile(file, JSON.stringify({ text, ports }))
  const service = await holdingService()
  const added = await freePort()
  await serve('old', 0)
  const script = runScript('reloading.ts', file, service.port)
  const [, found, one, two] = await script.line(/^serving (\d+) (\d+) (\d+)$/)
  const port = Number(found)
  const answers = async (at: number) => new Set((await askMany(at, 64)).keys())
  expect(await answers(port)).toEqual(new Set([`old ${one}`, `old ${two}`]))

  await writeFile(file, '{')
  script.signal('SIGHUP')
  await script.line(/the workers did not all reload: .*JSON/)
  expect(await answers(port)).toEqual(new Set([`old ${one}`, `old ${two}`]))

  await serve('new', 0, added)
  script.signal('SIGHUP')
  await script.line(/the workers have reloaded$/)
  for (const at of [port, added]) expect(await answers(at)).toEqual(new Set([`new ${one}`, `new ${two}`]))

  await serve('last', added)
  script.signal('SIGHUP')
  await script.line(/the workers have reloaded$/)
  expect(await answers(added)).toEqual(new Set([`last ${one}`, `last ${two}`]))
  await expect(ask(port)).rejects.toThrow('ECONNREFUSED')

  const running = ask(added, '/held')
  await service.holds(1)
  process.kill(script.pid, 'SIGKILL')
  await script.line(/worker 1: the proxy at .* is drained$/)
  service.release()
  expect(await running).toBe('released')
  // Its output is theirs too: it is closed when the last of them has ended.
  expect(await script.ended).toEqual({ code: null, signal: 'SIGKILL' })
}, 120_000)
