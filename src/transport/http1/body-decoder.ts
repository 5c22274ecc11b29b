import { FieldKind, HeaderList } from '../../core/headers.ts'
import { CR, FieldLines, isTokenByte, isValueByte, LF, malformed, SyntaxFault } from './syntax.ts'

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
  onBodyChunk(chunk: Buffer): boolean | undefined
  onBodyEnd(trailers: HeaderList | undefined): void
}

type State =
  | 'ended'
  | 'length'
  | 'until-close'
  | 'chunk-size'
  | 'chunk-extension'
  | 'chunk-size-lf'
  | 'chunk-data'
  | 'chunk-data-cr'
  | 'chunk-data-lf'
  | 'trailers'

const lines = new FieldLines()
const SEMICOLON = 0x3b
const QUOTE = 0x22
/** 2^53 has 14 hexadecimal digits; leading zeros count, so that a chunk size cannot be padded without end. */
const MAX_SIZE_DIGITS = 13

/** Reads the body of one message after another: by length, chunked (RFC 9112 section 7.1), or until the connection closes. */
export class BodyDecoder {
  readonly #owner: BodyDecoderOwner
  readonly #limits: BodyLimits
  #state: State = 'ended'
  #left = 0
  #total = 0
  #digits = 0
  #extension = 0
  #quoted = false
  #trailerBytes: Buffer | undefined
  /** Whether the owner kept a part of the chunk that was fed last. */
  #kept = false

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

  get kept(): boolean {
    return this.#kept
  }

  expectNothing(): void {
    this.#state = 'ended'
    this.#total = 0
  }

  expectLength(length: number): void {
    if (length > this.#limits.bodyBytes)
      throw new SyntaxFault('too-large', `a body of more than ${this.#limits.bodyBytes} bytes`)
    this.#state = length === 0 ? 'ended' : 'length'
    this.#left = length
    this.#total = 0
  }

  expectChunked(): void {
    this.#state = 'chunk-size'
    this.#left = 0
    this.#digits = 0
    this.#total = 0
    this.#trailerBytes = undefined
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
    this.#kept = false
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
        case 'until-close':
          this.#emit(chunk, i, end)
          return end
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
    if (this.#total > this.#limits.bodyBytes) {
      throw new SyntaxFault('too-large', `a body of more than ${this.#limits.bodyBytes} bytes`)
    }
    const part = from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to)
    if (this.#owner.onBodyChunk(part) !== true) this.#kept = true
  }

  #readFraming(byte: number): void {
    switch (this.#state) {
      case 'chunk-size': {
        const value = hexValue(byte)
        if (value >= 0) {
          if (++this.#digits > MAX_SIZE_DIGITS) throw malformed('a chunk size that is too long')
          this.#left = this.#left * 16 + value
        } else if (this.#digits === 0) throw malformed('a chunk without a size')
        else if (byte === CR) this.#state = 'chunk-size-lf'
        else if (byte === SEMICOLON) {
          this.#state = 'chunk-extension'
          this.#extension = 1
          this.#quoted = false
        } else throw malformed('a chunk size that is no hexadecimal number')
        return
      }
      case 'chunk-extension':
        if (++this.#extension > this.#limits.chunkExtensionBytes)
          throw malformed('chunk extensions that are too long')
        if (byte === CR && !this.#quoted) this.#state = 'chunk-size-lf'
        else this.#checkExtension(byte)
        return
      case 'chunk-size-lf':
        if (byte !== LF) throw malformed('a carriage return without a line feed')
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
    }
  }

  #checkExtension(byte: number): void {
    if (byte === QUOTE) this.#quoted = !this.#quoted
    else if (this.#quoted ? !isValueByte(byte) : !isTokenByte(byte) && byte !== SEMICOLON && byte !== 0x3d) {
      throw malformed('a chunk extension that is none')
    }
  }

  #readTrailers(chunk: Buffer, at: number): number {
    const held = this.#trailerBytes
    // The usual end: no trailers, and both bytes here.
    if (held === undefined && chunk[at] === CR && chunk[at + 1] === LF) {
      this.#finish(undefined)
      return at + 2
    }
    const bytes = held === undefined ? chunk.subarray(at) : Buffer.concat([held, chunk.subarray(at)])
    const limit = Math.min(bytes.length, this.#limits.trailerBytes)
    const behind = lines.scan(bytes, 0, limit, this.#limits.trailers)
    if (behind < 0) {
      if (limit < bytes.length)
        throw new SyntaxFault('too-large', 'a trailer section that is larger than the limit')
      this.#trailerBytes = held === undefined ? Buffer.from(bytes) : bytes
      return chunk.length
    }
    const trailers = new HeaderList()
    lines.addTo(trailers, bytes.toString('latin1', 0, behind), 0)
    for (const { kind } of trailers.fields) {
      // RFC 9110 section 6.5.1: framing, routing and connection fields have no meaning here, except to an attacker.
      if (
        (kind &
          (FieldKind.hopByHop |
            FieldKind.framing |
            FieldKind.host |
            FieldKind.forwarding |
            FieldKind.expect)) !==
        0
      ) {
        throw malformed('a trailer field that does not belong in trailers')
      }
    }
    const heldLength = held?.length ?? 0
    this.#finish(trailers.size === 0 ? undefined : trailers)
    return at + behind - heldLength
  }

  #finish(trailers: HeaderList | undefined): void {
    this.#state = 'ended'
    this.#trailerBytes = undefined
    this.#owner.onBodyEnd(trailers)
  }
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
