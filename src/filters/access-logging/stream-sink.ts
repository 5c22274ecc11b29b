import type { Writable } from 'node:stream'
import type { Sink } from './sink.ts'

/** Writes to a stream, one batch at a time: what the stream has not taken is not piled up in it. */
export class StreamSink implements Sink {
  readonly #stream: Writable

  constructor(stream: Writable) {
    this.#stream = stream
    // Without anyone who listens, a pipe that is gone would end the process. Whatever it costs the log is told to `done`.
    if (!stream.listeners('error').includes(ignored)) stream.on('error', ignored)
  }

  write(lines: Buffer, _: number, done: (error?: unknown) => void): void {
    const stream = this.#stream
    // A stream that is destroyed within a write may never answer that.
    const closed = (): void => done(new Error('the stream was closed'))
    stream.once('close', closed)
    try {
      stream.write(lines, (error) => {
        stream.removeListener('close', closed)
        done(error ?? undefined)
      })
    } catch (thrown) {
      stream.removeListener('close', closed)
      throw thrown
    }
  }
}

function ignored(): void {}
