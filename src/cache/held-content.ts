/** Longer contents are held in pieces of so many bytes, where they came in small ones. */
const PIECE_BYTES = 262_144
/** Below this, what comes with each piece begins to count beside its bytes. */
const SMALL_BYTES = 32_768

/**
 * The same bytes in a form that costs what it says: no piece is a part of a larger memory that would be kept for its sake, and
 * there are not many small ones.
 */
export function heldPieces(chunks: readonly Uint8Array[], length: number): readonly Uint8Array[] {
  const isExact = chunks.every(({ byteLength, buffer }) => byteLength === buffer.byteLength)
  if (isExact && (chunks.length <= 1 || length >= chunks.length * SMALL_BYTES)) return chunks
  const pieces: Uint8Array[] = []
  let left = length
  let piece = Buffer.allocUnsafeSlow(0)
  let filled = 0
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; ) {
      if (filled === piece.byteLength) {
        piece = Buffer.allocUnsafeSlow(Math.min(left, PIECE_BYTES))
        pieces.push(piece)
        left -= piece.byteLength
        filled = 0
      }
      const part = chunk.subarray(at, at + piece.byteLength - filled)
      piece.set(part, filled)
      filled += part.byteLength
      at += part.byteLength
    }
  }
  // As long as it is, without room for more.
  return pieces.slice()
}

/** The bytes from `from` up to but without `to`; no copies. */
export function piecesBetween(
  pieces: readonly Uint8Array[],
  from: number,
  to: number,
): readonly Uint8Array[] {
  const parts: Uint8Array[] = []
  let at = 0
  for (const piece of pieces) {
    const first = Math.max(from - at, 0)
    const end = Math.min(to - at, piece.byteLength)
    if (first < end) parts.push(first === 0 && end === piece.byteLength ? piece : piece.subarray(first, end))
    at += piece.byteLength
  }
  return parts
}
