/** RFC 7541 section 4.1: what an entry counts for, besides the bytes of its name and value. */
export const ENTRY_OVERHEAD = 32

/** What a dynamic table holds. */
export interface Sized {
  /** Bytes of name and value, and `ENTRY_OVERHEAD`. */
  readonly size: number
}

/** A dynamic table (RFC 7541 section 2.3.2): first in, first out, within a number of bytes. Either side keeps one. */
export class DynamicTable<E extends Sized> {
  /** A ring whose length is a power of two; the newest entry stands at `#newest`, older ones before it. */
  #ring: (E | undefined)[] = []
  #newest = -1
  #count = 0
  #bytes = 0
  #capacity: number
  readonly #evicted: ((entry: E) => void) | undefined

  constructor(capacity: number, evicted?: (entry: E) => void) {
    this.#capacity = capacity
    this.#evicted = evicted
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The most that `bytes` may be. */
  get capacity(): number {
    return this.#capacity
  }

  set capacity(bytes: number) {
    this.#capacity = bytes
    this.#shrinkTo(bytes)
  }

  /** The entry of this age; the newest has 0. */
  at(age: number): E | undefined {
    return age < this.#count ? this.#ring[(this.#newest - age) & (this.#ring.length - 1)] : undefined
  }

  /** Evicts what must make room, and adds the entry if it fits at all: one larger than the table empties it (section 4.4). */
  add(entry: E): boolean {
    this.#shrinkTo(this.#capacity - entry.size)
    if (entry.size > this.#capacity) return false
    if (this.#count === this.#ring.length) this.#grow()
    this.#newest = (this.#newest + 1) & (this.#ring.length - 1)
    this.#ring[this.#newest] = entry
    this.#count++
    this.#bytes += entry.size
    return true
  }

  #shrinkTo(bytes: number): void {
    while (this.#count > 0 && this.#bytes > bytes) {
      const place = (this.#newest - this.#count + 1) & (this.#ring.length - 1)
      const oldest = this.#ring[place]!
      this.#ring[place] = undefined
      this.#count--
      this.#bytes -= oldest.size
      this.#evicted?.(oldest)
    }
  }

  #grow(): void {
    const entries: (E | undefined)[] = []
    for (let age = this.#count - 1; age >= 0; age--) entries.push(this.at(age))
    this.#newest = entries.length - 1
    while (entries.length < Math.max(8, this.#count * 2)) entries.push(undefined)
    this.#ring = entries
  }
}
