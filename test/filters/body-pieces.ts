import fc from 'fast-check'
import { Body } from '../../src/core/body.ts'
import type { BodySink, BodySource } from '../../src/core/body-source.ts'

/** Sizes of pieces, used in turn. */
export const pieceSizes: fc.Arbitrary<number[]> = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3_000 })),
  {
    minLength: 1,
    maxLength: 8,
  },
)

/** Bytes in pieces of these sizes, each in a turn of its own. */
export function inPieces(bytes: Uint8Array, sizes: readonly number[]): Body {
  return Body.from(
    (async function* () {
      for (let at = 0, i = 0; at < bytes.byteLength; i++) {
        const size = sizes[i % sizes.length]!
        yield bytes.subarray(at, at + size)
        at += size
      }
    })(),
  )
}

/** A body that gives the same piece again and again, as fast as it is taken, and counts what it has given. */
export class EndlessSource implements BodySource {
  readonly length = undefined
  readonly #piece: Uint8Array
  #sink: BodySink | undefined
  #paused = false
  #pushing = false
  given = 0
  cancelled = false

  constructor(piece: Uint8Array) {
    this.#piece = piece
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
    this.cancelled = true
  }

  #push(): void {
    if (this.#pushing) return
    this.#pushing = true
    while (this.#sink !== undefined && !this.#paused) {
      this.given += this.#piece.byteLength
      this.#sink.onChunk(this.#piece)
    }
    this.#pushing = false
  }
}

/** Takes `wanted` bytes, then pauses its source. */
export class PausingSink implements BodySink {
  readonly #source: BodySource
  #wanted: number
  #reached = Promise.withResolvers<void>()
  taken = 0
  error: unknown

  constructor(source: BodySource, wanted: number) {
    this.#source = source
    this.#wanted = wanted
  }

  /** Resolves when it has paused. */
  get paused(): Promise<void> {
    return this.#reached.promise
  }

  /** Takes so many more. */
  more(wanted: number): Promise<void> {
    this.#wanted += wanted
    this.#reached = Promise.withResolvers()
    this.#source.resume()
    return this.paused
  }

  onChunk(chunk: Uint8Array): undefined {
    this.taken += chunk.byteLength
    if (this.taken < this.#wanted) return
    this.#source.pause()
    this.#reached.resolve()
  }

  onEnd(): void {
    this.#reached.reject(new Error('the body has ended'))
  }

  onError(error: unknown): void {
    this.error = error
    this.#reached.reject(error)
  }
}
