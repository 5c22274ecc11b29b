import { type LogWriter, log } from '../../core/log.ts'

/** The log of a proxy in a simulation: what is no warning is in the journal, and would be noise among the lines of a test. */
export const warningsOnly: LogWriter = {
  level: 'warn',
  error: (message, cause) => log.error(message, cause),
  warn: (message, cause) => log.warn(message, cause),
  info: () => {},
  debug: () => {},
}
