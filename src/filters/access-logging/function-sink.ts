import { isThenable } from '../../core/thenable.ts'
import type { Sink } from './sink.ts'

/** Takes one or more lines, each with its end. While a promise that it has given is open, it gets no more. */
export type AccessLogWriter = (lines: string, count: number) => unknown

export class FunctionSink implements Sink {
  readonly #write: AccessLogWriter

  constructor(write: AccessLogWriter) {
    this.#write = write
  }

  write(lines: Buffer, count: number, done: (error?: unknown) => void): void {
    const taken = this.#write(lines.toString(), count)
    if (!isThenable(taken)) {
      done()
      return
    }
    taken.then(
      () => done(),
      (reason: unknown) => done(reason ?? new Error('the promise was rejected')),
    )
  }
}
