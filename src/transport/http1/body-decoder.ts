import { NOT_IN_TRAILERS } from '../../core/field-name.ts'
import type { HeaderList } from '../../core/headers.ts'
import type { MemoryUse } from '../../core/network.ts'
import { HeadBuffer } from './head-buffer.ts'
import { CR, FieldLines, incomplete, isTokenByte, isValueByte, LF, malformed, SyntaxFault } from './syntax.ts'

export interface BodyLimits {
  /** Bytes of the body. */
  readonly bodyBytes: number
  /** Bytes of the extensions of one chunk. */
  readonly chunkExtensionBytes: number
  /** Bytes of the trailer section. */
  readonly trailerBytes: number
  readonly trailers: number
}

/** Gets what a decoder finds. `onBodyChunk` answers as `BodySink.onChunk`. */
export interface BodyDecoderOwner {
  onBodyChunk(chunk: Buffer): MemoryUse
  onBodyEnd(trailers: HeaderList | undefined): void
}

type State =
  | 'ended'
  | 'length'
  | 'until-close'
  | 'chunk-size'
  | 'extension-name'
  | 'extension-value'
  | 'extension-quoted'
  | 'extension-escaped'
  | 'extension-end'
  | 'chunk-size-lf'
  | 'chunk-data'
  | 'chunk-data-cr'
  | 'chunk-data-lf'
  | 'trailers'

const lines = new FieldLines()
const SEMICOLON = 0x3b
const EQUALS = 0x3d
const QUOTE = 0x22
const BACKSLASH = 0x5c
/** 2^53 has 14 hexadecimal digits; leading zeros count, so that a chunk size cannot be padded without end. */
const MAX_SIZE_DIGITS = 13
/**
 * All extensions of a body together may have this many bytes and as many as the body. Without that, chunks of one byte
 * would let a peer send us hundreds of times the size of the body that the limits see.
 */
const FREE_EXTENSION_BYTES = 16_384

interface TrailerSection {
  readonly trailers: HeaderList
  readonly end: number
}

/** Reads the body of one message after another: by length, chunked (RFC 9112 section 7.1), or until the connection closes. */
export class BodyDecoder {
  readonly #owner: BodyDecoderOwner
  readonly #limits: BodyLimits
  #state: State = 'ended'
  #left = 0
  #total = 0
  #digits = 0
  /** Bytes of the extensions of this chunk, and of all chunks of this body. */
  #extension = 0
  #extensions = 0
  /** Whether the name or value of an extension has a first byte. */
  #begun = false
  #trailerBuffer: HeadBuffer | undefined
  #memoryUse: MemoryUse = true

  constructor(owner: BodyDecoderOwner, limits: BodyLimits) {
    this.#owner = owner
    this.#limits = limits
  }

  get ended(): boolean {
    return this.#state === 'ended'
  }

  /** Bytes of the current body that have come. */
  get received(): number {
    return this.#total
  }

  /** Bytes that are still to come, where the length says so. */
  get remaining(): number {
    return this.#state === 'length' ? this.#left : this.#state === 'ended' ? 0 : Number.POSITIVE_INFINITY
  }

  /** What became of the memory of the chunk that was fed last. */
  get memoryUse(): MemoryUse {
    return this.#memoryUse
  }

  expectLength(length: number): void {
    if (length > this.#limits.bodyBytes) throw this.#tooLarge()
    this.#state = length === 0 ? 'ended' : 'length'
    this.#left = length
    this.#total = 0
  }

  expectChunked(): void {
    this.#state = 'chunk-size'
    this.#left = 0
    this.#digits = 0
    this.#total = 0
    this.#extensions = 0
  }

  expectUntilClose(): void {
    this.#state = 'until-close'
    this.#total = 0
  }

  /** The peer closed. Returns whether that is a proper end of the body. */
  closed(): boolean {
    if (this.#state === 'until-close') {
      this.#state = 'ended'
      this.#owner.onBodyEnd(undefined)
    }
    return this.#state === 'ended'
  }

  /** Reads from `offset` and returns the place behind what belongs to this body. Throws a `SyntaxFault`. */
  feed(chunk: Buffer, offset: number): number {
    this.#memoryUse = true
    let i = offset
    const end = chunk.length
    while (i < end) {
      switch (this.#state) {
        case 'ended':
          return i
        case 'length': {
          const taken = Math.min(this.#left, end - i)
          this.#left -= taken
          const done = this.#left === 0
          if (done) this.#state = 'ended'
          this.#emit(chunk, i, i + taken)
          if (done) this.#owner.onBodyEnd(undefined)
          i += taken
          break
        }
        case 'until-close': {
          // What is within the limit is given on first, so that a reader sees the same bytes however they came.
          const taken = Math.min(this.#limits.bodyBytes - this.#total, end - i)
          if (taken > 0) this.#emit(chunk, i, i + taken)
          i += taken
          if (i < end) throw this.#tooLarge()
          return end
        }
        case 'chunk-data': {
          const taken = Math.min(this.#left, end - i)
          this.#left -= taken
          if (this.#left === 0) this.#state = 'chunk-data-cr'
          this.#emit(chunk, i, i + taken)
          i += taken
          break
        }
        case 'trailers':
          i = this.#readTrailers(chunk, i)
          break
        default:
          this.#readFraming(chunk[i]!)
          i++
      }
    }
    return i
  }

  #emit(chunk: Buffer, from: number, to: number): void {
    this.#total += to - from
    const part = from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to)
    this.#memoryUse = leastFree(this.#memoryUse, this.#owner.onBodyChunk(part))
  }

  #tooLarge(): SyntaxFault {
    return new SyntaxFault('too-large', `a body of more than ${this.#limits.bodyBytes} bytes`)
  }

  #readFraming(byte: number): void {
    switch (this.#state) {
      case 'chunk-size': {
        const value = hexValue(byte)
        if (value >= 0) {
          if (++this.#digits > MAX_SIZE_DIGITS) throw malformed('a chunk size that is too long')
          this.#left = this.#left * 16 + value
        } else if (this.#digits === 0) throw malformed('a chunk without a size')
        else if (byte === SEMICOLON) {
          this.#extension = 0
          this.#countExtension()
          this.#beginExtension()
        } else if (byte === CR) this.#state = 'chunk-size-lf'
        else throw malformed('a chunk size that is no hexadecimal number')
        return
      }
      case 'chunk-size-lf':
        if (byte !== LF) throw malformed('a carriage return without a line feed')
        // Now, before any of it comes: the reader then sees the same bytes however they came.
        if (this.#left > this.#limits.bodyBytes - this.#total) throw this.#tooLarge()
        this.#digits = 0
        this.#state = this.#left === 0 ? 'trailers' : 'chunk-data'
        return
      case 'chunk-data-cr':
        if (byte !== CR) throw malformed('a chunk that is longer than its size')
        this.#state = 'chunk-data-lf'
        return
      case 'chunk-data-lf':
        if (byte !== LF) throw malformed('a carriage return without a line feed')
        this.#state = 'chunk-size'
        return
      default:
        this.#readExtension(byte)
    }
  }

  /** RFC 9112 section 7.1.1, without the "bad" white space that nobody should send. What is read is not used. */
  #readExtension(byte: number): void {
    if (byte !== CR) this.#countExtension()
    switch (this.#state) {
      case 'extension-name':
        if (isTokenByte(byte)) this.#begun = true
        else if (!this.#begun) throw malformed('a chunk extension without a name')
        else if (byte === EQUALS) {
          this.#state = 'extension-value'
          this.#begun = false
        } else this.#endExtension(byte)
        return
      case 'extension-value':
        if (isTokenByte(byte)) this.#begun = true
        else if (byte === QUOTE && !this.#begun) this.#state = 'extension-quoted'
        else if (!this.#begun) throw malformed('a chunk extension without the value it announces')
        else this.#endExtension(byte)
        return
      case 'extension-quoted':
        if (byte === QUOTE) this.#state = 'extension-end'
        else if (byte === BACKSLASH) this.#state = 'extension-escaped'
        else if (!isValueByte(byte)) throw malformed('a control character in a chunk extension')
        return
      case 'extension-escaped':
        if (!isValueByte(byte)) throw malformed('a control character in a chunk extension')
        this.#state = 'extension-quoted'
        return
      case 'extension-end':
        this.#endExtension(byte)
    }
  }

  #beginExtension(): void {
    this.#state = 'extension-name'
    this.#begun = false
  }

  #endExtension(byte: number): void {
    if (byte === CR) this.#state = 'chunk-size-lf'
    else if (byte === SEMICOLON) this.#beginExtension()
    else throw malformed('a chunk extension that is none')
  }

  #countExtension(): void {
    if (
      ++this.#extension > this.#limits.chunkExtensionBytes ||
      ++this.#extensions > FREE_EXTENSION_BYTES + this.#total
    ) {
      throw malformed('chunk extensions that are too long')
    }
  }

  #readTrailers(chunk: Buffer, at: number): number {
    let buffer = this.#trailerBuffer
    // The usual end: no trailers, and both bytes here.
    if (chunk[at] === CR && chunk[at + 1] === LF && buffer?.empty !== false) {
      this.#finish(undefined)
      return at + 2
    }
    buffer ??= this.#trailerBuffer = new HeadBuffer()
    const section = buffer.read(chunk, at, this.#limits.trailerBytes, (bytes, start, available) =>
      parseTrailers(bytes, start, available, this.#limits),
    )
    if (section === undefined) return chunk.length
    this.#finish(section.trailers.size === 0 ? undefined : section.trailers)
    return buffer.rest
  }

  #finish(trailers: HeaderList | undefined): void {
    this.#state = 'ended'
    this.#owner.onBodyEnd(trailers)
  }
}

function parseTrailers(
  bytes: Buffer,
  start: number,
  available: number,
  limits: BodyLimits,
): TrailerSection | undefined {
  const limit = Math.min(available, start + limits.trailerBytes)
  const end = lines.scan(bytes, start, limit, limits.trailers)
  if (end < 0) {
    if (limit < available)
      throw new SyntaxFault('too-large', 'a trailer section that is larger than the limit')
    return incomplete(limit, available, lines.awaits)
  }
  const trailers = lines.list(bytes.toString('latin1', start, end), start)
  if (trailers.hasKind(NOT_IN_TRAILERS)) throw malformed('a trailer field that does not belong in trailers')
  return { trailers, end }
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

/** What became of memory of which two parts went two ways. */
export function leastFree(one: MemoryUse, other: MemoryUse): MemoryUse {
  if (one === true) return other
  return other === true ? one : one === undefined ? one : other
}
