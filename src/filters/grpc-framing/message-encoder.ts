const HEAD_BYTES = 5

/**
 * Writes the messages of gRPC as base64, as they come. Each has its own padding, so that it can be read as soon as it is whole.
 * Holds two bytes at most.
 */
export class MessageEncoder {
  /** The head of the message that comes: a flag, and its length. */
  readonly #head = new Uint8Array(HEAD_BYTES)
  #headBytes = 0
  /** Bytes that it still has, once its head is there. */
  #left = 0
  #kept: Uint8Array = NOTHING

  /** The text of what has come, as far as it fills groups or ends a message. */
  encode(chunk: Uint8Array): Buffer {
    const texts: Buffer[] = []
    let from = 0
    while (from < chunk.byteLength) {
      const to = this.#endOfMessage(chunk, from)
      texts.push(this.#text(chunk.subarray(from, to), this.#headBytes === 0))
      from = to
    }
    return texts.length === 1 ? texts[0]! : Buffer.concat(texts)
  }

  /** Where the message that is under way ends in a chunk, or the chunk itself does. */
  #endOfMessage(chunk: Uint8Array, from: number): number {
    let at = from
    while (this.#headBytes < HEAD_BYTES && at < chunk.byteLength) {
      this.#head[this.#headBytes++] = chunk[at++]!
      if (this.#headBytes === HEAD_BYTES) this.#left = new DataView(this.#head.buffer).getUint32(1)
    }
    if (this.#headBytes < HEAD_BYTES) return at
    const size = Math.min(this.#left, chunk.byteLength - at)
    this.#left -= size
    if (this.#left === 0) this.#headBytes = 0
    return at + size
  }

  #text(part: Uint8Array, isEnd: boolean): Buffer {
    const bytes = this.#kept.byteLength === 0 ? part : Buffer.concat([this.#kept, part])
    const whole = isEnd ? bytes.byteLength : bytes.byteLength - (bytes.byteLength % 3)
    // A copy: the chunk's memory is read into again.
    this.#kept = whole === bytes.byteLength ? NOTHING : Uint8Array.from(bytes.subarray(whole))
    const { buffer, byteOffset } = bytes
    return Buffer.from(Buffer.from(buffer, byteOffset, whole).toString('base64'), 'latin1')
  }
}

const NOTHING: Uint8Array = new Uint8Array(0)
