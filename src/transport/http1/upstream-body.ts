import type { BodySink, BodySource } from '../../core/body-source.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { HeaderList } from '../../core/headers.ts'
import { type MemoryUse, SMALL_BYTES } from '../../core/network.ts'
import { settleReadMemory } from '../read-memory.ts'

/** The connection that the body comes on. */
export interface UpstreamBodyOwner {
  bodyPaused(body: UpstreamBody): void
  bodyResumed(body: UpstreamBody): void
  /** Nobody wants the rest of it. */
  bodyCancelled(body: UpstreamBody, reason: ProxyError): void
}

/** The body of the response that a connection is reading. Holds what came before someone opened it. */
export class UpstreamBody implements BodySource {
  readonly length: number | undefined
  readonly #owner: UpstreamBodyOwner
  #sink: BodySink | undefined
  #held: Buffer[] = []
  #heldBytes = 0
  #end: { error: unknown; trailers: HeaderList | undefined } | undefined
  #over = false
  /** Memory of several pieces, some of which were given on. */
  #shared: ArrayBufferLike | undefined
  /** The reader asked for a pause. */
  #paused = false
  /** Too much is held for a reader that has not come yet. */
  #full = false

  constructor(owner: UpstreamBodyOwner, length: number | undefined) {
    this.#owner = owner
    this.length = length
  }

  /** Whether all of it has come, or will never come. */
  get received(): boolean {
    return this.#end !== undefined
  }

  get stopped(): boolean {
    return this.#paused || this.#full
  }

  open(sink: BodySink): void {
    if (this.#over) return
    this.#sink = sink
    this.#deliver()
  }

  pause(): void {
    if (this.#paused) return
    const stopped = this.stopped
    this.#paused = true
    if (!stopped && this.#end === undefined) this.#owner.bodyPaused(this)
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#deliver()
    if (!this.stopped && this.#end === undefined) this.#owner.bodyResumed(this)
  }

  cancel(reason: ProxyError): void {
    if (this.#over) return
    this.#over = true
    this.#held = []
    if (this.#end === undefined) this.#owner.bodyCancelled(this, reason)
  }

  push(chunk: Buffer): MemoryUse {
    if (this.#over) return true
    if (this.#sink !== undefined && this.#held.length === 0) return this.#sink.onChunk(chunk)
    const copied = chunk.length <= SMALL_BYTES
    this.#held.push(copied ? Buffer.from(chunk) : chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes > MAX_HELD_BYTES && !this.#full) {
      const stopped = this.stopped
      this.#full = true
      if (!stopped) this.#owner.bodyPaused(this)
    }
    return copied ? true : undefined
  }

  finish(trailers: HeaderList | undefined): void {
    this.#end = { error: undefined, trailers }
    this.#deliver()
  }

  fail(error: unknown): void {
    if (this.#end !== undefined) return
    this.#end = { error, trailers: undefined }
    this.#deliver()
  }

  /**
   * Memory of which one piece was held is settled with that piece. Of several, one may have been lent and given back before
   * the last is delivered, so their memory is left to the garbage collector. Small pieces are copies.
   */
  #settle(chunk: Buffer, use: MemoryUse): void {
    if (chunk.length <= SMALL_BYTES) return
    const { buffer } = chunk
    if (this.#held.some((it) => it.buffer === buffer)) this.#shared = buffer
    else if (this.#shared !== buffer) settleReadMemory(buffer, use)
  }

  #deliver(): void {
    const sink = this.#sink
    if (sink === undefined) return
    while (this.#held.length > 0 && !this.#paused && !this.#over) {
      const chunk = this.#held.shift()!
      this.#heldBytes -= chunk.length
      this.#settle(chunk, sink.onChunk(chunk))
    }
    if (this.#over || this.#held.length > 0) return
    const end = this.#end
    if (end === undefined) {
      if (!this.#full) return
      this.#full = false
      if (!this.#paused) this.#owner.bodyResumed(this)
      return
    }
    this.#over = true
    this.#sink = undefined
    if (end.error === undefined) sink.onEnd(end.trailers)
    else sink.onError(end.error)
  }
}

const MAX_HELD_BYTES = 65_536
