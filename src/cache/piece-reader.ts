import type { Clock, Timer } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'

/** How long one piece of a content may take to come. */
const PIECE_MS = 5_000

export interface PieceReaderSettings {
  /** Of the store, in errors. */
  readonly name: string
  readonly clock: Clock
  /** Bytes that are to come. */
  readonly bytes: number
}

/**
 * Reads what a store gives: as many bytes as it has said, each piece in time, or an error. Whoever stops is free at once, also
 * where the store hangs.
 */
export class PieceReader implements AsyncIterableIterator<Uint8Array> {
  readonly #open: () => AsyncIterable<Uint8Array>
  readonly #settings: PieceReaderSettings
  #pieces: AsyncIterator<Uint8Array> | undefined
  #left: number
  #ended = false
  #timer: Timer | undefined
  #stop: (() => void) | undefined

  constructor(open: () => AsyncIterable<Uint8Array>, settings: PieceReaderSettings) {
    this.#open = open
    this.#settings = settings
    this.#left = settings.bytes
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    while (!this.#ended) {
      let step: IteratorResult<Uint8Array> | undefined
      try {
        step = await this.#step()
      } catch (error) {
        void this.return()
        throw error instanceof ProxyError ? error : this.#incomplete('has failed', error)
      }
      if (this.#ended || step === undefined) break
      if (step.done === true) {
        this.#ended = true
        if (this.#left > 0) throw this.#incomplete('has given less than it has said')
        break
      }
      const piece = step.value
      if (!(piece instanceof Uint8Array) || piece.byteLength > this.#left) {
        void this.return()
        throw this.#incomplete('has given something else than it has said')
      }
      this.#left -= piece.byteLength
      if (piece.byteLength > 0) return { done: false, value: piece }
    }
    return END
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.#ended = true
    this.#timer?.clear()
    this.#stop?.()
    try {
      // One that hangs would not end now either, and nobody is left to tell of one that fails.
      this.#pieces?.return?.().catch(() => {})
    } catch {
      // As above.
    }
    this.#pieces = undefined
    return Promise.resolve(END)
  }

  /** The next step of the store, or `undefined` where nobody waits for it any more. */
  #step(): Promise<IteratorResult<Uint8Array> | undefined> {
    this.#pieces ??= this.#open()[Symbol.asyncIterator]()
    const next = this.#pieces.next()
    return new Promise((resolve, reject) => {
      this.#stop = () => resolve(undefined)
      const { name, clock } = this.#settings
      this.#timer = clock.setTimeout(() => {
        const detail = `cache: ${name} has given nothing for ${PIECE_MS} ms`
        reject(new ProxyError('upstream_body_timeout', { detail }))
      }, PIECE_MS)
      next.then(resolve, reject).finally(() => this.#timer?.clear())
    })
  }

  #incomplete(what: string, cause?: unknown): ProxyError {
    return new ProxyError('upstream_response_incomplete', {
      detail: `cache: ${this.#settings.name} ${what}`,
      cause,
    })
  }
}

const END: IteratorResult<Uint8Array> = { done: true, value: undefined }
