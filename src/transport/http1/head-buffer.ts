import { GrowingBuffer } from './growing-buffer.ts'
import { areAllOf, lull, NO_BYTE } from './syntax.ts'

interface Parsed {
  readonly end: number
}

/**
 * Holds a head, or a trailer section, that comes in pieces. A head that comes whole, as nearly all do, is parsed where
 * it lies and is never copied.
 *
 * What is held is parsed anew when a piece comes, but not for a piece that only lengthens the name or the value at which
 * the bytes ended. So a head that comes byte by byte is parsed a few times for each of its lines, not for each byte.
 */
export class HeadBuffer {
  readonly #held = new GrowingBuffer()
  /** Up to `#room` bytes of these classes leave what is held as incomplete as it is. */
  #classes = NO_BYTE
  #room = 0
  /** After a head was read: the place in the last chunk at which what follows it begins. */
  rest = 0

  get empty(): boolean {
    return this.#held.length === 0
  }

  /** Bytes that are held. */
  get length(): number {
    return this.#held.length
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
      if (head === undefined) {
        held.append(chunk, offset, until)
        this.#noteLull()
      } else this.rest = head.end
      return head
    }
    held.append(chunk, offset, until)
    const came = until - offset
    if (came <= this.#room && held.length <= maxBytes && areAllOf(this.#classes, chunk, offset, until)) {
      this.#room -= came
      return undefined
    }
    const head = parse(held.bytes, 0, held.length)
    if (head === undefined) this.#noteLull()
    else {
      this.rest = offset + head.end - before
      held.clear()
    }
    return head
  }

  clear(): void {
    this.#held.clear()
  }

  #noteLull(): void {
    this.#classes = lull.classes
    this.#room = lull.room
  }
}
