import { expect, test } from 'vitest'
import { type WorkersOptions, workersSettings } from './workers-options.ts'

test('workersSettings fills in the defaults', () => {
  expect(workersSettings({ workers: 'auto' }, () => 6)).toEqual({
    size: 6,
    signals: { noticeMs: 0, limitMs: 10_000, tunnelMs: 10_000 },
    load: undefined,
    configuration: undefined,
  })
  expect(workersSettings({ workers: 3, signals: false }, () => 6)).toMatchObject({
    size: 3,
    signals: undefined,
  })
})

test.each<[unknown, string]>([
  [{}, 'startWorkers: "workers" must be a number of processes, or "auto", got undefined'],
  [{ workers: 'all' }, 'startWorkers: "workers" must be a number of processes, or "auto", got "all"'],
  [{ workers: 0 }, 'startWorkers: "workers" must be a whole number from 1 to 256, got 0'],
  [{ workers: 1.5 }, 'startWorkers: "workers" must be a whole number from 1 to 256, got 1.5'],
  [
    { workers: 1, signals: 'yes' },
    'startWorkers: "signals" must be true, false or options of a drain, got "yes"',
  ],
  [{ workers: 1, signals: { limitMS: 1 } }, 'did you mean "limitMs"?'],
  [
    { workers: 1, load: 'gateway.yaml' },
    'startWorkers: "load" must be a function that promises a proxy, got "gateway.yaml"',
  ],
  [{ worker: 2 }, 'did you mean "workers"?'],
  [null, 'startWorkers: "options" must be an object, got null'],
])('workersSettings refuses %j', (options, message) => {
  expect(() => workersSettings(options as WorkersOptions, () => 1)).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(message) }),
  )
})
