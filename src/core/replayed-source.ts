import type { BodySink, BodySource } from './body-source.ts'
import { ProxyError } from './errors.ts'
import type { HeaderList } from './headers.ts'
import type { MemoryUse } from './network.ts'

/**
 * Reads a source once and keeps what comes, so that it can be sent again: each reading begins with the first byte, and goes
 * on with what is still to come. Past `maxBytes` nothing is kept any more, and the reading that is under way is the last.
 */
export class ReplayedSource implements BodySink {
  readonly #source: BodySource
  #maxBytes: number
  /** Copies, in order: all that came; or, when it is not whole any more, what the last reading has yet to be given. */
  #kept: Uint8Array[] = []
  #keptBytes = 0
  #whole = true
  #opened = false
  #cancelled: ProxyError | undefined
  #end: { readonly error: unknown; readonly trailers: HeaderList | undefined } | undefined
  #reading: Reading | undefined

  constructor(source: BodySource, maxBytes: number) {
    this.#source = source
    this.#maxBytes = maxBytes
  }

  get length(): number | undefined {
    return this.#source.length
  }

  /** Whether all that has come is here, so that it can be read from the beginning. */
  get whole(): boolean {
    return this.#whole && this.#cancelled === undefined
  }

  /** More than was asked for before may be kept, as long as nothing is lost yet. */
  keepUpTo(maxBytes: number): void {
    this.#maxBytes = Math.max(this.#maxBytes, maxBytes)
  }

  /** A source that gives all of it, from the first byte on. The one before it gives nothing any more. */
  read(): BodySource {
    return new Reading(this)
  }

  /** No further reading follows. What was kept is let go, and a source that was read and is no more is told so. */
  settle(reason: ProxyError): void {
    if (!this.#opened) return
    if (this.#reading === undefined) this.cancel(reason)
    else this.#lose(this.#reading)
  }

  cancel(reason: ProxyError): void {
    this.#reading?.drop()
    this.#reading = undefined
    this.#kept = []
    if (this.#cancelled !== undefined) return
    this.#cancelled = reason
    if (this.#end === undefined) this.#source.cancel(reason)
  }

  // The source's side.

  onChunk(chunk: Uint8Array): MemoryUse {
    if (this.#cancelled !== undefined) return true
    const reading = this.#reading
    const size = chunk.byteLength
    if (this.#whole && this.#keptBytes + size > this.#maxBytes) {
      if (reading === undefined) {
        this.cancel(new ProxyError('exchange_aborted', { detail: 'the body is longer than what is kept' }))
        return true
      }
      this.#lose(reading)
    }
    const direct = reading !== undefined && reading.at === this.#kept.length
    if (this.#whole || !direct) {
      // A copy, because the chunk goes to a wire or to a transform, which may do with it what they like.
      this.#kept.push(Buffer.from(chunk))
      this.#keptBytes += size
    }
    if (!direct) return true
    reading.at = this.#kept.length
    return reading.give(chunk)
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.#end = { error: undefined, trailers }
    this.#reading?.deliver()
  }

  onError(error: unknown): void {
    this.#end = { error, trailers: undefined }
    this.#reading?.deliver()
  }

  // The readings' side.

  begin(reading: Reading): void {
    if (this.#cancelled !== undefined) {
      reading.end(this.#cancelled, undefined)
      return
    }
    if (!this.#whole) throw new Error('a body that was not kept whole cannot be read again')
    this.#reading?.drop()
    this.#reading = reading
    reading.deliver()
  }

  /** What the reading is given next; `undefined` when nothing more is here. */
  next(reading: Reading): Uint8Array | undefined {
    if (!this.#whole) return this.#kept.shift()
    const chunk = this.#kept[reading.at]
    if (chunk === undefined) return undefined
    reading.at++
    return Buffer.from(chunk)
  }

  /** The reading has been given all that is here. */
  awaitMore(reading: Reading): void {
    const end = this.#end
    if (end !== undefined) {
      if (this.#reading === reading) this.#reading = undefined
      reading.end(end.error, end.trailers)
    } else if (this.#opened) this.#source.resume()
    else {
      this.#opened = true
      this.#source.open(this)
    }
  }

  pauseFor(reading: Reading): void {
    if (reading === this.#reading && this.#opened && this.#end === undefined) this.#source.pause()
  }

  /** The reading was given up: another one may follow, if nothing is lost. */
  leave(reading: Reading, reason: ProxyError): void {
    if (reading !== this.#reading) return
    this.#reading = undefined
    if (!this.#whole) this.cancel(reason)
    else if (this.#opened && this.#end === undefined) this.#source.pause()
  }

  #lose(reading: Reading): void {
    if (!this.#whole) return
    this.#whole = false
    this.#kept.splice(0, reading.at)
    reading.at = 0
  }
}

class Reading implements BodySource {
  readonly #body: ReplayedSource
  #sink: BodySink | undefined
  #begun = false
  #dropped = false
  #paused = false
  #delivering = false
  /** How many of the kept chunks it was given. */
  at = 0

  constructor(body: ReplayedSource) {
    this.#body = body
  }

  get length(): number | undefined {
    return this.#body.length
  }

  open(sink: BodySink): void {
    if (this.#dropped) return
    this.#begun = true
    this.#sink = sink
    this.#body.begin(this)
  }

  pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#body.pauseFor(this)
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.deliver()
  }

  cancel(reason: ProxyError): void {
    if (this.#dropped) return
    this.drop()
    if (this.#begun) this.#body.leave(this, reason)
  }

  drop(): void {
    this.#dropped = true
    this.#sink = undefined
  }

  give(chunk: Uint8Array): MemoryUse {
    return this.#sink === undefined ? true : this.#sink.onChunk(chunk)
  }

  /** Gives what was kept, then asks for more. */
  deliver(): void {
    if (this.#delivering) return
    this.#delivering = true
    while (this.#sink !== undefined && !this.#paused) {
      const chunk = this.#body.next(this)
      if (chunk === undefined) break
      this.#sink.onChunk(chunk)
    }
    this.#delivering = false
    if (this.#sink !== undefined && !this.#paused) this.#body.awaitMore(this)
  }

  end(error: unknown, trailers: HeaderList | undefined): void {
    const sink = this.#sink
    this.#sink = undefined
    if (error === undefined) sink?.onEnd(trailers)
    else sink?.onError(error)
  }
}
