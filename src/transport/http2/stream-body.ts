import type { BodySink, BodySource } from '../../core/body-source.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { HeaderList } from '../../core/headers.ts'
import type { MemoryUse } from '../../core/network.ts'
import { HeldBytes } from './held-bytes.ts'

/** The stream that the body comes on. */
export interface StreamBodyOwner {
  /** Someone wants the body now. */
  bodyOpened(): void
  /** So many bytes have found a reader, or nobody wants them: as many more may come. */
  bodyConsumed(bytes: number): void
  /** Nobody wants the rest of it. */
  bodyCancelled(reason: ProxyError): void
}

/**
 * The body that comes on a stream. What its reader does not take is held here, and never more of it than the stream's window:
 * a peer is let send on when bytes were read.
 */
export class StreamBody implements BodySource {
  readonly length: number | undefined
  readonly #owner: StreamBodyOwner
  #sink: BodySink | undefined
  #held: HeldBytes | undefined
  #paused = false
  #end: { readonly error: unknown; readonly trailers: HeaderList | undefined } | undefined
  #over = false

  constructor(owner: StreamBodyOwner, length: number | undefined) {
    this.#owner = owner
    this.length = length
  }

  /** Whether all of it has come, or will never come. */
  get received(): boolean {
    return this.#end !== undefined
  }

  /** Whether its reader waits for bytes. */
  get flowing(): boolean {
    return this.#sink !== undefined && !this.#paused && !this.#over && this.#end === undefined
  }

  open(sink: BodySink): void {
    if (this.#over) return
    this.#sink = sink
    this.#owner.bodyOpened()
    this.#deliver()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#owner.bodyOpened()
    this.#deliver()
  }

  cancel(reason: ProxyError): void {
    if (this.#over) return
    this.#over = true
    this.#sink = undefined
    this.#dropHeld()
    if (this.#end === undefined) this.#owner.bodyCancelled(reason)
  }

  push(chunk: Buffer): MemoryUse {
    if (this.#over || this.#end !== undefined) {
      this.#owner.bodyConsumed(chunk.length)
      return true
    }
    const sink = this.#sink
    if (sink !== undefined && !this.#paused && this.#held === undefined) {
      const use = sink.onChunk(chunk)
      this.#owner.bodyConsumed(chunk.length)
      return use
    }
    // A copy: pieces are small, and the memory of a whole read would be held for each.
    this.#held ??= new HeldBytes()
    this.#held.append(chunk)
    return true
  }

  finish(trailers: HeaderList | undefined): void {
    if (this.#end !== undefined) return
    this.#end = { error: undefined, trailers }
    this.#deliver()
  }

  /** It breaks off. What is held was part of it, and is delivered first. */
  fail(error: unknown): void {
    if (this.#end !== undefined) return
    this.#end = { error, trailers: undefined }
    this.#deliver()
  }

  /** It breaks off, and what is held is of no use any more: its reader is told now, or when there is one. */
  abort(error: unknown): void {
    if (this.#end !== undefined) return
    this.#dropHeld()
    this.#end = { error, trailers: undefined }
    this.#deliver()
  }

  #deliver(): void {
    const sink = this.#sink
    if (sink === undefined || this.#over) return
    while (this.#held !== undefined && !this.#paused) {
      const chunk = this.#held.take()
      if (this.#held.length === 0) this.#held = undefined
      sink.onChunk(chunk)
      this.#owner.bodyConsumed(chunk.length)
      if (this.#over) return
    }
    if (this.#held !== undefined || this.#end === undefined) return
    this.#over = true
    this.#sink = undefined
    if (this.#end.error === undefined) sink.onEnd(this.#end.trailers)
    else sink.onError(this.#end.error)
  }

  #dropHeld(): void {
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) this.#owner.bodyConsumed(held.length)
  }
}
