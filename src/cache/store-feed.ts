import type { BodySink, BodySource } from '../core/body-source.ts'
import type { Clock, Timer } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import type { MemoryUse } from '../core/network.ts'

/** So far a content may be ahead of the store. */
const AHEAD_BYTES = 1_048_576
/** For how long a store may hold a content up, all its waits together. */
const HOLD_MS = 2_000
/** How long a store may take once all of a content is there. */
const FINISH_MS = 10_000

interface Waiting {
  readonly resolve: (step: IteratorResult<Uint8Array>) => void
  readonly reject: (error: unknown) => void
}

/**
 * A content on its way into a store, which others read too. It comes to the store's end only when all of it has come: whatever
 * else ends it is an error there, so that no part of a content is taken for all of it.
 */
export class StoreFeed implements BodySink, AsyncIterableIterator<Uint8Array> {
  /** Rejects when the store is not waited for any more. */
  readonly givenUp: Promise<never>
  readonly #source: BodySource
  readonly #clock: Clock
  readonly #chunks: Uint8Array[] = []
  #bytes = 0
  #heldMs = 0
  #heldSince: number | undefined
  #timer: Timer | undefined
  #waiting: Waiting | undefined
  #end: { readonly error: unknown } | undefined
  #broken = false
  /** Nobody waits for the store any more. */
  #released = false
  #reject!: (error: Error) => void

  constructor(source: BodySource, clock: Clock) {
    this.#source = source
    this.#clock = clock
    this.givenUp = new Promise((_, reject) => {
      this.#reject = reject
    })
    this.givenUp.catch(() => {})
    source.open(this)
  }

  /** Whether the content itself has broken off: that is not the store's fault. */
  get broken(): boolean {
    return this.#broken
  }

  /** The store is through with it, however that went. */
  release(): void {
    this.#finish(new Error('the writing has ended'))
    this.#letGo()
  }

  /** The store is not waited for. */
  giveUp(why: string): void {
    const error = new Error(`the store ${why}`)
    this.#finish(error)
    this.#letGo()
    this.#reject(error)
  }

  #letGo(): void {
    this.#released = true
    this.#timer?.clear()
    this.#timer = undefined
  }

  // The store's side.

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) {
      this.#bytes -= chunk.byteLength
      this.#goOn()
      return Promise.resolve({ done: false, value: chunk })
    }
    const end = this.#end
    if (end === undefined)
      return new Promise((resolve, reject) => {
        this.#waiting = { resolve, reject }
      })
    if (end.error !== undefined) return Promise.reject(end.error)
    return Promise.resolve({ done: true, value: undefined })
  }

  /** The store takes no more of it; it may have something to do still. */
  return(): Promise<IteratorResult<Uint8Array>> {
    this.#finish(new Error('the store has taken no more'))
    this.#mustFinish()
    return Promise.resolve({ done: true, value: undefined })
  }

  // The content's side.

  onChunk(chunk: Uint8Array): MemoryUse {
    if (this.#end !== undefined) return true
    const waiting = this.#settle()
    if (waiting !== undefined) {
      waiting.resolve({ done: false, value: chunk })
      return undefined
    }
    this.#chunks.push(chunk)
    this.#bytes += chunk.byteLength
    if (this.#bytes > AHEAD_BYTES && this.#heldSince === undefined) this.#hold()
    return undefined
  }

  onEnd(): void {
    if (this.#end !== undefined) return
    this.#end = { error: undefined }
    this.#stopHolding()
    this.#mustFinish()
    this.#settle()?.resolve({ done: true, value: undefined })
  }

  onError(error: unknown): void {
    if (this.#end !== undefined) return
    this.#broken = true
    this.#finish(error ?? new Error('the content has broken off'))
    this.#mustFinish()
  }

  #mustFinish(): void {
    if (this.#released) return
    this.#timer?.clear()
    this.#timer = this.#clock.setTimeout(() => this.giveUp('has not ended the writing'), FINISH_MS)
  }

  #hold(): void {
    this.#heldSince = this.#clock.now()
    this.#timer = this.#clock.setTimeout(
      () => this.giveUp('has held up a content for too long'),
      HOLD_MS - this.#heldMs,
    )
    this.#source.pause()
  }

  #goOn(): void {
    if (this.#heldSince === undefined || this.#bytes > AHEAD_BYTES / 2) return
    this.#stopHolding()
    this.#source.resume()
  }

  #stopHolding(): void {
    if (this.#heldSince === undefined) return
    this.#heldMs += this.#clock.now() - this.#heldSince
    this.#heldSince = undefined
    this.#timer?.clear()
    this.#timer = undefined
  }

  /** No more of it is given. Where that was not all, the store learns so. */
  #finish(error: unknown): void {
    if (this.#end?.error !== undefined || (this.#end !== undefined && this.#chunks.length === 0)) return
    this.#stopHolding()
    this.#end = { error }
    this.#chunks.length = 0
    this.#bytes = 0
    this.#source.cancel(new ProxyError('exchange_aborted', { detail: 'the cache does not store it' }))
    this.#settle()?.reject(error)
  }

  #settle(): Waiting | undefined {
    const waiting = this.#waiting
    this.#waiting = undefined
    return waiting
  }
}
