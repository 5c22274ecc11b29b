import { close, open, write } from 'node:fs'
import type { Sink } from './sink.ts'

/** Appends to a file. Whatever the disk does, it does beside the event loop. */
export class FileSink implements Sink {
  readonly #path: string
  #fd: number | undefined
  #writing = false
  /** It is to be closed when what is being written is. */
  #leaving = false
  /** The disk has had no room for the rest of a line. */
  #midLine = false

  constructor(path: string) {
    this.#path = path
  }

  write(lines: Buffer, _: number, done: (error?: unknown) => void): void {
    this.#writing = true
    const ended = (error?: unknown): void => {
      this.#writing = false
      // Of a file that fails, another may stand at its path by now.
      if (error !== undefined || this.#leaving) this.release()
      done(error)
    }
    const whole = this.#midLine ? Buffer.concat([NEW_LINE, lines]) : lines
    if (this.#fd !== undefined) {
      this.#append(this.#fd, whole, ended)
      return
    }
    open(this.#path, 'a', (error, fd) => {
      if (error !== null) {
        ended(error)
        return
      }
      this.#fd = fd
      this.#append(fd, whole, ended)
    })
  }

  release(): void {
    this.#leaving = this.#writing
    if (this.#writing || this.#fd === undefined) return
    close(this.#fd, () => {})
    this.#fd = undefined
  }

  /** The system may take a part of it only. */
  #append(fd: number, lines: Buffer, ended: (error?: unknown) => void): void {
    write(fd, lines, 0, lines.length, null, (error, written) => {
      if (error !== null) {
        ended(error)
        return
      }
      if (written > 0) this.#midLine = lines[written - 1] !== NEW_LINE[0]
      if (written < lines.length) this.#append(fd, lines.subarray(written), ended)
      else ended()
    })
  }
}

const NEW_LINE = Buffer.from('\n')
