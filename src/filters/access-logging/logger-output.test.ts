import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type LogEntry, log } from '../../core/log.ts'
import { exchange } from '../../testing/exchange.ts'
import type { AccessLogEntry } from './access-log-entry.ts'
import { entryFormat } from './log-format.ts'
import { LoggerOutput } from './logger-output.ts'

const entry = { status: 200 } as AccessLogEntry
const { clock } = exchange()

/** One that gives entries to `info`, and what the log was told meanwhile. */
function outputTo(info: (it: object | string) => unknown) {
  const told: LogEntry[] = []
  const { to } = log
  log.to = (it) => void told.push(it)
  onTestFinished(() => {
    log.to = to
  })
  return { told, output: new LoggerOutput({ info }, entryFormat('test', 'json')) }
}

describe('LoggerOutput', () => {
  it('counts as lost what an asynchronous logger could not take, and ends nothing over it', async () => {
    let full = true
    const taken: (object | string)[] = []
    const { output, told } = outputTo(async (it) => {
      if (full) throw new Error('full')
      taken.push(it)
    })
    output.add(entry, clock)
    output.add(entry, clock)
    await vi.waitFor(() => expect(output.counts).toEqual({ written: 0, dropped: 2 }))
    expect(told).toMatchObject([{ level: 'warn', cause: { message: 'full' } }])
    full = false
    output.add(entry, clock)
    await vi.waitFor(() => expect(output.counts).toEqual({ written: 1, dropped: 2 }))
    expect(taken).toEqual([entry, { dropped: 2 }])
  })

  it('counts an entry that was taken as written, also where what tells of lost ones is not', () => {
    let calls = 0
    const { output } = outputTo(() => {
      calls++
      if (calls === 1 || calls === 3) throw new Error('full')
    })
    output.add(entry, clock)
    output.add(entry, clock)
    expect(output.counts).toEqual({ written: 1, dropped: 1 })
    output.add(entry, clock)
    expect([output.counts, calls]).toEqual([{ written: 2, dropped: 1 }, 5])
  })
})
