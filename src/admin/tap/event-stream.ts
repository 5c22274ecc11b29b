import type { BodySink, BodySource } from '../../core/body-source.ts'

/** So much waits for a reader that is slow, or one event that is longer: the record of many tries in a large pool is. */
const MAX_QUEUED_BYTES = 65_536

/** The body of a stream of events. What is sent within one turn leaves together. */
export class EventStream implements BodySource {
  readonly length: undefined
  #sink: BodySink | undefined
  #queue: Buffer[] = []
  #queuedBytes = 0
  #paused = false
  #scheduled = false
  #ended = false
  #full = false

  /** Whether something found no room, and nothing has left since: what is sent now would not find any either. */
  get full(): boolean {
    return this.#full
  }

  /** Sends a piece of text. `false`: so much waits already that it is dropped. */
  send(text: string): boolean {
    const bytes = Buffer.from(text)
    if (this.#ended) return false
    if (this.#queuedBytes > 0 && this.#queuedBytes + bytes.byteLength > MAX_QUEUED_BYTES) {
      this.#full = true
      return false
    }
    this.#queue.push(bytes)
    this.#queuedBytes += bytes.byteLength
    this.#flushSoon()
    return true
  }

  /** Ends behind what waits. */
  end(): void {
    this.#ended = true
    this.#flushSoon()
  }

  open(sink: BodySink): void {
    this.#sink = sink
    this.#flushSoon()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#flushSoon()
  }

  cancel(): void {
    this.#sink = undefined
    this.#ended = true
    this.#queue = []
    this.#queuedBytes = 0
  }

  /** Later, since whoever sends is in the middle of the end of another exchange. */
  #flushSoon(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    const sink = this.#sink
    if (sink === undefined || this.#paused) return
    if (this.#queue.length > 0) {
      const bytes = Buffer.concat(this.#queue, this.#queuedBytes)
      this.#queue = []
      this.#queuedBytes = 0
      this.#full = false
      sink.onChunk(bytes)
    }
    if (!this.#ended || this.#queuedBytes > 0 || this.#sink === undefined) return
    this.#sink = undefined
    sink.onEnd(undefined)
  }
}
