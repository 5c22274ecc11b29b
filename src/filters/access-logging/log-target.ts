import type { Writable } from 'node:stream'
import { invalidOption, knownOptions } from '../../core/options.ts'
import { FileSink } from './file-sink.ts'
import { type AccessLogWriter, FunctionSink } from './function-sink.ts'
import { LineQueue } from './line-queue.ts'
import type { EntryFormat } from './log-format.ts'
import type { LogOutput } from './log-output.ts'
import { type AccessLogger, LoggerOutput } from './logger-output.ts'
import type { Sink } from './sink.ts'
import { StreamSink } from './stream-sink.ts'

/** A file that lines are appended to. It is made where there is none; its folder is not. */
export interface AccessLogFile {
  readonly file: string
}

/** Where an access log goes: a stream, a function, a file, or a logger such as one of pino. */
export type AccessLogTarget = Writable | AccessLogWriter | AccessLogFile | AccessLogger

/** @throws `ERR_OPTION_INVALID` */
export function logOutput(
  owner: string,
  to: AccessLogTarget,
  format: EntryFormat,
  maxQueueBytes: number,
): LogOutput {
  if (isLogger(to)) return new LoggerOutput(to, format)
  return new LineQueue(sinkOf(owner, to), format, maxQueueBytes)
}

function sinkOf(owner: string, to: Writable | AccessLogWriter | AccessLogFile): Sink {
  if (typeof to === 'function') return new FunctionSink(to)
  if (isStream(to)) return new StreamSink(to)
  if (typeof to !== 'object' || to === null || !('file' in to))
    throw invalidOption(
      owner,
      'to',
      'a stream, a function of lines, a logger with "info", or { file: path }',
      to,
    )
  knownOptions(`${owner}: to`, to, ['file'])
  if (typeof to.file !== 'string' || to.file === '')
    throw invalidOption(owner, 'to.file', 'the path of a file', to.file)
  return new FileSink(to.file)
}

function isLogger(to: AccessLogTarget): to is AccessLogger {
  return typeof to === 'object' && to !== null && 'info' in to && typeof to.info === 'function'
}

function isStream(to: Writable | AccessLogFile): to is Writable {
  return (
    typeof to === 'object' &&
    to !== null &&
    'write' in to &&
    typeof to.write === 'function' &&
    'on' in to &&
    typeof to.on === 'function'
  )
}
