import type { Http2Stream } from './stream.ts'

/** RFC 9218 section 4.1: from 0, the most urgent, to 7. */
const URGENCIES = 8
export const DEFAULT_URGENCY = 3

/** Streams that have something to send and could not. The more urgent first; those that are alike take turns. */
export class SendQueue {
  readonly #waiting: (Http2Stream[] | undefined)[] = new Array(URGENCIES).fill(undefined)
  #size = 0

  get size(): number {
    return this.#size
  }

  add(stream: Http2Stream): void {
    if (stream.queued) return
    stream.queued = true
    const { urgency } = stream
    const line = this.#waiting[urgency]
    if (line === undefined) this.#waiting[urgency] = [stream]
    else line.push(stream)
    this.#size++
  }

  /** The next one in turn, which is in the queue no more. Streams that have ended meanwhile are passed over. */
  next(): Http2Stream | undefined {
    if (this.#size === 0) return undefined
    for (const line of this.#waiting) {
      while (line !== undefined && line.length > 0) {
        const stream = line.shift()!
        this.#size--
        stream.queued = false
        if (stream.hasToSend) return stream
      }
    }
    return undefined
  }
}
