import type { ProxyError } from './errors.ts'
import type { HeaderList } from './headers.ts'
import type { MemoryUse } from './network.ts'

/** Takes the bytes of a body. Called by one source, in order, until `onEnd` or `onError`, of which one comes last. */
export interface BodySink {
  onChunk(chunk: Uint8Array): MemoryUse
  onEnd(trailers: HeaderList | undefined): void
  onError(error: unknown): void
}

/** Where the bytes of a body come from. Opened once; may push before `open` returns. */
export interface BodySource {
  /** Bytes to come, when they are known beforehand. */
  readonly length: number | undefined
  /** Whether its chunks are others' too: whoever changes one takes a copy first. */
  readonly shared?: boolean
  open(sink: BodySink): void
  pause(): void
  resume(): void
  /** Gives up: nothing is pushed any more, not even an error. Safe at any time, also before `open` and after the end. */
  cancel(reason: ProxyError): void
}

/** Nothing at all; the same for every body without content. */
export const EMPTY: BodySource = {
  length: 0,
  open: (sink) => sink.onEnd(undefined),
  pause: () => {},
  resume: () => {},
  cancel: () => {},
}

/** Pushes bytes that are here, in slices, so that a reader that is slow can ask for a pause. */
export class PiecesSource implements BodySource {
  readonly length: number
  /** They can be read again. */
  readonly shared = true
  readonly #pieces: readonly Uint8Array[]
  #sink: BodySink | undefined
  /** Which piece is next, and how much of it was pushed. */
  #next = 0
  #at = 0
  #paused = false
  #pushing = false

  constructor(pieces: readonly Uint8Array[], length: number) {
    this.#pieces = pieces
    this.length = length
  }

  open(sink: BodySink): void {
    this.#sink = sink
    this.#push()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#push()
  }

  cancel(): void {
    this.#sink = undefined
  }

  #push(): void {
    if (this.#pushing) return
    this.#pushing = true
    while (this.#sink !== undefined && !this.#paused && this.#next < this.#pieces.length) {
      const piece = this.#pieces[this.#next]!
      const from = this.#at
      const to = Math.min(piece.byteLength, from + SLICE_BYTES)
      this.#at = to
      if (to === piece.byteLength) {
        this.#next++
        this.#at = 0
      }
      if (from < to) this.#sink.onChunk(piece.subarray(from, to))
    }
    this.#pushing = false
    if (this.#paused || this.#next < this.#pieces.length) return
    const sink = this.#sink
    this.#sink = undefined
    sink?.onEnd(undefined)
  }
}

/** The same of bytes in one piece. */
export class BytesSource extends PiecesSource {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    super([bytes], bytes.byteLength)
    this.bytes = bytes
  }

  fresh(): BytesSource {
    return new BytesSource(this.bytes)
  }
}

const SLICE_BYTES = 65_536

export interface IterableSourceOptions {
  /** How many bytes the iterable yields, where that is known. */
  length?: number
  /** What comes behind them. Asked when all have come. */
  trailers?: () => HeaderList | undefined
}

/** Pushes what an iterable yields. One `next` is under way at a time, and none while paused. */
export class IterableSource implements BodySource {
  readonly length: number | undefined
  readonly #iterable: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  readonly #trailers: () => HeaderList | undefined
  #iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array> | undefined
  #sink: BodySink | undefined
  #paused = false
  #pulling = false
  #ended = false

  constructor(
    iterable: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    { length, trailers = () => undefined }: IterableSourceOptions = {},
  ) {
    this.#iterable = iterable
    this.#trailers = trailers
    this.length = length
  }

  open(sink: BodySink): void {
    if (this.#ended) return
    this.#sink = sink
    try {
      const iterable = this.#iterable()
      this.#iterator =
        Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]()
    } catch (error) {
      this.#fail(error)
      return
    }
    void this.#pull()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    void this.#pull()
  }

  cancel(reason: ProxyError): void {
    if (this.#ended) return
    this.#ended = true
    // A source that was never opened still has to let go of what stands behind it.
    let iterator = this.#iterator
    try {
      if (iterator === undefined) {
        const iterable = this.#iterable()
        iterator =
          Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]()
      }
      const returned: unknown = iterator.return?.(reason)
      // The consumer is gone, so there is nobody left to tell of a failing clean-up.
      if (returned instanceof Promise) returned.catch(() => {})
    } catch {
      // As above.
    }
  }

  async #pull(): Promise<void> {
    if (this.#pulling || this.#iterator === undefined) return
    this.#pulling = true
    try {
      while (!this.#paused && !this.#ended) {
        const step = await this.#iterator.next()
        if (this.#ended) return
        if (step.done === true) {
          this.#ended = true
          this.#sink?.onEnd(this.#trailers())
          return
        }
        if (!(step.value instanceof Uint8Array)) {
          throw new TypeError(`a body's chunks must be Uint8Array or Buffer, got ${typeof step.value}`)
        }
        if (step.value.byteLength > 0) this.#sink?.onChunk(step.value)
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#pulling = false
    }
  }

  #fail(error: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#sink?.onError(error)
  }
}
