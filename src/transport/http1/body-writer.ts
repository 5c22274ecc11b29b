import type { BodySink, BodySource } from '../../core/body-source.ts'
import { ProxyError } from '../../core/errors.ts'
import { NOT_IN_TRAILERS } from '../../core/field-name.ts'
import type { HeaderList } from '../../core/headers.ts'
import { SMALL_BYTES, type Wire } from '../../core/network.ts'
import type { Framing } from '../framing.ts'

/** Is told how a message that is being written goes on. */
export interface BodyWriterOwner {
  /** The last byte was given to the wire. */
  onBodyWritten(): void
  /** The body's source failed, or did not keep its length. What was sent cannot be taken back. */
  onBodyFailed(error: unknown): void
  /** The wire takes no more for now, or takes more again. */
  onBlocked(blocked: boolean): void
}

/** A body of bytes up to this size is written at once; a larger one as the peer takes it. */
export const WHOLE_BELOW = 65_536

/** Writes one message after another to a wire: a head, then a body as its source pushes it. Either side uses one. */
export class BodyWriter implements BodySink {
  readonly #wire: Wire
  readonly #owner: BodyWriterOwner
  #framing: Framing = 'none'
  #head: string | undefined
  #source: BodySource | undefined
  #left = 0
  #blocked = false
  /** Bytes of the current body. */
  written = 0

  constructor(wire: Wire, owner: BodyWriterOwner) {
    this.#wire = wire
    this.#owner = owner
  }

  /** Whether a body is under way. */
  get active(): boolean {
    return this.#source !== undefined
  }

  /** Whether the wire has told to wait. */
  get blocked(): boolean {
    return this.#blocked
  }

  /** Whether the head has left. */
  get headSent(): boolean {
    return this.#head === undefined
  }

  /** Writes a message whose whole body is here. */
  writeWhole(head: string, framing: Framing, bytes: Uint8Array): void {
    this.written = 0
    if (framing === 'none' || bytes.byteLength === 0) {
      this.#noteBlocked(this.#wire.write(head))
      return
    }
    this.written = bytes.byteLength
    this.#writeWithHead(head, bytes)
  }

  /** Writes the head, with the body's first chunk where that is there already, and the body as it comes. */
  start(head: string, framing: Framing, source: BodySource): void {
    this.written = 0
    this.#head = head
    this.#framing = framing
    this.#source = source
    this.#left = framing === 'length' ? (source.length ?? 0) : Number.POSITIVE_INFINITY
    // Interim responses may have filled the wire already.
    if (this.#blocked) source.pause()
    source.open(this)
    if (this.#source === source) this.#flushHead()
  }

  /** The wire takes bytes again. */
  drained(): void {
    if (!this.#blocked) return
    this.#blocked = false
    this.#owner.onBlocked(false)
    this.#source?.resume()
  }

  /** Gives the body up. */
  cancel(reason: ProxyError): void {
    const source = this.#source
    this.#source = undefined
    this.#head = undefined
    source?.cancel(reason)
  }

  onChunk(chunk: Uint8Array): boolean {
    if (this.#source === undefined) return true
    const size = chunk.byteLength
    this.#left -= size
    if (this.#left < 0) {
      this.#fail(new ProxyError('internal_error', { detail: 'a body is longer than its length' }))
      return true
    }
    this.written += size
    if (this.#framing === 'chunked') return this.#writeChunk(chunk)
    const head = this.#head
    if (head !== undefined) {
      this.#head = undefined
      return this.#writeWithHead(head, chunk)
    }
    this.#noteBlocked(this.#wire.write(chunk))
    return this.#wire.pendingBytes === 0
  }

  onEnd(trailers: HeaderList | undefined): void {
    if (this.#source === undefined) return
    if (this.#framing === 'length' && this.#left > 0) {
      this.#fail(new ProxyError('internal_error', { detail: 'a body is shorter than its length' }))
      return
    }
    if (this.#framing === 'chunked') {
      const end = trailers === undefined ? '0\r\n\r\n' : `0\r\n${trailers.lines(NOT_IN_TRAILERS)}\r\n`
      const head = this.#head ?? ''
      this.#head = undefined
      this.#noteBlocked(this.#wire.write(head + end))
    } else this.#flushHead()
    this.#source = undefined
    this.#owner.onBodyWritten()
  }

  onError(error: unknown): void {
    if (this.#source !== undefined) this.#fail(error)
  }

  #fail(error: unknown): void {
    const source = this.#source
    this.#source = undefined
    source?.cancel(error instanceof ProxyError ? error : new ProxyError('internal_error', { cause: error }))
    this.#owner.onBodyFailed(error)
  }

  #flushHead(): void {
    const head = this.#head
    if (head === undefined) return
    this.#head = undefined
    this.#noteBlocked(this.#wire.write(head))
  }

  #writeWithHead(head: string, chunk: Uint8Array): boolean {
    const size = chunk.byteLength
    if (size <= SMALL_BYTES) {
      const together = Buffer.allocUnsafe(head.length + size)
      together.write(head, 'latin1')
      together.set(chunk, head.length)
      this.#noteBlocked(this.#wire.write(together))
      return true
    }
    this.#wire.cork()
    this.#wire.write(head)
    const more = this.#wire.write(chunk)
    this.#wire.uncork()
    this.#noteBlocked(more)
    return this.#wire.pendingBytes === 0
  }

  #writeChunk(chunk: Uint8Array): boolean {
    const head = this.#head ?? ''
    this.#head = undefined
    const size = chunk.byteLength
    const opening = `${head}${size.toString(16)}\r\n`
    if (size <= SMALL_BYTES) {
      const together = Buffer.allocUnsafe(opening.length + size + 2)
      together.write(opening, 'latin1')
      together.set(chunk, opening.length)
      together[opening.length + size] = 0x0d
      together[opening.length + size + 1] = 0x0a
      this.#noteBlocked(this.#wire.write(together))
      return true
    }
    this.#wire.cork()
    this.#wire.write(opening)
    this.#wire.write(chunk)
    const more = this.#wire.write('\r\n')
    this.#wire.uncork()
    this.#noteBlocked(more)
    return this.#wire.pendingBytes === 0
  }

  #noteBlocked(more: boolean): void {
    if (more || this.#blocked || this.#wire.pendingBytes === 0) return
    this.#blocked = true
    this.#source?.pause()
    this.#owner.onBlocked(true)
  }
}
