import { format } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest'
import { LOG_LEVELS, Log, type LogEntry, type LogLevel } from './log.ts'

let lines: MockInstance

beforeEach(() => {
  lines = vi.spyOn(console, 'error').mockImplementation(() => {})
})

afterEach(() => {
  lines.mockRestore()
})

/** A log that tells of one entry of each level, and the levels of those that were written. */
function written(level: LogLevel): string[] {
  const entries: LogEntry[] = []
  const told = new Log()
  told.level = level
  told.to = (entry) => void entries.push(entry)
  told.error('e')
  told.warn('w')
  told.info('i')
  told.debug('d')
  return entries.map((entry) => `${entry.level} ${entry.message}`)
}

describe('Log', () => {
  it.each<[LogLevel, string[]]>([
    ['silent', []],
    ['error', ['error e']],
    ['warn', ['error e', 'warn w']],
    ['info', ['error e', 'warn w', 'info i']],
    ['debug', ['error e', 'warn w', 'info i', 'debug d']],
  ])('of the level %s tells of that and what is worse', (level, entries) => {
    expect(written(level)).toEqual(entries)
  })

  it('is told of by a line on standard error, from info on, unless something else is said', () => {
    const told = new Log()
    const cause = new Error('why')
    expect(told.level).toBe('info')
    told.info('a pool has grown')
    told.error('a filter has failed', cause)
    told.debug('nobody hears of it')
    expect(lines.mock.calls).toEqual([
      ['gatewright: a pool has grown'],
      ['gatewright: a filter has failed', cause],
    ])
  })

  it('gives what it takes entries the level, the message and the cause', () => {
    const told = new Log()
    const to = vi.fn()
    told.to = to
    told.warn('late', 7)
    told.info('on time')
    expect(to.mock.calls).toEqual([
      [{ level: 'warn', message: 'late', cause: 7 }],
      [{ level: 'info', message: 'on time', cause: undefined }],
    ])
    expect(lines).not.toHaveBeenCalled()
  })

  it('tells on standard error what a function that throws was to take, and that it has', () => {
    const told = new Log()
    const thrown = new Error('full')
    told.to = () => {
      throw thrown
    }
    expect(() => told.error('lost?')).not.toThrow()
    expect(lines.mock.calls).toEqual([['gatewright: lost?'], ['gatewright: log.to threw', thrown]])
  })

  it('writes what clients have chosen as it is: it names no format', () => {
    const told = new Log()
    told.error('it failed (GET /%c%s%%20%o)', 'why')
    told.error('it failed (GET /%c%s%%20%o)')
    expect(lines.mock.calls.map((call) => format(...call))).toEqual([
      'gatewright: it failed (GET /%c%s%%20%o) why',
      'gatewright: it failed (GET /%c%s%%20%o)',
    ])
  })

  it('tells on standard error what a function whose promise is rejected was to take, and that it was', async () => {
    const told = new Log()
    const reason = new Error('full')
    const failing: () => unknown = () => Promise.reject(reason)
    told.to = failing
    told.error('lost?')
    await vi.waitFor(() =>
      expect(lines.mock.calls).toEqual([['gatewright: lost?'], ['gatewright: log.to threw', reason]]),
    )
  })

  it('refuses a level and a function that are none', () => {
    const told = new Log()
    expect(() => {
      told.level = 'verbose' as LogLevel
    }).toThrow('log: "level" must be "silent", "error", "warn", "info", "debug", got "verbose"')
    expect(() => {
      told.to = 'stderr' as unknown as () => void
    }).toThrow('log: "to" must be a function of an entry, got "stderr"')
    expect([told.level, LOG_LEVELS.length]).toEqual(['info', 5])
  })
})
