import type { Clock, Timer } from '../../core/clock.ts'
import type { AccessLogEntry } from './access-log-entry.ts'
import { LineDate } from './line-date.ts'
import type { EntryFormat } from './log-format.ts'
import type { LogCounts, LogOutput } from './log-output.ts'
import { RareWarning } from './rare-warning.ts'
import type { Sink } from './sink.ts'

/** So much is given to the sink at once. */
const BATCH_BYTES = 65_536
/** So much is not kept waiting for more. */
const ENOUGH_BYTES = 32_768
/** After a failure of the sink. */
const REST_MS = 1_000

interface Batch {
  readonly lines: Buffer
  readonly count: number
}

/**
 * Lines on their way to a sink that takes them one batch at a time, and may be slow, stuck or broken. What waits is bounded:
 * when it is full, new lines are dropped, and counted.
 *
 * Lines of one millisecond go out together. A line is copied when it comes, so that what waits is as large as it says: a text
 * that was put together from pieces takes several times its length.
 */
export class LineQueue implements LogOutput {
  counts: LogCounts = { written: 0, dropped: 0 }
  readonly #sink: Sink
  readonly #format: EntryFormat
  readonly #maxBytes: number
  /** `gathering`: lines wait a moment for more. `writing`: the sink has a batch. `resting`: it has failed. */
  #state: 'idle' | 'gathering' | 'writing' | 'resting' = 'idle'
  #clock: Clock | undefined
  #timer: Timer | undefined
  /** Lines that are in no batch yet. */
  #open: Buffer | undefined
  #openBytes = 0
  #openLines = 0
  readonly #batches: Batch[] = []
  #queuedBytes = 0
  /** Dropped, and not told of in the log itself. */
  #unreported = 0
  /** Called when nothing waits. As long as there are any, nothing waits for more. */
  readonly #flushes = new Set<() => void>()
  #leaving = false
  #giving = false
  /** By which the next batch is to be given. */
  #next: Clock | undefined
  readonly #date = new LineDate()
  readonly #full = new RareWarning(
    'the access log drops lines: its sink does not keep up, and its queue is full',
  )
  readonly #failed = new RareWarning('the access log has lost lines: its sink has failed')
  readonly #formless = new RareWarning('the access log has lost a line: its format has failed')

  constructor(sink: Sink, format: EntryFormat, maxBytes: number) {
    this.#sink = sink
    this.#format = format
    this.#maxBytes = maxBytes
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  add(entry: AccessLogEntry, clock: Clock): void {
    this.#clock = clock
    let line: string
    try {
      line = this.#format.line(entry)
    } catch (error) {
      this.#drop(1)
      this.#formless.warn(clock, error)
      return
    }
    if (!this.#queue(line)) {
      this.#drop(1)
      this.#full.warn(clock)
    } else if (this.#state === 'idle') this.#gather(clock)
    else if (this.#state === 'gathering' && this.#queuedBytes >= ENOUGH_BYTES) this.#writeNext(clock)
  }

  flush(clock: Clock, limitMs: number): Promise<void> {
    if (this.#queuedBytes === 0) {
      if (this.#state === 'resting') this.#writeNext(clock)
      return Promise.resolve()
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    const limit = clock.setTimeout(() => flushed(), limitMs)
    const flushed = (): void => {
      limit.clear()
      this.#flushes.delete(flushed)
      resolve()
    }
    this.#flushes.add(flushed)
    if (this.#state !== 'writing') this.#writeNext(clock)
    return promise
  }

  release(): void {
    this.#leaving = this.#queuedBytes > 0
    if (!this.#leaving) this.reopen()
    else if (this.#state === 'gathering' && this.#clock !== undefined) this.#writeNext(this.#clock)
  }

  reopen(): void {
    this.#sink.release?.()
  }

  /** Whether there was room for it. */
  #queue(line: string): boolean {
    const { isAscii } = this.#format
    const bytes = (isAscii ? line.length : Buffer.byteLength(line)) + 1
    if (this.#queuedBytes + bytes > this.#maxBytes) return false
    this.#queuedBytes += bytes
    if (this.#openBytes + bytes > BATCH_BYTES) this.#seal()
    if (bytes > BATCH_BYTES) {
      this.#batches.push({ lines: Buffer.from(`${line}\n`), count: 1 })
      return true
    }
    this.#open ??= Buffer.allocUnsafeSlow(BATCH_BYTES)
    this.#open.write(line, this.#openBytes, isAscii ? 'latin1' : 'utf8')
    this.#openBytes += bytes
    this.#open[this.#openBytes - 1] = NEW_LINE
    this.#openLines++
    return true
  }

  /** Makes a batch of what is in none: a copy, as large as it is. */
  #seal(): void {
    if (this.#openLines === 0) return
    const lines = Buffer.allocUnsafeSlow(this.#openBytes)
    this.#open?.copy(lines, 0, 0, this.#openBytes)
    this.#batches.push({ lines, count: this.#openLines })
    this.#openBytes = 0
    this.#openLines = 0
  }

  /** Waits a moment for more, unless there is enough. */
  #gather(clock: Clock): void {
    if (this.#queuedBytes >= ENOUGH_BYTES || this.#flushes.size > 0) {
      this.#writeNext(clock)
      return
    }
    this.#state = 'gathering'
    this.#timer = clock.setTimeout(() => this.#writeNext(clock), 0)
  }

  /** A sink may take what it gets at once: the next batch is then given to it from here, not from within the last one. */
  #writeNext(clock: Clock): void {
    this.#next = clock
    if (this.#giving) return
    this.#giving = true
    try {
      while (this.#next !== undefined) {
        const now: Clock = this.#next
        this.#next = undefined
        this.#give(now)
      }
    } finally {
      this.#giving = false
    }
  }

  #give(clock: Clock): void {
    this.#timer?.clear()
    this.#timer = undefined
    if (this.#batches.length === 0) this.#seal()
    const batch = this.#batches.shift()
    if (batch === undefined) {
      this.#emptied()
      return
    }
    this.#state = 'writing'
    let over = false
    const done = (error?: unknown): void => {
      if (over) return
      over = true
      this.#ended(batch, error, this.#clock ?? clock)
    }
    try {
      this.#sink.write(batch.lines, batch.count, done)
    } catch (thrown) {
      done(thrown ?? new Error('it threw nothing'))
    }
  }

  #ended({ lines, count }: Batch, error: unknown, clock: Clock): void {
    this.#queuedBytes -= lines.length
    if (error === undefined) {
      this.counts.written += count
      this.#report(clock)
    } else {
      this.#drop(count)
      this.#failed.warn(clock, error)
      if (this.#flushes.size === 0) {
        this.#state = 'resting'
        this.#timer = clock.setTimeout(() => this.#writeNext(clock), REST_MS)
        return
      }
    }
    if (this.#queuedBytes === 0) this.#emptied()
    else this.#gather(clock)
  }

  #emptied(): void {
    this.#state = 'idle'
    for (const flushed of this.#flushes) flushed()
    if (this.#leaving) this.release()
  }

  #drop(lines: number): void {
    this.counts.dropped += lines
    this.#unreported += lines
  }

  /** Lines get through again: one of its own says how many did not. */
  #report(clock: Clock): void {
    if (this.#unreported === 0 || !this.#format.isJson) return
    const ts = this.#date.iso(clock.wallTime())
    if (this.#queue(`{"ts":"${ts}","dropped":${this.#unreported}}`)) this.#unreported = 0
  }
}

const NEW_LINE = 0x0a
