import type { Clock } from '../../core/clock.ts'
import type { AccessLogEntry } from './access-log-entry.ts'
import type { EntryFormat } from './log-format.ts'
import type { LogCounts, LogOutput } from './log-output.ts'
import { RareWarning } from './rare-warning.ts'

/** A logger, such as one of pino. It gets objects, or the texts of a format that makes such. */
export interface AccessLogger {
  info(entry: object | string): unknown
}

/** Gives each entry to a logger, at once: what waits is the logger's. */
export class LoggerOutput implements LogOutput {
  readonly queuedBytes = 0
  counts: LogCounts = { written: 0, dropped: 0 }
  readonly #logger: AccessLogger
  readonly #format: EntryFormat
  readonly #lost = new RareWarning('the access log has lost entries: its logger or its format has failed')
  /** Lost since the last one that was taken. */
  #unreported = 0

  constructor(logger: AccessLogger, format: EntryFormat) {
    this.#logger = logger
    this.#format = format
  }

  add(entry: AccessLogEntry, clock: Clock): void {
    try {
      this.#logger.info(this.#format.object(entry))
      this.counts.written++
      if (this.#unreported > 0 && this.#format.isJson) this.#logger.info({ dropped: this.#unreported })
      this.#unreported = 0
    } catch (error) {
      this.counts.dropped++
      this.#unreported++
      this.#lost.warn(clock, error)
    }
  }

  async flush(): Promise<void> {}

  release(): void {}

  reopen(): void {}
}
