import { expect, onTestFinished, test, vi } from 'vitest'
import { drainSettings } from '../proxy/drain-options.ts'
import { heedSignals } from './supervisor-signals.ts'

const NAMES = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
const SETTINGS = drainSettings('test', { limitMs: '20s' })

/** Workers that are told of signals which only they hear. */
function signalled({ overran = false, reload = () => Promise.resolve() } = {}) {
  const before = new Map(NAMES.map((name) => [name, new Set(process.listeners(name))]))
  const mine = (name: NodeJS.Signals) =>
    process.listeners(name).filter((it) => before.get(name as 'SIGHUP')?.has(it) === false)
  const lines: string[] = []
  const report = vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line))
  const { exitCode } = process
  onTestFinished(() => {
    report.mockRestore()
    process.exitCode = exitCode
  })
  const calls: unknown[] = []
  const closed = Promise.withResolvers<void>()
  heedSignals(
    {
      overran,
      closed: closed.promise,
      drain: (options) => {
        calls.push(options)
        return closed.promise
      },
      close: () => {
        calls.push('close')
        return closed.promise
      },
      reload: () => {
        calls.push('reload')
        return reload()
      },
    },
    SETTINGS,
  )
  return {
    calls,
    lines,
    signal: (name: NodeJS.Signals) => mine(name)[0]!(name),
    left: () => NAMES.flatMap(mine).length,
    async end() {
      closed.resolve()
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

test('heedSignals drains at the first signal, closes at the second, and ends with it', async () => {
  const it = signalled()
  it.signal('SIGINT')
  it.signal('SIGTERM')
  expect(it.calls).toEqual([SETTINGS, 'close'])
  expect(it.lines).toEqual(['gatewright: SIGINT: the workers drain; a second signal closes at once'])
  expect(it.left()).toBe(3)
  await it.end()
  expect([it.left(), process.exitCode]).toEqual([0, undefined])
})

test('heedSignals has the process end with 1 where a worker had to be killed', async () => {
  const it = signalled({ overran: true })
  it.signal('SIGTERM')
  await it.end()
  expect(process.exitCode).toBe(1)
})

test('heedSignals reloads at SIGHUP, and tells of what was refused', async () => {
  const it = signalled({ reload: () => Promise.reject(new Error('line 3')) })
  it.signal('SIGHUP')
  await it.end()
  expect(it.calls).toEqual(['reload'])
  expect(it.lines.at(-1)).toBe('gatewright: the workers did not all reload: line 3')
})
