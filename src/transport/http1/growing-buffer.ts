const FIRST_CAPACITY = 1024

/** Bytes that are collected piece by piece, in time linear in their number however small the pieces are. */
export class GrowingBuffer {
  #bytes: Buffer = NOTHING
  #length = 0

  get length(): number {
    return this.#length
  }

  /** What was collected. Its memory is used on; copy what must last. */
  get bytes(): Buffer {
    return this.#bytes
  }

  append(chunk: Uint8Array, from: number = 0, to: number = chunk.length): void {
    const needed = this.#length + to - from
    if (this.#bytes.length < needed) {
      const grown = Buffer.allocUnsafeSlow(Math.max(FIRST_CAPACITY, needed, this.#bytes.length * 2))
      this.#bytes.copy(grown, 0, 0, this.#length)
      this.#bytes = grown
    }
    this.#bytes.set(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to), this.#length)
    this.#length = needed
  }

  /** Gives the bytes away, and is empty. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length)
    this.clear()
    return taken
  }

  clear(): void {
    this.#bytes = NOTHING
    this.#length = 0
  }
}

const NOTHING = Buffer.alloc(0)
