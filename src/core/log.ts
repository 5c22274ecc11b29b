import { invalidOption } from './options.ts'
import { isThenable } from './thenable.ts'

/** How much is told of: each level has those before it. `silent`: nothing. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug'

/** Something that Gatewright tells of itself. */
export interface LogEntry {
  readonly level: Exclude<LogLevel, 'silent'>
  /** A sentence, without the name of the product. */
  readonly message: string
  /** What is behind it; `undefined` where the message says all. */
  readonly cause: unknown
}

/** Takes what a part of Gatewright tells of itself. */
export interface LogWriter {
  /** How much is told of: what costs something to put in words asks first. */
  readonly level: LogLevel
  error(message: string, cause?: unknown): void
  warn(message: string, cause?: unknown): void
  info(message: string, cause?: unknown): void
  debug(message: string, cause?: unknown): void
}

export const LOG_LEVELS: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug']

/**
 * What Gatewright tells of itself: failures of its own and of users' code, what became of pools, reloads and drains. One for the
 * process. What clients ask for belongs in an access log.
 */
export class Log implements LogWriter {
  #level: LogLevel = 'info'
  #rank = LOG_LEVELS.indexOf('info')
  #write: (entry: LogEntry) => unknown = toStandardError

  /** How much is told of. Default `info`. */
  get level(): LogLevel {
    return this.#level
  }

  /** @throws `ERR_OPTION_INVALID` */
  set level(level: LogLevel) {
    if (!LOG_LEVELS.includes(level))
      throw invalidOption('log', 'level', LOG_LEVELS.map((it) => `"${it}"`).join(', '), level)
    this.#level = level
    this.#rank = LOG_LEVELS.indexOf(level)
  }

  /** Where entries go. Default: lines on standard error. What it throws goes there too, as does what a promise of its rejects with. */
  get to(): (entry: LogEntry) => void {
    return this.#write
  }

  /** @throws `ERR_OPTION_INVALID` */
  set to(write: (entry: LogEntry) => void) {
    if (typeof write !== 'function') throw invalidOption('log', 'to', 'a function of an entry', write)
    this.#write = write
  }

  error(message: string, cause?: unknown): void {
    this.#tell('error', 1, message, cause)
  }

  warn(message: string, cause?: unknown): void {
    this.#tell('warn', 2, message, cause)
  }

  info(message: string, cause?: unknown): void {
    this.#tell('info', 3, message, cause)
  }

  debug(message: string, cause?: unknown): void {
    this.#tell('debug', 4, message, cause)
  }

  #tell(level: LogEntry['level'], rank: number, message: string, cause: unknown): void {
    if (rank > this.#rank) return
    const entry: LogEntry = { level, message, cause }
    try {
      const written = this.#write(entry)
      if (isThenable(written)) written.then(undefined, (reason: unknown) => lost(entry, reason))
    } catch (thrown) {
      lost(entry, thrown)
    }
  }
}

export const log: Log = new Log()

function lost(entry: LogEntry, thrown: unknown): void {
  toStandardError(entry)
  toStandardError({ level: 'error', message: 'log.to threw', cause: thrown })
}

function toStandardError({ message, cause }: LogEntry): void {
  if (cause === undefined) console.error(`gatewright: ${message}`)
  // With more than one argument, the first is a format: paths of clients have percent signs.
  else console.error(`gatewright: ${message.replaceAll('%', '%%')}`, cause)
}
