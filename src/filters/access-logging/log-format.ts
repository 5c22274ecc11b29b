import { invalidOption } from '../../core/options.ts'
import type { AccessLogEntry } from './access-log-entry.ts'
import { combinedLine, commonLine } from './apache-line.ts'
import { jsonLine } from './json-line.ts'
import { LineDate } from './line-date.ts'
import { asciiJson, oneLine } from './line-text.ts'

/**
 * `'json'`: every entry is a line of JSON. `'common'`, `'combined'`: the formats of Apache. A function makes a line of its own, or an
 * object that becomes one of JSON.
 */
export type AccessLogFormat =
  | 'json'
  | 'common'
  | 'combined'
  | ((entry: AccessLogEntry) => string | Readonly<Record<string, unknown>>)

/** Makes what is logged of entries. */
export interface EntryFormat {
  /** One line, without its end. */
  readonly line: (entry: AccessLogEntry) => string
  /** For those who take objects. */
  readonly object: (entry: AccessLogEntry) => object | string
  /** Whether a reader of it expects objects, of any kind. */
  readonly isJson: boolean
  /** Whether lines have nothing but ASCII. */
  readonly isAscii: boolean
}

/** @throws `ERR_OPTION_INVALID` */
export function entryFormat(owner: string, format: AccessLogFormat): EntryFormat {
  const date = new LineDate()
  switch (format) {
    case 'json':
      return { line: jsonLine, object: (entry) => entry, isJson: true, isAscii: true }
    case 'common':
      return ofLines((entry) => commonLine(entry, date))
    case 'combined':
      return ofLines((entry) => combinedLine(entry, date))
    default:
      if (typeof format !== 'function')
        throw invalidOption(
          owner,
          'format',
          '"json", "common", "combined" or a function of the entry',
          format,
        )
      return {
        line: (entry) => lineOf(format(entry)),
        object: (entry) => checked(format(entry)),
        isJson: false,
        isAscii: false,
      }
  }
}

function ofLines(line: (entry: AccessLogEntry) => string): EntryFormat {
  return { line, object: line, isJson: false, isAscii: true }
}

function lineOf(made: unknown): string {
  const it = checked(made)
  return typeof it === 'string' ? oneLine(it) : asciiJson(JSON.stringify(it))
}

function checked(made: unknown): object | string {
  if (typeof made === 'string' || (typeof made === 'object' && made !== null)) return made
  throw new TypeError('the function of "format" must give a text or an object')
}
