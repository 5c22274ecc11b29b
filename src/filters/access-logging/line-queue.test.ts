import { describe, expect, it, onTestFinished } from 'vitest'
import { type LogEntry, log } from '../../core/log.ts'
import { virtualClock } from '../../testing/index.ts'
import type { AccessLogEntry } from './access-log-entry.ts'
import { LineQueue } from './line-queue.ts'
import type { EntryFormat } from './log-format.ts'
import type { Sink } from './sink.ts'

const MAX_BYTES = 131_072

/** A sink that takes a batch when the test says so. */
class HeldSink implements Sink {
  readonly batches: string[] = []
  readonly counts: number[] = []
  released = 0
  #done: ((error?: unknown) => void) | undefined
  /** Whether batches are taken by themselves, at once. */
  open = false
  throws: Error | undefined

  write(lines: Buffer, count: number, done: (error?: unknown) => void): void {
    if (this.throws !== undefined) throw this.throws
    this.batches.push(lines.toString())
    this.counts.push(count)
    if (this.open) done()
    else this.#done = done
  }

  done(error?: unknown): void {
    this.#done?.(error)
  }

  release(): void {
    this.released++
  }

  get lines(): string[] {
    return this.batches.join('').split('\n').slice(0, -1)
  }
}

const ofHosts: EntryFormat = {
  line: ({ host }) => {
    if (host === undefined) throw new Error('no host')
    return host
  },
  object: (entry) => entry,
  isJson: true,
  isAscii: false,
}

function queued(format: EntryFormat = ofHosts) {
  const clock = virtualClock()
  const sink = new HeldSink()
  const queue = new LineQueue(sink, format, MAX_BYTES)
  const add = (...hosts: (string | undefined)[]): void => {
    for (const host of hosts) queue.add({ host } as AccessLogEntry, clock)
  }
  return { clock, sink, queue, add }
}

/** What Gatewright tells of itself during the test. */
function told(): LogEntry[] {
  const entries: LogEntry[] = []
  log.to = (entry) => void entries.push(entry)
  onTestFinished(() => {
    log.to = ({ message }) => console.error(message)
  })
  return entries
}

describe('LineQueue', () => {
  it('gives the lines of one moment to the sink together', async () => {
    const { clock, sink, queue, add } = queued()
    add('a', 'b')
    expect([sink.batches, queue.queuedBytes]).toEqual([[], 4])
    await clock.advance(1)
    expect([sink.batches, sink.counts]).toEqual([['a\nb\n'], [2]])
    sink.done()
    expect([queue.queuedBytes, queue.counts, clock.pending]).toEqual([0, { written: 2, dropped: 0 }, 0])
  })

  it('counts a line beyond ASCII by its bytes', async () => {
    const { clock, sink, queue, add } = queued()
    add('\u20ac')
    expect(queue.queuedBytes).toBe(4)
    await clock.advance(1)
    expect(sink.batches).toEqual(['\u20ac\n'])
  })

  it('lets what comes wait while the sink has a batch', async () => {
    const { clock, sink, add } = queued()
    add('a')
    await clock.advance(1)
    add('b', 'c')
    await clock.advance('1h')
    expect(sink.batches).toEqual(['a\n'])
    sink.done()
    await clock.advance(1)
    expect(sink.batches).toEqual(['a\n', 'b\nc\n'])
  })

  it('takes no deeper stack for each batch that a sink takes at once: there may be thousands', async () => {
    const clock = virtualClock()
    const depths: number[] = []
    const first = Promise.withResolvers<void>()
    const limit = Error.stackTraceLimit
    onTestFinished(() => {
      Error.stackTraceLimit = limit
    })
    const sink: Sink = {
      write: (_, __, done) => {
        Error.stackTraceLimit = 1_000
        depths.push(new Error('depth').stack!.split('\n').length)
        Error.stackTraceLimit = limit
        if (depths.length === 1) void first.promise.then(() => done())
        else done()
      },
    }
    const queue = new LineQueue(sink, ofHosts, 1_000_000)
    for (let i = 0; i < 12; i++) queue.add({ host: 'x'.repeat(40_000) } as AccessLogEntry, clock)
    first.resolve()
    await clock.advance(1)
    expect([depths.length, queue.counts, queue.queuedBytes]).toEqual([12, { written: 12, dropped: 0 }, 0])
    expect(new Set(depths.slice(1)).size).toBe(1)
  })

  it('does not wait for more when there is enough', () => {
    const { sink, add } = queued()
    add('x'.repeat(32_000))
    expect(sink.batches).toHaveLength(0)
    add('y'.repeat(1_000))
    expect(sink.batches).toHaveLength(1)
  })

  it('takes a line that is longer than a batch', async () => {
    const { clock, sink, add } = queued()
    sink.open = true
    add('a', 'x'.repeat(100_000), 'b')
    await clock.advance(1)
    expect(sink.lines).toEqual(['a', 'x'.repeat(100_000), 'b'])
  })

  it('drops new lines when it is full, warns once a minute, and tells of them when lines get through again', async () => {
    const warnings = told()
    const { clock, sink, queue, add } = queued()
    const line = 'x'.repeat(1_023)
    for (let i = 0; i < 200; i++) add(line)
    expect([queue.queuedBytes, queue.counts.dropped]).toEqual([MAX_BYTES, 72])
    expect(warnings.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'the access log drops lines: its sink does not keep up, and its queue is full'],
    ])
    await clock.advance('59s')
    add(line)
    expect(warnings).toHaveLength(1)
    await clock.advance('1s')
    add(line)
    expect(warnings).toHaveLength(2)
    sink.open = true
    sink.done()
    await clock.advance(1)
    expect(sink.lines).toEqual([
      ...Array.from({ length: 128 }, () => line),
      '{"ts":"2026-01-01T00:01:00.000Z","dropped":74}',
    ])
    expect([queue.queuedBytes, queue.counts]).toEqual([0, { written: 129, dropped: 74 }])
    add('again')
    await clock.advance(1)
    expect(sink.lines.at(-1)).toBe('again')
  })

  it('tells nothing of dropped lines in a format that has no place for it', async () => {
    told()
    const { clock, sink, queue, add } = queued({ ...ofHosts, isJson: false })
    for (let i = 0; i < 200; i++) add('x'.repeat(1_023))
    sink.open = true
    sink.done()
    await clock.advance(1)
    expect([sink.lines.length, queue.counts.dropped]).toEqual([128, 72])
  })

  it('loses the batch that the sink has failed over, rests for a second, and goes on', async () => {
    const warnings = told()
    const { clock, sink, queue, add } = queued()
    add('a', 'b')
    await clock.advance(1)
    const broken = new Error('broken')
    sink.done(broken)
    add('c')
    await clock.advance(999)
    expect([sink.lines, queue.counts]).toEqual([['a', 'b'], { written: 0, dropped: 2 }])
    expect(warnings).toEqual([
      { level: 'warn', message: 'the access log has lost lines: its sink has failed', cause: broken },
    ])
    sink.open = true
    await clock.advance(1)
    await clock.advance(1)
    expect(sink.lines.slice(2)).toEqual(['c', '{"ts":"2026-01-01T00:00:01.001Z","dropped":2}'])
    expect(clock.pending).toBe(0)
  })

  it('takes a throw of the sink for a failure', async () => {
    told()
    const { clock, sink, queue, add } = queued()
    sink.throws = new Error('broken')
    add('a')
    await clock.advance(1)
    expect([queue.counts.dropped, queue.queuedBytes]).toEqual([1, 0])
  })

  it('hears only the first word of the sink on a batch', async () => {
    const { clock, sink, queue, add } = queued()
    add('a')
    await clock.advance(1)
    sink.done()
    sink.done(new Error('late'))
    sink.done()
    expect([queue.queuedBytes, queue.counts]).toEqual([0, { written: 1, dropped: 0 }])
  })

  it('loses a line whose format fails, and no other', async () => {
    const warnings = told()
    const { clock, sink, queue, add } = queued()
    sink.open = true
    add('a', undefined, 'b')
    await clock.advance(2)
    expect(sink.lines).toEqual(['a', 'b', expect.stringContaining('"dropped":1')])
    expect(queue.counts).toEqual({ written: 3, dropped: 1 })
    expect(warnings[0]?.message).toBe('the access log has lost a line: its format has failed')
  })
})

describe('LineQueue.flush', () => {
  it('has everything written, without waiting for more', async () => {
    const { clock, sink, queue, add } = queued()
    for (let i = 0; i < 100; i++) add('x'.repeat(1_000))
    const flushed = queue.flush(clock, 1_000)
    sink.open = true
    sink.done()
    await flushed
    expect([sink.lines.length, queue.queuedBytes, clock.pending]).toEqual([100, 0, 0])
  })

  it('ends at its limit where the sink is stuck', async () => {
    const { clock, queue, add } = queued()
    add('a')
    await clock.until(queue.flush(clock, 1_000))
    expect([clock.now(), queue.queuedBytes, clock.pending]).toEqual([1_000, 2, 0])
  })

  it('tries every batch once where the sink fails', async () => {
    told()
    const { clock, sink, queue, add } = queued()
    for (let i = 0; i < 100; i++) add('x'.repeat(1_000))
    sink.done(new Error('broken'))
    sink.throws = new Error('broken')
    await clock.until(queue.flush(clock, 1_000))
    expect([clock.now(), queue.counts.dropped, queue.queuedBytes, clock.pending]).toEqual([0, 100, 0, 0])
  })

  it('leaves no timer behind where nothing waits', async () => {
    told()
    const { clock, sink, queue, add } = queued()
    sink.throws = new Error('broken')
    add('a')
    await clock.advance(1)
    expect(clock.pending).toBe(1)
    await queue.flush(clock, 1_000)
    expect(clock.pending).toBe(0)
  })
})

describe('LineQueue.release', () => {
  it('releases the sink at once where nothing waits', () => {
    const { sink, queue } = queued()
    queue.release()
    expect(sink.released).toBe(1)
  })

  it('releases the sink when the last line is written', async () => {
    const { clock, sink, queue, add } = queued()
    add('a')
    queue.release()
    await clock.advance(1)
    expect(sink.released).toBe(0)
    sink.done()
    expect(sink.released).toBe(1)
  })
})
