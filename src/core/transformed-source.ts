import { type BodySink, type BodySource, IterableSource } from './body-source.ts'
import { ChunkReader } from './chunk-reader.ts'
import type { ProxyError } from './errors.ts'

/** A step over body chunks: an async generator function. */
export type Transform = (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>

/** A source behind some transforms. Nothing of them runs before it is opened. */
export function transformed(source: BodySource, steps: readonly Transform[]): BodySource {
  const reader = new ChunkReader(source)
  const chain = () => {
    let chunks: AsyncIterable<Uint8Array> = reader
    for (const step of steps) chunks = step(chunks)
    return chunks
  }
  return new TransformedSource(new IterableSource(chain, { trailers: () => reader.trailers }), source, reader)
}

/** Cancels both ends: a generator that never ran does not reach its own clean-up. */
class TransformedSource implements BodySource {
  readonly length = undefined
  readonly #outer: BodySource
  readonly #inner: BodySource
  readonly #reader: ChunkReader
  readonly #state = { opened: false }

  constructor(outer: BodySource, inner: BodySource, reader: ChunkReader) {
    this.#outer = outer
    this.#inner = inner
    this.#reader = reader
  }

  open(sink: BodySink): void {
    this.#state.opened = true
    this.#outer.open(sink)
  }

  pause(): void {
    this.#outer.pause()
  }

  resume(): void {
    this.#outer.resume()
  }

  cancel(reason: ProxyError): void {
    if (this.#state.opened) this.#outer.cancel(reason)
    this.#inner.cancel(reason)
    // A cancelled source is silent; a generator that waits for its next chunk must still get to its clean-up.
    this.#reader.onError(reason)
  }
}
