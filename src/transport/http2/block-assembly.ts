import { GrowingBuffer } from '../http1/growing-buffer.ts'
import { excessFault } from './frame-rules.ts'

/**
 * Puts a field block together that comes in HEADERS and CONTINUATION frames (RFC 9113 section 4.3). Both its bytes and its
 * frames are limited: frames without bytes would otherwise come for ever (CVE-2024-27316 and its kin).
 */
export class BlockAssembly {
  readonly #maxBytes: number
  readonly #maxContinuations: number
  /** The stream whose block goes on; 0 for none. Until it is over, no other frame may come. */
  streamId = 0
  /** Whether the block ends its stream. */
  endStream = false
  #size = 0
  #continuations = 0
  readonly #parts = new GrowingBuffer()

  constructor(maxBytes: number, maxContinuations: number) {
    this.#maxBytes = maxBytes
    this.#maxContinuations = maxContinuations
  }

  /** Bytes that are held. */
  get length(): number {
    return this.#parts.length
  }

  /** A HEADERS frame with a payload of this size comes. */
  expectHeaders(size: number): void {
    this.#size = 0
    this.#continuations = 0
    this.#expect(size)
  }

  /** A CONTINUATION frame with a payload of this size comes. */
  expectContinuation(size: number): void {
    if (++this.#continuations > this.#maxContinuations)
      throw excessFault(`a field block with more than ${this.#maxContinuations} CONTINUATION frames`)
    this.#expect(size)
  }

  /** The block of this stream is begun, and goes on after these bytes. */
  begin(streamId: number, endStream: boolean, bytes: Buffer, from: number, to: number): void {
    this.streamId = streamId
    this.endStream = endStream
    this.#parts.append(bytes, from, to)
  }

  append(bytes: Buffer, from: number, to: number): void {
    this.#parts.append(bytes, from, to)
  }

  /** The whole block. Nothing goes on any more. */
  take(): Buffer {
    this.streamId = 0
    return this.#parts.take()
  }

  clear(): void {
    this.streamId = 0
    this.#parts.clear()
  }

  #expect(size: number): void {
    this.#size += size
    if (this.#size > this.#maxBytes) throw excessFault(`a field block of more than ${this.#maxBytes} bytes`)
  }
}
