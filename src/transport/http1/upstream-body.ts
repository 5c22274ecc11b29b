import type { BodySink, BodySource } from '../../core/body-source.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { HeaderList } from '../../core/headers.ts'
import type { MemoryUse } from '../../core/network.ts'
import { settleReadMemory } from '../read-memory.ts'
import { leastFree } from './body-decoder.ts'

/** The connection that the body comes on. */
export interface UpstreamBodyOwner {
  bodyPaused(body: UpstreamBody): void
  bodyResumed(body: UpstreamBody): void
  /** Nobody wants the rest of it. */
  bodyCancelled(body: UpstreamBody, reason: ProxyError): void
}

/** Up to this size, what is held is copied, so that it does not keep the memory of a whole read. */
const COPY_BELOW = 16_384

/** The body of the response that a connection is reading. Holds what came before someone opened it. */
export class UpstreamBody implements BodySource {
  readonly length: number | undefined
  readonly #owner: UpstreamBodyOwner
  #sink: BodySink | undefined
  #held: Buffer[] = []
  #heldBytes = 0
  #end: { error: unknown; trailers: HeaderList | undefined } | undefined
  #over = false
  /** Of the pieces that were given on, out of memory of which there is more to give. */
  #pieceUse: MemoryUse = true
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
    const copied = chunk.length <= COPY_BELOW
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

  /** Several pieces of one read share their memory: it is free when the last of them is. */
  #settle(chunk: Buffer, use: MemoryUse): void {
    const all = leastFree(this.#pieceUse, use)
    if (this.#held[0]?.buffer === chunk.buffer) {
      this.#pieceUse = all
      return
    }
    this.#pieceUse = true
    settleReadMemory(chunk.buffer, all)
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
