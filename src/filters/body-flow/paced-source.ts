import type { BodySource } from '../../core/body-source.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { HeaderList } from '../../core/headers.ts'
import type { MemoryUse } from '../../core/network.ts'
import { RelayedSource } from '../../core/relayed-source.ts'
import type { Pace, Paced } from './pace.ts'

/** Passes bytes on at a pace. What came and may not go yet is held, and nothing more is read meanwhile. */
export class PacedSource extends RelayedSource implements Paced {
  readonly #pace: Pace
  #held: Uint8Array[] = []
  #paused = false
  #sourcePaused = false
  #waiting = false
  #end: { readonly trailers: HeaderList | undefined } | undefined

  constructor(source: BodySource, pace: Pace) {
    super(source)
    this.#pace = pace
  }

  get ready(): number {
    return this.#held[0]?.byteLength ?? 0
  }

  override pause(): void {
    this.#paused = true
    this.#leaveLine()
    this.#pauseSource()
  }

  override resume(): void {
    this.#paused = false
    if (this.#held.length > 0) this.#line()
    else this.#goOn()
  }

  override cancel(reason: ProxyError): void {
    this.#drop()
    super.cancel(reason)
  }

  override onChunk(chunk: Uint8Array): MemoryUse {
    const { sink } = this
    if (sink === undefined) return true
    const size = chunk.byteLength
    const granted = this.#held.length === 0 && !this.#paused ? this.#pace.grant(size) : 0
    if (granted === size) return sink.onChunk(chunk)
    this.#held.push(granted === 0 ? chunk : chunk.subarray(granted))
    this.#pauseSource()
    if (granted > 0) sink.onChunk(chunk.subarray(0, granted))
    this.#line()
    return undefined
  }

  override onEnd(trailers: HeaderList | undefined): void {
    this.#end = { trailers }
    if (this.#held.length === 0) this.#goOn()
  }

  override onError(error: unknown): void {
    this.#drop()
    super.onError(error)
  }

  proceed(): void {
    this.#waiting = false
    const chunk = this.#held[0]
    if (chunk === undefined) return
    const granted = this.#pace.grantTurn(chunk.byteLength)
    if (granted === chunk.byteLength) this.#held.shift()
    else if (granted > 0) this.#held[0] = chunk.subarray(granted)
    if (granted > 0) this.sink?.onChunk(chunk.subarray(0, granted))
    if (this.#held.length > 0) this.#line()
    else this.#goOn()
  }

  #line(): void {
    if (this.#waiting || this.#paused || this.sink === undefined || this.#held.length === 0) return
    this.#waiting = true
    this.#pace.wait(this)
  }

  #leaveLine(): void {
    if (!this.#waiting) return
    this.#waiting = false
    this.#pace.leave(this)
  }

  /** Nothing is held. */
  #goOn(): void {
    const { sink } = this
    if (sink === undefined) {
      if (!this.#sourcePaused) super.resume()
      return
    }
    if (this.#end !== undefined) {
      this.sink = undefined
      sink.onEnd(this.#end.trailers)
    } else if (this.#sourcePaused && !this.#paused) {
      this.#sourcePaused = false
      super.resume()
    }
  }

  #pauseSource(): void {
    if (this.#sourcePaused) return
    this.#sourcePaused = true
    super.pause()
  }

  #drop(): void {
    this.#held = []
    this.#leaveLine()
  }
}
