import type { ByteRange } from './content-range.ts'
import { heldPieces, piecesBetween } from './held-content.ts'
import type { KnownHead } from './held-response.ts'
import { HeldResponse } from './memory-level.ts'
import { missingFrom, type StoredParts, withPart } from './stored-parts.ts'

/** Bytes of a representation that are here. Together with others, in order and without two that touch. */
interface Segment extends ByteRange {
  readonly pieces: readonly Uint8Array[]
}

/** What a segment costs beside its bytes. */
const SEGMENT_BYTES = 200

/**
 * Parts of one representation, in memory. It has the head that all of it would have (RFC 9111 section 3.4), and answers for
 * nothing but the bytes that are here.
 */
export class PartialResponse extends HeldResponse {
  readonly #size: number
  readonly #segments: readonly Segment[]

  constructor(key: string, head: KnownHead, size: number, segments: readonly Segment[]) {
    super(key, head, { chunks: [], trailers: undefined })
    this.#size = size
    this.#segments = segments
  }

  static of(
    key: string,
    head: KnownHead,
    size: number,
    range: ByteRange,
    chunks: readonly Uint8Array[],
  ): PartialResponse {
    return new PartialResponse(key, head, size, [segmentOf(range, chunks)])
  }

  /** Of all of it, whatever of it is here. */
  override get length(): number {
    return this.#size
  }

  override get heldBytes(): number {
    return this.#segments.reduce(
      (sum, { first, last, pieces }) => sum + last + 1 - first + SEGMENT_BYTES * (1 + pieces.length),
      0,
    )
  }

  get parts(): StoredParts {
    return this.#segments
  }

  has(range: ByteRange): boolean {
    return missingFrom(this.#segments, range).length === 0
  }

  /** The bytes from `from` up to but without `to`. @throws RangeError where they are not all here. */
  override read(from: number, to: number): readonly Uint8Array[] {
    if (from === to) return []
    const segment = this.#segments.find(({ first, last }) => first <= from && to <= last + 1)
    if (segment === undefined) throw new RangeError('these bytes are not stored')
    return piecesBetween(segment.pieces, from - segment.first, to - segment.first)
  }

  /** With one more part of the same representation; `undefined` where it would be in too many pieces. */
  withPart(range: ByteRange, chunks: readonly Uint8Array[], head: KnownHead): PartialResponse | undefined {
    const parts = withPart(this.#segments, range)
    if (parts === undefined) return undefined
    const added = missingFrom(this.#segments, range).map((missing) => {
      const bytes = piecesBetween(chunks, missing.first - range.first, missing.last + 1 - range.first)
      return segmentOf(missing, bytes)
    })
    const all = [...this.#segments, ...added].sort((one, other) => one.first - other.first)
    const segments = parts.map(({ first, last }) => {
      const within = all.filter((it) => first <= it.first && it.last <= last)
      if (within.length === 1) return within[0]!
      return segmentOf(
        { first, last },
        within.flatMap(({ pieces }) => pieces),
      )
    })
    return new PartialResponse(this.key, head, this.#size, segments)
  }

  override withHead(head: KnownHead): PartialResponse {
    return new PartialResponse(this.key, head, this.#size, this.#segments)
  }

  override promoted(): PartialResponse {
    return this
  }
}

function segmentOf({ first, last }: ByteRange, chunks: readonly Uint8Array[]): Segment {
  return { first, last, pieces: heldPieces(chunks, last + 1 - first) }
}
