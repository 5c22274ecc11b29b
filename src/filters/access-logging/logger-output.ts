import type { Clock } from '../../core/clock.ts'
import { isThenable } from '../../core/thenable.ts'
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
  /** Lost, and not told of to the logger itself. */
  #unreported = 0

  constructor(logger: AccessLogger, format: EntryFormat) {
    this.#logger = logger
    this.#format = format
  }

  add(entry: AccessLogEntry, clock: Clock): void {
    const lost = (error: unknown): void => {
      this.counts.dropped++
      this.#unreported++
      this.#lost.warn(clock, error)
    }
    try {
      const taken = this.#logger.info(this.#format.object(entry))
      if (isThenable(taken)) taken.then(() => this.#taken(), lost)
      else this.#taken()
    } catch (error) {
      lost(error)
    }
  }

  async flush(): Promise<void> {}

  release(): void {}

  reopen(): void {}

  /** One has got through: the next says how many did not. */
  #taken(): void {
    this.counts.written++
    const dropped = this.#unreported
    if (dropped === 0 || !this.#format.isJson) return
    this.#unreported = 0
    const untold = (): void => {
      this.#unreported += dropped
    }
    try {
      const told = this.#logger.info({ dropped })
      if (isThenable(told)) told.then(undefined, untold)
    } catch {
      untold()
    }
  }
}
