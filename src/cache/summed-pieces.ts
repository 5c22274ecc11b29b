/** Bytes before each piece, for its sum. */
export const SUM_BYTES = 4

export interface PieceWriting {
  readonly pieceBytes: number
  /** A longer content is not written to its end. */
  readonly maxBytes: number
  /** What is filled next: `SUM_BYTES` and `pieceBytes` long. */
  readonly empty: () => Buffer
  /** Given one that is filled, as long as it is, with room for its sum before it. The next is filled when it has resolved. */
  readonly write: (piece: Buffer, number: number) => Promise<void>
}

/**
 * Writes a content in pieces that are equally long, but for the last. Resolves with its length; with `undefined` when it is
 * longer than `maxBytes`.
 */
export async function writePieces(
  content: AsyncIterable<Uint8Array>,
  { pieceBytes, maxBytes, empty, write }: PieceWriting,
): Promise<number | undefined> {
  let piece = empty()
  let filled = 0
  let number = 0
  let length = 0
  for await (const chunk of content) {
    length += chunk.byteLength
    if (length > maxBytes) return undefined
    for (let at = 0; at < chunk.byteLength; ) {
      const part = chunk.subarray(at, at + pieceBytes - filled)
      piece.set(part, SUM_BYTES + filled)
      filled += part.byteLength
      at += part.byteLength
      if (filled < pieceBytes) continue
      await write(piece, number++)
      piece = empty()
      filled = 0
    }
  }
  if (filled > 0) await write(piece.subarray(0, SUM_BYTES + filled), number)
  return length
}
