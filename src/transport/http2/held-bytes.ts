/** What a block has room for at most, unless a piece is larger. */
const BLOCK_BYTES = 16_384

/**
 * Bytes that wait for their reader, in few blocks however small the pieces are that they come in: a peer that sends one byte at a
 * time must not make us hold a hundred for each.
 */
export class HeldBytes {
  readonly #blocks: Buffer[] = []
  #length = 0
  /** Bytes that the last block has room for. */
  #room = 0

  get length(): number {
    return this.#length
  }

  /** Copies a piece, behind all that is there. */
  append(piece: Buffer): void {
    const fits = Math.min(this.#room, piece.length)
    if (fits > 0) {
      const last = this.#blocks.at(-1)!
      piece.copy(last, last.length - this.#room, 0, fits)
      this.#room -= fits
    }
    const left = piece.length - fits
    if (left > 0) {
      // As large as all that is there: few blocks, and never more than half of the memory unused.
      const block = Buffer.allocUnsafe(Math.max(left, Math.min(this.#length, BLOCK_BYTES)))
      piece.copy(block, 0, fits)
      this.#blocks.push(block)
      this.#room = block.length - left
    }
    this.#length += piece.length
  }

  /** Gives the first of it away. There must be some. */
  take(): Buffer {
    const block = this.#blocks.shift()!
    const last = this.#blocks.length === 0
    const bytes = last ? block.subarray(0, block.length - this.#room) : block
    if (last) this.#room = 0
    this.#length -= bytes.length
    return bytes
  }
}
