/** What a peer may send of bodies (RFC 9113 section 6.9), on a stream or on all together. It is given back in halves. */
export class ReceiveWindow {
  readonly #size: number
  #left: number
  #read = 0

  constructor(size: number) {
    this.#size = size
    this.#left = size
  }

  /** So many bytes come. Returns whether the peer may send them. */
  take(bytes: number): boolean {
    this.#left -= bytes
    return this.#left >= 0
  }

  /** So many were read. Returns what the peer is to be told that it may send again; 0 for nothing yet. */
  give(bytes: number): number {
    this.#read += bytes
    const read = this.#read
    if (read * 2 < this.#size) return 0
    this.#left += read
    this.#read = 0
    return read
  }
}
