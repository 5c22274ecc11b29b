import { GrowingBuffer } from './growing-buffer.ts'

interface Parsed {
  readonly end: number
}

/**
 * Holds a head that comes in pieces. A head that comes whole, as nearly all do, is parsed where it lies and is never
 * copied.
 */
export class HeadBuffer {
  readonly #held = new GrowingBuffer()
  /** After a head was read: the place in the last chunk at which what follows it begins. */
  rest = 0

  get empty(): boolean {
    return this.#held.length === 0
  }

  /** Parses what is held and what `chunk` has from `offset` on. Keeps it when the head is not complete. */
  read<H extends Parsed>(
    chunk: Buffer,
    offset: number,
    maxBytes: number,
    parse: (bytes: Buffer, start: number, available: number) => H | undefined,
  ): H | undefined {
    const held = this.#held
    const before = held.length
    // One byte past the limit is enough for the parser to see that the limit is passed.
    const until = Math.min(chunk.length, offset + maxBytes + 1 - before)
    if (before === 0) {
      const head = parse(chunk, offset, chunk.length)
      if (head === undefined) held.append(chunk, offset, until)
      else this.rest = head.end
      return head
    }
    held.append(chunk, offset, until)
    const head = parse(held.bytes, 0, held.length)
    if (head !== undefined) {
      this.rest = offset + head.end - before
      held.clear()
    }
    return head
  }

  clear(): void {
    this.#held.clear()
  }
}
