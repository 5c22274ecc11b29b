import type { Clock } from '../../core/clock.ts'
import type { AccessLogEntry } from './access-log-entry.ts'

/** Counts of lines; shared with the log that takes this one's place. */
export interface LogCounts {
  written: number
  dropped: number
}

/** Takes entries, and never fails over one. */
export interface LogOutput {
  counts: LogCounts
  /** Bytes of lines that wait. */
  readonly queuedBytes: number
  add(entry: AccessLogEntry, clock: Clock): void
  /** Resolves when nothing waits any more, or when the time is over. */
  flush(clock: Clock, limitMs: number): Promise<void>
  /** Closes what it has opened, once nothing waits. */
  release(): void
  /** Has the file opened anew. */
  reopen(): void
}
